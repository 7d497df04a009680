"""The verbs on run folders and layouts: finish, make anew, compare, explain, report."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

from depotopt.cli.exits import Exit
from depotopt.cli.flags import COMMON, NO_CLOSURES, ClosureFlags, Common
from depotopt.cli.parameters import Out
from depotopt.cli.progress import watching


def resume(
    run: Annotated[Path, Parameter(help="What an interrupted run left: NAME.unfinished.")],
    *,
    out: Out = None,
    common: Common = COMMON,
) -> Exit:
    """Finish an interrupted run from the best plans it kept."""
    from depotopt.cli import screen
    from depotopt.pipeline.chain import resume as finish

    with watching(common.progress) as monitor:
        outcome = finish(run, out=out, monitor=monitor)
    screen.tell_outcome(outcome, as_json=common.as_json)
    return screen.exit_of(outcome.siting, outcome.dispatch)


def replan(
    run: Annotated[Path, Parameter(help="Run folder with a dispatch plan.")],
    *,
    at_h: Annotated[float, Parameter(name="--at-h", help="Now, hours after the start.")],
    closures: ClosureFlags = NO_CLOSURES,
    out: Out = None,
    time: Annotated[float | None, Parameter(help="Seconds.")] = None,
    common: Common = COMMON,
) -> Exit:
    """Plan anew when roads go while vehicles are under way; only the changed route sheets are new."""
    from depotopt.cli import screen
    from depotopt.cli.replan_screen import tell_replanned
    from depotopt.pipeline.replan import replan_run
    from depotopt.units import HOUR_S

    with watching(common.progress) as monitor:
        replanned = replan_run(
            run,
            closures.closures(at_h * HOUR_S),
            at_s=at_h * HOUR_S,
            instead=closures.instead,
            out=out,
            time_s=time,
            monitor=monitor,
        )
    tell_replanned(replanned, as_json=common.as_json)
    return screen.exit_of(replanned.replanning.result)


def compare(
    run: Annotated[list[Path], Parameter(help="Run folders or layout files of one scenario.")],
    *,
    unseen: Annotated[int | None, Parameter(help="Number of road states to judge on.")] = None,
    seed: Annotated[int | None, Parameter(help="Their seed; not one a layout was chosen with.")] = None,
    common: Common = COMMON,
) -> Exit:
    """Lay layouts side by side on the same unseen road states, today's layout as the baseline."""
    from depotopt.cli.comparison_screen import tell_comparison
    from depotopt.pipeline.compare import compare as lay_side_by_side

    with watching(common.progress) as monitor:
        comparison = lay_side_by_side(run, unseen=unseen, seed=seed, monitor=monitor)
    tell_comparison(comparison, as_json=common.as_json)
    return Exit.OK


def explain(
    run: Annotated[Path, Parameter(help="Run folder or layout file.")],
    *,
    time: Annotated[float, Parameter(help="Seconds for each re-solve.")] = 20.0,
    rules: Annotated[bool, Parameter(help="Price the rules as well.")] = True,
    common: Common = COMMON,
) -> Exit:
    """Say why each depot is open (what gets worse without it) and what each rule costs."""
    from depotopt.cli.explanation_screen import tell_explanation
    from depotopt.pipeline.explain import explain as find_reasons

    with watching(common.progress) as monitor:
        explanation = find_reasons(run, time_s=time, rules=rules, monitor=monitor)
    tell_explanation(explanation, as_json=common.as_json)
    return Exit.OK if explanation.complete else Exit.STOPPED_WITH_PLAN


def report(
    folder: Path,
    *,
    out: Out = None,
    language: Annotated[
        str | None, Parameter(help="Language of the report, en or zh; without it that of the run.")
    ] = None,
    pdf: Annotated[bool, Parameter(negative="", help="Print the route sheets as sheets.pdf, too.")] = False,
    csv: Annotated[bool, Parameter(negative="", help="Write the tables as CSV, too.")] = False,
    hxl: Annotated[bool, Parameter(negative="", help="CSV with a row of HXL tags under the head.")] = False,
    common: Common = COMMON,
) -> Exit:
    """Write the report of a run folder (``runs/ID``) again, in another language if asked for."""
    from depotopt.cli import screen
    from depotopt.pipeline.folders import report_again
    from depotopt.report.csv_tables import CsvForm
    from depotopt.report.paper import with_pdf

    form = CsvForm.HXL if hxl else CsvForm.PLAIN if csv else CsvForm.NONE
    files = report_again(folder, language=language, out=out, csv=form)
    screen.tell_files(with_pdf(files) if pdf else files, as_json=common.as_json)
    return Exit.OK
