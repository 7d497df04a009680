"""The clock and what keeps drafts valid."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.model.draft import DraftTrip, Routes, delivered, drawn, make_trip, weighted_unmet
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search.candidates import insertion_order
from depotopt.dispatch.search.insertion import Inserter
from depotopt.dispatch.search.quantities import best_quantities
from depotopt.dispatch.search.repair import repair
from tests.dispatch.bound.test_allocation import problem_of
from tests.dispatch.worlds import World, world
from tests.verify.line_case import calm, line_network, line_scenario


def line_problem() -> DispatchProblem:
    return problem_of(World(line_scenario(), line_network(), calm()))


def truck_a(problem: DispatchProblem) -> int:
    return next(v for v, vehicle in enumerate(problem.vehicles) if vehicle.ident == "truck-A-1")


def only(problem: DispatchProblem, v: int, *trips: DraftTrip) -> Routes:
    routes: list[tuple[DraftTrip, ...]] = [()] * len(problem.vehicles)
    routes[v] = trips
    return tuple(routes)


def test_a_trip_is_timed_as_by_hand() -> None:
    """Load 1,100 kg at 10 kg/s, drive 100 s, unload 100 s + 110 s: the first trip of the hand-made plan."""
    problem = line_problem()
    v = truck_a(problem)
    lots = {lot.ident: p for p, lot in enumerate(problem.lots)}
    p_point = problem.point_idents.index("P")
    trip = make_trip(problem, v, 0, [p_point], [[(lots["T1"], 20), (lots["W1"], 100)]])
    record = timetable(problem, only(problem, v, trip)).trips[0]
    assert (record.load_start_s, record.depart_s) == pytest.approx((0.0, 110.0))
    assert (record.arrive_s[0], record.leave_s[0]) == pytest.approx((210.0, 420.0))


def test_docks_load_one_vehicle_after_the_other() -> None:
    problem = line_problem()
    lots = {lot.ident: p for p, lot in enumerate(problem.lots)}
    heli = next(v for v, vehicle in enumerate(problem.vehicles) if vehicle.ident == "heli-A-1")
    p_point = problem.point_idents.index("P")
    routes = list(
        only(
            problem,
            truck_a(problem),
            make_trip(problem, truck_a(problem), 0, [p_point], [[(lots["W1"], 50)]]),
        )
    )
    routes[heli] = (make_trip(problem, heli, 0, [p_point], [[(lots["W1"], 30)]]),)
    first, second = timetable(problem, tuple(routes)).trips
    assert second.load_start_s == pytest.approx(first.depart_s)


def test_an_overloaded_trip_is_a_violation() -> None:
    problem = line_problem()
    lots = {lot.ident: p for p, lot in enumerate(problem.lots)}
    v, p_point = truck_a(problem), problem.point_idents.index("P")
    trip = make_trip(problem, v, 0, [p_point], [[(lots["T1"], 31)]])
    times = timetable(problem, only(problem, v, trip))
    assert times.violation == pytest.approx(50.0, rel=1e-3)
    assert times.faulty == {v}


def test_a_late_trip_is_made_lighter_not_dropped() -> None:
    """Nothing can arrive at P before 100 s; 60 s later there is time to load 600 kg."""
    problem = line_problem()
    lots = {lot.ident: p for p, lot in enumerate(problem.lots)}
    v, p_point = truck_a(problem), problem.point_idents.index("P")
    problem.deadline_of[p_point] = 160.0
    trip = make_trip(problem, v, 0, [p_point], [[(lots["T1"], 20), (lots["W1"], 100)]])
    mended = repair(problem, only(problem, v, trip))
    assert timetable(problem, mended).feasible
    assert mended[v][0].kg == pytest.approx(600.0, abs=50.0)


def filled(problem: DispatchProblem) -> Routes:
    work = Inserter(problem, tuple(() for _ in problem.vehicles))
    work.insert_all(insertion_order(problem, work.missing))
    return tuple(work.routes)


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), scarce=st.sampled_from([0.5, 1.0, 3.0]))
def test_insertion_and_quantities_keep_stock_need_and_time(seed: int, scarce: float) -> None:
    problem = problem_of(world(seed, 5, 2, side=4, scarce=scarce))
    routes = filled(problem)
    better = best_quantities(problem, routes)
    for draft in (routes, better):
        assert (delivered(problem, draft) <= problem.need).all()
        assert (drawn(problem, draft) <= problem.lot_units).all()
        assert timetable(problem, draft).feasible
    assert weighted_unmet(problem, better) <= weighted_unmet(problem, routes) + 1e-9


def test_no_quantity_of_fixed_routes_beats_the_program_on_one_truck() -> None:
    """Brute force over tents and water on one loading of 1,500 kg for P and Q."""
    problem = line_problem()
    lots = {lot.ident: p for p, lot in enumerate(problem.lots)}
    v = truck_a(problem)
    i, j = problem.point_idents.index("P"), problem.point_idents.index("Q")
    poor = make_trip(problem, v, 0, [i, j], [[(lots["T1"], 1)], [(lots["T1"], 1)]])
    best = best_quantities(problem, only(problem, v, poor))
    trip = best[v][0]
    weight = problem.weight
    value = sum(
        units * weight[point, problem.lots[p].commodity]
        for point, load in zip(trip.stops, trip.loads, strict=True)
        for p, units in load
    )
    water, tent = problem.commodity_idents.index("water"), problem.commodity_idents.index("tent")
    brute = max(
        weight[i, tent] * min(t, 20)
        + weight[j, tent] * max(0, t - 20)
        + weight[i, water] * min(120, 1_500 - 50 * t)
        for t in range(26)
    )
    assert value == pytest.approx(brute)
    assert trip.kg <= 1_500.0


def test_an_empty_draft_leaves_all_need() -> None:
    problem = line_problem()
    nothing: Routes = tuple(() for _ in problem.vehicles)
    assert weighted_unmet(problem, nothing) == pytest.approx(float((problem.weight * problem.need).sum()))
    assert np.array_equal(delivered(problem, nothing), np.zeros_like(problem.need))
