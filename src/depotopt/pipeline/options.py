"""What a run may change about a scenario, and what identifies its inputs."""

from __future__ import annotations

import hashlib
import json
import platform
import sys
from dataclasses import asdict, dataclass, replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from depotopt.dispatch.engines import ENGINES as DISPATCH_ENGINES
from depotopt.errors import Fault, InputError, UsageError
from depotopt.hazards.states import RoadState
from depotopt.io.fingerprint import scenario_hash
from depotopt.io.overrides import override_name
from depotopt.io.plan_files import read_made_from, read_result
from depotopt.language.speech import LANGUAGES, S_
from depotopt.pipeline.stages import MOST_STATES, Case, reported_state, sample_ensemble
from depotopt.plans import SitingPlan
from depotopt.scenario import Scenario
from depotopt.siting.solve import ENGINES as SITING_ENGINES
from depotopt.solving import SolveLimits, SolveResult

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

    def __post_init__(self) -> None:
        # At once: a wrong word must not surface after minutes of siting.
        for count, what in (
            (self.design_states, S_("road states to choose on")),
            (self.unseen_states, S_("road states to judge on")),
            (self.workers, S_("workers")),
        ):
            if count is not None and count < 1:
                raise UsageError(f"{what}: expected at least 1, found {count}")
        if self.state is not None:
            require_state(self.state)
        for seconds in (self.site_time_s, self.dispatch_time_s):
            if seconds is not None:
                SolveLimits(time_s=seconds)
        for name, known, what in (
            (self.site_engine, SITING_ENGINES, S_("siting engine")),
            (self.dispatch_engine, DISPATCH_ENGINES, S_("dispatch engine")),
            (self.language, LANGUAGES, S_("language of reports")),
        ):
            if name not in known:
                raise UsageError(f"no {what} '{name}', expected one of {', '.join(known)}")


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


def require_state(index: int) -> None:
    """Refuse positions of road states that make no sense.

    Raises
    ------
    UsageError
        If the position is below -1 or beyond the largest ensemble.
    """
    if index < -1:
        raise UsageError(f"road states count from 0; -1 means nothing lost; found {index}")
    if index >= MOST_STATES:
        raise UsageError(f"road state {index} lies beyond the {MOST_STATES:,} that can be drawn")


def unseen_state(case: Case, options: RunOptions, index: int) -> RoadState:
    """One road state of the unseen ensemble; ``-1`` for no hazard, only what road reports say."""
    require_state(index)
    if index == -1:
        return reported_state(case)
    size = max(index + 1, options.unseen_states or case.scenario.ensemble.unseen_states)
    states = sample_ensemble(
        case.network, case.scenario, size, case.scenario.ensemble.unseen_seed, workers=options.workers
    )
    return states[index]


def made_from(case: Case, options: RunOptions) -> dict[str, Any]:
    """What identifies the inputs of a run; the number of workers changes nothing and is left out."""
    rules = case.scenario.ensemble
    asked = asdict(options)
    del asked["workers"]
    return {
        "scenario": case.scenario.ident,
        "scenario_path": str(case.scenario.folder),
        "scenario_hash": scenario_hash(case.scenario),
        "network": case.network.source,
        "overrides": list(case.scenario.overrides),
        "design": {"states": options.design_states or rules.design_states, "seed": rules.design_seed},
        "unseen": {"states": options.unseen_states or rules.unseen_states, "seed": rules.unseen_seed},
        "options": asked,
    }


def run_ident(case: Case, options: RunOptions) -> str:
    """Name of the run folder: the same inputs and options give the same name."""
    text = json.dumps(made_from(case, options), sort_keys=True).encode()
    names = map(override_name, case.scenario.overrides)
    return "-".join([case.scenario.ident, *names, hashlib.sha256(text).hexdigest()[:8]])


def versions() -> dict[str, str]:
    """Versions a result depends on."""
    found = {"python": platform.python_version(), "platform": sys.platform, "depotopt": _version("depotopt")}
    return found | {package: _version(package) for package in PACKAGES}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
