// Where the drawings get their paths from: the browser's Path2D, or text while an SVG picture is written.

type Maker = (d?: string) => Path2D;

const canvasPath: Maker = (d) => new Path2D(d);
let maker = canvasPath;

export function newPath(d?: string): Path2D {
  return maker(d);
}

/** Whether paths made before can be used again; text paths are for one picture only. */
export function keepsPaths(): boolean {
  return maker === canvasPath;
}

export function withPaths(other: Maker, draw: () => void): void {
  maker = other;
  try {
    draw();
  } finally {
    maker = canvasPath;
  }
}
