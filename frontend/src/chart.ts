// The OpenLayers map: two canvas layers (roads below, plan above), view, scale bar, clicks.

import ImageLayer from "ol/layer/Image.js";
import Map from "ol/Map.js";
import ImageCanvasSource from "ol/source/ImageCanvas.js";
import View from "ol/View.js";
import ScaleLine from "ol/control/ScaleLine.js";
import { defaults as interactions } from "ol/interaction/defaults.js";
import { unByKey } from "ol/Observable.js";

import { drawContours } from "./contours";
import { MarkDrawing, type Mark } from "./marks";
import { groundScale, mercator, type Model } from "./model";
import { PlanDrawing, type PlanChoice, type Selection } from "./plan";
import { svgPicture } from "./svg";
import { FONT, INK, PAPER } from "./theme";
import { RoadDrawing, type RoadChoice, type View as Frame } from "./roads";
import type { Streets } from "./streets";
import { metres } from "./words";

/** Canvases reach this much beyond the window, so that a drag shows roads before they are redrawn. */
const MARGIN = 1.4;
const CLOSEST_RESOLUTION = 0.15;
const PICK_PIXELS = 7;
/** Pixels the scale bar of the saved picture is at most long. */
const SCALE_PIXELS = 140;
/** Pixels below which two clicks are one corner: the second click of a double one. */
const SAME_CORNER = 4;

export interface Choice {
  road: RoadChoice;
  plan: PlanChoice;
}

export class Chart {
  readonly map: Map;
  readonly roads: RoadDrawing;
  readonly plan: PlanDrawing;
  private readonly marks: MarkDrawing;
  private readonly sources: ImageCanvasSource[];
  /** Told the corners of an area once it is drawn, metres from the origin. */
  onArea: (ring: [number, number][]) => void = () => undefined;

  constructor(
    private readonly model: Model,
    target: HTMLElement,
    private readonly choice: Choice,
    onPick: (selection: Selection, at: [number, number]) => void,
  ) {
    this.roads = new RoadDrawing(model);
    this.plan = new PlanDrawing(model);
    this.marks = new MarkDrawing(model, this.roads);
    const layer = (draw: (pen: CanvasRenderingContext2D, frame: Frame) => void): ImageCanvasSource =>
      new ImageCanvasSource({
        ratio: MARGIN,
        canvasFunction: (extent, resolution, pixelRatio, size) => {
          const canvas = document.createElement("canvas");
          canvas.width = size[0];
          canvas.height = size[1];
          const [x, y] = model.roads.origin;
          const frame: Frame = {
            extent: [extent[0] - x, extent[1] - y, extent[2] - x, extent[3] - y],
            resolution,
            pixelRatio,
          };
          performance.mark("depotopt-draw");
          draw(canvas.getContext("2d")!, frame);
          performance.mark("depotopt-drawn");
          return canvas;
        },
      });
    this.sources = [
      layer((pen, frame) => this.drawRoads(pen, frame)),
      layer((pen, frame) => this.plan.draw(pen, frame, choice.plan)),
      layer((pen, frame) => this.marks.draw(pen, frame)),
    ];
    this.map = new Map({
      target,
      layers: this.sources.map((source) => new ImageLayer({ source })),
      // By itself a map that keys can reach would ignore the first drag and wheel, until it has the focus.
      interactions: interactions(),
      controls: [new ScaleLine({ minWidth: 90 })],
      view: new View({
        center: model.roads.origin,
        resolution: 100,
        minResolution: CLOSEST_RESOLUTION,
        constrainResolution: false,
        enableRotation: false,
        extent: this.bounds(0.6),
        showFullExtent: true,
      }),
    });
    this.map.on("click", (event) => {
      if (this.marks.draft) this.addCorner(this.local(event.coordinate));
    });
    this.map.on("dblclick", (event) => {
      if (!this.marks.draft) return;
      event.preventDefault();
      this.finishArea();
    });
    this.map.on("singleclick", (event) => {
      if (this.marks.draft) return;
      const [x, y] = this.local(event.coordinate);
      onPick(this.pick(x, y), [x, y]);
    });
    let asked = 0;
    this.map.on("pointermove", (event) => {
      if (event.dragging) return;
      const stamp = ++asked;
      // Only the last of many moves is looked up.
      requestAnimationFrame(() => {
        if (stamp !== asked) return;
        const [x, y] = this.local(event.coordinate);
        const hit = this.plan.pick(x, y, this.frame(), this.choice.plan);
        target.style.cursor = hit ? "pointer" : "";
      });
    });
  }

  /** Extent of everything in map coordinates, widened by a share of its size. */
  private bounds(share: number): [number, number, number, number] {
    const [west, south, east, north] = this.model.roads.extent;
    const [x, y] = this.model.roads.origin;
    const dx = share * Math.max(east - west, 1000);
    const dy = share * Math.max(north - south, 1000);
    return [west + x - dx, south + y - dy, east + x + dx, north + y + dy];
  }

  private local(coordinate: number[]): [number, number] {
    return [coordinate[0] - this.model.roads.origin[0], coordinate[1] - this.model.roads.origin[1]];
  }

  frame(): Frame {
    const view = this.map.getView();
    const size = this.map.getSize() ?? [1, 1];
    const [west, south, east, north] = view.calculateExtent(size);
    const [x, y] = this.model.roads.origin;
    return { extent: [west - x, south - y, east - x, north - y], resolution: view.getResolution()!, pixelRatio: 1 };
  }

  pick(x: number, y: number): Selection {
    const frame = this.frame();
    const hit = this.plan.pick(x, y, frame, this.choice.plan);
    if (hit) return hit;
    const within = PICK_PIXELS * frame.resolution;
    if (this.choice.plan.routes) {
      const near = this.plan.vehiclesNear(x, y, within).filter((vehicle) => this.choice.plan.vehicles.has(vehicle));
      if (near.length === 1) return { kind: "vehicle", index: near[0] };
    }
    return this.roadAt(x, y);
  }

  /** The road at a place, whatever drives over it. */
  roadAt(x: number, y: number): Extract<Selection, { kind: "road" }> | null {
    const frame = this.frame();
    const piece = this.roads.pick(x, y, PICK_PIXELS * frame.resolution, this.roads.lastRank(frame));
    return piece >= 0 ? { kind: "road", index: piece } : null;
  }

  /** The view as an SVG picture, drawn by the same code as the screen. */
  svg(): string {
    const frame = this.frame();
    const [width, height] = this.map.getSize() ?? [1, 1];
    const { title, attribution, source } = this.model.meta;
    return svgPicture([width, height], PAPER, title, (pen) => {
      this.drawRoads(pen, frame);
      this.plan.draw(pen, frame, this.choice.plan);
      pen.setTransform(1, 0, 0, 1, 0, 0);
      pen.textAlign = "start";
      pen.textBaseline = "alphabetic";
      pen.font = `400 11px ${FONT}`;
      pen.fillStyle = INK;
      pen.fillText(attribution || source, 8, height - 8);
      this.drawScale(pen, width - 14, height - 10, frame);
    });
  }

  private drawRoads(pen: CanvasRenderingContext2D, frame: Frame): void {
    if (this.choice.road.contours) drawContours(pen, frame, this.model);
    this.roads.draw(pen, frame, this.choice.road);
  }

  /** A bar of a round length on the ground in the middle of the view, ending at a corner. */
  private drawScale(pen: CanvasRenderingContext2D, right: number, bottom: number, frame: Frame): void {
    const perPixel = frame.resolution * groundScale((frame.extent[1] + frame.extent[3]) / 2 + this.model.roads.origin[1]);
    const most = SCALE_PIXELS * perPixel;
    const unit = 10 ** Math.floor(Math.log10(most));
    const length = unit * [5, 2, 1].find((step) => step * unit <= most)!;
    const left = right - length / perPixel;
    pen.strokeStyle = INK;
    pen.lineWidth = 1.5;
    pen.beginPath();
    pen.moveTo(left, bottom - 6);
    pen.lineTo(left, bottom);
    pen.lineTo(right, bottom);
    pen.lineTo(right, bottom - 6);
    pen.stroke();
    pen.textAlign = "center";
    pen.fillText(metres(length), (left + right) / 2, bottom - 6);
  }

  setDrawing(on: boolean): void {
    this.marks.draft = on ? [] : null;
    (this.map.getTargetElement() as HTMLElement).classList.toggle("drawing", on);
    this.sources[2].changed();
  }

  showMarks(marks: Mark[], streets: Streets): void {
    this.marks.show(marks, streets);
    this.sources[2].changed();
  }

  /** Keys while an area is drawn; says whether the key was one of them. */
  drawingKey(key: string): boolean {
    if (!this.marks.draft || !["Enter", "Escape", "Backspace"].includes(key)) return false;
    if (key === "Enter") this.finishArea();
    else if (key === "Escape") this.setDrawing(false);
    else this.marks.draft.pop();
    this.sources[2].changed();
    return true;
  }

  private addCorner(at: [number, number]): void {
    const draft = this.marks.draft!;
    const last = draft.at(-1);
    const near = SAME_CORNER * this.map.getView().getResolution()!;
    if (last && Math.hypot(at[0] - last[0], at[1] - last[1]) < near) return;
    draft.push(at);
    this.sources[2].changed();
  }

  private finishArea(): void {
    const ring = this.marks.draft ?? [];
    if (ring.length < 3) return;
    this.setDrawing(false);
    this.onArea(ring);
  }

  setView(view: { lon: number; lat: number; resolution: number }): void {
    this.map.getView().setCenter(mercator(view.lon, view.lat));
    this.map.getView().setResolution(view.resolution);
  }

  redraw(): void {
    for (const source of this.sources) source.changed();
  }

  redrawPlan(): void {
    this.sources[1].changed();
  }

  fit(): void {
    const padding = [24, 24, this.model.trips.length ? 84 : 40, 24];
    this.map.getView().fit(this.bounds(0.02), { padding });
  }

  /** Show what the plan is about: open depots, points with need, routes; the whole network where there is none. */
  fitOperation(): void {
    const { model } = this;
    const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
    const add = (x: number, y: number): void => {
      box[0] = Math.min(box[0], x);
      box[1] = Math.min(box[1], y);
      box[2] = Math.max(box[2], x);
      box[3] = Math.max(box[3], y);
    };
    model.points.forEach((point, i) => {
      if (point.state !== "no_need") add(model.pointXy[2 * i], model.pointXy[2 * i + 1]);
    });
    model.sites.forEach((site, j) => {
      if (site.open) add(model.siteXy[2 * j], model.siteXy[2 * j + 1]);
    });
    for (const leg of this.plan.legs) {
      add(leg.box[0], leg.box[1]);
      add(leg.box[2], leg.box[3]);
    }
    if (!(box[2] > box[0] && box[3] > box[1])) return this.fit();
    const [x, y] = model.roads.origin;
    const margin = 0.04 * Math.max(box[2] - box[0], box[3] - box[1]);
    this.map.getView().fit([box[0] + x - margin, box[1] + y - margin, box[2] + x + margin, box[3] + y + margin], {
      padding: [30, 140, model.trips.length ? 90 : 40, 110],
    });
  }

  zoomBy(factor: number): void {
    const view = this.map.getView();
    view.animate({ resolution: view.getResolution()! / factor, duration: 150 });
  }

  /** Show a box given in metres from the origin, not closer than a district. */
  show(box: [number, number, number, number], padding: number[]): void {
    const [x, y] = this.model.roads.origin;
    this.map.getView().fit([box[0] + x, box[1] + y, box[2] + x, box[3] + y], {
      padding,
      minResolution: 8,
      duration: 250,
    });
  }

  /** Resolves after the next complete picture. */
  complete(): Promise<void> {
    return new Promise((resolve) => {
      const key = this.map.once("rendercomplete", () => resolve());
      setTimeout(() => {
        unByKey(key);
        resolve();
      }, 10_000);
      this.map.render();
    });
  }
}
