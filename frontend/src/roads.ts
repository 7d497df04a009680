// Draws the road network as Path2Ds in bins, with as much detail as a frame can carry, and finds roads under a click.

import type { Loss, Model } from "./model";
import { BRIDGE, lossStatus, LOST, SLOWED } from "./model";
import { keepsPaths, newPath } from "./paths";
import { LOST_INK, REACH, ROADS, SLOWED_INK } from "./theme";

/** Vertices a frame may stroke; a software canvas draws about a million a second. */
const VERTEX_BUDGET = 260_000;
const PIECES_PER_BIN = 260;
const MOST_BINS = 48;
const CELLS_PER_PIECE = 0.5;
/** Square pixels per lost or slowed road above which each gets casing, dashes and its mark. */
const MARK_ROOM = 1_800;
const MOST_LOSSES = 25_000;
/** Pixels between the crosses of one lost road. */
const MARK_EVERY = 150;
const MOST_MARKS = 100;

export interface View {
  /** West, south, east, north of the canvas, metres from the model's origin. */
  extent: [number, number, number, number];
  /** Metres of map per CSS pixel. */
  resolution: number;
  pixelRatio: number;
}

interface Bin { pieces: number[]; path: Path2D | null; level: number; west: number; south: number; east: number; north: number }

export interface RoadChoice { roads: boolean; reach: boolean; contours: boolean; losses: boolean; causes: Set<number>; seconds: number }

export class RoadDrawing {
  private readonly bins: Bin[][] = ROADS.map(() => []);
  private readonly vertices: number[] = ROADS.map(() => 0);
  private grid: Grid | null = null;

  constructor(private readonly model: Model) {
    const { roads } = model;
    const side = Math.max(1, Math.min(MOST_BINS, Math.round(Math.sqrt(roads.count / PIECES_PER_BIN))));
    const [west, south, east, north] = roads.extent;
    const table: (Bin | undefined)[] = new Array(ROADS.length * side * side);
    for (let i = 0; i < roads.count; i++) {
      const from = 2 * roads.first[i];
      const x = roads.xy[from];
      const y = roads.xy[from + 1];
      const column = Math.min(side - 1, Math.floor(((x - west) / (east - west || 1)) * side));
      const row = Math.min(side - 1, Math.floor(((y - south) / (north - south || 1)) * side));
      const rank = roads.rank[i];
      const key = (rank * side + row) * side + column;
      let bin = table[key];
      if (!bin) {
        bin = table[key] = { pieces: [], path: null, level: 0, west: Infinity, south: Infinity, east: -Infinity, north: -Infinity };
        this.bins[rank].push(bin);
      }
      bin.pieces.push(i);
      const end = 2 * roads.first[i + 1];
      this.vertices[rank] += (end - from) / 2;
      for (let v = from; v < end; v += 2) {
        if (roads.xy[v] < bin.west) bin.west = roads.xy[v];
        if (roads.xy[v] > bin.east) bin.east = roads.xy[v];
        if (roads.xy[v + 1] < bin.south) bin.south = roads.xy[v + 1];
        if (roads.xy[v + 1] > bin.north) bin.north = roads.xy[v + 1];
      }
    }
  }

  /** Least important rank drawn in a view: the same everywhere at one zoom, so that dragging changes nothing. */
  lastRank(view: View): number {
    const [west, south, east, north] = this.model.roads.extent;
    const seen = (view.extent[2] - view.extent[0]) * (view.extent[3] - view.extent[1]);
    const part = Math.min(1, (1.6 * seen) / Math.max(1, (east - west) * (north - south)));
    let total = 0;
    for (let rank = 0; rank < ROADS.length; rank++) {
      total += this.vertices[rank] * part;
      if (total > VERTEX_BUDGET) return Math.max(0, rank - 1);
    }
    return ROADS.length - 1;
  }

  draw(pen: CanvasRenderingContext2D, view: View, choice: RoadChoice): void {
    const { pixelRatio, resolution, extent } = view;
    const scale = pixelRatio / resolution;
    pen.setTransform(scale, 0, 0, -scale, -extent[0] * scale, extent[3] * scale);
    const last = this.lastRank(view);
    const level = detailLevel(resolution);
    if (choice.reach) this.drawReach(pen, view, last, level);
    else if (choice.roads) {
      for (let rank = last; rank >= 0; rank--) {
        const style = ROADS[rank];
        pen.strokeStyle = style.ink;
        pen.lineWidth = style.width * zoomFactor(resolution) * resolution;
        pen.setLineDash((style.dash ?? []).map((dash) => dash * resolution));
        for (const bin of this.bins[rank]) {
          if (bin.east < extent[0] || bin.west > extent[2] || bin.north < extent[1] || bin.south > extent[3]) continue;
          if (!keepsPaths()) {
            pen.stroke(this.pathOf(bin.pieces, level));
            continue;
          }
          if (!bin.path || bin.level !== level) {
            bin.path = this.pathOf(bin.pieces, level);
            bin.level = level;
          }
          pen.stroke(bin.path);
        }
      }
    }
    if (choice.losses) this.drawLosses(pen, view, choice);
    pen.setLineDash([]);
  }

  /** Roads in the colour of their travel time from the nearest open depot. */
  private drawReach(pen: CanvasRenderingContext2D, view: View, last: number, level: number): void {
    const { reach } = this.model.roads;
    const { resolution, extent } = view;
    const bands: number[][] = REACH.map(() => []);
    for (let rank = last; rank >= 0; rank--)
      for (const bin of this.bins[rank]) {
        if (bin.east < extent[0] || bin.west > extent[2] || bin.north < extent[1] || bin.south > extent[3]) continue;
        for (const piece of bin.pieces) bands[Math.min(reach[piece], REACH.length - 1)].push(piece);
      }
    pen.setLineDash([]);
    pen.lineWidth = 1.7 * zoomFactor(resolution) * resolution;
    for (let band = REACH.length - 1; band >= 0; band--) {
      pen.strokeStyle = REACH[band];
      pen.stroke(this.pathOf(bands[band], level));
    }
  }

  private drawLosses(pen: CanvasRenderingContext2D, view: View, choice: RoadChoice): void {
    const { resolution, extent } = view;
    const found = worstLosses(this.model, choice.causes, choice.seconds);
    const slowed: number[] = [];
    const lost: number[] = [];
    const { first, xy, rank } = this.model.roads;
    // So many losses are an area, not roads: those of the roads drawn show it.
    const last = found.size > MOST_LOSSES ? this.lastRank(view) : ROADS.length;
    for (const [piece, [status]] of found) {
      if (rank[piece] > last) continue;
      const v = 2 * first[piece];
      const reach = 0.05 * (extent[2] - extent[0]) + 2000;
      if (xy[v] < extent[0] - reach || xy[v] > extent[2] + reach || xy[v + 1] < extent[1] - reach || xy[v + 1] > extent[3] + reach) continue;
      (status === LOST ? lost : slowed).push(piece);
    }
    const room = ((extent[2] - extent[0]) * (extent[3] - extent[1])) / resolution ** 2 / Math.max(1, lost.length + slowed.length);
    const crowded = room < MARK_ROOM;
    const width = Math.max(1.5, 2.6 * zoomFactor(resolution)) * (crowded ? 0.8 : 1) * resolution;
    const lines: [Path2D, string, number[]][] = [
      [this.pathOf(slowed, detailLevel(resolution)), SLOWED_INK, [5 * resolution, 3 * resolution]],
      [this.pathOf(lost, detailLevel(resolution)), LOST_INK, []],
    ];
    for (const [path, ink, dash] of lines) {
      // Casing and dashes cost a software canvas dearly: only where they can be seen.
      if (!crowded) {
        pen.strokeStyle = "#ffffff";
        pen.lineWidth = width + 2 * resolution;
        pen.stroke(path);
        pen.setLineDash(dash);
      }
      pen.strokeStyle = ink;
      pen.lineWidth = dash.length && crowded ? 0.7 * width : width;
      pen.stroke(path);
      pen.setLineDash([]);
    }
    const marks = new Occupied(crowded ? 30 : 12);
    // Bridges first, so that their marks are the ones that stay where marks are crowded.
    const isBridge = (piece: number): boolean => (this.model.roads.flags[piece] & BRIDGE) !== 0;
    for (const bridges of [true, false])
      for (const piece of lost) {
        if (isBridge(piece) !== bridges || (!bridges && crowded)) continue;
        const line = xy.subarray(2 * first[piece], 2 * first[piece + 1]);
        const count = bridges ? 1 : Math.max(1, Math.min(MOST_MARKS, Math.floor(lineLength(line) / (MARK_EVERY * resolution))));
        for (let k = 0; k < count; k++) {
          const [x, y] = pointAlong(line, (k + 0.5) / count);
          if (x < extent[0] || x > extent[2] || y < extent[1] || y > extent[3]) continue;
          if (marks.take(x / resolution, y / resolution)) this.mark(pen, x, y, resolution, bridges, crowded);
        }
      }
  }

  /** A cross for a lost road, a red disc with an arch for a lost bridge. */
  private mark(pen: CanvasRenderingContext2D, x: number, y: number, resolution: number, bridge: boolean, crowded: boolean): void {
    const size = (bridge ? (crowded ? 4.6 : 7.5) : 3.2) * Math.min(1.3, zoomFactor(resolution)) * resolution;
    pen.beginPath();
    if (bridge) {
      pen.arc(x, y, size, 0, 2 * Math.PI);
      pen.fillStyle = LOST_INK;
      pen.strokeStyle = "#ffffff";
      pen.lineWidth = 1.4 * resolution;
      pen.fill();
      pen.stroke();
      pen.beginPath();
      pen.moveTo(x - 0.68 * size, y + 0.2 * size);
      pen.lineTo(x + 0.68 * size, y + 0.2 * size);
      pen.moveTo(x + 0.45 * size, y - 0.42 * size);
      pen.arc(x, y - 0.42 * size, 0.45 * size, 0, Math.PI);
      pen.lineWidth = 0.2 * size;
      pen.stroke();
    } else {
      for (const side of [-1, 1]) {
        pen.moveTo(x - size, y - side * size);
        pen.lineTo(x + size, y + side * size);
      }
      pen.strokeStyle = "#ffffff";
      pen.lineWidth = 4 * resolution;
      pen.stroke();
      pen.strokeStyle = LOST_INK;
      pen.lineWidth = 1.8 * resolution;
      pen.stroke();
    }
  }

  /** Lines of pieces, without the bends that are closer than a distance to the last one kept. */
  pathOf(pieces: Iterable<number>, level: number): Path2D {
    const { first, xy } = this.model.roads;
    const path = newPath();
    for (const piece of pieces) trace(path, xy, 2 * first[piece], 2 * first[piece + 1], level);
    return path;
  }

  /** Point halfway along a piece of road. */
  middle(piece: number): [number, number] {
    const { first, xy } = this.model.roads;
    return pointAlong(xy.subarray(2 * first[piece], 2 * first[piece + 1]), 0.5);
  }

  warmUp(): void {
    this.grid ??= new Grid(this.model);
  }

  /** Nearest piece of road within a distance among the ranks drawn, or -1. */
  pick(x: number, y: number, within: number, lastRank: number): number {
    this.warmUp();
    return this.grid!.nearest(x, y, within, lastRank);
  }
}

/** Distance below which bends cannot be seen, a power of two so that paths last over small zooms; 0 close up. */
export function detailLevel(resolution: number): number {
  return resolution < 4 ? 0 : 2 ** Math.floor(Math.log2(1.5 * resolution));
}

export function trace(path: Path2D, xy: Float64Array, from: number, to: number, level: number): void {
  let x = xy[from];
  let y = xy[from + 1];
  path.moveTo(x, y);
  for (let v = from + 2; v < to - 2; v += 2) {
    if (Math.abs(xy[v] - x) + Math.abs(xy[v + 1] - y) < level) continue;
    x = xy[v];
    y = xy[v + 1];
    path.lineTo(x, y);
  }
  path.lineTo(xy[to - 2], xy[to - 1]);
}

export function zoomFactor(resolution: number): number {
  return Math.max(0.7, Math.min(3.2, (60 / resolution) ** 0.3));
}

/** Worst loss of each piece at a moment, among the chosen causes: status and the entry that decides. */
export function worstLosses(model: Model, causes: Set<number>, seconds: number): Map<number, [number, Loss]> {
  const worst = new Map<number, [number, Loss]>();
  for (const loss of model.losses) {
    const status = causes.has(loss.cause) ? lossStatus(model, loss, seconds) : 0;
    if (status < SLOWED) continue;
    for (const piece of loss.pieces) {
      const before = worst.get(piece);
      if (!before || before[0] < status) worst.set(piece, [status, loss]);
    }
  }
  return worst;
}

export function lineLength(xy: ArrayLike<number>): number {
  let length = 0;
  for (let v = 2; v < xy.length; v += 2) length += Math.hypot(xy[v] - xy[v - 2], xy[v + 1] - xy[v - 1]);
  return length;
}

/** Point at a share of a line's length. */
export function pointAlong(xy: ArrayLike<number>, part: number): [number, number] {
  let left = lineLength(xy) * part;
  for (let v = 2; v < xy.length; v += 2) {
    const step = Math.hypot(xy[v] - xy[v - 2], xy[v + 1] - xy[v - 1]);
    if (step >= left && step > 0)
      return [xy[v - 2] + (left / step) * (xy[v] - xy[v - 2]), xy[v - 1] + (left / step) * (xy[v + 1] - xy[v - 1])];
    left -= step;
  }
  return [xy[xy.length - 2], xy[xy.length - 1]];
}

/** Keeps marks apart: a place is taken once per cell of a grid of pixels. */
export class Occupied {
  private readonly taken = new Set<string>();

  constructor(private readonly size: number) {}

  take(x: number, y: number): boolean {
    const key = `${Math.floor(x / this.size)} ${Math.floor(y / this.size)}`;
    if (this.taken.has(key)) return false;
    this.taken.add(key);
    return true;
  }
}

/** Pieces by square cell of the map, every piece in all cells its segments' boxes touch. */
class Grid {
  private readonly side: number;
  private readonly columns: number;
  private readonly rows: number;
  private readonly start: Uint32Array;
  private readonly items: Uint32Array;

  constructor(private readonly model: Model) {
    const { roads } = model;
    const [west, south, east, north] = roads.extent;
    const cells = Math.max(16, roads.count * CELLS_PER_PIECE);
    this.side = Math.max(1, Math.sqrt(Math.max(1, (east - west) * (north - south)) / cells));
    this.columns = Math.floor((east - west) / this.side) + 1;
    this.rows = Math.floor((north - south) / this.side) + 1;
    this.start = new Uint32Array(this.columns * this.rows + 1);
    this.visit((cell) => this.start[cell + 1]++);
    for (let c = 0; c < this.start.length - 1; c++) this.start[c + 1] += this.start[c];
    this.items = new Uint32Array(this.start[this.start.length - 1]);
    const next = this.start.slice();
    this.visit((cell, piece) => (this.items[next[cell]++] = piece));
  }

  private column(x: number): number {
    return Math.max(0, Math.min(this.columns - 1, Math.floor((x - this.model.roads.extent[0]) / this.side)));
  }

  private row(y: number): number {
    return Math.max(0, Math.min(this.rows - 1, Math.floor((y - this.model.roads.extent[1]) / this.side)));
  }

  private visit(call: (cell: number, piece: number) => void): void {
    const { first, xy, count } = this.model.roads;
    for (let piece = 0; piece < count; piece++) {
      let lastCell = -1;
      for (let v = 2 * first[piece] + 2; v < 2 * first[piece + 1]; v += 2) {
        const left = this.column(Math.min(xy[v], xy[v - 2]));
        const right = this.column(Math.max(xy[v], xy[v - 2]));
        const low = this.row(Math.min(xy[v + 1], xy[v - 1]));
        const high = this.row(Math.max(xy[v + 1], xy[v - 1]));
        for (let r = low; r <= high; r++)
          for (let c = left; c <= right; c++) {
            const cell = r * this.columns + c;
            if (cell !== lastCell) call(cell, piece);
            lastCell = cell;
          }
      }
    }
  }

  nearest(x: number, y: number, within: number, lastRank: number): number {
    const { first, xy, rank } = this.model.roads;
    let best = within * within;
    let found = -1;
    for (let r = this.row(y - within); r <= this.row(y + within); r++)
      for (let c = this.column(x - within); c <= this.column(x + within); c++) {
        const cell = r * this.columns + c;
        for (let k = this.start[cell]; k < this.start[cell + 1]; k++) {
          const piece = this.items[k];
          if (rank[piece] > lastRank) continue;
          for (let v = 2 * first[piece] + 2; v < 2 * first[piece + 1]; v += 2) {
            const distance = squaredDistance(x, y, xy[v - 2], xy[v - 1], xy[v], xy[v + 1]);
            if (distance < best) {
              best = distance;
              found = piece;
            }
          }
        }
      }
    return found;
  }
}

export function squaredDistance(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const dx = bx - ax;
  const dy = by - ay;
  const length = dx * dx + dy * dy;
  const t = length > 0 ? Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length)) : 0;
  return (x - ax - t * dx) ** 2 + (y - ay - t * dy) ** 2;
}
