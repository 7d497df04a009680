// A pen with the part of the canvas's interface that the drawings use, writing SVG: the picture for print.

import { withPaths } from "./paths";

/** A path kept as SVG's own text; it stands in for a Path2D while a picture is written. */
class TextPath {
  constructor(public d = "") {}

  moveTo(x: number, y: number): void {
    this.d += `M${short(x)} ${short(y)}`;
  }

  lineTo(x: number, y: number): void {
    this.d += `L${short(x)} ${short(y)}`;
  }

  closePath(): void {
    this.d += "Z";
  }

  arc(x: number, y: number, radius: number, from: number, to: number): void {
    const turn = Math.min(to - from, 2 * Math.PI);
    // SVG draws no full circle in one arc: take it in halves.
    const steps = turn > Math.PI ? 2 : 1;
    this.d += `${this.d ? "L" : "M"}${short(x + radius * Math.cos(from))} ${short(y + radius * Math.sin(from))}`;
    for (let k = 1; k <= steps; k++) {
      const at = from + (turn * k) / steps;
      this.d += `A${short(radius)} ${short(radius)} 0 0 1 ${short(x + radius * Math.cos(at))} ${short(y + radius * Math.sin(at))}`;
    }
  }
}

type Matrix = [a: number, b: number, c: number, d: number, e: number, f: number];

class SvgPen {
  fillStyle = "#000000";
  strokeStyle = "#000000";
  lineWidth = 1;
  globalAlpha = 1;
  lineJoin = "miter";
  lineCap = "butt";
  font = "12px sans-serif";
  textAlign = "start";
  textBaseline = "alphabetic";
  readonly parts: string[] = [];
  private matrix: Matrix = [1, 0, 0, 1, 0, 0];
  private dash: number[] = [];
  private path = new TextPath();
  private readonly kept: object[] = [];
  private readonly ruler = document.createElement("canvas").getContext("2d")!;

  setTransform(a: number | DOMMatrix, b = 0, c = 0, d = 0, e = 0, f = 0): void {
    this.matrix = typeof a === "number" ? [a, b, c, d, e, f] : [a.a, a.b, a.c, a.d, a.e, a.f];
  }

  getTransform(): DOMMatrix {
    return new DOMMatrix(this.matrix);
  }

  translate(x: number, y: number): void {
    this.setTransform(this.getTransform().translate(x, y));
  }

  scale(x: number, y: number): void {
    this.setTransform(this.getTransform().scale(x, y));
  }

  setLineDash(dash: number[]): void {
    this.dash = dash;
  }

  save(): void {
    const { fillStyle, strokeStyle, lineWidth, globalAlpha, lineJoin, lineCap, font, textAlign, textBaseline } = this;
    this.kept.push({ fillStyle, strokeStyle, lineWidth, globalAlpha, lineJoin, lineCap, font, textAlign, textBaseline, matrix: this.matrix, dash: this.dash });
  }

  restore(): void {
    Object.assign(this, this.kept.pop());
  }

  beginPath(): void {
    this.path = new TextPath();
  }

  moveTo(x: number, y: number): void {
    this.path.moveTo(x, y);
  }

  lineTo(x: number, y: number): void {
    this.path.lineTo(x, y);
  }

  closePath(): void {
    this.path.closePath();
  }

  arc(x: number, y: number, radius: number, from: number, to: number): void {
    this.path.arc(x, y, radius, from, to);
  }

  stroke(path: TextPath = this.path): void {
    const dash = this.dash.length ? ` stroke-dasharray="${this.dash.map(short).join(" ")}"` : "";
    const style = `fill="none" stroke="${this.strokeStyle}" stroke-width="${short(this.lineWidth)}" stroke-linejoin="${this.lineJoin}" stroke-linecap="${this.lineCap}"`;
    this.write(path, style + dash);
  }

  fill(path: TextPath = this.path, rule: CanvasFillRule = "nonzero"): void {
    this.write(path, `fill="${this.fillStyle}"${rule === "evenodd" ? ' fill-rule="evenodd"' : ""}`);
  }

  private write(path: TextPath, style: string): void {
    if (path.d) this.parts.push(`<path ${this.placed()} ${style} d="${path.d}"/>`);
  }

  private placed(): string {
    const alpha = this.globalAlpha < 1 ? ` opacity="${this.globalAlpha}"` : "";
    return `transform="matrix(${this.matrix.map((value) => Number(value.toPrecision(9))).join(" ")})"${alpha}`;
  }

  measureText(text: string): TextMetrics {
    this.ruler.font = this.font;
    return this.ruler.measureText(text);
  }

  fillText(text: string, x: number, y: number): void {
    this.text(text, x, y, `fill="${this.fillStyle}"`);
  }

  strokeText(text: string, x: number, y: number): void {
    this.text(text, x, y, `fill="none" stroke="${this.strokeStyle}" stroke-width="${this.lineWidth}" stroke-linejoin="round"`);
  }

  private text(text: string, x: number, y: number, style: string): void {
    const [, weight, size] = /^(?:(\d+) )?([\d.]+)px/.exec(this.font) ?? ["", "400", "12"];
    const family = this.font.slice(this.font.indexOf("px") + 3).replace(/"/g, "'");
    const anchor = this.textAlign === "center" ? "middle" : "start";
    // Not every program knows dominant-baseline: the middle of the letters is a third of their size above the line.
    const base = this.textBaseline === "middle" ? y + 0.35 * Number(size) : y;
    this.parts.push(
      `<text ${this.placed()} x="${short(x)}" y="${short(base)}" font-family="${family}" font-size="${size}" font-weight="${weight ?? 400}" text-anchor="${anchor}" ${style}>${escape(text)}</text>`,
    );
  }
}

/** Writes what a function draws as an SVG picture of the given size. */
export function svgPicture(size: [number, number], paper: string, title: string, draw: (pen: CanvasRenderingContext2D) => void): string {
  const pen = new SvgPen();
  withPaths(
    (d) => new TextPath(d) as unknown as Path2D,
    () => draw(pen as unknown as CanvasRenderingContext2D),
  );
  return (
    `<svg xmlns="http://www.w3.org/2000/svg" width="${size[0]}" height="${size[1]}" viewBox="0 0 ${size[0]} ${size[1]}">` +
    `<title>${escape(title)}</title><rect width="100%" height="100%" fill="${paper}"/>${pen.parts.join("\n")}</svg>\n`
  );
}

function short(value: number): number {
  return Math.round(value * 100) / 100;
}

function escape(text: string): string {
  return text.replace(/[&<>"]/g, (sign) => `&#${sign.charCodeAt(0)};`);
}
