// The page of a run: its map with roads to close, its papers, what it changed.

import { button, make } from "../src/elements";
import { changesView, type Changes } from "./changes";
import { ClosingPanel } from "./closing";
import { MapFrame } from "./frame";
import type { Desk } from "./scenario";
import * as server from "./server";
import { say } from "./words";

export function runPage(run: server.Run, desk: Desk): Node[] {
  if (run.interrupted)
    return [
      make("p", { class: "lead" }, say("desk.interrupted")),
      button(say("desk.resume"), { class: "primary" }, () => desk.start({ verb: "resume", run: run.name })),
    ];
  const link = (file: string, key: string) =>
    run.files.includes(file) &&
    make("a", { href: `/report/${run.name}/${file}`, class: "button", target: "_blank", rel: "noopener" }, say(key));
  const nodes: Node[] = [];
  if (run.replanned_from) nodes.push(changes(run, desk));
  nodes.push(
    make(
      "p",
      { class: "links" },
      link("map.html", "desk.map"),
      link("sheets.html", "desk.sheets"),
      link("plan.xlsx", "desk.workbook"),
      link("plan.gpkg", "desk.geopackage"),
      button(say("desk.explain"), { class: "button" }, () => desk.start({ verb: "explain", run: run.name })),
    ),
  );
  if (!run.files.includes("map.html")) return nodes;
  const frame = new MapFrame(run.name);
  const panel =
    run.files.includes("dispatch.json") &&
    new ClosingPanel(run, frame, (at_h, closures) => desk.start({ verb: "replan", run: run.name, at_h, closures })).element;
  nodes.push(make("div", { class: "work" }, frame.element, panel));
  return nodes;
}

function changes(run: server.Run, desk: Desk): HTMLElement {
  const box = make("div", {});
  void desk
    .guarded(() => server.runFile<Changes>(run.name, "changes.json"))
    .then((found) => found && box.replaceChildren(changesView(run, found)));
  return box;
}
