// The map inside the web app: tells what is clicked and drawn, shows what is about to close, moves with another map.
// Messages pass between pages of one origin only; a map opened from the disk has no page around it and is silent.

import type { Chart } from "./chart";
import type { Mark } from "./marks";
import { degrees, type Model } from "./model";
import type { Selection } from "./plan";
import type { Streets } from "./streets";
import { say, setLanguage } from "./words";

/** From the map to the app. */
export type FromMap =
  | { kind: "ready"; view: ViewState }
  | { kind: "street"; street: string; title: string; lon: number; lat: number }
  | { kind: "none" }
  | { kind: "area"; area_wkt: string }
  | { kind: "view"; view: ViewState };
/** From the app to the map. */
export type ToMap =
  | { kind: "marks"; marks: Mark[] }
  | { kind: "draw"; on: boolean }
  | { kind: "view"; view: ViewState }
  | { kind: "language"; language: "en" | "zh" };
export interface ViewState {
  lon: number;
  lat: number;
  resolution: number;
}

/** Whether a page of the web app is around this one. */
export function isEmbedded(): boolean {
  return window.parent !== window && location.protocol.startsWith("http");
}

export class DeskLink {
  private silent = false;

  private constructor(
    private readonly model: Model,
    private readonly chart: Chart,
    private readonly streets: Streets,
    private readonly deselect: () => void,
  ) {}

  /** A link to the page around, if there is one. */
  static open(model: Model, chart: Chart, streets: Streets, deselect: () => void): DeskLink | null {
    if (!isEmbedded()) return null;
    const link = new DeskLink(model, chart, streets, deselect);
    window.addEventListener("message", (event: MessageEvent<ToMap>) => {
      if (event.source === window.parent && event.origin === location.origin) link.receive(event.data);
    });
    let asked = 0;
    // A view says "change" only when hands are laid on it or taken off; its properties change with every step.
    chart.map.getView().on("propertychange", () => {
      if (link.silent) return;
      cancelAnimationFrame(asked);
      asked = requestAnimationFrame(() => link.send({ kind: "view", view: link.view() }));
    });
    chart.onArea = (ring) => {
      const text = [...ring, ring[0]].map(([x, y]) => link.place(x, y).map((value) => value.toFixed(6)).join(" "));
      link.send({ kind: "area", area_wkt: `POLYGON ((${text.join(", ")}))` });
    };
    link.send({ kind: "ready", view: link.view() });
    return link;
  }

  selected(selection: Selection): void {
    if (selection?.kind !== "road") return this.send({ kind: "none" });
    const { roads, names, meta } = this.model;
    const [lon, lat] = this.place(...this.chart.roads.middle(selection.index));
    this.send({
      kind: "street",
      street: this.streets.ident(selection.index),
      title: names[roads.name[selection.index]] || say(`road_class.${meta.classes[roads.rank[selection.index]]}`),
      lon,
      lat,
    });
  }

  private receive(message: ToMap): void {
    if (message.kind === "marks") this.chart.showMarks(message.marks, this.streets);
    else if (message.kind === "draw") {
      // The card would lie over the area.
      if (message.on) this.deselect();
      this.chart.setDrawing(message.on);
    } else if (message.kind === "language") setLanguage(message.language);
    else if (message.kind === "view") {
      this.silent = true;
      this.chart.setView(message.view);
      this.silent = false;
    }
  }

  private send(message: FromMap): void {
    window.parent.postMessage(message, location.origin);
  }

  private place(x: number, y: number): [number, number] {
    return degrees(x + this.model.roads.origin[0], y + this.model.roads.origin[1]);
  }

  private view(): ViewState {
    const view = this.chart.map.getView();
    const [lon, lat] = degrees(...(view.getCenter() as [number, number]));
    return { lon, lat, resolution: view.getResolution()! };
  }
}
