"""Each verb of the chain as a function; `depotopt.pipeline.chain` puts them in a row."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from depotopt.dispatch.solve import DispatchOptions, solve_dispatch
from depotopt.errors import UsageError
from depotopt.hazards.ensemble import sample_ensemble as draw
from depotopt.hazards.protocol import Exposure
from depotopt.hazards.states import RoadLossEnsemble, RoadState
from depotopt.io.network import load_network
from depotopt.io.scenario_files import load_scenario
from depotopt.plans import DispatchPlan, SitingPlan
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.engines.registry import prepare_engine
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.siting.reachability import has_aircraft, out_of_reach
from depotopt.siting.recourse.recourse import existing_layout, recourse
from depotopt.siting.solve import solve_siting
from depotopt.solving import Monitor, SolveLimits, SolveResult, Status
from depotopt.units import HOUR_S
from depotopt.verify.dispatch import verify_dispatch
from depotopt.verify.recourse import verify_siting

__all__ = [
    "Case",
    "existing_layout",
    "exposure",
    "load_network",
    "load_scenario",
    "open_case",
    "reported_state",
    "sample_ensemble",
    "solve_dispatch",
    "solve_siting",
    "verified_dispatch",
    "verified_siting",
]


MOST_STATES = 100_000
"""Largest ensemble: ten times what any table of this project needs, and it still fits into memory."""


@dataclass(frozen=True, slots=True)
class Case:
    """A scenario with its roads."""

    scenario: Scenario
    network: RoadNetwork


def open_case(path: Path, overrides: Sequence[str] = ()) -> Case:
    """Read a scenario and its roads.

    Raises
    ------
    InputError
        With every fault found.
    """
    scenario = load_scenario(path, tuple(overrides))
    return Case(scenario, load_network(scenario))


def exposure(scenario: Scenario, network: RoadNetwork) -> Exposure:
    """What hazards can hit in a scenario."""
    return Exposure(
        network=network,
        site_lon=np.array([site.lon for site in scenario.sites], dtype=np.float64),
        site_lat=np.array([site.lat for site in scenario.sites], dtype=np.float64),
        point_lon=np.array([point.lon for point in scenario.demand_points], dtype=np.float64),
        point_lat=np.array([point.lat for point in scenario.demand_points], dtype=np.float64),
    )


def sample_ensemble(
    network: RoadNetwork, scenario: Scenario, size: int, seed: int, *, workers: int = 1
) -> RoadLossEnsemble:
    """Draw road states from all hazards and road reports of a scenario.

    Parameters
    ----------
    network, scenario
        Roads with places, and the planning case.
    size
        Number of road states; the first ``n`` do not depend on how many follow.
    seed
        Seed of the whole ensemble.
    workers
        Processes; the states are the same for any number.

    Raises
    ------
    UsageError
        If the size is below 1 or above `MOST_STATES`, or the seed negative.
    """
    if size > MOST_STATES:
        raise UsageError(f"an ensemble has at most {MOST_STATES:,} road states, found size {size}")
    return draw(
        scenario.hazards,
        exposure(scenario, network),
        size,
        seed,
        reports=scenario.road_reports,
        workers=workers,
    )


def reported_state(case: Case) -> RoadState:
    """What is known and nothing drawn: road reports that are more likely right than wrong, believed."""
    scenario = case.scenario
    believed = [replace(report, trust=1.0) for report in scenario.road_reports if report.trust >= 0.5]
    drawn = draw((), exposure(scenario, case.network), 1, 0, reports=believed)[0]
    return replace(drawn, index=-1)


def require_moment(at_s: float) -> None:
    """Refuse a moment that is not a time after the scenario's start.

    Raises
    ------
    UsageError
        If it is negative, infinite or not a number.
    """
    if not 0 <= at_s < math.inf:
        raise UsageError(f"the moment must be a number of hours >= 0, found {at_s / HOUR_S:g}")


def reachable(
    case: Case, travel: TravelTimeEngine | None = None
) -> tuple[SolveResult[SitingPlan] | None, tuple[str, ...]]:
    """Points no layout could serve: the answer they are where no aircraft goes there either, and remarks."""
    beyond = out_of_reach(case.scenario, case.network, engine=travel)
    if not beyond or has_aircraft(case.scenario):
        return None, beyond
    # Leaving them out in silence would make the rest look better than it is.
    return SolveResult(Status.INFEASIBLE, None, None, None, "reachability", 0.0, conflicts=beyond), ()


def verified_siting(
    case: Case,
    ensemble: RoadLossEnsemble,
    *,
    limits: SolveLimits | None = None,
    monitor: Monitor | None = None,
    engine: str = "auto",
) -> SolveResult[SitingPlan]:
    """Choose a layout and have it checked; a plan that breaks a rule is an error, not an answer.

    ``INFEASIBLE`` also where a point is out of reach of every possible site and the fleet knows roads only.

    Raises
    ------
    VerificationError
        If the layout, its recourse or its objective does not survive the check.
    """
    # Prepared once: on a large network that takes longer than asking it.
    travel = prepare_engine(case.network)
    refused, beyond = reachable(case, travel)
    if refused is not None:
        return refused
    result = solve_siting(
        case.scenario, case.network, ensemble, limits=limits, monitor=monitor, engine=engine, travel=travel
    )
    result = replace(result, notes=(*result.notes, *beyond))
    if result.plan is not None and result.objective is not None:
        flows = recourse(case.scenario, result.plan, case.network, ensemble)
        check = verify_siting(case.scenario, case.network, result.plan, ensemble, flows)
        check.compare(result.objective).require(f"the layout found by {result.engine}")
    return result


def verified_dispatch(
    case: Case,
    layout: SitingPlan | None,
    state: RoadState,
    *,
    at_s: float = 0.0,
    limits: SolveLimits | None = None,
    monitor: Monitor | None = None,
    engine: str = "pyvrp",
) -> SolveResult[DispatchPlan]:
    """Plan the trips of one road state and have them checked.

    Raises
    ------
    UsageError
        If ``at_s`` is not a moment, or there is no such engine.
    VerificationError
        If a trip, a ledger or the objective does not survive the check.
    """
    require_moment(at_s)
    result = solve_dispatch(
        case.scenario,
        layout,
        case.network,
        state,
        at_s=at_s,
        limits=limits,
        monitor=monitor,
        options=DispatchOptions(engine=engine),
    )
    if result.plan is not None and result.objective is not None:
        check = verify_dispatch(case.scenario, layout, case.network, state, result.plan, at_s=at_s)
        check.compare(result.objective).require(f"the dispatch plan found by {result.engine}")
    return result
