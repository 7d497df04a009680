"""`run`: the whole chain from files to a report folder."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from depotopt.errors import Fault, InputError, UsageError
from depotopt.evaluation.evaluate import Evaluation, evaluate
from depotopt.evaluation.files import dump_evaluations, read_evaluations
from depotopt.hazards.states import RoadState
from depotopt.io.fingerprint import scenario_hash
from depotopt.io.plan_files import dump_result, read_made_from, read_result
from depotopt.pipeline.closures import closures_of, with_closures
from depotopt.pipeline.stages import (
    Case,
    existing_layout,
    open_case,
    reported_state,
    sample_ensemble,
    verified_dispatch,
    verified_siting,
)
from depotopt.plans import DispatchPlan, SitingPlan
from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.write import write_report
from depotopt.scenario import Scenario
from depotopt.solving import Monitor, SolveLimits, SolveResult

PACKAGES = (
    "numpy",
    "scipy",
    "numba",
    "ortools",
    "pyvrp",
    "networkx",
    "pandas",
    "osmium",
    "shapely",
    "duckdb",
)
SHOWN_LEVEL = 0.95
"""Quantile of unmet need whose road state is dispatched for when none is named: a bad case that
still has to be planned for, not the worst ever drawn."""


@dataclass(frozen=True, slots=True)
class RunOptions:
    """What a run may change about a scenario's own settings; ``None`` keeps the scenario's.

    Attributes
    ----------
    design_states, unseen_states
        Sizes of the ensembles chosen on and judged on.
    site_time_s, dispatch_time_s
        Time limits.
    state
        Road state of the unseen ensemble to dispatch for; ``None`` takes the one at the 95th
        percentile of unmet need, ``-1`` no hazard, only what road reports say.
    site_engine, dispatch_engine
        Engines.
    workers
        Processes for sampling.
    language
        Language of the report.
    """

    design_states: int | None = None
    unseen_states: int | None = None
    site_time_s: float | None = None
    dispatch_time_s: float | None = None
    state: int | None = None
    site_engine: str = "auto"
    dispatch_engine: str = "pyvrp"
    workers: int = 1
    language: str = "en"


@dataclass(frozen=True)
class Outcome:
    """Everything a run found.

    Attributes
    ----------
    case
        Scenario and roads.
    options
        As asked for.
    siting
        The layout's solve result.
    evaluations
        ``"today"`` (the existing layout) and ``"layout"`` (the chosen one), on the same unseen states.
    state
        The road state dispatched for.
    dispatch
        The dispatch solve result; ``None`` where no layout was found.
    seconds
        Wall-clock seconds per stage.
    files
        Where the report was written, if it was.
    """

    case: Case
    options: RunOptions
    siting: SolveResult[SitingPlan]
    evaluations: dict[str, Evaluation]
    state: RoadState | None
    dispatch: SolveResult[DispatchPlan] | None
    seconds: dict[str, float] = field(default_factory=dict)
    files: ReportFiles | None = None


def site_limits(scenario: Scenario, options: RunOptions) -> SolveLimits:
    """Limits of the siting solve."""
    limits = scenario.siting_limits
    return limits if options.site_time_s is None else replace(limits, time_s=options.site_time_s)


def dispatch_limits(scenario: Scenario, options: RunOptions) -> SolveLimits:
    """Limits of the dispatch solve."""
    limits = scenario.dispatch_limits
    return limits if options.dispatch_time_s is None else replace(limits, time_s=options.dispatch_time_s)


def read_layout(path: Path | None) -> SitingPlan | None:
    """Layout of a plan file, ``None`` without a file; see `read_layout_result`."""
    result = read_layout_result(path)
    return None if result is None else result.plan


def read_layout_result(path: Path | None) -> SolveResult[SitingPlan] | None:
    """Siting result of a plan file, with a layout; ``None`` without a file.

    Raises
    ------
    InputError
        If the file holds no layout.
    """
    if path is None:
        return None
    result = read_result(path, SitingPlan)
    if result.plan is None:
        fault = Fault(str(path), "plan", "null", "expected a layout: siting found none", "plan-file")
        raise InputError(str(path), [fault])
    return result


def require_unseen(layout: Path | None, design_seed: int, seed: int) -> None:
    """Refuse to judge a layout on the road states it was chosen on.

    Raises
    ------
    UsageError
        If the seeds are the same.
    """
    if layout is not None:
        design_seed = read_made_from(layout).get("design", {}).get("seed", design_seed)
    if layout is not None and seed == design_seed:
        raise UsageError(f"seed {seed} drew the road states the layout was chosen on: judge on another")


def unseen_state(case: Case, options: RunOptions, index: int) -> RoadState:
    """One road state of the unseen ensemble; ``-1`` for no hazard, only what road reports say."""
    if index == -1:
        return reported_state(case)
    if index < 0:
        raise UsageError(f"road states count from 0; -1 means nothing lost; found {index}")
    size = max(index + 1, options.unseen_states or case.scenario.ensemble.unseen_states)
    states = sample_ensemble(
        case.network, case.scenario, size, case.scenario.ensemble.unseen_seed, workers=options.workers
    )
    return states[index]


def made_from(case: Case, options: RunOptions) -> dict[str, Any]:
    """What identifies the inputs of a run."""
    rules = case.scenario.ensemble
    return {
        "scenario": case.scenario.ident,
        "scenario_path": str(case.scenario.folder),
        "scenario_hash": scenario_hash(case.scenario),
        "network": case.network.source,
        "overrides": list(case.scenario.overrides),
        "design": {"states": options.design_states or rules.design_states, "seed": rules.design_seed},
        "unseen": {"states": options.unseen_states or rules.unseen_states, "seed": rules.unseen_seed},
        "options": asdict(options),
    }


def run_ident(case: Case, options: RunOptions) -> str:
    """Name of the run folder: the same inputs and options give the same name."""
    text = json.dumps(made_from(case, options), sort_keys=True).encode()
    return "-".join([case.scenario.ident, *case.scenario.overrides, hashlib.sha256(text).hexdigest()[:8]])


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


def report(
    outcome: Outcome,
    folder: Path,
    *,
    notes: Mapping[str, Any] | None = None,
    sheet_vehicles: frozenset[str] | None = None,
) -> ReportFiles:
    """Write the report folder of an outcome, with the stage files to start again from.

    Parameters
    ----------
    outcome
        What a run found.
    folder
        Report folder.
    notes
        More to keep with the plan (what it was replanned from).
    sheet_vehicles
        Vehicles that get a route sheet; ``None`` for all.
    """
    if outcome.state is None:
        raise UsageError("there is no road state to report on: siting found no layout")
    origin = (
        made_from(outcome.case, outcome.options) | {"road_state": outcome.state.index} | dict(notes or {})
    )
    attachments = {"layout.json": dump_result(outcome.siting, origin)}
    if outcome.evaluations:
        attachments["evaluation.json"] = dump_evaluations(outcome.evaluations)
    if outcome.dispatch is not None:
        attachments["dispatch.json"] = dump_result(outcome.dispatch, origin)
    frames: dict[str, Any] = {}
    for name, evaluation in outcome.evaluations.items():
        frames[f"summary_{name}"] = [
            {"metric": metric, **row} for metric, row in evaluation.summary().items()
        ]
    if "layout" in outcome.evaluations:
        chosen = outcome.evaluations["layout"]
        frames |= {"states": chosen.states, "points": chosen.points, "commodities": chosen.commodities}
    content = ReportContent(
        scenario=outcome.case.scenario,
        network=outcome.case.network,
        road_state=outcome.state,
        siting=outcome.siting,
        dispatch=outcome.dispatch,
        evaluation=frames,
        provenance=origin | {"versions": versions(), "input_hashes": outcome.case.scenario.input_hashes},
        attachments=attachments,
        sheet_vehicles=sheet_vehicles,
    )
    return write_report(folder, content, language=outcome.options.language)


def report_dispatch(
    case: Case,
    options: RunOptions,
    siting: SolveResult[SitingPlan] | None,
    state: RoadState,
    dispatch: SolveResult[DispatchPlan],
    folder: Path,
) -> ReportFiles:
    """Write the report of a dispatch plan made by itself (without evaluation)."""
    origin = made_from(case, options) | {"road_state": state.index}
    content = ReportContent(
        scenario=case.scenario,
        network=case.network,
        road_state=state,
        siting=siting,
        dispatch=dispatch,
        provenance=origin | {"versions": versions(), "input_hashes": case.scenario.input_hashes},
        attachments={"dispatch.json": dump_result(dispatch, origin)},
    )
    return write_report(folder, content, language=options.language)


def report_again(folder: Path, *, language: str | None = None, out: Path | None = None) -> ReportFiles:
    """Write the report of a run folder again, from its stage files.

    Raises
    ------
    InputError
        If a stage file is missing or the scenario has changed since.
    """
    return report(reopen(folder, language=language), out or folder)


def reopen(folder: Path, *, language: str | None = None) -> Outcome:
    """Read a run folder back.

    Raises
    ------
    InputError
        If a stage file is missing or the scenario has changed since.
    """
    siting = read_result(folder / "layout.json", SitingPlan)
    origin = json.loads((folder / "layout.json").read_text(encoding="utf-8"))["made_from"]
    options = RunOptions(**origin["options"])
    if language is not None:
        options = replace(options, language=language)
    case = open_case(Path(origin["scenario_path"]), origin["overrides"])
    if scenario_hash(case.scenario) != origin["scenario_hash"]:
        fault = Fault(
            origin["scenario_path"],
            "",
            "files that have changed since the run",
            f"expected the scenario with hash {origin['scenario_hash'][:12]}: run it again",
            "changed-scenario",
        )
        raise InputError(str(folder), [fault])
    dispatch = None
    if (folder / "dispatch.json").exists():
        dispatch = read_result(folder / "dispatch.json", DispatchPlan)
    evaluations = {}
    if (folder / "evaluation.json").exists():
        evaluations = read_evaluations(folder / "evaluation.json")
    state = with_closures(case, unseen_state(case, options, origin["road_state"]), closures_of(origin))
    return Outcome(case, options, siting, evaluations, state, dispatch)


def versions() -> dict[str, str]:
    """Versions a result depends on."""
    found = {"python": platform.python_version(), "platform": sys.platform, "depotopt": _version("depotopt")}
    return found | {package: _version(package) for package in PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"


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
