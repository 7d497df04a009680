// The desk: choose a scenario, run it, stop it, look at the result, close roads, lay runs side by side.

import { button, make, NAME, nameOf } from "../src/elements";
import { commandLine, JobView } from "./job";
import { twoMaps } from "./maps";
import { frontView, type Front } from "./pareto";
import { compareTables, explainTable, proofs, runTables } from "./results";
import type { CompareResult, Explanation, RunResult } from "./results";
import { runPage } from "./run";
import { faultTable, ScenarioPage, type Desk } from "./scenario";
import * as server from "./server";
import { clock, current, loadWords, say, setLanguage, told, type Told } from "./words";

let scenarios: server.Scenario[] = [];
let runs: server.Run[] = [];
let page: ScenarioPage | null = null;
let chosen: string | null = null;
let shown: JobView | null = null;
let redraw: () => void = showScenario;
const picked = new Set<string>();

const side = make("nav", { class: "side" });
const stage = make("main", { class: "stage", id: "stage" });
const status = make("p", { class: "visually-hidden", role: "status", "aria-live": "polite" });

const desk: Desk = {
  guarded,
  refresh,
  start: (request) => void begin(request),
  announce: (text) => {
    status.textContent = text;
  },
  language: current,
  open: choose,
};

function drawSide(): void {
  const entries = scenarios.map((entry) => {
    const open = button("", { class: "entry", "aria-pressed": String(entry.name === chosen) }, () => void choose(entry.name));
    open.append(nameOf(entry.title), entry.uploaded ? ` (${say("desk.uploaded")})` : "");
    return make("li", {}, open);
  });
  const list = runs.map((run) => {
    const box = make("input", { type: "checkbox", checked: picked.has(run.name), disabled: run.interrupted, "aria-label": run.name });
    box.addEventListener("change", () => {
      if (box.checked) picked.add(run.name);
      else picked.delete(run.name);
      drawSide();
    });
    const open = button("", { class: "entry" }, () => showRun(run));
    open.append(nameOf(run.name), run.interrupted ? ` (${say("desk.cut_short")})` : "", make("small", {}, clock(run.modified), ...(run.overrides.length ? [" · ", nameOf(run.overrides.join(", "))] : [])));
    return make("li", { class: "run" }, box, open);
  });
  side.replaceChildren(
    make("h2", {}, say("desk.scenarios")),
    entries.length ? make("ul", {}, ...entries) : make("p", { class: "note" }, say("desk.no_scenarios")),
    make("h2", {}, say("desk.runs")),
    list.length ? make("ul", {}, ...list) : make("p", { class: "note" }, say("desk.no_runs")),
    ...(picked.size > 0 ? [button(say("desk.compare"), { class: "primary" }, () => void begin({ verb: "compare", runs: [...picked].sort() }))] : []),
  );
}

/** Put something on the stage, with how to draw it again in another language. */
function show(draw: () => void): void {
  shown?.close();
  shown = null;
  redraw = draw;
  draw();
}

async function choose(name: string): Promise<void> {
  const entry = scenarios.find((one) => one.name === name);
  if (!entry) return;
  chosen = name;
  page = new ScenarioPage(entry, desk);
  drawSide();
  show(showScenario);
}

function showScenario(): void {
  const entry = scenarios.find((one) => one.name === chosen);
  if (!entry || !page) return stage.replaceChildren(make("p", { class: "note" }, say("desk.pick")));
  page.renew(entry);
  stage.replaceChildren(page.element);
}

function showRun(run: server.Run): void {
  show(() => stage.replaceChildren(make("h1", NAME, run.name), ...runPage(run, desk)));
}

async function begin(request: Record<string, unknown>): Promise<void> {
  const job = await guarded(() => server.start(request));
  if (job) watch(job);
}

function watch(job: server.Job): void {
  shown?.close();
  const view = new JobView(
    job,
    () => void guarded(() => server.stop(job.id)),
    () => void finish(job, view),
  );
  shown = view;
  redraw = () => undefined;
  stage.replaceChildren(view.element);
}

interface Failure extends Told {
  message?: string;
  faults?: server.Fault[];
}
const ENDED: Record<number, string> = { 0: "desk.ended", 3: "desk.ended_input", 4: "desk.ended_infeasible", 5: "desk.ended_stopped" };

async function finish(job: server.Job, view: JobView): Promise<void> {
  const done = await guarded(() => server.job(job.id));
  await refresh();
  if (!done || shown !== view) return;
  const key = done.state === "lost" ? "desk.lost" : (ENDED[done.exit_code ?? 1] ?? "desk.ended_failed");
  status.textContent = say(key);
  const why = done.verb === "compare" ? await explanations(done.result as CompareResult | null) : new Map<string, Explanation>();
  show(() => {
    const title = say(done.state === "lost" ? "desk.lost" : key);
    stage.replaceChildren(make("h1", { class: "outcome", "data-exit": String(done.exit_code) }, title), ...outcome(done, why, view.lastWords), commandLine(done));
  });
}

function outcome(done: server.Job, why: Map<string, Explanation>, lastWords: string): Node[] {
  const good = done.exit_code === 0 || done.exit_code === 5;
  const failure = done.result as Failure | null;
  if (!good && failure?.faults?.length) return [faultTable(failure.faults)];
  if (!good && failure?.message) return [make("p", { class: "bad" }, told(failure, "message"))];
  if (!done.result || (!good && done.verb !== "run")) return [make("p", { class: "note" }, lastWords)];
  const nodes: Node[] = [];
  const run = runs.find((one) => one.name === done.run);
  const ran = done.verb === "run" || done.verb === "resume";
  // What an officer works with comes first: map and sheets, then the figures.
  if (ran) nodes.push(...proofs(done.result as RunResult));
  if (run) nodes.push(...runPage(run, desk));
  if (ran) nodes.push(...runTables(done.result as RunResult));
  if (done.verb === "explain") nodes.push(...explainTable(done.result as Explanation));
  if (done.verb === "pareto") nodes.push(frontView(done.result as Front, (point) => void runPoint(done, point.budget)));
  if (done.verb === "compare") {
    const result = done.result as CompareResult;
    const mapped = result.layouts.map((one) => one.name).filter((name) => runs.some((run) => run.name === name && run.files.includes("map.html")));
    nodes.push(...compareTables(result, why));
    if (mapped.length > 1) nodes.push(twoMaps(mapped));
  }
  return nodes;
}

/** Explanations that compared runs have. */
async function explanations(result: CompareResult | null): Promise<Map<string, Explanation>> {
  const found = new Map<string, Explanation>();
  for (const { name } of result?.layouts ?? []) {
    if (!runs.some((run) => run.name === name && run.files.includes("explanation.json"))) continue;
    const one = await guarded(() => server.explanation<Explanation>(name));
    if (one) found.set(name, one);
  }
  return found;
}

/** Run a scenario under the budget of a point of its front. */
async function runPoint(front: server.Job, budget: number | null): Promise<void> {
  const entry = scenarios.find((one) => front.command[2].replace(/[\\/]+$/, "").split(/[\\/]/).at(-1) === one.name);
  if (!entry) return;
  const overrides = front.command.flatMap((word, n) => (front.command[n - 1] === "--override" ? [word.replace(/^.*[\\/]|\.toml$/g, "")] : []));
  if (budget !== null) {
    const name = `budget_${Math.round(budget)}`;
    const made = await guarded(() => server.saveOverride(entry.name, name, { "rules.budget": budget }));
    if (made === null || made.faults.length) return;
    overrides.push(name);
    await refresh();
  }
  await begin({ verb: "run", scenario: entry.name, overrides, language: current() });
}

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
  if (found) [scenarios, runs] = found;
  for (const name of picked) if (!runs.some((run) => run.name === name)) picked.delete(name);
  const entry = scenarios.find((one) => one.name === chosen);
  if (entry) page?.renew(entry);
  drawSide();
}

async function open(): Promise<void> {
  await loadWords();
  const title = make("strong", { class: "title" }, say("desk.title"));
  const language = button(say("desk.language"), { class: "language" }, () => {
    setLanguage(current() === "en" ? "zh" : "en");
    title.textContent = say("desk.title");
    language.textContent = say("desk.language");
    drawSide();
    redraw();
  });
  document.body.append(make("header", {}, title, language), make("div", { class: "page" }, side, stage), status);
  showScenario();
  performance.mark("depotopt-painted");
  await refresh();
  document.documentElement.dataset.ready = "yes";
  const running = (await guarded(server.jobs))?.find((job) => job.state === "running");
  if (running) watch(running);
}

void open();
