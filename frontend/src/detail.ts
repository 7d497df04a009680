// What is known about one depot, demand point, vehicle or road, as a card of text and tables.

import { button, make } from "./elements";
import { stateIcon } from "./icons";
import type { Model, Trip } from "./model";
import { BRIDGE, causeName, groundScale, handovers, LOST, ONE_WAY, piecesOf } from "./model";
import { boxOf, position, type Selection } from "./plan";
import { lineLength, worstLosses } from "./roads";
import { fullMoment, metres, minutes, moment, number, say, share, withUnit } from "./words";

export interface Context {
  model: Model;
  seconds: number;
  select: (selection: Selection) => void;
  zoomTo: (box: [number, number, number, number]) => void;
  /** Identifier of the street of a piece of road, for the command line. */
  streetOf: (piece: number) => string | null;
  vehiclesOn: (piece: number) => number[];
}

type Cell = string | Node;

export function detailCard(context: Context, selection: NonNullable<Selection>): HTMLElement {
  const makers = { site: siteCard, point: pointCard, vehicle: vehicleCard, road: roadCard };
  return makers[selection.kind](context, selection.index);
}

function card(kind: string, title: Cell, box: [number, number, number, number], context: Context, ...body: (Node | null)[]): HTMLElement {
  const head = make("header", {}, make("p", { class: "kind" }, kind), make("h2", { tabindex: "-1" }, title));
  const zoom = button(say("map.zoom_to"), { class: "quiet" }, () => context.zoomTo(box));
  return make("section", { class: "card" }, head, ...body, make("p", { class: "actions" }, zoom));
}

function facts(rows: [string, Cell | null | false][]): HTMLElement {
  const list = make("dl", { class: "facts" });
  for (const [name, value] of rows) if (value) list.append(make("div", {}, make("dt", {}, name), make("dd", {}, value)));
  return list;
}

/** A table whose first column is text and whose others are numbers. */
function grid(caption: string, heads: string[], rows: Cell[][]): HTMLElement | null {
  if (rows.length === 0) return null;
  return make(
    "table",
    { class: "grid" },
    make("caption", {}, caption),
    make("thead", {}, make("tr", {}, ...heads.map((head) => make("th", { scope: "col" }, head)))),
    make("tbody", {}, ...rows.map((row) => make("tr", {}, ...row.map((cell) => make("td", {}, cell))))),
  );
}

function around(x: number, y: number): [number, number, number, number] {
  return [x - 3000, y - 3000, x + 3000, y + 3000];
}

function vehicleLink(context: Context, vehicle: number): HTMLButtonElement {
  return button(context.model.vehicles[vehicle], { class: "link" }, () => context.select({ kind: "vehicle", index: vehicle }));
}

function pointLink(context: Context, point: number): HTMLButtonElement {
  return button(context.model.points[point].name, { class: "link" }, () => context.select({ kind: "point", index: point }));
}

function siteLink(context: Context, site: number): HTMLButtonElement {
  return button(context.model.sites[site].name, { class: "link" }, () => context.select({ kind: "site", index: site }));
}

function siteCard(context: Context, index: number): HTMLElement {
  const { model } = context;
  const site = model.sites[index];
  const leaving = new Map<number, number>();
  const trips = model.trips.filter((trip) => trip.from === index);
  for (const trip of trips)
    for (const stop of handovers(trip)) for (const [k, , quantity] of stop[3]) leaving.set(k, (leaving.get(k) ?? 0) + quantity);
  const stock = site.stock.map(([k, mode, planned, held]): Cell[] => [
    `${model.commodities[k][1]} (${model.commodities[k][2]})${mode === "agreement" ? ` · ${say("stock_mode.agreement")}` : ""}`,
    number(held),
    number(planned),
    mode === "physical" || !site.stock.some(([other, way]) => other === k && way === "physical") ? number(leaving.get(k) ?? 0) : "",
  ]);
  const x = model.siteXy[2 * index];
  const y = model.siteXy[2 * index + 1];
  return card(
    say(site.open ? "detail.depot" : "detail.site"), site.name, around(x, y), context,
    facts([
      ["ID", site.id],
      [say("detail.tier"), model.tiers[site.tier]?.[1] ?? ""],
      [say("detail.size"), site.size],
      [say("detail.kind"), site.kind],
      [say("detail.zone"), site.zone],
      [say("detail.owner"), site.owner],
      [say("detail.usable"), share(site.survival)],
      [say("detail.power"), say(site.power ? "power.on" : "power.off")],
      [say("detail.ready"), minutes(site.ready_s)],
    ]),
    grid(say("detail.stock"), ["detail.commodity", "detail.held", "detail.planned", "detail.leaving"].map((key) => say(key)), stock),
    grid(
      say("map.routes"), ["detail.vehicle", "detail.depart", "detail.weight"].map((key) => say(key)),
      trips.map((trip) => [vehicleLink(context, model.vehicles.indexOf(trip.vehicle)), moment(trip.depart_s), withUnit(trip.kg, "kg")]),
    ),
  );
}

function pointCard(context: Context, index: number): HTMLElement {
  const { model } = context;
  const point = model.points[index];
  const deliveries: Cell[][] = [];
  for (const trip of model.trips)
    for (const stop of trip.stops)
      if (stop[0] === index) {
        const kg = stop[3].reduce((sum, [k, , quantity]) => sum + quantity * model.commodities[k][3], 0);
        deliveries.push([vehicleLink(context, model.vehicles.indexOf(trip.vehicle)), moment(stop[1]), withUnit(kg, "kg")]);
      }
  const missing = new Map<number, number>();
  for (const [k, quantity] of point.unmet) missing.set(k, (missing.get(k) ?? 0) + quantity);
  const needs = point.need.map(([k, need, delivered]): Cell[] => [
    `${model.commodities[k][1]} (${model.commodities[k][2]})`,
    number(need),
    number(delivered),
    missing.get(k) ? make("strong", { class: "bad" }, number(missing.get(k)!)) : "0",
  ]);
  const whys = new Map<string, Set<string>>();
  for (const [, , reason, explanation] of point.unmet) {
    if (!whys.has(reason)) whys.set(reason, new Set());
    if (explanation) whys.get(reason)!.add(say(`said.${explanation}`));
  }
  const why = make("ul", { class: "why" });
  for (const [reason, texts] of whys)
    why.append(make("li", {}, make("strong", {}, say(`reason.${reason}`)), texts.size ? `: ${[...texts].join("; ")}` : ""));
  const x = model.pointXy[2 * index];
  const y = model.pointXy[2 * index + 1];
  return card(
    say("detail.point"), point.name, around(x, y), context,
    make("p", { class: `state ${point.state}` }, stateIcon(point.state), make("strong", {}, say(`state.${point.state}`)), ` ${say(`explain.${point.state}`)}`),
    whys.size ? why : null,
    cutList(context, index),
    facts([
      ["ID", point.id],
      [say("detail.zone"), point.zone],
      [say("detail.kind"), say(`point_kind.${point.kind}`)],
      [say("detail.people"), number(point.people)],
      [say("detail.in_need"), number(point.affected)],
      [say("detail.first"), point.first === null ? null : moment(point.first)],
      [say("detail.last"), point.last === null ? null : moment(point.last)],
      [say("detail.deadline"), moment(point.deadline)],
    ]),
    grid(say("detail.need"), ["detail.commodity", "detail.need", "detail.delivered", "detail.unmet"].map((key) => say(key)), needs),
    grid(say("map.served_by"), ["detail.vehicle", "detail.arrive", "detail.weight"].map((key) => say(key)), deliveries),
  );
}

/** The fewest lost streets and bridges that alone cut the point off. */
function cutList(context: Context, point: number): HTMLElement | null {
  const { model } = context;
  const streets = model.cuts[point];
  if (!streets) return null;
  const list = make("ul", { class: "cut" });
  for (const street of streets) {
    const loss = model.losses.find((item) => item.street === street);
    const piece = loss?.pieces[0];
    if (!loss || piece === undefined) continue;
    const name = model.names[model.roads.name[piece]] || street;
    const link = button(name, { class: "link" }, () => context.select({ kind: "road", index: piece }));
    list.append(make("li", {}, link, ` · ${say(`street_kind.${loss.kind}`)} · ${causeName(model, loss.cause)}`));
  }
  const boxes = streets.flatMap((street) => piecesOf(model, street)).map((piece) =>
    boxOf(model.roads.xy.subarray(2 * model.roads.first[piece], 2 * model.roads.first[piece + 1])),
  );
  const place: [number, number] = [model.pointXy[2 * point], model.pointXy[2 * point + 1]];
  const all: [number, number, number, number] = [
    Math.min(place[0], ...boxes.map((b) => b[0])), Math.min(place[1], ...boxes.map((b) => b[1])),
    Math.max(place[0], ...boxes.map((b) => b[2])), Math.max(place[1], ...boxes.map((b) => b[3])),
  ];
  const zoom = button(say("map.show_cut"), { class: "quiet" }, () => context.zoomTo(all));
  return make("div", { class: "cutoff" }, make("h3", {}, say("map.cut")), make("p", {}, say("map.cut_text")), list, zoom);
}

function vehicleCard(context: Context, index: number): HTMLElement {
  const { model } = context;
  const trips = model.trips.filter((trip) => trip.vehicle === model.vehicles[index]);
  const box: [number, number, number, number] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const trip of trips)
    for (const leg of trip.legs) {
      const other = boxOf(model.paths[leg[6]]);
      box[0] = Math.min(box[0], other[0]);
      box[1] = Math.min(box[1], other[1]);
      box[2] = Math.max(box[2], other[2]);
      box[3] = Math.max(box[3], other[3]);
    }
  const [name, kg, m3, mode] = model.types[trips[0].type];
  return card(
    `${say("detail.vehicle")} · ${name}`, model.vehicles[index], box, context,
    facts([
      ["", `${withUnit(kg, "kg")} · ${withUnit(m3, "m3")}${mode === "road" ? "" : ` · ${say(`mode.${mode}`)}`}`],
      [say("detail.distance"), metres(trips.reduce((sum, trip) => sum + trip.m, 0))],
    ]),
    ...trips.map((trip) => tripBlock(context, trip, kg, m3)),
  );
}

function tripBlock(context: Context, trip: Trip, payload: number, volume: number): HTMLElement {
  const { model } = context;
  const stops = handovers(trip).map(([place, arrive, , loads]) =>
    make(
      "li", {},
      make("span", { class: "time" }, moment(arrive)),
      make("div", {}, trip.hub ? siteLink(context, place) : pointLink(context, place), make("p", { class: "loads" }, loads.map(([k, , q]) => `${number(q)} ${model.commodities[k][2]} ${model.commodities[k][1]}`).join(" · "))),
    ),
  );
  return make(
    "div", { class: "trip" },
    make("h3", {}, say("detail.trip", { number: trip.number })),
    facts([
      [say("detail.load"), make("span", {}, siteLink(context, trip.from), ` ${moment(trip.load_s)}`)],
      [say("detail.depart"), moment(trip.depart_s)],
      [say("detail.weight"), `${withUnit(trip.kg, "kg")} (${share(trip.kg / payload)}) · ${withUnit(trip.m3, "m3")} (${share(trip.m3 / volume)})`],
    ]),
    make("ol", { class: "stops" }, ...stops),
    facts([[say("detail.return"), make("span", {}, siteLink(context, trip.to), ` ${moment(trip.return_s)}`)]]),
  );
}

function roadCard(context: Context, index: number): HTMLElement {
  const { model } = context;
  const { roads } = model;
  const xy = roads.xy.subarray(2 * roads.first[index], 2 * roads.first[index + 1]);
  const box = boxOf(xy);
  const className = model.meta.classes[roads.rank[index]];
  const everyCause = new Set(model.causes.map((_, c) => c));
  const worst = worstLosses(model, everyCause, context.seconds).get(index);
  const loss = worst?.[1];
  const scale = groundScale((box[1] + box[3]) / 2 + roads.origin[1]);
  const [lat, lon] = position(model, (box[0] + box[2]) / 2, (box[1] + box[3]) / 2);
  const status = worst ? (worst[0] === LOST ? "lost" : "slowed") : "open";
  const vehicles = context.vehiclesOn(index);
  return card(
    say((roads.flags[index] & BRIDGE) !== 0 ? "street_kind.bridge" : "detail.road"),
    model.names[roads.name[index]] || say(`road_class.${className}`), box, context,
    worst ? make("p", { class: `state ${status}` }, make("strong", {}, say(`road_status.${status}`)), ` · ${causeName(model, loss!.cause)}`) : null,
    facts([
      [say("detail.class"), say(`road_class.${className}`)],
      [say("detail.status"), worst ? null : say("road_status.open")],
      ["", loss && loss.factor > 0 && loss.factor < 1 ? say("map.speed_left", { share: share(loss.factor) }) : null],
      ["", loss && loss.depth > 0 ? say("map.depth", { depth: number(loss.depth, 2) }) : null],
      ["", loss ? (loss.until === null ? say("map.open_end") : say("map.until", { moment: fullMoment(loss.until) })) : null],
      ["ID", loss?.street ?? context.streetOf(index)],
      [say("detail.length"), metres(lineLength(xy) * scale)],
      ["", (roads.flags[index] & ONE_WAY) !== 0 ? say("map.oneway") : null],
      ["", say("map.position", { lat, lon })],
    ]),
    grid(say("map.on_route"), [say("detail.vehicle")], vehicles.map((vehicle) => [vehicleLink(context, vehicle)])),
  );
}
