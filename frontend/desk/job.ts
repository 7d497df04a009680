// A job under way: live figures, the command line, stop; a curve of objective and bound.

import { button, make, NAME, shape } from "../src/elements";
import * as server from "./server";
import { number, percent, say, told } from "./words";

const WIDTH = 560;
const HEIGHT = 120;

export class JobView {
  readonly element = make("section", { class: "job" });
  private readonly facts = make("dl", { class: "facts" });
  private readonly said = make("p", { class: "note", role: "status" });
  private readonly curve = shape("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, class: "curve", "aria-hidden": "true" });
  private readonly points: [seconds: number, best: number | null, bound: number | null][] = [];
  private readonly title = make("h1", {}, say("desk.running"));
  private stage = "";
  private halted = false;
  private readonly unfollow: () => void;

  constructor(job: server.Job, stop: () => void, ended: () => void) {
    const halt = button(say("desk.stop"), { class: "danger" }, () => {
      halt.disabled = true;
      halt.textContent = say("desk.stopping");
      this.halted = true;
      stop();
    });
    this.element.append(this.title, make("progress", {}), this.facts, this.curve, this.said, halt, commandLine(job));
    this.unfollow = server.follow(job.id, (event) => this.hear(event), ended);
  }

  close(): void {
    this.unfollow();
  }

  get lastWords(): string {
    return this.said.textContent ?? "";
  }

  private hear(event: server.Progress): void {
    if (event.kind === "text") {
      this.said.textContent = told(event, "text") ?? "";
      return;
    }
    const kept = event.message === "kept";
    if (kept) this.tellKept(event);
    this.facts.replaceChildren(...figures(event, kept));
    if (event.stage !== this.stage) this.points.length = 0;
    this.element.dataset.stage = this.stage = event.stage ?? "";
    this.points.push([event.elapsed_s ?? 0, event.objective ?? null, event.bound ?? null]);
    this.drawCurve();
  }

  /** Which plan is safe: from the moment of a stop on, and when a stage has ended by itself. */
  private tellKept(event: server.Progress): void {
    const value = event.objective == null ? "" : number(event.objective);
    const gap = event.gap == null ? "" : say("desk.kept_gap", { gap: percent(event.gap) });
    this.said.textContent = say("desk.kept", { stage: say(`stage.${event.stage ?? ""}`), value, gap });
    this.said.dataset.kept = event.stage;
    if (this.halted) this.title.textContent = say("desk.stopped");
  }

  /** Objective above, bound below, over time: how fast they close tells whether to wait. */
  private drawCurve(): void {
    const known = this.points.filter(([, best]) => best !== null);
    if (known.length < 2) return this.curve.replaceChildren();
    const all = known.flatMap(([, best, bound]) => [best!, ...(bound === null ? [] : [bound])]);
    const [least, most] = [Math.min(...all), Math.max(...all)];
    const [from, to] = [known[0][0], known.at(-1)![0]];
    const x = (seconds: number): number => 4 + ((seconds - from) / (to - from || 1)) * (WIDTH - 8);
    const y = (value: number): number => HEIGHT - 6 - ((value - least) / (most - least || 1)) * (HEIGHT - 12);
    const line = (of: 1 | 2): string =>
      known.filter((point) => point[of] !== null).map((point, n) => `${n ? "L" : "M"}${x(point[0])} ${y(point[of]!)}`).join("");
    this.curve.replaceChildren(shape("path", { d: line(1), class: "best" }), shape("path", { d: line(2), class: "bound" }));
  }
}

function figures(event: server.Progress, kept: boolean): HTMLElement[] {
  const rows: [string, string | null][] = [
    [say("desk.stage"), `${say(`stage.${event.stage ?? ""}`)} ${kept || !event.message ? "" : told(event, "message")}`.trim()],
    [say("desk.elapsed"), say("time.s", { n: number(event.elapsed_s ?? 0) })],
    [say("desk.best"), event.objective == null ? null : number(event.objective)],
    [say("desk.bound"), event.bound == null ? null : number(event.bound)],
    [say("desk.gap"), event.gap == null ? null : percent(event.gap)],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [make("dt", {}, name), make("dd", {}, value)]));
}

/** The words that do the same in a terminal. */
export function commandLine(job: server.Job): HTMLElement {
  const words = job.command.map((word) => (/^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`));
  return make("details", {}, make("summary", {}, say("desk.command")), make("pre", { class: "command", ...NAME }, words.join(" ")));
}
