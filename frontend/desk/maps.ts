// Two runs on one map: side by side, or one swiped over the other; both always show the same view.

import { make } from "../src/elements";
import { MapFrame } from "./frame";
import { say } from "./words";

type Mode = "beside" | "swiped";

export function twoMaps(runs: string[]): HTMLElement {
  const root = make("section", { class: "maps" });
  let mode: Mode = "beside";
  const chosen = [runs[0], runs[1]];
  const draw = (): void => {
    const frames = chosen.map((run) => new MapFrame(run));
    frames.forEach((frame, n) => {
      frame.onMessage = (message) => {
        if (message.kind === "view") frames[1 - n].send(message);
      };
    });
    const boxes = frames.map((frame, n) => make("div", { class: "half" }, make("p", { class: "which" }, chosen[n]), frame.element));
    const stage = make("div", { class: `two ${mode}` }, ...boxes);
    root.replaceChildren(controls(), stage);
    if (mode === "swiped") root.append(slider(stage, boxes[1]));
  };
  const controls = (): HTMLElement => {
    const modes = (["beside", "swiped"] as const).map((one) => {
      const box = make("input", { type: "radio", name: "maps", checked: one === mode });
      box.addEventListener("change", () => {
        mode = one;
        draw();
      });
      return make("label", { class: "choice" }, box, say(one === "beside" ? "desk.beside" : "desk.swiped"));
    });
    const picks = chosen.map((run, n) => {
      const pick = make("select", { "aria-label": say(n ? "desk.right_map" : "desk.left_map") });
      for (const name of runs) pick.append(make("option", { value: name, selected: name === run }, name));
      pick.addEventListener("change", () => {
        chosen[n] = pick.value;
        draw();
      });
      return pick;
    });
    return make("p", { class: "links" }, ...modes, ...picks);
  };
  draw();
  return root;
}

/** A range that says how much of the map below shows; the keyboard moves it as well as the mouse. */
function slider(stage: HTMLElement, over: HTMLElement): HTMLElement {
  const range = make("input", { type: "range", min: "0", max: "100", value: "50", class: "swipe", "aria-label": say("desk.swipe") });
  const show = (): void => {
    over.style.clipPath = `inset(0 0 0 ${range.value}%)`;
    stage.style.setProperty("--at", `${range.value}%`);
  };
  range.addEventListener("input", show);
  show();
  return range;
}
