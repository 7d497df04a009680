"""The bound that counts whole trips: above the relaxation, below every plan, exact where it can be."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.dispatch.bound import allocation
from depotopt.dispatch.bound.allocation import allocate
from depotopt.dispatch.bound.pools import stock_pools
from depotopt.dispatch.bound.relaxation import relaxation
from depotopt.dispatch.bound.vehicle_classes import vehicle_classes
from depotopt.dispatch.bound.whole_trips import Crew, _best_duty, whole_trip_bound
from depotopt.dispatch.model.linear import solve_linear
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.resources import Depot, Lot, TravelMatrix, Vehicle
from depotopt.dispatch.solve import solve_dispatch
from depotopt.scenario import VehicleType
from depotopt.solving import SolveLimits
from tests.dispatch.bound.test_allocation import problem_of
from tests.dispatch.worlds import world


def shuttle(
    trips_s: float, deadline_s: float, vehicles: int, need: int, hours_s: float = math.inf
) -> DispatchProblem:
    """One depot and one point ``trips_s / 2`` apart, trucks of ten units, nothing else takes time."""
    truck = VehicleType("truck", "Truck", 10.0, 100.0, max_hours_s=hours_s)
    seconds = np.array([[0.0, trips_s / 2], [trips_s / 2, 0.0]])
    return DispatchProblem(
        places=("D", "P"),
        lon=np.zeros(2),
        lat=np.zeros(2),
        depots=(Depot("D", 0, 0.0, vehicles, 1e9),),
        lots=(Lot("lot", 0, 0, 10 * need, 0.0, 10**6),),
        vehicles=tuple(Vehicle(f"truck-{n}", truck, 0, 0, 0, 0.0) for n in range(vehicles)),
        points=np.array([1]),
        point_idents=("P",),
        commodity_idents=("box",),
        need=np.array([[need]]),
        weight=np.array([[1.0]]),
        kg=np.array([1.0]),
        m3=np.array([0.001]),
        deadline_s=np.array([deadline_s]),
        travel=(TravelMatrix(seconds, seconds, True),),
        flooded=np.zeros(1, dtype=np.bool_),
        reachable=np.ones(1, dtype=np.bool_),
        stop_service_s=0.0,
        unload_kg_per_s=1e9,
        unmet_penalty=1.0,
        start_s=0.0,
        road_state=0,
    )


def bounds(problem: DispatchProblem) -> tuple[float, float | None]:
    supply = stock_pools(problem), vehicle_classes(problem)
    flows, _, program = relaxation(problem, *supply)
    relaxed = solve_linear(program, "GLOP", 60.0).bound
    assert relaxed is not None
    base = problem.unmet_penalty * float((problem.weight * problem.need).sum()) + relaxed
    return base, whole_trip_bound(problem, supply, (flows, program), 60.0)


@pytest.mark.parametrize(
    ("deadline_s", "vehicles", "trips"), [(990.0, 1, 5), (1_090.0, 1, 5), (1_110.0, 1, 6), (990.0, 3, 15)]
)
def test_half_a_trip_brings_nothing(deadline_s: float, vehicles: int, trips: int) -> None:
    """Rounds of 200 s, the last one way: five loads arrive before 1,100 s, whatever is left over."""
    problem = shuttle(200.0, deadline_s, vehicles, 400)
    relaxed, whole = bounds(problem)
    assert whole == pytest.approx(400 - 10 * trips, abs=0.5)
    assert whole is not None
    assert relaxed <= whole + 1e-6


@pytest.mark.parametrize(("hours_s", "trips"), [(950.0, 4), (1_001.0, 5)])
def test_within_the_hours_of_duty_every_trip_comes_back(hours_s: float, trips: int) -> None:
    _, whole = bounds(shuttle(200.0, 5_000.0, 2, 400, hours_s))
    assert whole == pytest.approx(400 - 2 * 10 * trips, abs=0.5)


def test_a_vehicle_with_more_trips_than_are_counted_is_not_limited() -> None:
    relaxed, whole = bounds(shuttle(2.0, 10_000.0, 1, 400))
    assert whole is None
    assert relaxed >= -1e-6


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), scarce=st.sampled_from([0.5, 3.0]), vehicles=st.integers(1, 4))
def test_the_bound_is_between_the_relaxation_and_the_plan(seed: int, scarce: float, vehicles: int) -> None:
    case = world(seed, 5, 2, side=4, scarce=scarce, vehicles=vehicles)
    problem = problem_of(case)
    relaxed, whole = bounds(problem)
    plan = solve_dispatch(
        case.scenario, None, case.network, case.state, limits=SolveLimits(time_s=2.0, seed=1)
    )
    assert plan.objective is not None
    if whole is not None:
        assert whole >= relaxed - 1e-6 * max(1.0, abs(relaxed))
        assert whole <= plan.objective + 1e-6 * max(1.0, plan.objective)


def test_whole_trips_raise_the_bound_of_an_allocation(monkeypatch: pytest.MonkeyPatch) -> None:
    case = world(4, 8, 1, vehicles=1)
    problem = problem_of(case)
    whole = allocate(problem).bound
    monkeypatch.setattr(allocation, "whole_trip_bound", lambda *_: None)
    assert whole > 1.1 * allocate(problem).bound


def test_more_time_never_raises_the_bound() -> None:
    values = [bounds(shuttle(200.0, deadline, 2, 400))[1] for deadline in (300.0, 700.0, 1_500.0)]
    assert all(value is not None for value in values)
    assert values == sorted(values, key=lambda value: -(value or 0.0))


@pytest.mark.parametrize("seed", range(6))
def test_the_best_duty_is_at_least_as_good_as_any_that_fits(seed: int) -> None:
    """Against every combination of trips, timed exactly: rounding time down may only add to it."""
    rng = np.random.default_rng(seed)
    around = np.sort(rng.uniform(100.0, 400.0, 3))
    most = np.array([10.0, 9.0, 7.0])
    crew = Crew(1, 10.0, 1.0, 1_000.0, around, around / 2, 10.0, most, 2.0, 3.0, 0, 7)
    worth = np.concatenate([rng.random(7) * (rng.random(7) < 0.7), [0.0]])
    levels = np.arange(3)
    best = 0.0
    for count in range(1, 10):
        for trips in itertools.combinations_with_replacement(levels, count):
            for last in set(trips):
                driven = around[list(trips)].sum() - around[last] + around[last] / 2
                if driven > crew.seconds:
                    continue
                gain = sum(worth[: lev + 1].sum() * most[lev] + worth[3 : 4 + lev].sum() for lev in trips)
                kg = min(10.0 * count, (crew.seconds - driven + 30.0) / 5.0, (crew.seconds - driven) / 2.0)
                best = max(best, gain + worth[6] * kg)
    value, duty = _best_duty(crew, worth)
    assert value >= best - 1e-9
    assert value <= 1.1 * best + 1e-9
    assert duty.trips.sum() <= 10


def test_tighter_deadlines_never_lower_the_bound() -> None:
    problem = problem_of(world(11, 6, 2, vehicles=0, air=False))
    tighter = replace(problem, deadline_s=problem.deadline_s / 2)
    assert allocate(tighter).bound >= allocate(problem).bound - 1e-6
