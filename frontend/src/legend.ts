// Overview, legend and layer switches in one list: what a symbol means, how many there are, whether they show.

import { make } from "./elements";
import { bridgeIcon, depotIcon, lineIcon, stateIcon } from "./icons";
import type { Choice } from "./chart";
import type { Model } from "./model";
import { causeName, LOST, lossStatus } from "./model";
import { REACH, routeInk, STATES } from "./theme";
import { fullMoment, minutes, number, say, share, withUnit } from "./words";

const LEAD = ["met_share", "people_in_need", "unmet_person_days"];

export function overview(model: Model): HTMLElement {
  const { meta } = model;
  const figures = make("dl", { class: "figures" });
  const place = (key: string): number => (LEAD.includes(key) ? LEAD.indexOf(key) : LEAD.length);
  const sorted = [...model.figures].sort((a, b) => place(a[0]) - place(b[0]));
  for (const [key, value, unit] of sorted)
    figures.append(
      make("div", { class: LEAD.includes(key) ? "lead" : "" }, make("dt", {}, say(`figure.${key}`)), make("dd", {}, withUnit(value, unit))),
    );
  const solves = meta.solves.map(([stage, status, limit, gap]) =>
    make(
      "li", {}, `${say(`stage.${stage}`)}: `, make("strong", {}, say(`solve_status.${status}`)),
      gap === null ? ` · ${say("map.no_bound")}` : ` · ${say("map.gap", { gap: gap === 0 ? "0 %" : share(gap) })}`, limit ? ` · ${say(`limit.${limit}`)}` : "",
    ),
  );
  return make(
    "section", { class: "overview", "aria-label": say("map.overview") },
    make("p", { class: "moment" }, say("map.moment", { moment: fullMoment(meta.at_s), index: meta.state })),
    meta.overrides.length > 0 && make("p", { class: "moment" }, say("map.overrides", { names: meta.overrides.join(", ") })),
    figures,
    make("ul", { class: "solves" }, ...solves),
    !meta.dispatched && make("p", { class: "notice" }, say("map.no_plan")),
  );
}

export function legend(model: Model, choice: Choice, changed: () => void): HTMLElement {
  const root = make("div", { class: "legend" });
  const toggle = <T>(set: Set<T>, item: T) => (on: boolean) => {
    if (on) set.add(item);
    else set.delete(item);
    changed();
  };

  const states = Object.keys(STATES).filter((state) => model.points.some((point) => point.state === state));
  root.append(
    group(
      say("map.points"),
      ...states.map((state) => {
        const own = model.points.filter((point) => point.state === state);
        const people = own.reduce((sum, point) => sum + point.affected, 0);
        const row = switchRow(stateIcon(state), say(`state.${state}`), number(own.length), choice.plan.states.has(state), toggle(choice.plan.states, state));
        row.title = `${say(`explain.${state}`)} · ${withUnit(people, "people")}`;
        return row;
      }),
    ),
  );

  const tiers = model.tiers.map((_, t) => t).filter((t) => model.sites.some((site) => site.open && site.tier === t));
  const depots = tiers.map((t) =>
    switchRow(depotIcon(t), model.tiers[t][1], number(model.sites.filter((site) => site.open && site.tier === t).length), choice.plan.tiers.has(t), toggle(choice.plan.tiers, t)),
  );
  const unopened = model.sites.filter((site) => !site.open).length;
  if (unopened)
    depots.push(switchRow(depotIcon(null), say("map.not_open"), number(unopened), choice.plan.unopened, (on) => {
      choice.plan.unopened = on;
      changed();
    }));
  root.append(group(say("map.depots"), ...depots));

  const causes = model.causes.map((_, c) => {
    const own = model.losses.filter((loss) => loss.cause === c);
    const lost = own.filter((loss) => lossStatus(model, loss, choice.road.seconds) === LOST).length;
    const slowed = own.filter((loss) => lossStatus(model, loss, choice.road.seconds) > 0).length - lost;
    const kind = lost >= slowed ? "lost" : "slowed";
    const counts = [lost && `${number(lost)} ${say("map.lost")}`, slowed && `${number(slowed)} ${say("map.slowed")}`].filter(Boolean);
    return switchRow(lineIcon(kind), causeName(model, c), counts.join(", ") || "0", choice.road.causes.has(c), toggle(choice.road.causes, c));
  });
  if (causes.length) {
    const key = make(
      "p", { class: "key" }, lineIcon("lost"), say("road_status.lost"), " ", lineIcon("slowed"), say("road_status.slowed"), " ", bridgeIcon(), say("figure.bridges_lost"),
    );
    root.append(group(say("map.losses"), ...causes, key));
  }

  if (model.vehicles.length) root.append(routeGroup(model, choice, changed));
  const bands = [...model.meta.bands_s.map((end) => `≤ ${minutes(end)}`), `> ${minutes(model.meta.bands_s.at(-1)!)}`, say("map.reach_none")];
  const reachKey = make("div", { class: "bands" });
  const showKey = (): void => {
    reachKey.hidden = !choice.road.reach && !choice.road.contours;
  };
  showKey();
  bands.forEach((text, band) => {
    if (model.roads.reach.includes(band)) reachKey.append(make("span", {}, lineIcon(`reach${REACH[band]}`), text));
  });
  root.append(
    group(
      say("map.map"),
      switchRow(lineIcon(`reach${REACH[2]}`), say("map.reach"), "", choice.road.reach, (on) => {
        choice.road.reach = on;
        showKey();
        changed();
      }),
      switchRow(lineIcon(`reach${REACH[1]}`), say("map.contours"), "", choice.road.contours, (on) => {
        choice.road.contours = on;
        showKey();
        changed();
      }),
      reachKey,
      switchRow(lineIcon("road"), say("map.roads"), "", choice.road.roads, (on) => {
        choice.road.roads = on;
        changed();
      }),
      switchRow(make("span", { class: "icon letter", "aria-hidden": "true" }, "A"), say("map.labels"), "", choice.plan.labels, (on) => {
        choice.plan.labels = on;
        changed();
      }),
    ),
  );
  return root;
}

function routeGroup(model: Model, choice: Choice, changed: () => void): HTMLElement {
  const list = make("details", { class: "vehicles" });
  const rows = model.vehicles.map((vehicle, v) =>
    switchRow(lineIcon(routeInk(v)), vehicle, "", choice.plan.vehicles.has(v), (on) => {
      if (on) choice.plan.vehicles.add(v);
      else choice.plan.vehicles.delete(v);
      changed();
    }),
  );
  const all = switchRow(lineIcon(routeInk(0)), say("map.all_routes"), number(model.vehicles.length), choice.plan.vehicles.size > 0, (on) => {
    choice.plan.vehicles.clear();
    if (on) model.vehicles.forEach((_, v) => choice.plan.vehicles.add(v));
    for (const row of rows) row.querySelector("input")!.checked = on;
    changed();
  });
  list.append(make("summary", {}, say("detail.vehicle")), ...rows);
  list.open = model.vehicles.length <= 8;
  return group(say("map.routes"), all, list);
}

function group(title: string, ...rows: (Node | null)[]): HTMLElement {
  return make("fieldset", {}, make("legend", {}, title), ...rows);
}

function switchRow(icon: Node, label: string, count: string, on: boolean, change: (on: boolean) => void): HTMLLabelElement {
  const input = make("input", { type: "checkbox" });
  input.checked = on;
  input.addEventListener("change", () => change(input.checked));
  return make("label", { class: "row" }, input, icon, make("span", { class: "name" }, label), make("span", { class: "count" }, count));
}
