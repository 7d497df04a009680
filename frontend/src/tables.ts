// The map's content as tables: for screen readers, keyboards and everyone who prefers a list.

import { button, make } from "./elements";
import { causeName, handovers, type Model } from "./model";
import type { Selection } from "./plan";
import { moment, number, say, withUnit } from "./words";

const PAGE = 200;

interface Sheet { title: string; heads: string[]; rows: { cells: string[]; selection: NonNullable<Selection> }[]; numeric: boolean[] }

export function tablesView(model: Model, select: (selection: Selection) => void): HTMLElement {
  return make("div", { class: "tables" }, ...sheets(model).filter((sheet) => sheet.rows.length).map((sheet) => tableOf(sheet, select)));
}

function sheets(model: Model): Sheet[] {
  const sum = (point: number, column: 1 | 2): number =>
    model.points[point].need.reduce((total, line) => total + line[column] * model.commodities[line[0]][3], 0);
  const points: Sheet = {
    title: say("map.points"),
    heads: ["detail.point", "column.state", "detail.why", "detail.zone", "detail.in_need", "detail.need", "detail.delivered", "detail.last"].map((key) => say(key)),
    numeric: [false, false, false, false, true, true, true, true],
    rows: model.points.map((point, i) => ({
      selection: { kind: "point", index: i },
      cells: [
        point.name, say(`state.${point.state}`), [...new Set(point.unmet.map((line) => say(`reason.${line[2]}`)))].join(", "), point.zone,
        number(point.affected), withUnit(sum(i, 1), "kg"), withUnit(sum(i, 2), "kg"), point.last === null ? "" : moment(point.last),
      ],
    })),
  };
  const depots: Sheet = {
    title: say("map.depots"),
    heads: ["detail.depot", "detail.tier", "detail.status", "detail.zone", "detail.usable", "detail.power", "detail.stock"].map((key) => say(key)),
    numeric: [false, false, false, false, true, false, false],
    rows: model.sites.map((site, j) => ({
      selection: { kind: "site", index: j },
      cells: [
        site.name, model.tiers[site.tier]?.[1] ?? "", say(site.open ? "depot.open" : "depot.not_open"), site.zone, `${number(site.survival * 100)} %`,
        say(site.power ? "power.on" : "power.off"),
        site.stock.map(([k, , planned]) => `${number(planned)} ${model.commodities[k][2]} ${model.commodities[k][1]}`).join(" · "),
      ],
    })),
  };
  const trips: Sheet = {
    title: say("map.routes"),
    heads: ["detail.vehicle", "column.trip", "detail.load", "detail.depart", "detail.stops", "detail.weight", "detail.distance", "detail.return"].map((key) => say(key)),
    numeric: [false, true, false, true, false, true, true, true],
    rows: model.trips.map((trip) => ({
      selection: { kind: "vehicle", index: model.vehicles.indexOf(trip.vehicle) },
      cells: [
        trip.vehicle, String(trip.number), model.sites[trip.from].name, moment(trip.depart_s),
        handovers(trip).map((stop) => `${(trip.hub ? model.sites : model.points)[stop[0]].name} ${moment(stop[1])}`).join(" → "), withUnit(trip.kg, "kg"), withUnit(trip.m / 1000, "km"), moment(trip.return_s),
      ],
    })),
  };
  const losses: Sheet = {
    title: say("map.losses"),
    heads: ["detail.road", "column.street", "column.street_kind", "column.cause", "column.speed_share", "column.until"].map((key) => say(key)),
    numeric: [false, false, false, false, true, false],
    rows: model.losses.filter((loss) => loss.pieces.length).map((loss) => ({
      selection: { kind: "road", index: loss.pieces[0] },
      cells: [
        model.names[model.roads.name[loss.pieces[0]]] || loss.street, loss.street, say(`street_kind.${loss.kind}`), causeName(model, loss.cause), `${number(loss.factor * 100)} %`,
        loss.until === null ? say("map.open_end") : moment(loss.until),
      ],
    })),
  };
  return [points, depots, trips, losses];
}

function tableOf(sheet: Sheet, select: (selection: Selection) => void): HTMLElement {
  const body = make("tbody");
  const count = make("span", { class: "count", role: "status" });
  const filter = make("input", { type: "search", placeholder: say("map.filter"), "aria-label": `${say("map.filter")}: ${sheet.title}` });
  let shown = PAGE;
  let order = 0;
  let ascending = true;
  const more = button("", { class: "quiet" }, () => {
    shown += PAGE * 5;
    fill();
  });
  const heads = sheet.heads.map((head, c) => {
    const sort = button(head, { class: "sort" }, () => {
      ascending = order === c ? !ascending : true;
      order = c;
      heads.forEach((cell, k) => cell.setAttribute("aria-sort", k === c ? (ascending ? "ascending" : "descending") : "none"));
      fill();
    });
    return make("th", { scope: "col", class: sheet.numeric[c] ? "number" : "", "aria-sort": "none" }, sort);
  });
  let sorted = false;
  function fill(): void {
    const wanted = filter.value.toLowerCase();
    const rows = sheet.rows.filter((row) => !wanted || row.cells.some((cell) => cell.toLowerCase().includes(wanted)));
    sorted ||= heads.some((cell) => cell.getAttribute("aria-sort") !== "none");
    if (sorted) rows.sort((a, b) => (ascending ? 1 : -1) * a.cells[order].localeCompare(b.cells[order], undefined, { numeric: true }));
    body.replaceChildren(
      ...rows.slice(0, shown).map((row) => {
        const name = button(row.cells[0], { class: "link" }, () => select(row.selection));
        const cells = row.cells.slice(1).map((cell, c) => make("td", { class: sheet.numeric[c + 1] ? "number" : "" }, cell));
        return make("tr", {}, make("th", { scope: "row" }, name), ...cells);
      }),
    );
    count.textContent = say("map.rows", { count: number(rows.length) });
    more.hidden = rows.length <= shown;
    more.textContent = say("map.more", { count: number(Math.max(0, rows.length - shown)) });
  }
  filter.addEventListener("input", fill);
  fill();
  return make(
    "section", {}, make("header", {}, make("h2", {}, sheet.title), count, filter),
    make("div", { class: "scroll" }, make("table", {}, make("thead", {}, make("tr", {}, ...heads)), body)), more,
  );
}
