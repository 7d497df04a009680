// Colours, sizes and symbols: told apart by shape as well as by colour (Okabe and Ito's palette for states).

export const FONT = '"Noto Sans","Noto Sans CJK SC","Microsoft YaHei","PingFang SC","Segoe UI",system-ui,sans-serif';
export const INK = "#16222d";
export const PAPER = "#f5f3ee";
export const LOST_INK = "#b3001b";
export const SLOWED_INK = "#e08a00";
export const DEPOT_INK = "#12324a";

/** Path of each state's symbol in a box from -1 to 1, its colour, and a mark drawn on top in white. */
export const STATES: Record<string, { fill: string; path: string; mark?: string }> = {
  served: { fill: "#00805d", path: "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z" },
  late: { fill: "#e69f00", path: "M0-1.15L1.1 .85L-1.1 .85Z" },
  waiting: { fill: "#ffffff", path: "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z" },
  unserved: { fill: "#d55e00", path: "M0-1.25L1.25 0L0 1.25L-1.25 0Z" },
  isolated: { fill: "#1c1c1c", path: "M-1-1H1V1H-1Z", mark: "M-.5-.5L.5 .5M.5-.5L-.5 .5" },
  flooded: { fill: "#2a8bd0", path: "M0-1.3C.5-.5 1 0 1 .45A1 .85 0 1 1-1 .45C-1 0-.5-.5 0-1.3Z" },
  no_need: { fill: "#b9c1c8", path: "M.6 0A.6 .6 0 1 1-.6 0A.6 .6 0 1 1 .6 0Z" },
  no_plan: { fill: "#6f5a8f", path: "M1 0A1 1 0 1 1-1 0A1 1 0 1 1 1 0Z" },
};

/** States from the least to the most urgent: later ones are drawn on top. */
export const URGENCY = ["no_need", "no_plan", "served", "waiting", "late", "unserved", "flooded", "isolated"];

export const DEPOT_PATH = "M0-1.2L1.15-.35V1H-1.15V-.35Z";

/** Vehicles share these in turn; red and orange stay with losses and unmet need. */
export const ROUTES = ["#2166ac", "#7b3294", "#1b7837", "#8c510a", "#c51b8a", "#01665e", "#5e4fa2", "#54278f"];

/** Width in pixels and colour by rank of road class (see Meta.classes), before zoom. */
export const ROADS: { width: number; ink: string; dash?: number[] }[] = [
  { width: 2.4, ink: "#7d8c99" }, // motorway
  { width: 2.1, ink: "#84929e" }, // trunk
  { width: 1.7, ink: "#8a98a4" }, // main road of unknown class
  { width: 1.7, ink: "#94a1ac" }, // primary
  { width: 1.2, ink: "#7ea6c4", dash: [6, 4] }, // ferry
  { width: 1.3, ink: "#a5b0b9" }, // secondary
  { width: 1.4, ink: "#9a8f7a", dash: [4, 3] }, // connector
  { width: 1.0, ink: "#b4bdc5" }, // tertiary
  { width: 0.9, ink: "#bfc7cd" }, // unclassified
  { width: 0.8, ink: "#c8cfd4" }, // residential
  { width: 0.7, ink: "#ccd3d8" }, // living street
  { width: 0.6, ink: "#d3d9dd" }, // service
  { width: 0.6, ink: "#d3d0c4" }, // track
];

/** Travel-time bands from near to far, light to dark enough to read on paper (after viridis); the last: no path. */
export const REACH = ["#7fc97f", "#35b3a1", "#2d8fb0", "#3c6bb0", "#4a4493", "#3f1d5e", "#1a0a26", "#c9b8b0"];

export function routeInk(vehicle: number): string {
  return ROUTES[vehicle % ROUTES.length];
}
