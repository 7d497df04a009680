// What a job found, as tables.

import { make, nameOf } from "../src/elements";
import { table } from "./table";
import { inMoney, number, percent, say, told, type Told } from "./words";

type Row = Record<string, number | null>;
type Summary = Record<string, Row>;
interface Proof extends Told {
  status: string;
  gap: number | null;
  objective: number | null;
  conflicts: string[];
  notes: string[];
}
export interface RunResult {
  siting: Proof;
  dispatch: Proof | null;
  evaluation: Record<string, Summary>;
}
interface Part {
  yearly_cost: number;
  served_before: number;
  served_expected: number;
}
export interface CompareResult {
  currency?: string;
  layouts: { name: string; yearly_cost: number; open_sites: number; summary: Summary; expected_regret: number; worst_5_percent_regret: number }[];
  differing_sites: Record<string, string[]>;
  parts: Record<string, (Part | null)[]>;
  stock: Record<string, number[]>;
  names: Record<string, string>;
}
interface Change extends Told {
  least: number | null;
  most: number | null;
  status: string;
  conflicts: string[];
}
export interface Explanation {
  currency?: string;
  sites: Record<string, Change>;
}

export function metricName(metric: string): string {
  const reach = /^(coverage|backup|overlap)_([\d.]+)_(min|h)$/.exec(metric);
  return reach ? say(`metric.${reach[1]}`, { time: say(`time.${reach[3]}`, { n: reach[2] }) }) : say(`metric.${metric}`);
}

function shown(metric: string, value: number | null | undefined): string {
  if (value === null || value === undefined) return "-";
  if (metric.startsWith("coverage") || metric.startsWith("backup") || metric.startsWith("overlap") || metric === "unmet_share") return percent(value);
  return number(value, metric === "gini" ? 3 : 0);
}

const PARTS = ["before", "expected", "worst_5_percent", "worst"] as const;
const HEADS: Record<(typeof PARTS)[number], string> = {
  before: "desk.before",
  expected: "desk.expected_value",
  worst_5_percent: "desk.worst_5_percent",
  worst: "desk.worst",
};

function name(of: string): Node | string {
  return of === "today" || of === "layout" ? say(of === "today" ? "desk.today" : "desk.layout") : nameOf(of);
}

/** Gap beyond which a layout is worth more time before anybody builds on it. */
const WEAK = 0.1;

/** How each stage ended and what is known of it. */
export function proofs(result: RunResult): Node[] {
  const nodes: Node[] = [];
  for (const [stage, proof] of [["site", result.siting], ["dispatch", result.dispatch]] as const) {
    if (!proof) continue;
    const weak = proof.gap !== null && proof.gap > WEAK;
    const gap = proof.gap === null || weak ? "" : ` · ${say("desk.gap")} ${percent(proof.gap)}`;
    nodes.push(make("p", {}, make("strong", {}, say(`stage.${stage}`)), `: ${say(`status.${proof.status}`)}${gap}`));
    if (weak) nodes.push(make("p", { class: "warn" }, say("desk.weak")));
    for (const line of [...told(proof, "conflicts"), ...told(proof, "notes")]) nodes.push(make("p", { class: "note" }, line));
  }
  return nodes;
}

/** What the layout achieves beside today's. */
export function runTables(result: RunResult): Node[] {
  const names = Object.keys(result.evaluation ?? {});
  if (!names.length) return [];
  const head = ["", ...names.flatMap(() => PARTS.map((part) => say(HEADS[part])))];
  const rows = Object.keys(result.evaluation[names[0]]).map((metric) => [
    metricName(metric),
    ...names.flatMap((one) => PARTS.map((part) => shown(metric, result.evaluation[one][metric][part]))),
  ]);
  return [make("h3", {}, say("desk.figures")), table(head, rows, ["", ...names.map(name)])];
}

/** Layouts side by side; where they differ, and what each depot is worth to its layout where that was asked. */
export function compareTables(result: CompareResult, why: Map<string, Explanation>): Node[] {
  const layouts = result.layouts;
  const head = (): (Node | string)[] => ["", ...layouts.map((one) => name(one.name))];
  const rows: string[][] = [
    [say("desk.open_sites"), ...layouts.map((one) => number(one.open_sites))],
    [inMoney(say("desk.yearly_cost"), result.currency), ...layouts.map((one) => number(one.yearly_cost))],
  ];
  for (const metric of Object.keys(layouts[0].summary))
    for (const part of PARTS)
      rows.push([`${metricName(metric)}, ${say(HEADS[part])}`, ...layouts.map((one) => shown(metric, one.summary[metric][part]))]);
  rows.push([say("desk.regret"), ...layouts.map((one) => number(one.expected_regret))]);
  rows.push([say("desk.regret_worst"), ...layouts.map((one) => number(one.worst_5_percent_regret))]);
  const nodes: Node[] = [table(head(), rows)];
  const stock = stockRows(result);
  if (stock.length) nodes.push(make("h3", {}, say("desk.stock_differs")), table(head(), stock));
  const differing = Object.entries(result.differing_sites);
  if (!differing.length) return nodes;
  const cell = (place: string, layout: string, site: string): Node | string => {
    if (!place) return "-";
    const change = why.get(layout)?.sites[site];
    return change ? make("span", {}, nameOf(place), ` (${say("desk.without")}: ${changeText(change, result.currency)})`) : nameOf(place);
  };
  nodes.push(make("h3", {}, say("desk.differing")));
  const sites = differing.flatMap(([site, row]) => [
    [nameOf(called(result, site)), ...row.map((place, n) => cell(place, layouts[n].name, site))],
    ...partRows(result, site),
  ]);
  nodes.push(table(head(), sites));
  if (why.size < layouts.filter((one) => one.name !== "today").length) nodes.push(make("p", { class: "note" }, say("desk.explain_first")));
  return nodes;
}

/** A site or commodity by identifier and name. */
function called(result: CompareResult, ident: string): string {
  const title = result.names?.[ident];
  return title ? `${ident} ${title}` : ident;
}

/** What a depot costs and serves in each layout. */
function partRows(result: CompareResult, site: string): (Node | string)[][] {
  const row = result.parts?.[site];
  if (!row) return [];
  const lines: [string, keyof Part][] = [
    [inMoney(say("desk.yearly_cost"), result.currency), "yearly_cost"],
    [say("desk.serves_before"), "served_before"],
    [say("desk.serves_expected"), "served_expected"],
  ];
  return lines.map(([label, key]) => [`\u2003${label}`, ...row.map((part) => (part ? number(part[key]) : "-"))]);
}

/** Stock of each commodity of which layouts hold different amounts. */
function stockRows(result: CompareResult): (Node | string)[][] {
  return Object.entries(result.stock ?? {})
    .filter(([, units]) => Math.max(...units) - Math.min(...units) > 0.5)
    .map(([ident, units]) => [nameOf(called(result, ident)), ...units.map((one) => number(one))]);
}

export function explainTable(result: Explanation): Node[] {
  const rows = Object.entries(result.sites).map(([site, change]) => [nameOf(site), changeText(change, result.currency)]);
  return [table([say("desk.site"), say("desk.without")], rows)];
}

function changeText(change: Change, currency?: string): string {
  if (change.status === "infeasible") return say("desk.rules_need_it", { rules: told(change, "conflicts").join("; ") });
  if (change.least === null || change.most === null) return "?";
  const signed = (value: number) => `${value > 0 ? "+" : ""}${number(value)}`;
  const near = change.most - change.least <= 0.005 * Math.max(Math.abs(change.most), Math.abs(change.least), 1);
  const text = near ? signed(change.most) : `${signed(change.least)} ... ${signed(change.most)}`;
  return currency ? `${text} ${currency}` : text;
}
