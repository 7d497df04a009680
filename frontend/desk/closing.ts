// Close or slow streets on the map of a run, and plan its dispatch anew from a moment on.

import { button, make, NAME } from "../src/elements";
import type { FromMap } from "../src/desk-link";
import type { MapFrame } from "./frame";
import type { Closure, Run } from "./server";
import { number, say } from "./words";

const HOUR_S = 3600;
/** Shares of speed to choose from; 0 is closed. */
const FACTORS = [0, 0.1, 0.25, 0.5, 0.75];

interface Draft {
  closures: Closure[];
  atH: string;
}
/** Names of the streets closed so far, by identifier: later runs tell identifiers only. */
const names = new Map<string, string>();
const drafts = new Map<string, Draft>();

export class ClosingPanel {
  readonly element = make("section", { class: "panel", "aria-label": say("desk.closing") });
  private readonly draft: Draft;
  private picked: Extract<FromMap, { kind: "street" }> | null = null;
  private drawing = false;

  constructor(
    run: Run,
    private readonly frame: MapFrame,
    private readonly replan: (atH: number, closures: Closure[]) => void,
  ) {
    const closures = run.closures.map((closure) => ({ ...closure }));
    // What was put together outlives a look at another page or in another language.
    this.draft = drafts.get(run.name) ?? { closures, atH: String(run.replanned_from ? run.at_h : Math.max(run.at_h, 1)) };
    drafts.set(run.name, this.draft);
    frame.onMessage = (message) => this.hear(message);
    this.draw();
  }

  private hear(message: FromMap): void {
    if (message.kind === "street") this.picked = message;
    else if (message.kind === "none") this.picked = null;
    else if (message.kind === "area") {
      this.drawing = false;
      this.draft.closures.push({ area_wkt: message.area_wkt, speed_factor: 0 });
    } else return;
    this.draw();
  }

  private draw(): void {
    const marks = this.draft.closures.map((closure) => ({ ...closure, slowed: (closure.speed_factor ?? 0) > 0 }));
    this.frame.send({ kind: "marks", marks });
    this.element.replaceChildren(
      make("h2", {}, say("desk.closing")),
      this.pick(),
      this.areaButton(),
      this.list(),
      this.go(),
    );
  }

  private pick(): HTMLElement {
    const { picked } = this;
    if (!picked) return make("p", { class: "note" }, say("desk.click_street"));
    const name = picked.title;
    const there = this.draft.closures.some((closure) => closure.street === picked.street);
    const add = (factor: number) => () => {
      names.set(picked.street, `${name} (${picked.street})`);
      this.draft.closures.push({ street: picked.street, speed_factor: factor });
      this.draw();
    };
    return make(
      "div",
      { class: "picked", role: "group", "aria-label": name },
      make("strong", NAME, name),
      make("small", NAME, picked.street),
      there
        ? make("p", { class: "note" }, say("desk.on_list"))
        : make(
            "p",
            {},
            button(say("desk.close_street"), { class: "danger" }, add(0)),
            " ",
            button(say("desk.slow_street"), {}, add(0.5)),
          ),
    );
  }

  private areaButton(): HTMLElement {
    const toggle = button(say(this.drawing ? "desk.draw_end" : "desk.draw_area"), { "aria-pressed": String(this.drawing) }, () => {
      this.drawing = !this.drawing;
      this.frame.send({ kind: "draw", on: this.drawing });
      this.draw();
    });
    return make("p", {}, toggle, this.drawing && make("small", {}, say("desk.draw_hint")));
  }

  private list(): HTMLElement {
    const rows = this.draft.closures.map((closure, n) => {
      const title = this.title(closure);
      const speed = make("select", { "aria-label": `${title}: ${say("desk.speed")}` });
      const factors = [...new Set([...FACTORS, closure.speed_factor ?? 0])].sort((a, b) => a - b);
      for (const factor of factors) {
        const text = factor === 0 ? say("desk.closed") : say("desk.slowed", { share: number(100 * factor) });
        speed.append(make("option", { value: String(factor), selected: factor === (closure.speed_factor ?? 0) }, text));
      }
      speed.addEventListener("change", () => {
        closure.speed_factor = Number(speed.value);
        this.draw();
      });
      const until = make("input", { type: "number", min: "0", step: "0.25", placeholder: "∞", "aria-label": `${title}: ${say("desk.until")}` });
      until.value = closure.until_s === undefined ? "" : String(closure.until_s / HOUR_S);
      until.addEventListener("change", () => {
        if (until.value === "") delete closure.until_s;
        else closure.until_s = Number(until.value) * HOUR_S;
      });
      const remove = button("×", { "aria-label": say("desk.remove", { name: title }), title: say("desk.remove", { name: title }) }, () => {
        this.draft.closures.splice(n, 1);
        this.draw();
      });
      return make("li", {}, make("span", { class: "name", title }, title), speed, make("label", {}, say("desk.until"), " ", until, " ", say("time.h", { n: "" }).trim()), remove);
    });
    return make(
      "div",
      {},
      make("h3", {}, say("desk.closures", { n: rows.length })),
      rows.length ? make("ul", { class: "closures" }, ...rows) : make("p", { class: "note" }, say("desk.no_closures")),
    );
  }

  private title(closure: Closure): string {
    if (closure.street) return names.get(closure.street) ?? closure.street;
    if (closure.area_wkt) return say("desk.area", { n: (closure.area_wkt.match(/,/g)?.length ?? 0) || 1 });
    return `${closure.lon}, ${closure.lat} (${closure.radius_m} m)`;
  }

  private go(): HTMLElement {
    const box = make("input", { type: "number", name: "at_h", min: "0", step: "0.25" });
    box.value = this.draft.atH;
    box.addEventListener("input", () => {
      this.draft.atH = box.value;
    });
    const start = button(say("desk.replan"), { class: "primary" }, () => this.replan(Number(this.draft.atH || "0"), this.draft.closures));
    return make("div", { class: "go" }, make("label", { class: "field" }, make("span", {}, say("desk.now")), box), start);
  }
}
