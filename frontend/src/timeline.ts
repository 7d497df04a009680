// The slider that shows the plan at a moment: where vehicles are, who is served by then, which roads are lost then.

import type { Choice } from "./chart";
import { button, make } from "./elements";
import type { Model } from "./model";
import type { PlanDrawing } from "./plan";
import { moment, number, say } from "./words";

const STEP_S = 300;
const TICK_MS = 80;
/** A whole plan plays in about this long. */
const PLAY_MS = 24_000;

export class Timeline {
  readonly element = make("div", { class: "timeline" });
  private readonly begin: number;
  private readonly end: number;
  private readonly changing: boolean;
  private timer = 0;

  constructor(
    private readonly model: Model,
    private readonly plan: PlanDrawing,
    private readonly choice: Choice,
    private readonly redraw: (roads: boolean) => void,
  ) {
    const starts = model.trips.map((trip) => Math.min(trip.load_s, trip.legs[0]?.[3] ?? trip.load_s));
    this.begin = Math.floor(Math.min(0, ...starts) / STEP_S) * STEP_S;
    this.end = Math.ceil(Math.max(0, ...model.trips.map((trip) => trip.return_s)) / STEP_S) * STEP_S;
    this.changing = model.losses.some((loss) => loss.from > this.begin || (loss.until !== null && loss.until < this.end));
    this.element.hidden = model.trips.length === 0;
  }

  /** Everything in words; written anew when the language changes. */
  write(): void {
    const slider = make("input", {
      type: "range", min: String(this.begin), max: String(this.end), step: String(STEP_S), "aria-label": say("map.time"),
      value: String(this.choice.plan.seconds ?? this.begin),
    });
    const text = make("output");
    const play = button("", { class: "play" }, () => (this.timer ? pause() : start()));
    const whole = button(say("map.whole_plan"), { class: "quiet" }, () => {
      pause();
      show(null);
    });
    const show = (seconds: number | null): void => {
      this.choice.plan.seconds = seconds;
      this.choice.road.seconds = seconds ?? this.model.meta.at_s;
      if (seconds !== null) slider.value = String(seconds);
      describe();
      this.redraw(this.changing);
    };
    const describe = (): void => {
      const { seconds } = this.choice.plan;
      whole.setAttribute("aria-pressed", String(seconds === null));
      const served = seconds === null ? "" : ` · ${say("map.served_of", this.counts(seconds))}`;
      text.textContent = seconds === null ? `${moment(this.begin)} – ${moment(this.end)}` : `${moment(seconds)}${served}`;
      slider.setAttribute("aria-valuetext", text.textContent);
      const name = say(this.timer ? "map.pause" : "map.play");
      play.textContent = this.timer ? "❚❚" : "▶";
      play.setAttribute("aria-label", name);
      play.title = name;
    };
    const start = (): void => {
      const stride = Math.max(STEP_S / 5, ((this.end - this.begin) * TICK_MS) / PLAY_MS);
      const at = this.choice.plan.seconds;
      let seconds = at === null || at >= this.end ? this.begin : at;
      this.timer = window.setInterval(() => {
        seconds += stride;
        if (seconds >= this.end) pause();
        show(Math.min(seconds, this.end));
      }, TICK_MS);
      show(seconds);
    };
    const pause = (): void => {
      window.clearInterval(this.timer);
      this.timer = 0;
      describe();
    };
    slider.addEventListener("input", () => {
      pause();
      show(Number(slider.value));
    });
    this.element.replaceChildren(play, slider, text, whole);
    describe();
  }

  private counts(seconds: number): Record<string, string> {
    const planned = this.model.points.filter((point) => point.state === "served" || point.state === "late").length;
    const waiting = this.model.points.filter((_, i) => this.plan.stateAt(i, seconds) === "waiting").length;
    return { served: number(planned - waiting), planned: number(planned) };
  }
}
