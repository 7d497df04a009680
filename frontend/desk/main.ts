// The desk: choose a scenario, run it, stop it, look at the result, lay runs side by side.

import { button, make } from "../src/elements";
import { table } from "./table";
import { compareTables, explainTable, runTables } from "./results";
import type { CompareResult, ExplainResult, RunResult } from "./results";
import * as server from "./server";
import { current, loadWords, number, percent, say, setLanguage } from "./words";

interface State {
  scenarios: server.Scenario[];
  runs: server.Run[];
  chosen: string | null;
  overrides: Set<string>;
  faults: server.Fault[] | null;
  picked: Set<string>;
}

const state: State = { scenarios: [], runs: [], chosen: null, overrides: new Set(), faults: null, picked: new Set() };
const FIELDS = ["states", "unseen", "site_time", "dispatch_time", "state"] as const;
const typed: Partial<Record<(typeof FIELDS)[number], string>> = {};
let shownJob: HTMLElement | null = null;
let unfollow: (() => void) | null = null;

const side = make("nav", { class: "side" });
const stage = make("main", { class: "stage", id: "stage" });
const status = make("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });

function draw(): void {
  const scenarios = state.scenarios.map((entry) => {
    const label = entry.uploaded ? `${entry.title} (${say("desk.uploaded")})` : entry.title;
    return make("li", {}, button(label, { class: "entry", "aria-pressed": String(entry.name === state.chosen) }, () => void choose(entry.name)));
  });
  const runs = state.runs.map((run) => {
    const box = make("input", { type: "checkbox", checked: state.picked.has(run.name), "aria-label": run.name });
    box.addEventListener("change", () => {
      if (box.checked) state.picked.add(run.name);
      else state.picked.delete(run.name);
      draw();
    });
    return make("li", { class: "run" }, box, button(run.name, { class: "entry" }, () => showRun(run)));
  });
  side.replaceChildren(
    make("h2", {}, say("desk.scenarios")),
    scenarios.length ? make("ul", {}, ...scenarios) : make("p", { class: "note" }, say("desk.no_scenarios")),
    make("h2", {}, say("desk.runs")),
    runs.length ? make("ul", {}, ...runs) : make("p", { class: "note" }, say("desk.no_runs")),
    ...(state.picked.size > 0 ? [button(say("desk.compare"), { class: "primary" }, () => void compare())] : []),
  );
}

async function choose(name: string): Promise<void> {
  state.chosen = name;
  state.overrides = new Set();
  draw();
  await check();
}

async function check(): Promise<void> {
  state.faults = null;
  showScenario();
  const { chosen } = state;
  if (chosen === null) return;
  const asked = [...state.overrides].sort();
  const found = await guarded(() => server.faults(chosen, asked));
  const same = chosen === state.chosen && asked.join() === [...state.overrides].sort().join();
  if (found === null || !same) return;
  state.faults = found;
  status.textContent = found.length ? say("desk.faults", { n: found.length }) : say("desk.no_faults");
  showScenario();
}

function showScenario(): void {
  const entry = state.scenarios.find((one) => one.name === state.chosen);
  if (!entry) {
    stage.replaceChildren(make("p", { class: "note" }, say("desk.pick")));
    return;
  }
  const overrides = entry.overrides.map((name) => {
    const box = make("input", { type: "checkbox", checked: state.overrides.has(name) });
    box.addEventListener("change", () => {
      if (box.checked) state.overrides.add(name);
      else state.overrides.delete(name);
      void check();
    });
    return make("label", { class: "choice" }, box, name);
  });
  const file = make("input", { type: "file", accept: ".xlsx", id: "workbook" });
  file.addEventListener("change", () => void upload(entry.name, file.files?.[0]));
  stage.replaceChildren(
    make("h1", {}, entry.title),
    entry.readable ? make("p", { class: "lead" }, entry.description) : make("p", { class: "bad" }, say("desk.unreadable")),
    ...(overrides.length > 0 ? [make("fieldset", {}, make("legend", {}, say("desk.overrides")), ...overrides)] : []),
    faultPanel(),
    runForm(),
    make("p", { class: "upload" }, make("label", { for: "workbook" }, say("desk.upload")), " ", file),
  );
}

function faultPanel(): HTMLElement {
  if (state.faults === null) return make("p", { class: "note" }, say("desk.checking"));
  if (!state.faults.length) return make("p", { class: "good" }, say("desk.no_faults"));
  const rows = state.faults.map((fault) => [`${fault.file} ${fault.where}`, fault.found, fault.expected]);
  return make(
    "section",
    {},
    make("p", { class: "bad" }, say("desk.faults", { n: state.faults.length })),
    table([say("desk.place"), say("desk.found"), say("desk.expected")], rows),
  );
}

function runForm(): HTMLElement {
  const fields = FIELDS.map((name) => {
    const box = make("input", { type: "number", name, min: name === "state" ? "-1" : "1", placeholder: say("desk.default") });
    box.value = typed[name] ?? "";
    box.addEventListener("input", () => {
      typed[name] = box.value;
    });
    const hint = name === "state" ? make("small", {}, say("desk.state_hint")) : null;
    return make("label", { class: "field" }, make("span", {}, say(`desk.${name}`)), box, hint);
  });
  const go = button(say("desk.run"), { class: "primary", disabled: !state.faults || state.faults.length > 0 }, () => void run());
  return make("div", { class: "form" }, ...fields, go);
}

async function upload(scenario: string, file: File | undefined): Promise<void> {
  if (!file) return;
  const made = await guarded(() => server.upload(scenario, file));
  if (made === null) return;
  await refresh();
  await choose(made.name);
}

async function run(): Promise<void> {
  const request: Record<string, unknown> = {
    verb: "run",
    scenario: state.chosen,
    overrides: [...state.overrides].sort(),
    language: current(),
  };
  for (const name of FIELDS) if (typed[name]) request[name] = Number(typed[name]);
  const job = await guarded(() => server.start(request));
  if (job) watch(job);
}

async function compare(): Promise<void> {
  const job = await guarded(() => server.start({ verb: "compare", runs: [...state.picked].sort() }));
  if (job) watch(job);
}

async function explain(name: string): Promise<void> {
  const job = await guarded(() => server.start({ verb: "explain", run: name }));
  if (job) watch(job);
}

/** Follow a job on the stage: live figures, the command line, stop; then its result. */
function watch(job: server.Job): void {
  unfollow?.();
  const facts = make("dl", { class: "facts" });
  const said = make("p", { class: "note" });
  const bar = make("progress", {});
  const halt = button(say("desk.stop"), { class: "danger" }, () => {
    halt.disabled = true;
    halt.textContent = say("desk.stopping");
    void guarded(() => server.stop(job.id));
  });
  const heading = make("h1", {}, say("desk.running"));
  const words = make("pre", { class: "command" }, job.command.map(quoted).join(" "));
  const panel = make("section", {}, heading, bar, facts, said, halt, make("details", {}, make("summary", {}, say("desk.command")), words));
  shownJob = panel;
  stage.replaceChildren(panel);
  unfollow = server.follow(
    job.id,
    (event) => {
      if (event.kind === "text") said.textContent = event.text ?? "";
      else facts.replaceChildren(...figures(event));
    },
    () => void finish(job, panel),
  );
}

function figures(event: server.Progress): HTMLElement[] {
  const rows: [string, string | null][] = [
    [say("desk.stage"), `${say(`stage.${event.stage ?? ""}`)} ${event.message ?? ""}`.trim()],
    [say("desk.elapsed"), `${number(event.elapsed_s ?? 0, 0)} s`],
    [say("desk.best"), event.objective == null ? null : number(event.objective)],
    [say("desk.bound"), event.bound == null ? null : number(event.bound)],
    [say("desk.gap"), event.gap == null ? null : percent(event.gap)],
  ];
  return rows.flatMap(([name, value]) => (value === null ? [] : [make("dt", {}, name), make("dd", {}, value)]));
}

async function finish(job: server.Job, panel: HTMLElement): Promise<void> {
  const done = await guarded(() => server.job(job.id));
  await refresh();
  if (!done || shownJob !== panel) return;
  const ended: Record<number, string> = { 0: "desk.ended", 3: "desk.ended_input", 4: "desk.ended_infeasible", 5: "desk.ended_stopped" };
  const key = done.state === "lost" ? "desk.lost" : (ended[done.exit_code ?? 1] ?? "desk.ended_failed");
  status.textContent = say(key);
  const nodes: Node[] = [make("h1", {}, say(key))];
  if (done.result && done.verb === "run") nodes.push(...runTables(done.result as RunResult));
  if (done.result && done.verb === "compare" && done.exit_code === 0) nodes.push(...compareTables(done.result as CompareResult));
  if (done.result && done.verb === "explain" && done.exit_code === 0) nodes.push(...explainTable(done.result as ExplainResult));
  const lastWords = panel.querySelector(".note");
  if (!done.result && lastWords) nodes.push(lastWords);
  const run = state.runs.find((one) => one.name === done.run);
  if (run) nodes.push(...runLinks(run));
  nodes.push(make("details", {}, make("summary", {}, say("desk.command")), make("pre", { class: "command" }, done.command.map(quoted).join(" "))));
  stage.replaceChildren(...nodes);
}

function showRun(run: server.Run): void {
  unfollow?.();
  shownJob = null;
  stage.replaceChildren(make("h1", {}, run.name), ...runLinks(run));
}

function runLinks(run: server.Run): Node[] {
  const link = (file: string, key: string) =>
    run.files.includes(file) &&
    make("a", { href: `/report/${run.name}/${file}`, class: "button", target: "_blank", rel: "noopener" }, say(key));
  const links = make(
    "p",
    { class: "links" },
    link("map.html", "desk.map"),
    link("sheets.html", "desk.sheets"),
    link("plan.xlsx", "desk.workbook"),
    link("plan.gpkg", "desk.geopackage"),
    button(say("desk.explain"), { class: "button" }, () => void explain(run.name)),
  );
  const frame =
    run.files.includes("map.html") && make("iframe", { src: `/report/${run.name}/map.html`, title: say("desk.map"), class: "map" });
  return frame ? [links, frame] : [links];
}

function quoted(word: string): string {
  return /^[\w./:=@%+,-]+$/.test(word) ? word : `'${word.replace(/'/g, `'\\''`)}'`;
}

/** Do it, or say on the page why not. */
async function guarded<T>(work: () => Promise<T>): Promise<T | null> {
  try {
    return await work();
  } catch (error) {
    const reason = error instanceof TypeError ? say("desk.connection") : String((error as Error).message);
    const box = make("p", { class: "bad", role: "alert" }, reason);
    stage.prepend(box);
    setTimeout(() => box.remove(), 15_000);
    return null;
  }
}

async function refresh(): Promise<void> {
  const found = await guarded(() => Promise.all([server.scenarios(), server.runs()]));
  if (found) [state.scenarios, state.runs] = found;
  for (const name of state.picked) if (!state.runs.some((run) => run.name === name)) state.picked.delete(name);
  draw();
}

async function begin(): Promise<void> {
  await loadWords();
  const title = make("strong", { class: "title" }, say("desk.title"));
  const language = button(say("desk.language"), { class: "language" }, () => {
    setLanguage(current() === "en" ? "zh" : "en");
    title.textContent = say("desk.title");
    language.textContent = say("desk.language");
    draw();
    if (!shownJob) showScenario();
  });
  document.body.append(make("header", {}, title, language), make("div", { class: "page" }, side, stage), status);
  await refresh();
  showScenario();
  const running = (await guarded(server.jobs))?.find((job) => job.state === "running");
  if (running) watch(running);
}

void begin();
