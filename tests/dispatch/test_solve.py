"""Whole plans: by hand on the line, against brute force, and under the independent verifier."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.dispatch.solve import DispatchOptions, solve_dispatch
from depotopt.errors import UsageError
from depotopt.hazards.states import Damage, RoadState, intact
from depotopt.plans import DispatchPlan, PointState, Reason
from depotopt.scenario import FleetEntry
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status
from depotopt.verify.dispatch import verify_dispatch
from tests.dispatch.worlds import World, world
from tests.verify.line_case import calm, line_network, line_scenario, without_street

QUICK = SolveLimits(time_s=0.6, seed=1)


def solved(case: World, engine: str = "pyvrp", limits: SolveLimits = QUICK) -> SolveResult[DispatchPlan]:
    result = solve_dispatch(
        case.scenario, None, case.network, case.state, limits=limits, options=DispatchOptions(engine)
    )
    assert result.plan is not None
    check = verify_dispatch(case.scenario, None, case.network, case.state, result.plan)
    assert check.violations == ()
    assert check.objective == pytest.approx(result.objective, rel=1e-9)
    return result


def line(**changes: object) -> World:
    scenario = replace(line_scenario(), **changes)  # type: ignore[arg-type]
    return World(scenario, line_network(), calm())


def test_the_line_is_served_but_for_the_unit_nobody_has() -> None:
    result = solved(line())
    assert result.plan is not None
    lines = [(u.point, u.commodity, u.quantity, u.reason) for u in result.plan.unmet]
    assert len(lines) == 1
    assert lines[0][1:] == ("water", 1.0, Reason.NO_STOCK)


def test_the_plan_of_the_line_costs_no_more_than_the_one_made_by_hand() -> None:
    result = solved(line())
    by_hand = 2 * 10.0 + 10.0 + 36.0 / 3600.0 * (1074.0 + 677.8)
    assert result.terms["cost"] <= by_hand + 1e-6


@pytest.mark.parametrize("engine", ["pyvrp", "ortools"])
@pytest.mark.parametrize("seed", [0, 1])
def test_plans_of_both_engines_keep_every_rule(engine: str, seed: int) -> None:
    assert solved(world(seed), engine).status is Status.FEASIBLE


@settings(max_examples=15, deadline=None, derandomize=True)
@given(
    seed=st.integers(100, 10_000),
    points=st.integers(1, 7),
    depots=st.integers(1, 3),
    scarce=st.sampled_from([0.3, 1.0, 2.0]),
    lost=st.sampled_from([0.0, 0.2, 0.5]),
)
def test_every_plan_keeps_every_rule(seed: int, points: int, depots: int, scarce: float, lost: float) -> None:
    case = world(seed, points, depots, side=4, scarce=scarce, lost_share=lost)
    result = solved(case, limits=SolveLimits(time_s=0.3))
    assert result.bound is not None
    assert result.objective is not None
    assert result.bound <= result.objective


def test_the_same_seed_gives_the_same_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operations are counted; few enough here that no machine is too slow for the time."""
    monkeypatch.setattr("depotopt.dispatch.search.effort.SEARCH_SHARE", 0.05)
    first, second = solved(world(5)), solved(world(5))
    assert first.plan == second.plan


def test_a_lost_street_isolates_the_point_behind_it() -> None:
    network = line_network()
    case = World(
        replace(line_scenario(), fleet=(FleetEntry("truck", "A", 1),)), network, without_street(network, 3, 4)
    )
    plan = solved(case).plan
    assert plan is not None
    assert plan.point_state["R"] is PointState.ISOLATED
    assert {u.reason for u in plan.unmet if u.point == "R"} == {Reason.NO_ROAD}


def test_an_aircraft_serves_the_point_no_road_leads_to() -> None:
    network = line_network()
    plan = solved(World(line_scenario(), network, without_street(network, 3, 4))).plan
    assert plan is not None
    assert {trip.vehicle for trip in plan.trips if "R" in {s.point for s in trip.stops}} == {"heli-A-1"}


def test_without_vehicles_nothing_moves_and_every_unit_says_so() -> None:
    result = solved(line(fleet=()))
    assert result.plan is not None
    assert result.status is Status.OPTIMAL
    assert result.plan.trips == ()
    assert {u.reason for u in result.plan.unmet} == {Reason.NO_VEHICLE}


def test_without_stock_nothing_moves_and_every_unit_says_so() -> None:
    result = solved(line(stock=()))
    assert result.plan is not None
    assert result.plan.trips == ()
    assert {u.reason for u in result.plan.unmet} == {Reason.NO_STOCK}


def test_without_need_the_empty_plan_is_best() -> None:
    scenario = line_scenario()
    nobody = tuple(replace(point, people=0.0) for point in scenario.demand_points)
    result = solved(line(demand_points=nobody))
    assert result.plan is not None
    assert (result.status, result.objective, result.plan.unmet) == (Status.OPTIMAL, 0.0, ())


def test_with_every_road_lost_everybody_is_isolated() -> None:
    network = line_network()
    base = intact(2, 3)
    state = replace(base, damage=Damage.of(np.arange(len(network.streets))))
    case = World(replace(line_scenario(), fleet=(FleetEntry("truck", "A", 1),)), network, state)
    plan = solved(case).plan
    assert plan is not None
    assert set(plan.point_state.values()) == {PointState.ISOLATED}
    assert plan.trips == ()


def test_a_deadline_in_the_past_is_no_time() -> None:
    scenario = line_scenario()
    late = tuple(replace(point, deadline_s=50.0) for point in scenario.demand_points)
    result = solve_dispatch(
        replace(scenario, demand_points=late), None, line_network(), calm(), at_s=60.0, limits=QUICK
    )
    assert result.plan is not None
    assert result.plan.trips == ()
    assert Reason.NO_TIME in {u.reason for u in result.plan.unmet}
    assert "3 points have a deadline that lies in the past" in result.notes


def test_a_stopped_solve_returns_its_best_plan_so_far() -> None:
    monitor = Monitor()
    monitor.stop()
    case = world(3)
    result = solve_dispatch(case.scenario, None, case.network, case.state, limits=QUICK, monitor=monitor)
    assert result.limit is Limit.STOPPED
    assert result.plan is not None
    assert verify_dispatch(case.scenario, None, case.network, case.state, result.plan).violations == ()


def test_an_unknown_engine_is_named() -> None:
    case = world(0)
    with pytest.raises(UsageError, match="no dispatch engine 'vroom', expected one of pyvrp, ortools"):
        solve_dispatch(case.scenario, None, case.network, case.state, options=DispatchOptions("vroom"))


def test_a_road_state_of_another_scenario_is_refused() -> None:
    case = world(0)
    foreign: RoadState = intact(1, 1)
    with pytest.raises(UsageError, match="drawn for another scenario"):
        solve_dispatch(case.scenario, None, case.network, foreign)


def test_more_stock_never_leaves_more_unmet_where_one_truck_serves_one_point() -> None:
    """Brute force over the trips of one truck: most weight that fits payload, stock and need."""
    scenario = line_scenario()
    only_p = tuple(
        point if point.ident == "P" else replace(point, people=0.0) for point in scenario.demand_points
    )
    for units in (0, 40, 90, 100, 140):
        stock = tuple(replace(lot, quantity=float(units)) for lot in scenario.stock if lot.lot == "W1")
        result = solved(
            line(demand_points=only_p, stock=stock, fleet=(FleetEntry("truck", "A", 1),)),
            limits=SolveLimits(time_s=0.3),
        )
        water_left = max(0, 100 - units)
        assert result.terms["unmet_person_days"] == pytest.approx(water_left + 100.0)


def test_two_trucks_and_three_points_match_brute_force() -> None:
    """Both trucks at A, ample stock and time: cheapest way to drive round P, Q and R in full."""
    scenario = line_scenario()
    stock = tuple(replace(lot, quantity=1_000.0) for lot in scenario.stock if lot.site == "A")
    result = solved(line(stock=stock, fleet=(FleetEntry("truck", "A", 2),)))
    assert result.terms["unmet_person_days"] == 0.0
    where = {"P": 1, "Q": 2, "R": 4}
    kg = {"P": 100 + 20 * 50, "Q": 50 + 10 * 50, "R": 10 + 2 * 50}
    best = float("inf")
    for owner in itertools.product((0, 1), repeat=3):
        cost = 0.0
        for truck in (0, 1):
            mine = [p for p, o in zip(where, owner, strict=True) if o == truck]
            if not mine:
                continue
            cost += 10.0 + min(_rounds_cost(parts, where, kg) for parts in _trips(mine, kg))
        best = min(best, cost)
    assert result.terms["cost"] <= best + 1e-6


def _trips(points: list[str], kg: dict[str, int]) -> list[list[tuple[str, ...]]]:
    """Ways to cut an order of points into trips within the payload of 1,500 kg."""
    ways = []
    for order in itertools.permutations(points):
        for cuts in itertools.product((False, True), repeat=len(order) - 1):
            trips: list[list[str]] = [[order[0]]]
            for point, cut in zip(order[1:], cuts, strict=True):
                if cut:
                    trips.append([])
                trips[-1].append(point)
            if all(sum(kg[p] for p in trip) <= 1_500 for trip in trips):
                ways.append([tuple(trip) for trip in trips])
    return ways


def _rounds_cost(trips: list[tuple[str, ...]], where: dict[str, int], kg: dict[str, int]) -> float:
    """Distance and time of trips from A (node 0); a truck may end at A or at B (node 3)."""
    metres = seconds = 0.0
    for n, trip in enumerate(trips):
        here = 0
        for point in trip:
            metres += abs(where[point] - here) * 1e3
            here = where[point]
            seconds += 100.0 + kg[point] / 10.0 + kg[point] / 10.0
        ends = (0,) if n < len(trips) - 1 else (0, 3)
        metres += min(abs(here - end) for end in ends) * 1e3
    return metres / 1e3 + (seconds + metres / 10.0) * 36.0 / 3600.0
