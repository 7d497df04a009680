"""`run`: the whole chain from files to a report folder."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from depotopt.evaluation.evaluate import evaluate
from depotopt.pipeline.folders import Outcome, report
from depotopt.pipeline.options import RunOptions, dispatch_limits, run_ident, site_limits, unseen_state
from depotopt.pipeline.stages import (
    existing_layout,
    open_case,
    sample_ensemble,
    verified_dispatch,
    verified_siting,
)
from depotopt.solving import Monitor

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
        Progress and stop. A stop keeps the best layout and plan so far.

    Returns
    -------
    Outcome
        Check ``siting.status`` first: without a layout there is no evaluation and no dispatch.
    """
    options, monitor = options or RunOptions(), monitor or Monitor()
    clock = _Clock(monitor)
    case = open_case(path, overrides)
    scenario = case.scenario
    clock.lap("load")
    rules = scenario.ensemble
    design = sample_ensemble(
        case.network, scenario, options.design_states or rules.design_states, rules.design_seed,
        workers=options.workers,
    )  # fmt: skip
    unseen = sample_ensemble(
        case.network, scenario, options.unseen_states or rules.unseen_states, rules.unseen_seed,
        workers=options.workers,
    )  # fmt: skip
    clock.lap("sample")
    siting = verified_siting(
        case, design, limits=site_limits(scenario, options), monitor=monitor, engine=options.site_engine
    )
    clock.lap("site")
    if siting.plan is None:
        return Outcome(case, options, siting, {}, None, None, clock.seconds)
    evaluations = {
        "layout": evaluate(scenario, siting.plan, case.network, unseen, monitor=monitor),
        "today": evaluate(scenario, existing_layout(scenario), case.network, unseen, monitor=monitor),
    }
    clock.lap("evaluate")
    chosen = options.state
    if chosen is None:
        chosen = evaluations["layout"].state_near("unmet_weighted_person_days", SHOWN_LEVEL)
    state = unseen[chosen] if 0 <= chosen < len(unseen) else unseen_state(case, options, chosen)
    dispatch = verified_dispatch(
        case,
        siting.plan,
        state,
        limits=dispatch_limits(scenario, options),
        monitor=monitor,
        engine=options.dispatch_engine,
    )
    clock.lap("dispatch")
    outcome = Outcome(case, options, siting, evaluations, state, dispatch, clock.seconds)
    folder = out if out is not None else Path("runs") / run_ident(case, options)
    files = report(outcome, folder)
    clock.lap("report")
    (folder / "timing.json").write_text(json.dumps(clock.seconds, indent=1) + "\n", encoding="utf-8")
    return replace(outcome, files=files)


class _Clock:
    """Wall-clock seconds per stage, told to the monitor."""

    def __init__(self, monitor: Monitor) -> None:
        self.seconds: dict[str, float] = {}
        self._monitor = monitor
        self._last = time.perf_counter()

    def lap(self, stage: str) -> None:
        now = time.perf_counter()
        self.seconds[stage] = round(now - self._last, 3)
        self._last = now
        self._monitor.report(stage, message="done")
