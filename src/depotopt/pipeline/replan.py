"""`replan_run`: roads close while vehicles are under way; a new plan, and only the changed sheets."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from depotopt.dispatch.replanning import InForce, Replanning, replan
from depotopt.errors import Fault, InputError, UsageError
from depotopt.hazards.states import RoadState
from depotopt.io.plan_files import read_made_from
from depotopt.pipeline.closures import CLOSURES_KEY, Closure, closures_of, with_closures
from depotopt.pipeline.folders import Outcome, reopen, report
from depotopt.pipeline.options import dispatch_limits, unseen_state
from depotopt.pipeline.plan_changes import PlanChanges, plan_changes
from depotopt.pipeline.stages import require_moment
from depotopt.pipeline.unfinished import Safekeeping
from depotopt.report.content import ReportFiles
from depotopt.solving import Monitor
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan

CHANGES = "changes.json"
"""File of a replanned run that tells what changed."""


@dataclass(frozen=True)
class Replanned:
    """A plan made anew and where it was written."""

    outcome: Outcome
    replanning: Replanning
    changes: PlanChanges
    files: ReportFiles


def replan_run(
    folder: Path,
    closures: Sequence[Closure],
    *,
    at_s: float,
    instead: bool = False,
    out: Path | None = None,
    time_s: float | None = None,
    monitor: Monitor | None = None,
) -> Replanned:
    """Plan a run's dispatch anew from a moment on, and have the new plan checked.

    The best plan so far is kept on disk while the search goes on, see `Safekeeping`: it stays there
    if the process ends before its time.

    Parameters
    ----------
    folder
        Run folder with a dispatch plan; it stays as it is.
    closures
        What closes or slows down, on top of the run's road state.
    at_s
        Now, seconds from the scenario's start.
    instead
        Whether the closures take the place of those of earlier replans instead of adding to them.
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
    origin = read_made_from(folder / "layout.json")
    hold = [*(() if instead else closures_of(origin)), *closures]
    drawn = unseen_state(case, before.options, origin["road_state"]) if instead else None
    state_after = with_closures(case, drawn or before.state, hold if instead else closures)
    limits = dispatch_limits(case.scenario, before.options)
    if time_s is not None:
        limits = replace(limits, time_s=time_s)
    target = out or folder.with_name(f"{folder.name}-at-{at_s / 3600:g}h")
    told = {
        CLOSURES_KEY: [item.plain() for item in hold],
        "replanned_from": folder.name,
        "replanned_at_s": at_s,
    }
    monitor = monitor or Monitor()
    kept = Safekeeping(target, origin | told, monitor=monitor)
    kept.stage("dispatch")
    with kept.during():
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
        kept.keep(replanning.result)
        written = _written(before, replanning, state_after, target, told)
    kept.discard()
    return written


def _written(
    before: Outcome, replanning: Replanning, after: RoadState, target: Path, told: Mapping[str, Any]
) -> Replanned:
    """Check the new plan and write its report."""
    result, old = replanning.result, before.dispatch
    if result.plan is None or result.objective is None or old is None or old.plan is None:
        raise UsageError(f"no plan made anew: {result.status}")
    case = before.case
    assert before.state is not None  # the plan was made for it
    in_force = PlanInForce(old.plan, before.state)
    check = verify_replan(case.scenario, before.siting.plan, case.network, in_force, after, result.plan)
    check.compare(result.objective).require("the plan made anew")
    outcome = replace(before, dispatch=result, state=after)
    changes = plan_changes(old.plan, result.plan)
    files = report(
        outcome,
        target,
        notes={**told, "changed_vehicles": list(replanning.changed_vehicles)},
        sheet_vehicles=frozenset(replanning.changed_vehicles),
        attachments={CHANGES: _dump(changes)},
    )
    return Replanned(outcome, replanning, changes, files)


def _dump(changes: PlanChanges) -> bytes:
    return (json.dumps(changes.document(), ensure_ascii=False, indent=1) + "\n").encode("utf-8")
