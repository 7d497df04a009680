"""`replan_run`: roads close while vehicles are under way; a new plan, and only the changed sheets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from depotopt.dispatch.replanning import InForce, Replanning, replan
from depotopt.errors import Fault, InputError, UsageError
from depotopt.io.plan_files import read_made_from
from depotopt.pipeline.closures import CLOSURES_KEY, Closure, closures_of, with_closures
from depotopt.pipeline.folders import Outcome, reopen, report
from depotopt.pipeline.options import dispatch_limits
from depotopt.pipeline.stages import require_moment
from depotopt.report.content import ReportFiles
from depotopt.solving import Monitor
from depotopt.verify.replan import PlanInForce, verify_replan


@dataclass(frozen=True)
class Replanned:
    """A plan made anew and where it was written."""

    outcome: Outcome
    replanning: Replanning
    files: ReportFiles


def replan_run(
    folder: Path,
    closures: Sequence[Closure],
    *,
    at_s: float,
    out: Path | None = None,
    time_s: float | None = None,
    monitor: Monitor | None = None,
) -> Replanned:
    """Plan a run's dispatch anew from a moment on, and have the new plan checked.

    Parameters
    ----------
    folder
        Run folder with a dispatch plan; it stays as it is.
    closures
        What closes or slows down, on top of the run's road state.
    at_s
        Now, seconds from the scenario's start.
    out
        Folder of the new report; default beside the old one, named after the moment.
    time_s
        Seconds; default the scenario's.
    monitor
        Progress and stop.

    Raises
    ------
    InputError
        If the run has no dispatch plan or a closure names no street.
    UsageError
        If the moment lies before the plan's own.
    VerificationError
        If the new plan does not survive the check.
    """
    require_moment(at_s)
    before = reopen(folder)
    if before.dispatch is None or before.dispatch.plan is None or before.state is None:
        fault = Fault(
            str(folder), "dispatch.json", "no dispatch plan", "expected a plan to replan", "plan-file"
        )
        raise InputError(str(folder), [fault])
    case, layout = before.case, before.siting.plan
    earlier = closures_of(read_made_from(folder / "layout.json"))
    state_after = with_closures(case, before.state, closures)
    limits = dispatch_limits(case.scenario, before.options)
    if time_s is not None:
        limits = replace(limits, time_s=time_s)
    replanning = replan(
        case.scenario,
        layout,
        case.network,
        InForce(before.dispatch.plan, before.state),
        state_after,
        at_s=at_s,
        limits=limits,
        monitor=monitor,
    )
    result = replanning.result
    if result.plan is None or result.objective is None:
        raise UsageError(f"no plan from {at_s:g} s on: {result.status}")
    old = PlanInForce(before.dispatch.plan, before.state)
    check = verify_replan(case.scenario, layout, case.network, old, state_after, result.plan)
    check.compare(result.objective).require("the plan made anew")
    outcome = replace(before, dispatch=result, state=state_after)
    target = out or folder.with_name(f"{folder.name}-at-{at_s / 3600:g}h")
    files = report(
        outcome,
        target,
        notes={
            CLOSURES_KEY: [item.plain() for item in (*earlier, *closures)],
            "replanned_from": folder.name,
            "replanned_at_s": at_s,
            "changed_vehicles": list(replanning.changed_vehicles),
        },
        sheet_vehicles=frozenset(replanning.changed_vehicles),
    )
    return Replanned(outcome, replanning, files)
