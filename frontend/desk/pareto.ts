// What more money buys: layouts as points in a chart, each clickable, with a table of the same.

import { button, make, nameOf, shape } from "../src/elements";
import { metricName } from "./results";
import { table } from "./table";
import { inMoney, number, percent, say } from "./words";

type Row = Record<string, number | null>;
interface OpenSite {
  site: string;
  tier: string;
  size_class: string;
}
export interface FrontPoint {
  budget: number | null;
  yearly_cost: number;
  status: string;
  gap: number | null;
  unseen: Record<string, Row>;
  layout: { open_sites: OpenSite[] } | null;
}
export interface Front {
  currency?: string;
  stopped: boolean;
  points: FrontPoint[];
}

const WIDTH = 640;
const HEIGHT = 340;
const LEFT = 78;
const BOTTOM = 46;
const PAD = 18;
const PART = "expected";

const costOf = (front: Front): string => inMoney(say("desk.yearly_cost"), front.currency);
const share = (metric: string): boolean => metric.startsWith("coverage") || metric === "unmet_share";
const shown = (metric: string, value: number): string => (share(metric) ? percent(value) : number(value));

export function frontView(front: Front, make_run: (point: FrontPoint) => void): HTMLElement {
  const root = make("section", { class: "front" });
  const metrics = Object.keys(front.points[0]?.unseen ?? {});
  let metric = metrics[0];
  let chosen = 0;
  const draw = (): void => {
    const pick = make("select", { "aria-label": say("desk.measure") });
    for (const one of metrics) pick.append(make("option", { value: one, selected: one === metric }, metricName(one)));
    pick.addEventListener("change", () => {
      metric = pick.value;
      draw();
    });
    root.replaceChildren(
      make("p", { class: "links" }, make("label", {}, say("desk.measure"), " ", pick)),
      chart(front, metric, chosen, (n) => {
        chosen = n;
        draw();
        root.querySelector<SVGElement>(`[data-point="${n}"]`)?.focus();
      }),
      detail(front, metric, chosen, make_run),
      everything(front, metrics),
    );
  };
  if (front.points.length) draw();
  return root;
}

/** Round numbers that span a range, at most six. */
function ticks(least: number, most: number): number[] {
  const rough = (most - least || Math.abs(most) || 1) / 4;
  const unit = 10 ** Math.floor(Math.log10(rough));
  const step = unit * [1, 2, 5, 10].find((factor) => factor * unit >= rough)!;
  const found: number[] = [];
  for (let value = Math.ceil(least / step - 1e-9) * step; value <= most + 1e-9 * step; value += step) found.push(value);
  return found;
}

function chart(front: Front, metric: string, chosen: number, choose: (n: number) => void): SVGElement {
  const points = front.points;
  const costs = points.map((point) => point.yearly_cost);
  const values = points.map((point) => point.unseen[metric][PART] ?? 0);
  const span = (all: number[]): [number, number] => {
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const margin = 0.08 * (most - least || Math.abs(most) || 1);
    return [Math.max(least - margin, least >= 0 ? 0 : -Infinity), most + margin];
  };
  const [x0, x1] = span(costs);
  const [y0, y1] = span(values);
  const x = (value: number): number => LEFT + ((value - x0) / (x1 - x0)) * (WIDTH - LEFT - PAD);
  const y = (value: number): number => HEIGHT - BOTTOM - ((value - y0) / (y1 - y0)) * (HEIGHT - BOTTOM - PAD);
  const parts: SVGElement[] = [];
  for (const value of ticks(x0, x1))
    parts.push(
      shape("line", { x1: `${x(value)}`, x2: `${x(value)}`, y1: `${PAD}`, y2: `${HEIGHT - BOTTOM}`, class: "grid" }),
      shape("text", { x: `${x(value)}`, y: `${HEIGHT - BOTTOM + 16}`, "text-anchor": "middle" }, number(value)),
    );
  for (const value of ticks(y0, y1))
    parts.push(
      shape("line", { x1: `${LEFT}`, x2: `${WIDTH - PAD}`, y1: `${y(value)}`, y2: `${y(value)}`, class: "grid" }),
      shape("text", { x: `${LEFT - 6}`, y: `${y(value) + 4}`, "text-anchor": "end" }, shown(metric, value)),
    );
  const line = points.map((_, n) => `${n ? "L" : "M"}${x(costs[n])} ${y(values[n])}`).join("");
  parts.push(
    shape("text", { x: `${(WIDTH + LEFT) / 2}`, y: `${HEIGHT - 8}`, "text-anchor": "middle", class: "axis" }, costOf(front)),
    shape("path", { d: line, class: "front-line" }),
  );
  points.forEach((point, n) => {
    const label = `${costOf(front)} ${number(point.yearly_cost)}, ${metricName(metric)} ${shown(metric, values[n])}`;
    const dot = shape(
      "g",
      { class: n === chosen ? "dot chosen" : "dot", tabindex: "0", role: "button", "aria-pressed": String(n === chosen), "aria-label": label, "data-point": String(n) },
      shape("title", {}, label),
      // A target larger than the dot, for fingers and unsteady hands.
      shape("circle", { cx: `${x(costs[n])}`, cy: `${y(values[n])}`, r: "14", class: "target" }),
      shape("circle", { cx: `${x(costs[n])}`, cy: `${y(values[n])}`, r: n === chosen ? "8" : "6" }),
    );
    dot.addEventListener("click", () => choose(n));
    dot.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") {
        event.preventDefault();
        choose(n);
      }
    });
    parts.push(dot);
  });
  return shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "chart", role: "group", "aria-label": say("desk.front") }, ...parts);
}

function opened(point: FrontPoint): Map<string, string> {
  return new Map(point.layout?.open_sites.map((one) => [one.site, `${one.tier}/${one.size_class}`]));
}

function detail(front: Front, metric: string, chosen: number, make_run: (point: FrontPoint) => void): HTMLElement {
  const points = front.points;
  const point = points[chosen];
  const own = opened(point);
  const before = chosen ? opened(points[chosen - 1]) : new Map<string, string>();
  const sites = [...new Set([...own.keys(), ...before.keys()])].sort().filter((site) => own.get(site) !== before.get(site));
  const tiers = new Map<string, number>();
  for (const place of own.values()) tiers.set(place.split("/")[0], (tiers.get(place.split("/")[0]) ?? 0) + 1);
  return make(
    "section",
    { class: "chosen-layout", "aria-live": "polite" },
    make("h3", {}, `${costOf(front)} ${number(point.yearly_cost)} · ${metricName(metric)} ${shown(metric, point.unseen[metric][PART] ?? 0)}`),
    make("p", {}, `${say("desk.open_sites")}: `, nameOf([...tiers].map(([tier, count]) => `${tier} ${count}`).join(", ")), ` · ${say(`status.${point.status}`)}`),
    chosen > 0 && make("p", {}, say(sites.length ? "desk.against_cheaper" : "desk.same_depots")),
    chosen > 0 &&
      sites.length > 0 &&
      table(["", say("desk.cheaper"), say("desk.this_one")], sites.map((site) => [site, before.get(site) ?? "-", own.get(site) ?? "-"].map(nameOf))),
    button(say("desk.run_this"), { class: "primary" }, () => make_run(point)),
  );
}

function everything(front: Front, metrics: string[]): HTMLElement {
  const rows = front.points.map((point) => [
    number(point.yearly_cost),
    String(point.layout?.open_sites.length ?? 0),
    ...metrics.map((metric) => shown(metric, point.unseen[metric][PART] ?? 0)),
  ]);
  const head = [costOf(front), say("desk.open_sites"), ...metrics.map(metricName)];
  return make("details", {}, make("summary", {}, say("desk.as_table")), table(head, rows));
}
