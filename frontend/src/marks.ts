// What the officer is about to close, drawn over the map, and the area being drawn.

import type { Model } from "./model";
import { mercator } from "./model";
import { newPath } from "./paths";
import type { RoadDrawing, View } from "./roads";
import type { Streets } from "./streets";

export interface Mark {
  street?: string;
  area_wkt?: string;
  lon?: number;
  lat?: number;
  slowed: boolean;
}

const CLOSED_MARK = "#c2185b";
const SLOWED_MARK = "#8e44ad";
const SPOT_PIXELS = 9;

export class MarkDrawing {
  private marks: Mark[] = [];
  private pieces: [number[], boolean][] = [];
  /** Corners of the area being drawn, metres from the origin; null when none is. */
  draft: [number, number][] | null = null;

  constructor(
    private readonly model: Model,
    private readonly roads: RoadDrawing,
  ) {}

  show(marks: Mark[], streets: Streets): void {
    this.marks = marks;
    this.pieces = [false, true].map((slowed) => [
      streets.pieces(new Set(marks.filter((mark) => mark.street && mark.slowed === slowed).map((mark) => mark.street!))),
      slowed,
    ]);
  }

  draw(pen: CanvasRenderingContext2D, view: View): void {
    const { pixelRatio, resolution, extent } = view;
    const scale = pixelRatio / resolution;
    pen.setTransform(scale, 0, 0, -scale, -extent[0] * scale, extent[3] * scale);
    pen.lineJoin = pen.lineCap = "round";
    for (const [pieces, slowed] of this.pieces) {
      const path = this.roads.pathOf(pieces, 0);
      this.line(pen, path, slowed ? SLOWED_MARK : CLOSED_MARK, resolution);
    }
    for (const mark of this.marks) {
      const ink = mark.slowed ? SLOWED_MARK : CLOSED_MARK;
      if (mark.area_wkt) this.area(pen, corners(mark.area_wkt).map((at) => this.local(at)), ink, resolution);
      if (mark.lon !== undefined && mark.lat !== undefined) {
        const [x, y] = this.local([mark.lon, mark.lat]);
        pen.beginPath();
        pen.arc(x, y, SPOT_PIXELS * resolution, 0, 2 * Math.PI);
        pen.strokeStyle = ink;
        pen.lineWidth = 3 * resolution;
        pen.stroke();
      }
    }
    if (this.draft?.length) {
      this.area(pen, this.draft, CLOSED_MARK, resolution);
      pen.fillStyle = CLOSED_MARK;
      for (const [x, y] of this.draft) {
        pen.beginPath();
        pen.arc(x, y, 4 * resolution, 0, 2 * Math.PI);
        pen.fill();
      }
    }
    pen.lineCap = "butt";
  }

  private local(at: [number, number]): [number, number] {
    const [x, y] = mercator(...at);
    return [x - this.model.roads.origin[0], y - this.model.roads.origin[1]];
  }

  private line(pen: CanvasRenderingContext2D, path: Path2D, ink: string, resolution: number): void {
    pen.strokeStyle = "#ffffff";
    pen.lineWidth = 9 * resolution;
    pen.stroke(path);
    pen.strokeStyle = ink;
    pen.lineWidth = 5 * resolution;
    pen.stroke(path);
  }

  private area(pen: CanvasRenderingContext2D, ring: [number, number][], ink: string, resolution: number): void {
    const path = newPath();
    ring.forEach(([x, y], k) => (k ? path.lineTo(x, y) : path.moveTo(x, y)));
    path.closePath();
    pen.globalAlpha = 0.18;
    pen.fillStyle = ink;
    pen.fill(path);
    pen.globalAlpha = 1;
    pen.strokeStyle = ink;
    pen.lineWidth = 2.5 * resolution;
    pen.stroke(path);
  }
}

/** Corners of the outer ring of a polygon in WKT. */
function corners(wkt: string): [number, number][] {
  const ring = /\(\(([^)]*)\)/.exec(wkt)?.[1] ?? "";
  return ring.split(",").map((pair) => pair.trim().split(/\s+/).map(Number) as [number, number]);
}
