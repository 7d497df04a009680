// Draws the area within each travel time of the nearest open depot.

import type { Model } from "./model";
import { newPath } from "./paths";
import type { View } from "./roads";
import { REACH } from "./theme";

const SHADE = 0.34;

export function drawContours(pen: CanvasRenderingContext2D, view: View, model: Model): void {
  const { pixelRatio, resolution, extent } = view;
  const scale = pixelRatio / resolution;
  pen.setTransform(scale, 0, 0, -scale, -extent[0] * scale, extent[3] * scale);
  const { band, first, xy } = model.contours;
  const add = (path: Path2D, wanted: number): Path2D => {
    band.forEach((own, ring) => {
      if (own !== wanted) return;
      path.moveTo(xy[2 * first[ring]], xy[2 * first[ring] + 1]);
      for (let v = 2 * first[ring] + 2; v < 2 * first[ring + 1]; v += 2) path.lineTo(xy[v], xy[v + 1]);
      path.closePath();
    });
    return path;
  };
  for (let b = model.meta.bands_s.length - 1; b >= 0; b--) {
    // Areas lie within one another: by the even-odd rule two of them leave what lies between.
    pen.globalAlpha = SHADE;
    pen.fillStyle = REACH[b];
    pen.fill(add(add(newPath(), b), b - 1), "evenodd");
    pen.globalAlpha = 1;
    pen.strokeStyle = REACH[b];
    pen.lineWidth = 1.2 * resolution;
    pen.stroke(add(newPath(), b));
  }
}
