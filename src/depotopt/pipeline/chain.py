"""`run`: the whole chain from files to a report folder; `resume`: the rest of one that was cut short."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

from depotopt.errors import UsageError
from depotopt.evaluation.evaluate import evaluate
from depotopt.evaluation.files import dump_evaluations
from depotopt.io.plan_files import placed, read_made_from
from depotopt.pipeline.folders import Outcome, reopen, report
from depotopt.pipeline.options import (
    RunOptions,
    dispatch_limits,
    made_from,
    run_ident,
    site_limits,
    unseen_state,
)
from depotopt.pipeline.stages import (
    Case,
    existing_layout,
    open_case,
    sample_ensemble,
    verified_dispatch,
    verified_siting,
)
from depotopt.pipeline.unfinished import SUFFIX, Safekeeping, is_interrupted
from depotopt.plans import DispatchPlan, SitingPlan
from depotopt.report.write import require_report_folder
from depotopt.siting.recourse.recourse import recourse
from depotopt.solving import Monitor, SolveResult
from depotopt.verify.check import Check
from depotopt.verify.dispatch import verify_dispatch
from depotopt.verify.recourse import verify_siting

PlanT = TypeVar("PlanT", SitingPlan, DispatchPlan)

SHOWN_LEVEL = 0.95
"""Quantile of unmet need whose road state is dispatched for when none is named: a bad case that
still has to be planned for, not the worst ever drawn."""


def run(
    path: Path,
    overrides: Sequence[str] = (),
    options: RunOptions | None = None,
    *,
    out: Path | None = None,
    monitor: Monitor | None = None,
) -> Outcome:
    """Load, sample, site, judge, dispatch and report.

    Parameters
    ----------
    path
        Scenario folder.
    overrides
        Names of overrides to apply.
    options
        What to change about the scenario's settings.
    out
        Report folder; default ``runs/ID`` in the current folder.
    monitor
        Progress and stop. A stop keeps the best layout and plan so far. What the run has found is kept
        on disk while it goes on, see `depotopt.pipeline.unfinished.Safekeeping`.

    Returns
    -------
    Outcome
        Check ``siting.status`` first: without a layout there is no evaluation and no dispatch.
    """
    options, monitor = options or RunOptions(), monitor or Monitor()
    clock = _Clock(monitor)
    case = open_case(path, overrides)
    scenario = case.scenario
    target = out if out is not None else Path("runs") / run_ident(case, options)
    require_report_folder(target)
    origin = placed(made_from(case, options), target) | {"road_state": -1}
    kept = Safekeeping(target, origin, monitor=monitor)
    with kept.during():
        clock.lap("load")
        rules = scenario.ensemble
        design = sample_ensemble(
            case.network, scenario, options.design_states or rules.design_states, rules.design_seed,
            workers=options.workers,
        )  # fmt: skip
        clock.lap("sample")
        kept.stage("site")
        siting = verified_siting(
            case, design, limits=site_limits(scenario, options), monitor=monitor, engine=options.site_engine
        )
        kept.keep(siting)
        clock.lap("site", siting)
        if siting.plan is None:
            kept.discard()
            return Outcome(case, options, siting, {}, None, None, clock.seconds)
        outcome = _judge_and_dispatch(case, options, siting, kept, clock)
        return _write(outcome, target, kept, clock)


def resume(folder: Path, *, out: Path | None = None, monitor: Monitor | None = None) -> Outcome:
    """Finish an interrupted run from the plans it kept: what they lack is found, then the report written.

    Parameters
    ----------
    folder
        What the run left (``NAME.unfinished``).
    out
        Report folder; default ``NAME`` beside it.
    monitor
        Progress and stop.

    Raises
    ------
    UsageError
        If the folder is not what an interrupted run left, or its run goes on.
    InputError
        If its files cannot be read, or the scenario has changed since.
    VerificationError
        If a plan kept does not survive the check.
    """
    monitor = monitor or Monitor()
    if not is_interrupted(folder):
        raise UsageError(f"{folder} is not what an interrupted run left")
    target = out if out is not None else folder.with_name(folder.name.removesuffix(SUFFIX))
    require_report_folder(target)
    clock = _Clock(monitor)
    found = reopen(folder)
    case, options, siting = found.case, found.options, found.siting
    assert siting.plan is not None  # kept only with a plan
    design = read_made_from(folder / "layout.json")["design"]
    ensemble = sample_ensemble(case.network, case.scenario, design["states"], design["seed"])
    flows = recourse(case.scenario, siting.plan, case.network, ensemble)
    check = verify_siting(case.scenario, case.network, siting.plan, ensemble, flows)
    check.require("the layout kept")
    siting = _as_checked(siting, check)
    clock.lap("load")
    if found.dispatch is not None and found.dispatch.plan is not None and found.state is not None:
        plan = found.dispatch.plan
        check = verify_dispatch(case.scenario, siting.plan, case.network, found.state, plan)
        check.require("the dispatch plan kept")
        dispatch = _as_checked(found.dispatch, check)
        outcome = replace(found, siting=siting, dispatch=dispatch, seconds=clock.seconds)
    else:
        outcome = _judge_and_dispatch(case, options, siting, None, clock)
    written = _write(outcome, target, None, clock)
    shutil.rmtree(folder)
    return written


def _as_checked(kept: SolveResult[PlanT], check: Check) -> SolveResult[PlanT]:
    """A result with the value and terms the check has found, where its solve was cut short."""
    if kept.terms or check.objective is None:
        return kept
    bound = None if kept.bound is None else min(kept.bound, check.objective)
    return replace(kept, objective=check.objective, bound=bound, terms=check.terms)


def _judge_and_dispatch(
    case: Case,
    options: RunOptions,
    siting: SolveResult[SitingPlan],
    kept: Safekeeping | None,
    clock: _Clock,
) -> Outcome:
    """Judge a layout on unseen states and dispatch from it in a bad one."""
    scenario, rules, monitor = case.scenario, case.scenario.ensemble, clock.monitor
    assert siting.plan is not None
    unseen = sample_ensemble(
        case.network, scenario, options.unseen_states or rules.unseen_states, rules.unseen_seed,
        workers=options.workers,
    )  # fmt: skip
    evaluations = {
        "layout": evaluate(scenario, siting.plan, case.network, unseen, monitor=monitor),
        "today": evaluate(scenario, existing_layout(scenario), case.network, unseen, monitor=monitor),
    }
    clock.lap("evaluate")
    chosen = options.state
    if chosen is None:
        chosen = evaluations["layout"].state_near("unmet_weighted_person_days", SHOWN_LEVEL)
    state = unseen[chosen] if 0 <= chosen < len(unseen) else unseen_state(case, options, chosen)
    if kept is not None:
        kept.attach("evaluation.json", dump_evaluations(evaluations))
        kept.note("road_state", state.index)
        kept.stage("dispatch")
    dispatch = verified_dispatch(
        case,
        siting.plan,
        state,
        limits=dispatch_limits(scenario, options),
        monitor=monitor,
        engine=options.dispatch_engine,
    )
    if kept is not None:
        kept.keep(dispatch)
    clock.lap("dispatch", dispatch)
    return Outcome(case, options, siting, evaluations, state, dispatch, clock.seconds)


def _write(outcome: Outcome, folder: Path, kept: Safekeeping | None, clock: _Clock) -> Outcome:
    """Write the report; only then are the plans kept beside it superfluous."""
    if kept is not None:
        kept.stage("report")
    files = report(outcome, folder)
    clock.lap("report")
    (folder / "timing.json").write_text(json.dumps(clock.seconds, indent=1) + "\n", encoding="utf-8")
    if kept is not None:
        kept.discard()
    return replace(outcome, files=files)


class _Clock:
    """Wall-clock seconds per stage, told to the monitor."""

    def __init__(self, monitor: Monitor) -> None:
        self.seconds: dict[str, float] = {}
        self.monitor = monitor
        self._last = time.perf_counter()

    def lap(self, stage: str, result: SolveResult[Any] | None = None) -> None:
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now
        if result is None:
            self.monitor.report(stage, message="done")
        else:
            word = "done" if result.plan is None else "kept"
            self.monitor.report(stage, result.objective, result.bound, message=word)
