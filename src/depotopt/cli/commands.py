"""The verbs. Heavy modules are imported inside the commands: ``--help`` must answer at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import App, Parameter

from depotopt.cli.exits import Exit
from depotopt.cli.flags import (
    COMMON,
    NO_PAPER,
    RUN_FLAGS,
    SOLVE_FLAGS,
    Common,
    PaperFlags,
    RunFlags,
    SolveFlags,
)
from depotopt.cli.help_page import HelpPage
from depotopt.cli.language import N_, Written, written
from depotopt.cli.parameters import AsJson, AtHours, Layout, Out, State
from depotopt.cli.progress import watching
from depotopt.cli.road_commands import roads
from depotopt.cli.run_commands import compare, explain, replan, report, resume

if TYPE_CHECKING:
    from depotopt.pipeline.options import RunOptions

HELP = N_(
    "Where relief depots stand, what each holds, and which truck carries what to whom when roads are lost."
    "\n\nExit codes: 0 done, 2 usage, 3 bad input, 4 infeasible (the conflicting rules are named), 5 stopped "
    "with a plan, 6 stopped without, 1 broken."
    "\n\nEvery command takes --lang en or --lang zh, the language of what it prints; without it "
    "DEPOTOPT_LANG or the locale decides. Reports and workbooks follow it, or --language."
)


def _version() -> str:
    from importlib.metadata import version

    return version("depotopt")


# Ctrl-C outside a solve is ours to answer: exit 6, not a code of the parser.
app = App(
    name="depotopt",
    help=HELP,
    version=_version,
    help_format="plaintext",
    help_formatter=HelpPage(),
    suppress_keyboard_interrupt=False,
)
for verb in (roads, replan, resume, compare, explain, report):
    app.command(verb)


@app.command
def check(
    scenario: Path,
    *,
    marked: Annotated[
        Path | None, Parameter(help="Write a copy of the scenario's workbook with the faulty cells marked.")
    ] = None,
    language: Written = None,
    common: Common = COMMON,
) -> Exit:
    """Report every fault of a scenario at once: file, row, column, found, expected."""
    from depotopt.cli import screen
    from depotopt.io.scenario_files import check_scenario

    faults = check_scenario(scenario, common.overrides)
    screen.tell_check(str(scenario), faults, as_json=common.as_json)
    if marked is not None:
        from depotopt.io.marked_copy import write_marked_copy
        from depotopt.io.new_files import require_new_file

        require_new_file(marked, ".xlsx")
        write_marked_copy(scenario, faults, marked, language=written(language))
    return Exit.BAD_INPUT if faults else Exit.OK


@app.command
def template(
    file: Annotated[Path, Parameter(help="Workbook to write.")] = Path("scenario.xlsx"),
    *,
    language: Written = None,
    as_json: AsJson = False,
) -> Exit:
    """Write an empty workbook for a scenario: every table and column, with drop-downs and notes."""
    from depotopt.cli import screen
    from depotopt.io.new_files import require_new_file
    from depotopt.io.workbook import write_template

    require_new_file(file, ".xlsx")
    write_template(file, written(language))
    screen.tell_written(file, as_json=as_json)
    return Exit.OK


@app.command
def workbook(
    scenario: Path,
    file: Path,
    *,
    language: Written = None,
    settings: Annotated[bool, Parameter(help="Add a sheet with the keys of scenario.toml.")] = False,
    as_json: AsJson = False,
) -> Exit:
    """Write the tables of a scenario as one workbook; in place of tables/ it is the same scenario."""
    from depotopt.cli import screen
    from depotopt.io.new_files import require_new_file
    from depotopt.io.workbook import write_workbook

    require_new_file(file, ".xlsx")
    write_workbook(scenario, file, written(language), settings=settings)
    screen.tell_written(file, as_json=as_json)
    return Exit.OK


@app.command
def run(scenario: Path, *, out: Out = None, flags: RunFlags = RUN_FLAGS, common: Common = COMMON) -> Exit:
    """Run the whole chain: site, judge on unseen road states, dispatch, report."""
    from depotopt.cli import screen
    from depotopt.pipeline.chain import run as run_chain
    from depotopt.pipeline.options import RunOptions

    options = RunOptions(
        design_states=flags.states,
        unseen_states=flags.unseen,
        site_time_s=flags.site_time,
        dispatch_time_s=flags.dispatch_time,
        state=flags.state,
        site_engine=flags.site_engine,
        dispatch_engine=flags.dispatch_engine,
        workers=flags.workers,
        language=written(flags.language),
    )
    with watching(common.progress) as monitor:
        outcome = run_chain(scenario, common.overrides, options, out=out, monitor=monitor)
    screen.tell_notices(outcome.case.scenario)
    screen.tell_outcome(outcome, as_json=common.as_json)
    return screen.exit_of(outcome.siting, outcome.dispatch)


@app.command
def site(
    scenario: Path,
    *,
    states: Annotated[int | None, Parameter(help="Road states to choose on.")] = None,
    replications: Annotated[
        int | None,
        Parameter(help="Choose on that many independent samples, keep the best, bound what is left to gain."),
    ] = None,
    sample: Annotated[
        int | None, Parameter(help="Road states of each sample; default as many as --states.")
    ] = None,
    out: Out = None,
    flags: SolveFlags = SOLVE_FLAGS,
    common: Common = COMMON,
) -> Exit:
    """Choose the layout: which depots are open and what each holds."""
    from depotopt.cli import screen
    from depotopt.errors import UsageError
    from depotopt.io.plan_files import write_result
    from depotopt.pipeline import options as asked
    from depotopt.pipeline.stages import open_case, sample_ensemble, verified_siting

    engine = flags.engine or "auto"
    options = asked.RunOptions(
        design_states=states, site_time_s=flags.time, site_engine=engine, workers=flags.workers
    )
    if replications is not None:
        return _replicated(scenario, options, (replications, sample), out, common)
    if sample is not None:
        raise UsageError("--sample is the size of each of --replications: give both, or --states")
    with watching(common.progress) as monitor:
        case = open_case(scenario, common.overrides)
        rules = case.scenario.ensemble
        size = states or rules.design_states
        ensemble = sample_ensemble(
            case.network, case.scenario, size, rules.design_seed, workers=flags.workers
        )
        limits = asked.site_limits(case.scenario, options)
        result = verified_siting(case, ensemble, limits=limits, monitor=monitor, engine=engine)
    if out is not None:
        write_result(out, result, asked.made_from(case, options))
    screen.tell_notices(case.scenario)
    screen.tell_siting(case.scenario, result, as_json=common.as_json)
    return screen.exit_of(result)


def _replicated(
    scenario: Path, options: RunOptions, asked: tuple[int, int | None], out: Path | None, common: Common
) -> Exit:
    """`site` on several samples of road states."""
    from depotopt.cli import screen
    from depotopt.cli.replications_screen import tell_replications
    from depotopt.io.plan_files import write_result
    from depotopt.pipeline.replications import replicate

    with watching(common.progress) as monitor:
        found = replicate(
            scenario, common.overrides, options, replications=asked[0], sample=asked[1], monitor=monitor
        )
    if out is not None:
        write_result(out, found.result, found.made_from())
    screen.tell_notices(found.case.scenario)
    tell_replications(found, as_json=common.as_json)
    return Exit.STOPPED_WITH_PLAN if monitor.stopped and found.average.plan else screen.exit_of(found.result)


@app.command
def dispatch(
    scenario: Path,
    *,
    layout: Layout = None,
    state: State = -1,
    at_h: AtHours = 0.0,
    out: Out = None,
    paper: PaperFlags = NO_PAPER,
    flags: SolveFlags = SOLVE_FLAGS,
    common: Common = COMMON,
) -> Exit:
    """Plan which truck carries what to whom in one road state."""
    from depotopt.cli import screen
    from depotopt.io.plan_files import write_result
    from depotopt.pipeline import options as asked
    from depotopt.pipeline.folders import report_dispatch
    from depotopt.pipeline.stages import open_case, verified_dispatch
    from depotopt.units import HOUR_S

    engine = flags.engine or "pyvrp"
    options = asked.RunOptions(
        state=state,
        dispatch_time_s=flags.time,
        dispatch_engine=engine,
        workers=flags.workers,
        language=written(paper.language),
    )
    with watching(common.progress) as monitor:
        case = open_case(scenario, common.overrides)
        siting = asked.read_layout_result(layout)
        road_state = asked.unseen_state(case, options, state)
        result = verified_dispatch(
            case,
            None if siting is None else siting.plan,
            road_state,
            at_s=at_h * HOUR_S,
            limits=asked.dispatch_limits(case.scenario, options),
            monitor=monitor,
            engine=engine,
        )
    if out is not None:
        write_result(out, result, asked.made_from(case, options))
    screen.tell_notices(case.scenario)
    screen.tell_dispatch(case.scenario, result, as_json=common.as_json)
    if paper.report is not None:
        files = report_dispatch(case, options, siting, road_state, result, paper.report)
        if paper.pdf:
            from depotopt.report.paper import with_pdf

            files = with_pdf(files)
        if not common.as_json:
            screen.tell_files(files, as_json=False)
    return screen.exit_of(result)


@app.command
def evaluate(
    scenario: Path,
    *,
    layout: Layout = None,
    unseen: Annotated[int | None, Parameter(help="Number of road states to judge on.")] = None,
    seed: Annotated[int | None, Parameter(help="Their seed; not the one the layout was chosen with.")] = None,
    workers: Annotated[int, Parameter(help="Processes for sampling road states.")] = 1,
    out: Out = None,
    common: Common = COMMON,
) -> Exit:
    """Judge a layout on road states it was not chosen on."""
    from depotopt.cli import screen
    from depotopt.evaluation.evaluate import evaluate as judge
    from depotopt.evaluation.files import dump_evaluations
    from depotopt.pipeline import options as asked
    from depotopt.pipeline.stages import existing_layout, open_case, sample_ensemble

    with watching(common.progress) as monitor:
        case = open_case(scenario, common.overrides)
        rules = case.scenario.ensemble
        plan = asked.read_layout(layout) or existing_layout(case.scenario)
        chosen_seed = rules.unseen_seed if seed is None else seed
        asked.require_unseen(layout, rules.design_seed, chosen_seed)
        size = rules.unseen_states if unseen is None else unseen
        ensemble = sample_ensemble(case.network, case.scenario, size, chosen_seed, workers=workers)
        evaluation = judge(case.scenario, plan, case.network, ensemble, monitor=monitor)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_bytes(dump_evaluations({"layout" if layout else "today": evaluation}))
    screen.tell_evaluation(evaluation, as_json=common.as_json)
    return Exit.STOPPED_WITH_PLAN if monitor.stopped else Exit.OK


@app.command
def pareto(
    scenario: Path,
    *,
    points: Annotated[int, Parameter(help="Number of solves along the front.")] = 6,
    robust: Annotated[
        bool, Parameter(negative="", help="Solve for the worst road states as well, under each budget.")
    ] = False,
    states: Annotated[int | None, Parameter(help="Road states to choose on.")] = None,
    unseen: Annotated[int | None, Parameter(help="Road states to judge on.")] = None,
    out: Out = None,
    page: Annotated[Path | None, Parameter(help="Write the front as a page of charts (HTML).")] = None,
    flags: SolveFlags = SOLVE_FLAGS,
    common: Common = COMMON,
) -> Exit:
    """Lay out what more money buys: layouts from the cheapest allowed to the best, judged out of sample."""
    from depotopt.cli.pareto_screen import tell_front
    from depotopt.pipeline.options import RunOptions
    from depotopt.pipeline.pareto import pareto as sweep

    options = RunOptions(
        design_states=states, unseen_states=unseen, site_time_s=flags.time,
        site_engine=flags.engine or "auto", workers=flags.workers,
    )  # fmt: skip
    with watching(common.progress) as monitor:
        front = sweep(scenario, common.overrides, options, points=points, robust=robust, monitor=monitor)
    tell_front(front, out, page, as_json=common.as_json)
    if not front.points:
        return Exit.INFEASIBLE if front.conflicts else Exit.STOPPED_WITHOUT
    return Exit.STOPPED_WITH_PLAN if front.stopped else Exit.OK


@app.command
def schema(*, out: Out = None, as_json: AsJson = False) -> Exit:
    """Print the JSON schema of scenario.toml and its tables."""
    from depotopt.cli import screen
    from depotopt.io.scenario_schema import scenario_schema

    text = json.dumps(scenario_schema(), ensure_ascii=False, indent=1)
    if out is None:
        print(text)
    else:
        out.write_text(text + "\n", encoding="utf-8")
        screen.tell_written(out, as_json=as_json)
    return Exit.OK


@app.command
def doctor(*, common: Common = COMMON) -> Exit:
    """Say what this installation has: versions, engines, extras, cache."""
    from depotopt.cli.installation_screen import tell_doctor
    from depotopt.pipeline.doctor import examine

    findings = examine()
    tell_doctor(findings, as_json=common.as_json)
    return Exit.OK if findings["usable"] else Exit.FAILED


@app.command
def serve(
    scenarios: Annotated[Path, Parameter(help="Folder whose sub-folders are scenarios.")] = Path("scenarios"),
    *,
    runs: Annotated[Path, Parameter(help="Folder runs are written to.")] = Path("runs"),
    port: Annotated[int, Parameter(help="Port on this machine; 0 for a free one.")] = 0,
    browser: Annotated[bool, Parameter(help="Open the page.")] = True,
) -> Exit:
    """Open the web app on this machine: choose, run, stop, look, compare. No network needed."""
    from depotopt.web.server import serve as serve_app

    serve_app(scenarios, runs, port=port, open_browser=browser)
    return Exit.OK
