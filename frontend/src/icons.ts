// Symbols of legend and cards as inline SVG.

import { shape } from "./elements";
import { DEPOT_INK, DEPOT_PATH, LOST_INK, SLOWED_INK, STATES } from "./theme";

function icon(viewBox: string, ...shapes: SVGElement[]): SVGElement {
  const svg = shape("svg", { viewBox, "aria-hidden": "true", class: "icon" });
  svg.append(...shapes);
  return svg;
}

export function stateIcon(state: string): SVGElement {
  const { fill, path, mark } = STATES[state];
  const stroke = state === "waiting" ? STATES.served.fill : fill;
  const shapes = [shape("path", { d: path, fill, stroke, "stroke-width": ".18" })];
  if (mark) shapes.push(shape("path", { d: mark, stroke: "#fff", "stroke-width": ".3", fill: "none" }));
  return icon("-1.6 -1.6 3.2 3.2", ...shapes);
}

export function depotIcon(tier: number | null): SVGElement {
  const path = shape("path", {
    d: DEPOT_PATH,
    fill: tier === null ? "#fff" : DEPOT_INK,
    stroke: tier === null ? "#7d8c99" : DEPOT_INK,
    "stroke-width": ".2",
  });
  if (tier === null) return icon("-1.6 -1.6 3.2 3.2", path);
  const text = shape("text", { y: ".72", "text-anchor": "middle", "font-size": "1.4", "font-weight": "700", fill: "#fff" });
  text.textContent = String(tier + 1);
  return icon("-1.5 -1.5 3 3", path, text);
}

export function lineIcon(kind: "lost" | "slowed" | "road" | string): SVGElement {
  const ink = kind === "lost" ? LOST_INK : kind === "slowed" ? SLOWED_INK : kind === "road" ? "#84929e" : kind.replace("reach", "");
  const line = shape("path", {
    d: "M1 8H23", stroke: ink, "stroke-width": kind === "road" ? "2.2" : "3.4", fill: "none",
    "stroke-dasharray": kind === "slowed" ? "5 3" : "",
  });
  const shapes = [line];
  if (kind === "lost") shapes.push(shape("path", { d: "M9 5L15 11M15 5L9 11", stroke: ink, "stroke-width": "2", fill: "none" }));
  if (kind.startsWith("#")) shapes.push(shape("path", { d: "M16 8L10 4.5L11.7 8L10 11.5Z", fill: ink, stroke: "#fff", "stroke-width": ".8" }));
  return icon("0 0 24 16", ...shapes);
}

export function bridgeIcon(): SVGElement {
  return icon(
    "-1.4 -1.4 2.8 2.8",
    shape("circle", { r: "1.1", fill: LOST_INK }),
    shape("path", { d: "M-.75-.22H.75M-.5 .48A.5 .5 0 0 1 .5 .48", stroke: "#fff", "stroke-width": ".22", fill: "none" }),
  );
}
