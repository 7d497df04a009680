"""Proved bounds held against the true optimum of cases small enough to try everything."""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache

import pytest

from depotopt.dispatch.model.assembly import assemble
from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.model.draft import DraftTrip, make_trip, weighted_unmet
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.soundness import sound_bound
from depotopt.dispatch.solve import solve_dispatch, travel_engine
from depotopt.errors import EngineError
from depotopt.scenario import Commodity, Stock
from depotopt.solving import SolveLimits
from tests.dispatch.worlds import World, world

LIMITS = SolveLimits(time_s=0.5, seed=1)
MOST_TRIPS = 2
SEEDS = range(12)


@cache
def tiny(seed: int) -> World:
    """Two vans, three points that want one to three boxes each, a depot that may lack some, little time."""
    case = world(seed, 3, 1, vehicles=1, lost_share=0.05, air=False)
    box = Commodity("box", "Box", "box", "relief", 600.0, 0.5, persons_per_unit=300.0, priority=2.0)
    scenario = case.scenario
    points = tuple(
        replace(point, own_stock=(), deadline_s=(2_700.0, 4_500.0, None)[(seed + n) % 3])
        for n, point in enumerate(scenario.demand_points)
    )
    fleet = tuple(replace(entry, vehicle_type="van") for entry in scenario.fleet)
    return replace(
        case,
        scenario=replace(
            scenario,
            commodities=(box,),
            demand_points=points,
            fleet=fleet,
            stock=(Stock("box", "D0", "box", 3.0 + seed % 4),),
            rules=replace(scenario.rules, response_s=10_800.0),
        ),
    )


def loads(problem: DispatchProblem) -> list[tuple[tuple[int, int], ...]]:
    """What one trip can hand over: points in any order, each some of its boxes."""
    payload = problem.vehicles[0].kind.payload_kg
    found: list[tuple[tuple[int, int], ...]] = []
    points = range(len(problem.points))
    for count in range(1, len(points) + 1):
        for order in itertools.permutations(points, count):
            for units in itertools.product(*(range(1, int(problem.need[i, 0]) + 1) for i in order)):
                if sum(units) * problem.kg[0] <= payload:
                    found.append(tuple(zip(order, units, strict=True)))
    return found


def plans(problem: DispatchProblem) -> Iterator[tuple[tuple[tuple[tuple[int, int], ...], ...], ...]]:
    """Every choice of at most two trips for each of two vehicles that hands over no more than is needed."""
    single = loads(problem)
    routes = [r for count in range(MOST_TRIPS + 1) for r in itertools.product(single, repeat=count)]
    most = problem.need[:, 0].tolist()

    def given(*chosen: tuple[tuple[tuple[int, int], ...], ...]) -> Counter[int]:
        total: Counter[int] = Counter()
        for route in chosen:
            for trip in route:
                for point, units in trip:
                    total[point] += units
        return total

    def fits(total: Counter[int]) -> bool:
        within = all(units <= most[point] for point, units in total.items())
        return within and sum(total.values()) <= problem.lots[0].units

    routes = [route for route in routes if fits(given(route))]
    for first, second in itertools.product(routes, repeat=2):
        if fits(given(first, second)):
            yield first, second


def optimum(problem: DispatchProblem) -> float:
    """Least value of all of them that keep every rule."""
    made: dict[tuple[int, tuple[tuple[int, int], ...]], DraftTrip] = {}

    def trip(v: int, load: tuple[tuple[int, int], ...]) -> DraftTrip:
        if (v, load) not in made:
            handed = [[(0, units)] for _, units in load]
            made[v, load] = make_trip(problem, v, 0, [point for point, _ in load], handed)
        return made[v, load]

    best = float("inf")
    for choice in plans(problem):
        routes = tuple(tuple(trip(v, load) for load in route) for v, route in enumerate(choice))
        unmet = problem.unmet_penalty * weighted_unmet(problem, routes)
        if unmet < best:
            times = timetable(problem, routes)
            if times.feasible:
                best = min(best, unmet + times.cost)
    return best


def problem_of(case: World) -> DispatchProblem:
    return assemble(case.scenario, None, case.network, case.state, 0.0, travel_engine(case.network)).problem


@pytest.mark.parametrize("seed", SEEDS)
def test_the_bound_is_below_the_true_optimum_and_plans_are_not(seed: int) -> None:
    case = tiny(seed)
    best = optimum(problem_of(case))
    result = solve_dispatch(case.scenario, None, case.network, case.state, limits=LIMITS)
    assert result.objective is not None
    assert result.bound is not None
    assert result.bound <= best + 1e-6 * max(1.0, best)
    assert result.objective >= best - 1e-6 * max(1.0, best)


def test_plans_of_tiny_cases_are_mostly_the_optimum() -> None:
    """Most are found; the bounds of some are met."""
    found = [
        (solve_dispatch(tiny(seed).scenario, None, tiny(seed).network, tiny(seed).state, limits=LIMITS), seed)
        for seed in SEEDS
    ]
    reached = [
        result.objective == pytest.approx(optimum(problem_of(tiny(seed))), rel=1e-6) for result, seed in found
    ]
    assert sum(reached) >= 10


def test_a_bound_that_crosses_a_plan_is_an_error() -> None:
    problem = problem_of(tiny(1))
    assert sound_bound(problem, 100.0, 90.0) == 90.0
    assert sound_bound(problem, 100.0, 100.0 + 1e-6) == 100.0
    with pytest.raises(EngineError, match="exceeds the value"):
        sound_bound(problem, 100.0, 110.0)


def test_solving_does_not_hide_a_bound_that_crosses(monkeypatch: pytest.MonkeyPatch) -> None:
    from depotopt.dispatch import solve
    from depotopt.dispatch.bound.allocation import allocate

    def wrong(*arguments: object) -> object:
        found = allocate(*arguments)  # type: ignore[arg-type]
        return replace(found, bound=found.bound * 2 + 1e6)

    monkeypatch.setattr(solve, "allocate", wrong)
    case = tiny(1)
    with pytest.raises(EngineError, match="exceeds the value"):
        solve_dispatch(case.scenario, None, case.network, case.state, limits=LIMITS)
