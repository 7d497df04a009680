// Draws what the plan puts on the roads: routes with direction, depots, demand points and their names.

import type { Model } from "./model";
import { degrees, piecesOf } from "./model";
import { keepsPaths, newPath } from "./paths";
import { detailLevel, lineLength, pointAlong, squaredDistance, trace, type View, zoomFactor } from "./roads";
import { DEPOT_INK, DEPOT_PATH, FONT, INK, routeInk, STATES, URGENCY } from "./theme";

export type Selection =
  | { kind: "site"; index: number }
  | { kind: "point"; index: number }
  | { kind: "vehicle"; index: number }
  | { kind: "road"; index: number }
  | null;

export interface PlanChoice {
  routes: boolean;
  vehicles: Set<number>;
  tiers: Set<number>;
  unopened: boolean;
  states: Set<string>;
  labels: boolean;
  selection: Selection;
  /** Moment shown, seconds from the start; null for the whole plan. */
  seconds: number | null;
}

interface Leg { vehicle: number; xy: Float64Array; path: Path2D; start: number; end: number; purpose: string; box: Box }
type Box = [number, number, number, number];
interface Label { text: string; x: number; y: number; rank: number; size: number; bold: boolean; gap: number; depot: boolean; minor: boolean }

const ARROW_EVERY = 110;
const LABEL_HEIGHT = 14;
const SAME_PLACE_M = 800;
/** Square pixels per demand point above which all may be named. */
const LABEL_ROOM = 5_000;

export class PlanDrawing {
  readonly legs: Leg[] = [];
  private readonly sprites = new Map<string, HTMLCanvasElement>();
  private readonly widths = new Map<string, number>();
  private readonly mostAffected: number;
  /** Pixels by which each depot stands up and left of its place, so that it does not hide a point in the same place. */
  private readonly shift: number[];
  /** Moment of the last delivery of each point, so that a time before it shows the point as waiting. */
  private readonly visited: number[][];

  constructor(private readonly model: Model) {
    this.mostAffected = Math.max(1, ...model.points.map((point) => point.affected));
    this.visited = model.points.map(() => []);
    const { siteXy, pointXy } = model;
    this.shift = model.sites.map((site, j) => {
      const shares = model.points.some(
        (_, i) => Math.hypot(siteXy[2 * j] - pointXy[2 * i], siteXy[2 * j + 1] - pointXy[2 * i + 1]) < SAME_PLACE_M,
      );
      return shares ? (site.open ? 8 : 5) : 0;
    });
    for (const trip of model.trips) {
      const vehicle = model.vehicles.indexOf(trip.vehicle);
      for (const stop of trip.stops) this.visited[stop[0]].push(stop[1]);
      for (const [purpose, , , start, end, , number] of trip.legs) {
        const xy = model.paths[number];
        this.legs.push({ vehicle, xy, path: pathOf(xy), start, end, purpose, box: boxOf(xy) });
      }
    }
    // Empty drives first, so that deliveries over the same road lie on top.
    this.legs.sort((a, b) => Number(a.purpose === "delivery") - Number(b.purpose === "delivery"));
  }

  /** State shown at a moment: what is to be served waits until its last delivery. */
  stateAt(point: number, seconds: number | null): string {
    const { state } = this.model.points[point];
    if (seconds === null || (state !== "served" && state !== "late")) return state;
    return this.visited[point].every((arrival) => arrival <= seconds) ? state : "waiting";
  }

  draw(pen: CanvasRenderingContext2D, view: View, choice: PlanChoice): void {
    const { pixelRatio, resolution, extent } = view;
    const scale = pixelRatio / resolution;
    pen.setTransform(scale, 0, 0, -scale, -extent[0] * scale, extent[3] * scale);
    pen.lineJoin = "round";
    if (choice.selection?.kind === "point") this.drawCut(pen, choice.selection.index, resolution);
    if (choice.routes) this.drawRoutes(pen, view, choice);
    // Symbols and text keep their size: from here on in CSS pixels from the upper left corner.
    pen.setTransform(pixelRatio, 0, 0, pixelRatio, 0, 0);
    const toPixel = (x: number, y: number): [number, number] => [(x - extent[0]) / resolution, (extent[3] - y) / resolution];
    const size: [number, number] = [(extent[2] - extent[0]) / resolution, (extent[3] - extent[1]) / resolution];
    const labels: Label[] = [];
    this.drawDepots(pen, view, choice, toPixel, size, labels, false);
    this.drawPoints(pen, view, choice, toPixel, size, labels);
    this.drawDepots(pen, view, choice, toPixel, size, labels, true);
    if (choice.routes && choice.seconds !== null) this.drawVehicles(pen, choice, toPixel);
    if (choice.labels) this.drawLabels(pen, labels, size);
  }

  /** A band around the losses that cut the chosen point off. */
  private drawCut(pen: CanvasRenderingContext2D, point: number, resolution: number): void {
    const { first, xy } = this.model.roads;
    const path = newPath();
    for (const street of this.model.cuts[point] ?? [])
      for (const piece of piecesOf(this.model, street)) trace(path, xy, 2 * first[piece], 2 * first[piece + 1], 0);
    pen.lineCap = "round";
    pen.strokeStyle = "rgba(255, 221, 51, .75)";
    pen.lineWidth = 15 * resolution;
    pen.stroke(path);
    pen.strokeStyle = INK;
    pen.lineWidth = 3 * resolution;
    pen.stroke(path);
    pen.lineCap = "butt";
  }

  private drawRoutes(pen: CanvasRenderingContext2D, view: View, choice: PlanChoice): void {
    const { resolution, extent } = view;
    const crowded = this.legs.length > 400 && resolution > 25;
    const width = 2.3 * Math.min(1.8, zoomFactor(resolution)) * (crowded ? 0.75 : 1);
    const chosen = choice.selection?.kind === "vehicle" ? choice.selection.index : -1;
    const drawn = this.legs.filter(
      (leg) =>
        choice.vehicles.has(leg.vehicle) && overlaps(leg.box, extent) && leg.vehicle !== chosen &&
        (choice.seconds === null || leg.start <= choice.seconds),
    );
    pen.globalAlpha = chosen >= 0 ? 0.22 : 0.88;
    if (crowded) this.strokeByInk(pen, drawn, width, resolution);
    else {
      for (const leg of drawn) this.stroke(pen, leg, width, resolution);
      if (chosen < 0) for (const leg of drawn) this.arrows(pen, leg, width, view);
    }
    pen.globalAlpha = 1;
    for (const leg of this.legs) {
      if (leg.vehicle !== chosen || !overlaps(leg.box, extent) || (choice.seconds !== null && leg.start > choice.seconds)) continue;
      this.stroke(pen, leg, width + 1.6, resolution);
      this.arrows(pen, leg, width + 1.6, view);
    }
  }

  /** Hundreds of routes in one view: a line each, without casing, dashes or arrows, which nobody could see. */
  private strokeByInk(pen: CanvasRenderingContext2D, legs: Leg[], width: number, resolution: number): void {
    const level = detailLevel(resolution);
    const paths = new Map<string, Path2D>();
    for (const leg of legs) {
      const ink = routeInk(leg.vehicle);
      let path = paths.get(ink);
      if (!path) paths.set(ink, (path = newPath()));
      trace(path, leg.xy, 0, leg.xy.length, level);
    }
    pen.lineWidth = width * resolution;
    for (const [ink, path] of paths) {
      pen.strokeStyle = ink;
      pen.stroke(path);
    }
  }

  private stroke(pen: CanvasRenderingContext2D, leg: Leg, width: number, resolution: number): void {
    if (leg.purpose === "delivery") {
      pen.strokeStyle = "#ffffff";
      pen.lineWidth = (width + 1.8) * resolution;
      pen.stroke(this.pathOfLeg(leg));
    } else pen.setLineDash([1.5 * width * resolution, 1.2 * width * resolution]);
    pen.strokeStyle = routeInk(leg.vehicle);
    pen.lineWidth = (leg.purpose === "delivery" ? width : 0.7 * width) * resolution;
    pen.stroke(this.pathOfLeg(leg));
    pen.setLineDash([]);
  }

  private pathOfLeg(leg: Leg): Path2D {
    return keepsPaths() ? leg.path : pathOf(leg.xy);
  }

  private arrows(pen: CanvasRenderingContext2D, leg: Leg, width: number, view: View): void {
    const { xy } = leg;
    const { resolution, extent } = view;
    const every = ARROW_EVERY * resolution;
    const size = (2.2 + 1.25 * width) * resolution;
    // Arrows stand at fixed places along the whole leg, wherever the view is; short legs get one.
    let next = Math.min(every * 0.6, lineLength(xy) / 2);
    if (lineLength(xy) < 3 * size) return;
    for (let v = 2; v < xy.length; v += 2) {
      const dx = xy[v] - xy[v - 2];
      const dy = xy[v + 1] - xy[v - 1];
      const step = Math.hypot(dx, dy);
      while (next <= step && step > 0) {
        const x = xy[v - 2] + (next / step) * dx;
        const y = xy[v - 1] + (next / step) * dy;
        if (x > extent[0] && x < extent[2] && y > extent[1] && y < extent[3])
          this.arrow(pen, x, y, dx / step, dy / step, size, resolution, routeInk(leg.vehicle));
        next += every;
      }
      next -= step;
    }
  }

  private arrow(
    pen: CanvasRenderingContext2D, x: number, y: number, ux: number, uy: number, size: number, resolution: number, ink: string,
  ): void {
    pen.beginPath();
    pen.moveTo(x + size * ux, y + size * uy);
    pen.lineTo(x - 0.8 * size * ux - 0.8 * size * uy, y - 0.8 * size * uy + 0.8 * size * ux);
    pen.lineTo(x - 0.35 * size * ux, y - 0.35 * size * uy);
    pen.lineTo(x - 0.8 * size * ux + 0.8 * size * uy, y - 0.8 * size * uy - 0.8 * size * ux);
    pen.closePath();
    pen.fillStyle = ink;
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = 1.6 * resolution;
    pen.stroke();
    pen.fill();
  }

  /** Radius of a point's symbol in pixels: by people in need, smaller where many share the view. */
  pointRadius(point: number, resolution: number): number {
    const { points, roads } = this.model;
    const area = Math.max(1, (roads.extent[2] - roads.extent[0]) * (roads.extent[3] - roads.extent[1]));
    const apart = Math.sqrt(area / Math.max(1, points.length)) / resolution;
    const room = Math.max(0.5, Math.min(1.25, apart / 38));
    return (3.6 + 5.4 * Math.sqrt(points[point].affected / this.mostAffected)) * room;
  }

  depotRadius(site: number, resolution: number): number {
    const { tier, open } = this.model.sites[site];
    const { sites, roads } = this.model;
    const area = (roads.extent[2] - roads.extent[0]) * (roads.extent[3] - roads.extent[1]);
    const apart = Math.sqrt(area / sites.length) / resolution;
    const room = Math.max(0.6, Math.min(1, apart / 90));
    return (open ? Math.max(6, 10.5 - 1.8 * tier) : 4.5) * (tier === 0 && open ? Math.max(0.85, room) : room);
  }

  private drawPoints(
    pen: CanvasRenderingContext2D, view: View, choice: PlanChoice, toPixel: (x: number, y: number) => [number, number],
    size: [number, number], labels: Label[],
  ): void {
    const { points, pointXy } = this.model;
    const order = points.map((_, i) => i).filter((i) => choice.states.has(this.stateAt(i, choice.seconds)) || choice.states.has(points[i].state));
    const urgency = order.map((i) => URGENCY.indexOf(this.stateAt(i, choice.seconds)));
    const sorted = order.map((i, k) => [i, urgency[k]]).sort((a, b) => a[1] - b[1] || points[b[0]].affected - points[a[0]].affected);
    for (const [i, rank] of sorted) {
      const [x, y] = toPixel(pointXy[2 * i], pointXy[2 * i + 1]);
      if (x < -20 || y < -20 || x > size[0] + 20 || y > size[1] + 20) continue;
      const state = URGENCY[rank];
      const chosen = choice.selection?.kind === "point" && choice.selection.index === i;
      const radius = this.pointRadius(i, view.resolution) * (rank > 3 ? 1.1 : 1);
      this.symbol(pen, x, y, radius, state, chosen);
      const order = chosen ? -1 : rank > 3 ? 10 - Math.log10(1 + points[i].affected) : 40 - Math.log10(1 + points[i].affected);
      labels.push({ text: points[i].name, x, y, rank: order, size: 11.5, bold: chosen || rank > 3, gap: radius + 3, depot: false, minor: !chosen && state === "no_need" });
    }
  }

  private symbol(pen: CanvasRenderingContext2D, x: number, y: number, radius: number, state: string, chosen: boolean): void {
    if (chosen) {
      pen.beginPath();
      pen.arc(x, y, radius + 6, 0, 2 * Math.PI);
      pen.strokeStyle = INK;
      pen.lineWidth = 2.5;
      pen.stroke();
    }
    if (!keepsPaths()) {
      const base = pen.getTransform();
      pen.translate(x, y);
      pen.scale(radius, radius);
      this.shape(pen, state, radius);
      pen.setTransform(base);
      return;
    }
    const sprite = this.sprite(state, Math.round(radius * 4) / 4, pen.getTransform().a);
    const half = sprite.width / 2 / pen.getTransform().a;
    pen.drawImage(sprite, x - half, y - half, 2 * half, 2 * half);
  }

  /** A state's symbol around the origin, its radius being the unit. */
  private shape(pen: CanvasRenderingContext2D, state: string, radius: number): void {
    const { fill, path, mark } = STATES[state];
    const outline = newPath(path);
    pen.fillStyle = fill;
    pen.strokeStyle = state === "waiting" ? STATES.served.fill : "#ffffff";
    pen.lineJoin = "round";
    pen.lineWidth = (state === "waiting" ? 2.2 : radius < 3.5 ? 0.8 : 1.3) / radius;
    pen.fill(outline);
    pen.stroke(outline);
    if (mark) {
      pen.strokeStyle = "#ffffff";
      pen.lineWidth = 0.3;
      pen.stroke(newPath(mark));
    }
  }

  /** A symbol drawn once and stamped many times: thousands of points share a few. */
  private sprite(state: string, radius: number, pixelRatio: number): HTMLCanvasElement {
    const key = `${state} ${radius} ${pixelRatio}`;
    let canvas = this.sprites.get(key);
    if (canvas) return canvas;
    canvas = document.createElement("canvas");
    canvas.width = canvas.height = Math.ceil((2.8 * radius + 4) * pixelRatio);
    const pen = canvas.getContext("2d")!;
    const scale = radius * pixelRatio;
    pen.setTransform(scale, 0, 0, scale, canvas.width / 2, canvas.height / 2);
    this.shape(pen, state, radius);
    this.sprites.set(key, canvas);
    return canvas;
  }

  private drawDepots(
    pen: CanvasRenderingContext2D, view: View, choice: PlanChoice, toPixel: (x: number, y: number) => [number, number],
    size: [number, number], labels: Label[], open: boolean,
  ): void {
    const { sites, siteXy } = this.model;
    const order = sites.map((_, j) => j).filter((j) => sites[j].open === open && (open ? choice.tiers.has(sites[j].tier) : choice.unopened));
    order.sort((a, b) => sites[b].tier - sites[a].tier || b - a);
    for (const j of order) {
      const [px, py] = toPixel(siteXy[2 * j], siteXy[2 * j + 1]);
      const [x, y] = [px - this.shift[j], py - this.shift[j]];
      if (x < -20 || y < -20 || x > size[0] + 20 || y > size[1] + 20) continue;
      const site = sites[j];
      const radius = this.depotRadius(j, view.resolution);
      const chosen = choice.selection?.kind === "site" && choice.selection.index === j;
      const base = pen.getTransform();
      pen.translate(x, y);
      pen.scale(radius, radius);
      pen.lineWidth = (site.open ? 1.6 : 1.3) / radius;
      pen.fillStyle = site.open ? DEPOT_INK : "#ffffff";
      pen.strokeStyle = site.open ? "#ffffff" : "#7d8c99";
      if (chosen) {
        pen.beginPath();
        pen.arc(0, 0, 1 + 7 / radius, 0, 2 * Math.PI);
        pen.save();
        pen.strokeStyle = INK;
        pen.lineWidth = 2.5 / radius;
        pen.stroke();
        pen.restore();
      }
      const house = newPath(DEPOT_PATH);
      pen.stroke(house);
      pen.fill(house);
      if (!site.open) pen.stroke(house);
      pen.setTransform(base);
      if (site.open && radius > 5.5) {
        pen.fillStyle = "#ffffff";
        pen.font = `700 ${Math.round(radius * 1.25)}px ${FONT}`;
        pen.textAlign = "center";
        pen.textBaseline = "middle";
        pen.fillText(String(site.tier + 1), x, y + radius * 0.22);
      }
      if (site.open && radius > 5.5 && (!site.power || site.survival < 1)) this.badge(pen, x + radius, y - radius, site.power);
      const rank = chosen ? -2 : site.open ? 2 + 12 * site.tier : 60;
      labels.push({ text: site.name, x, y, rank, size: site.tier === 0 && site.open ? 13 : 12, bold: site.open, gap: radius + 3, depot: true, minor: !chosen && !site.open });
    }
  }

  /** A small sign at a depot that lost stock (!) or power. */
  private badge(pen: CanvasRenderingContext2D, x: number, y: number, power: boolean): void {
    pen.beginPath();
    pen.arc(x, y, 4.5, 0, 2 * Math.PI);
    pen.fillStyle = "#e69f00";
    pen.fill();
    pen.lineWidth = 1;
    pen.strokeStyle = "#ffffff";
    pen.stroke();
    pen.fillStyle = INK;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = `700 7px ${FONT}`;
    pen.fillText(power ? "!" : "ϟ", x, y + 0.5);
  }

  /** Where each vehicle is at the moment shown. */
  private drawVehicles(pen: CanvasRenderingContext2D, choice: PlanChoice, toPixel: (x: number, y: number) => [number, number]): void {
    for (const leg of this.legs) {
      if (!choice.vehicles.has(leg.vehicle) || choice.seconds! < leg.start || choice.seconds! > leg.end) continue;
      const part = leg.end > leg.start ? (choice.seconds! - leg.start) / (leg.end - leg.start) : 1;
      const [x, y] = toPixel(...pointAlong(leg.xy, part));
      pen.beginPath();
      pen.arc(x, y, 7, 0, 2 * Math.PI);
      pen.fillStyle = routeInk(leg.vehicle);
      pen.fill();
      pen.lineWidth = 2.5;
      pen.strokeStyle = "#ffffff";
      pen.stroke();
    }
  }

  /** Names by importance; one that would cover another or leave the canvas is left out. */
  private drawLabels(pen: CanvasRenderingContext2D, labels: Label[], size: [number, number]): void {
    labels.sort((a, b) => a.rank - b.rank);
    const cells = new Map<string, Box[]>();
    // Where symbols crowd, a name for each would be noise: as many as the room allows, the urgent ones first.
    const room = (size[0] * size[1]) / Math.max(1, labels.filter((label) => !label.depot).length);
    // Names of what takes no part in the plan only where there is room for everything.
    const minor = (size[0] * size[1]) / Math.max(1, labels.length) > 3 * LABEL_ROOM;
    const depotRoom = (size[0] * size[1]) / Math.max(1, labels.filter((label) => label.depot).length);
    let pointsLeft = room > LABEL_ROOM ? Infinity : (size[0] * size[1]) / 75_000;
    let depotsLeft = depotRoom > 5 * LABEL_ROOM ? Infinity : (size[0] * size[1]) / 60_000;
    pen.textBaseline = "middle";
    pen.textAlign = "left";
    pen.lineJoin = "round";
    for (const label of labels) {
      if (label.minor && !minor) continue;
      if ((label.depot ? depotsLeft : pointsLeft) <= 0) continue;
      pen.font = `${label.bold ? 600 : 400} ${label.size}px ${FONT}`;
      const key = `${label.size}${label.bold}${label.text}`;
      let width = this.widths.get(key);
      if (width === undefined) this.widths.set(key, (width = pen.measureText(label.text).width));
      const places: [number, number][] = [
        [label.x + label.gap, label.y],
        [label.x - label.gap - width, label.y],
        [label.x - width / 2, label.y + label.gap + LABEL_HEIGHT / 2],
        [label.x - width / 2, label.y - label.gap - LABEL_HEIGHT / 2],
      ];
      for (const [x, y] of places) {
        const box: Box = [x - 3, y - LABEL_HEIGHT / 2 - 1, x + width + 3, y + LABEL_HEIGHT / 2 + 1];
        if (box[0] < 0 || box[1] < 0 || box[2] > size[0] || box[3] > size[1] || !free(cells, box)) continue;
        occupy(cells, box);
        pen.strokeStyle = "rgba(255,255,255,.92)";
        pen.lineWidth = 3.2;
        pen.strokeText(label.text, x, y);
        pen.fillStyle = INK;
        pen.fillText(label.text, x, y);
        if (label.depot) depotsLeft--;
        else pointsLeft--;
        break;
      }
    }
  }

  /** What lies under a place: depots before points before routes. */
  pick(x: number, y: number, view: View, choice: PlanChoice): Selection {
    const { sites, siteXy, points, pointXy } = this.model;
    const near = (
      xy: Float64Array, count: number, shift: (i: number) => number, radius: (i: number) => number, shown: (i: number) => boolean,
    ): number => {
      let best = Infinity;
      let found = -1;
      for (let i = 0; i < count; i++) {
        const dx = (xy[2 * i] - x) / view.resolution - shift(i);
        const dy = (xy[2 * i + 1] - y) / view.resolution + shift(i);
        const distance = Math.hypot(dx, dy);
        if (distance < radius(i) + 4 && distance < best && shown(i)) {
          best = distance;
          found = i;
        }
      }
      return found;
    };
    const pickSite = (open: boolean): number =>
      near(siteXy, sites.length, (j) => this.shift[j], (j) => this.depotRadius(j, view.resolution), (j) =>
        sites[j].open === open && (open ? choice.tiers.has(sites[j].tier) : choice.unopened),
      );
    const site = pickSite(true);
    if (site >= 0) return { kind: "site", index: site };
    const point = near(pointXy, points.length, () => 0, (i) => this.pointRadius(i, view.resolution), (i) => choice.states.has(points[i].state));
    if (point >= 0) return { kind: "point", index: point };
    const unopened = pickSite(false);
    return unopened >= 0 ? { kind: "site", index: unopened } : null;
  }

  /** Vehicles whose routes pass within a distance of a place. */
  vehiclesNear(x: number, y: number, within: number): number[] {
    const found = new Set<number>();
    for (const leg of this.legs) {
      if (x < leg.box[0] - within || x > leg.box[2] + within || y < leg.box[1] - within || y > leg.box[3] + within) continue;
      for (let v = 2; v < leg.xy.length; v += 2)
        if (squaredDistance(x, y, leg.xy[v - 2], leg.xy[v - 1], leg.xy[v], leg.xy[v + 1]) < within * within) {
          found.add(leg.vehicle);
          break;
        }
    }
    return [...found].sort((a, b) => a - b);
  }
}

export function pathOf(xy: Float64Array): Path2D {
  const path = newPath();
  trace(path, xy, 0, xy.length, 0);
  return path;
}

export function boxOf(xy: Float64Array): Box {
  const box: Box = [Infinity, Infinity, -Infinity, -Infinity];
  for (let v = 0; v < xy.length; v += 2) {
    box[0] = Math.min(box[0], xy[v]);
    box[1] = Math.min(box[1], xy[v + 1]);
    box[2] = Math.max(box[2], xy[v]);
    box[3] = Math.max(box[3], xy[v + 1]);
  }
  return box;
}

/** Position of a place in degrees, rounded for people. */
export function position(model: Model, x: number, y: number): [string, string] {
  const [lon, lat] = degrees(x + model.roads.origin[0], y + model.roads.origin[1]);
  return [lat.toFixed(5), lon.toFixed(5)];
}

function overlaps(box: Box, extent: Box): boolean {
  return box[0] <= extent[2] && box[2] >= extent[0] && box[1] <= extent[3] && box[3] >= extent[1];
}

const CELL = 64;

function* cellsOf(box: Box): Generator<string> {
  for (let c = Math.floor(box[0] / CELL); c <= Math.floor(box[2] / CELL); c++)
    for (let r = Math.floor(box[1] / CELL); r <= Math.floor(box[3] / CELL); r++) yield `${c} ${r}`;
}

function free(cells: Map<string, Box[]>, box: Box): boolean {
  for (const cell of cellsOf(box)) if (cells.get(cell)?.some((other) => overlaps(box, other))) return false;
  return true;
}

function occupy(cells: Map<string, Box[]>, box: Box): void {
  for (const cell of cellsOf(box)) {
    const boxes = cells.get(cell);
    if (boxes) boxes.push(box);
    else cells.set(cell, [box]);
  }
}
