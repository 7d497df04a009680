// Two runs on one map: side by side, or one swiped over the other; both always show the same view.

import type { FromMap, ViewState } from "../src/desk-link";
import { make, NAME } from "../src/elements";
import { MapFrame } from "./frame";
import { say } from "./words";

type Mode = "beside" | "swiped";
interface Half {
  run: string;
  frame: MapFrame;
  element: HTMLElement;
}

export function twoMaps(runs: string[]): HTMLElement {
  const stage = make("div", { class: "two" });
  const halves: Half[] = [];
  let view: ViewState | null = null;

  const hear = (n: number, message: FromMap): void => {
    if (message.kind === "ready" && view) halves[n].frame.send({ kind: "view", view });
    else if (message.kind === "ready" || message.kind === "view") {
      view = message.view;
      halves[1 - n]?.frame.send({ kind: "view", view });
    }
  };
  const half = (n: number, run: string): Half => {
    const frame = new MapFrame(run);
    frame.onMessage = (message) => hear(n, message);
    return { run, frame, element: make("div", { class: "half" }, make("p", { class: "which", ...NAME }, run), frame.element) };
  };
  halves.push(half(0, runs[0]), half(1, runs[1]));
  stage.append(...halves.map((one) => one.element));

  const swipe = make("input", { type: "range", min: "0", max: "100", value: "50", class: "swipe", "aria-label": say("desk.swipe") });
  const cut = (): void => stage.style.setProperty("--at", `${swipe.value}%`);
  swipe.addEventListener("input", cut);
  // Maps that were read stay: only how they lie changes.
  const lay = (mode: Mode): void => {
    stage.className = `two ${mode}`;
    swipe.hidden = mode === "beside";
  };
  const modes = (["beside", "swiped"] as const).map((one) => {
    const box = make("input", { type: "radio", name: "maps", checked: one === "beside" });
    box.addEventListener("change", () => lay(one));
    return make("label", { class: "choice" }, box, say(one === "beside" ? "desk.beside" : "desk.swiped"));
  });
  const picks = halves.map((_, n) => {
    const pick = make("select", { "aria-label": say(n ? "desk.right_map" : "desk.left_map") });
    for (const name of runs) pick.append(make("option", { value: name, selected: name === halves[n].run, ...NAME }, name));
    pick.addEventListener("change", () => {
      const next = half(n, pick.value);
      halves[n].element.replaceWith(next.element);
      halves[n] = next;
    });
    return pick;
  });
  lay("beside");
  cut();
  return make("section", { class: "maps" }, make("p", { class: "links" }, ...modes, ...picks), swipe, stage);
}
