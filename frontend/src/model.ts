// The report as the page holds it: roads in map coordinates, places, trips, losses.

import { say, setStart } from "./words";
import { readLines, unzip, VarintReader } from "./unpack";

export const FORMAT = 2;
const EARTH_M = 6378137; // Radius of the sphere of web Mercator (EPSG:3857), not of the Earth.

export const BRIDGE = 1;
export const ONE_WAY = 8;
export const OPEN = 0;
export const SLOWED = 1;
export const LOST = 2;

export interface Site {
  id: string; name: string; lon: number; lat: number; open: boolean; tier: number; size: string; kind: string;
  zone: string; owner: string; survival: number; power: boolean; ready_s: number;
  stock: [commodity: number, mode: string, planned: number, held: number][];
}

export interface Point {
  id: string; name: string; lon: number; lat: number; zone: string; kind: string; people: number; affected: number;
  state: string; first: number | null; last: number | null; deadline: number;
  need: [commodity: number, need: number, delivered: number][];
  unmet: [commodity: number, quantity: number, reason: string, explanation: string][];
}

export type LoadLine = [commodity: number, lot: string, quantity: number];
export type StopLine = [point: number, arrive: number, leave: number, loads: LoadLine[]];
export type LegLine = [purpose: string, from: string, to: string, start: number, end: number, m: number, path: number];

export interface Trip {
  vehicle: string; type: string; number: number; from: number; to: number; load_s: number; depart_s: number;
  return_s: number; m: number; kg: number; m3: number; stops: StopLine[]; legs: LegLine[];
  /** Site, arrival, departure and loads of a trunk trip, which has no stops. */
  hub: StopLine | null;
}

export interface Loss {
  street: string; kind: string; pieces: number[]; factor: number; depth: number; from: number;
  until: number | null; cause: number;
}

export interface Meta {
  id: string; title: string; description: string; start: string; at_s: number; state: number; overrides: string[];
  attribution: string; source: string; classes: string[]; response_s: number; bands_s: number[]; dispatched: boolean;
  solves: [stage: string, status: string, limit: string | null, gap: number | null, engine: string][];
}

interface Plan {
  format: number; meta: Meta; figures: [string, number, string][]; tiers: [string, string][];
  commodities: [string, string, string, number, number][];
  types: Record<string, [name: string, kg: number, m3: number, mode: string]>;
  causes: string[]; wading_m: number; names: string[]; losses: Loss[]; sites: Site[]; points: Point[]; trips: Trip[];
  /** Streets that cut a point off, by position of the point. */
  cuts: Record<string, string[]>;
}

export interface Roads {
  count: number;
  first: Uint32Array;
  /** x and y in turn, web Mercator metres from `origin`. */
  xy: Float64Array;
  origin: [number, number];
  /** West, south, east, north, metres from `origin`. */
  extent: [number, number, number, number];
  rank: Uint8Array;
  flags: Uint8Array;
  name: Uint32Array;
  /** Travel-time band from the nearest open depot; one beyond the last band where no path leads. */
  reach: Uint8Array;
}

/** Closed lines around the area within each travel time of an open depot. */
export interface Contours {
  band: number[];
  first: Uint32Array;
  /** x and y in turn, metres from the roads' origin. */
  xy: Float64Array;
}

export interface Model extends Plan {
  roads: Roads;
  contours: Contours;
  /** x and y of each leg's line by its path number, metres from `origin`. */
  paths: Float64Array[];
  vehicles: string[];
  siteXy: Float64Array;
  pointXy: Float64Array;
}

export function mercator(lon: number, lat: number): [number, number] {
  const y = Math.log(Math.tan(Math.PI / 4 + (lat * Math.PI) / 360));
  return [(EARTH_M * lon * Math.PI) / 180, EARTH_M * y];
}

export function degrees(x: number, y: number): [number, number] {
  return [(x / EARTH_M) * (180 / Math.PI), (2 * Math.atan(Math.exp(y / EARTH_M)) - Math.PI / 2) * (180 / Math.PI)];
}

/** Metres on the ground per metre of the map at some height of the map. */
export function groundScale(y: number): number {
  return 1 / Math.cosh(y / EARTH_M);
}

export async function readModel(): Promise<Model> {
  const [planBytes, roadBytes, attributes, reach, pathBytes, bandBytes, ringBytes] = await Promise.all(
    ["plan", "roads", "attributes", "reach", "paths", "contours", "rings"].map(unzip),
  );
  const packed = JSON.parse(new TextDecoder().decode(planBytes)) as Plan & { losses: Columns };
  const plan: Plan = { ...packed, losses: rowsOf(packed.losses) };
  if (plan.format !== FORMAT) throw new Error(say("map.version", { found: plan.format, expected: FORMAT }));
  setStart(plan.meta.start);
  const roads = projectRoads(roadBytes, attributes, reach, plan);
  const places = (items: { lon: number; lat: number }[]): Float64Array => {
    const xy = new Float64Array(2 * items.length);
    items.forEach((item, i) => {
      const [x, y] = mercator(item.lon, item.lat);
      xy[2 * i] = x - roads.origin[0];
      xy[2 * i + 1] = y - roads.origin[1];
    });
    return xy;
  };
  const siteXy = places(plan.sites);
  const pointXy = places(plan.points);
  const vehicles = [...new Set(plan.trips.map((trip) => trip.vehicle))];
  const contours = readContours(bandBytes, ringBytes, roads.origin);
  const model = { ...plan, roads, contours, siteXy, pointXy, vehicles, paths: [] as Float64Array[] };
  model.paths = legLines(model, pathBytes);
  return model;
}

function readContours(bands: Uint8Array, rings: Uint8Array, origin: [number, number]): Contours {
  const reader = new VarintReader(bands);
  const band = Array.from({ length: reader.next() }, () => reader.next());
  const { first, lonlat: xy } = readLines(rings);
  for (let v = 0; v < xy.length; v += 2) {
    const [x, y] = mercator(xy[v], xy[v + 1]);
    xy[v] = x - origin[0];
    xy[v + 1] = y - origin[1];
  }
  return { band, first, xy };
}

type Columns = { [name in keyof Loss]: Loss[name][] };

function rowsOf(columns: Columns): Loss[] {
  return columns.street.map((street, e) => ({
    street,
    kind: columns.kind[e],
    pieces: columns.pieces[e],
    factor: columns.factor[e],
    depth: columns.depth[e],
    from: columns.from[e],
    until: columns.until[e],
    cause: columns.cause[e],
  }));
}

/** Mercator's y from a table: linear between steps of 0.001 degrees is right to a millimetre below 75 degrees. */
function mercatorTable(lowest: number, highest: number): (lat: number) => number {
  const step = 0.001;
  const base = Math.floor(lowest / step) - 1;
  const size = Math.ceil(highest / step) - base + 2;
  const table = new Float64Array(size);
  for (let k = 0; k < size; k++) table[k] = mercator(0, (base + k) * step)[1];
  return (lat) => {
    const at = lat / step - base;
    const k = Math.floor(at);
    return table[k] + (at - k) * (table[k + 1] - table[k]);
  };
}

function projectRoads(bytes: Uint8Array, attributes: Uint8Array, reach: Uint8Array, plan: Plan): Roads {
  const { first, lonlat: xy } = readLines(bytes);
  const count = first.length - 1;
  const extent: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  const perDegree = (EARTH_M * Math.PI) / 180;
  let lowest = 0;
  let highest = 0;
  if (xy.length) lowest = highest = xy[1];
  for (let v = 1; v < xy.length; v += 2) {
    if (xy[v] < lowest) lowest = xy[v];
    if (xy[v] > highest) highest = xy[v];
  }
  const toY = mercatorTable(lowest, highest);
  for (let v = 0; v < xy.length; v += 2) {
    const x = xy[v] * perDegree;
    const y = toY(xy[v + 1]);
    xy[v] = x;
    xy[v + 1] = y;
    widen(extent, x, y);
  }
  for (const place of [...plan.sites, ...plan.points]) widen(extent, ...mercator(place.lon, place.lat));
  const origin: [number, number] = [(extent[0] + extent[2]) / 2, (extent[1] + extent[3]) / 2];
  for (let v = 0; v < xy.length; v += 2) {
    xy[v] -= origin[0];
    xy[v + 1] -= origin[1];
  }
  for (let side = 0; side < 4; side++) extent[side] -= origin[side % 2];
  const reader = new VarintReader(attributes.subarray(2 * count));
  const name = new Uint32Array(count);
  for (let i = 0; i < count; i++) name[i] = reader.next();
  const rank = attributes.subarray(0, count);
  const flags = attributes.subarray(count, 2 * count);
  return { count, first, xy, origin, extent, rank, flags, name, reach };
}

function widen(extent: [number, number, number, number], x: number, y: number): void {
  if (x < extent[0]) extent[0] = x;
  if (y < extent[1]) extent[1] = y;
  if (x > extent[2]) extent[2] = x;
  if (y > extent[3]) extent[3] = y;
}

/** Lines of all legs: from the place over its pieces of road to the next place. */
function legLines(model: Model, bytes: Uint8Array): Float64Array[] {
  const reader = new VarintReader(bytes);
  const counts = Array.from({ length: reader.next() }, () => reader.next());
  const { first, xy } = model.roads;
  const where = new Map<string, [number, number]>();
  model.points.forEach((point, i) => where.set(point.id, [model.pointXy[2 * i], model.pointXy[2 * i + 1]]));
  model.sites.forEach((site, j) => where.set(site.id, [model.siteXy[2 * j], model.siteXy[2 * j + 1]]));
  const legs: LegLine[] = [];
  for (const trip of model.trips) for (const leg of trip.legs) legs[leg[6]] = leg;
  let code = 0;
  return counts.map((count, number) => {
    const line: number[] = [...where.get(legs[number][1])!];
    for (let k = 0; k < count; k++) {
      code += reader.signed();
      const piece = code >= 0 ? code : -1 - code;
      const from = 2 * first[piece];
      const to = 2 * first[piece + 1];
      if (code >= 0) for (let v = from; v < to; v += 2) line.push(xy[v], xy[v + 1]);
      else for (let v = to - 2; v >= from; v -= 2) line.push(xy[v], xy[v + 1]);
    }
    line.push(...where.get(legs[number][2])!);
    return Float64Array.from(line);
  });
}

/** Pieces of road of a lost or slowed street. */
export function piecesOf(model: Model, street: string): number[] {
  return model.losses.find((loss) => loss.street === street)?.pieces ?? [];
}

/** Status a loss gives its street: lost for a truck, slowed, or open at another moment. */
export function lossStatus(model: Model, loss: Loss, seconds: number): number {
  if (loss.from > seconds || (loss.until !== null && seconds >= loss.until)) return OPEN;
  if (loss.factor <= 0 || loss.depth >= model.wading_m) return LOST;
  return loss.factor < 1 || loss.depth > 0 ? SLOWED : OPEN;
}

/** Stops of a trip, or the hub where a trunk trip hands over. */
export function handovers(trip: Trip): StopLine[] {
  return trip.hub ? [trip.hub] : trip.stops;
}

/** What roads are lost to: a hazard by its name, reports in the reader's language. */
export function causeName(model: Model, cause: number): string {
  return say(`cause.${model.causes[cause]}`);
}
