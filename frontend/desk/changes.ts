// What a plan made anew changes: who gets a new sheet, which points are supplied otherwise, who is led round.

import { make, nameOf } from "../src/elements";
import type { Run } from "./server";
import { table } from "./table";
import { number, say } from "./words";

interface PointChange {
  point: string;
  kind: string;
  vehicles_before: string[];
  vehicles_after: string[];
  units_before: number;
  units_after: number;
  last_before_s: number | null;
  last_after_s: number | null;
}
export interface Changes {
  points: PointChange[];
  led_round: { vehicle: string; trip: number; longer_m: number; later_s: number }[];
}

const hours = (seconds: number | null): string => (seconds === null ? "-" : say("time.h", { n: number(seconds / 3600, 2) }));

export function changesView(run: Run, changes: Changes): HTMLElement {
  const vehicles = run.changed_vehicles;
  const points = changes.points.map((change) => [
    nameOf(change.point),
    say(`change.${change.kind}`),
    nameOf(`${change.vehicles_before.join(", ") || "-"} → ${change.vehicles_after.join(", ") || "-"}`),
    `${number(change.units_before)} → ${number(change.units_after)}`,
    `${hours(change.last_before_s)} → ${hours(change.last_after_s)}`,
  ]);
  const detours = changes.led_round.map((one) => [
    nameOf(`${one.vehicle} (${one.trip})`),
    `${one.longer_m > 0 ? "+" : ""}${say("time.km", { n: number(one.longer_m / 1000, 1) })}`,
    `${one.later_s > 0 ? "+" : ""}${say("time.min", { n: number(one.later_s / 60) })}`,
  ]);
  return make(
    "section",
    { class: "changes" },
    vehicles.length === 0 && make("p", { class: "note" }, say("desk.nothing_changes")),
    make("p", { class: "lead" }, make("strong", {}, say("desk.new_sheets", { n: vehicles.length })), vehicles.length > 0 && ": ", nameOf(vehicles.join(", "))),
    make(
      "p",
      { class: "links" },
      vehicles.length > 0 &&
        run.files.includes("sheets.html") &&
        make("a", { href: `/report/${run.name}/sheets.html`, class: "button primary", target: "_blank", rel: "noopener" }, say("desk.changed_sheets")),
    ),
    make(
      "details",
      { open: changes.points.length <= 12 },
      make("summary", {}, say("desk.what_changed", { points: points.length, detours: detours.length })),
      points.length > 0 && table(["point", "what", "by", "units", "last"].map((key) => say(`change.${key}`)), points),
      detours.length > 0 && make("h3", {}, say("change.led_round")),
      detours.length > 0 && table(["vehicle", "longer", "back_later"].map((key) => say(`change.${key}`)), detours),
    ),
  );
}
