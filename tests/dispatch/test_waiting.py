"""Points that open and roads that open again: vehicles wait as long as they must, and the verifier agrees."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.dispatch.replanning import InForce, replan
from depotopt.dispatch.solve import DispatchOptions, solve_dispatch
from depotopt.hazards.states import Damage, RoadState
from depotopt.plans import DispatchPlan, PointState, Stop
from depotopt.scenario import FleetEntry
from depotopt.solving import SolveLimits, SolveResult
from depotopt.verify.dispatch import verify_dispatch
from tests.dispatch.worlds import World, world
from tests.verify.line_case import calm, line_network, line_scenario, without_street

QUICK = SolveLimits(time_s=0.4, seed=1)


def solved(case: World, limits: SolveLimits = QUICK, engine: str = "pyvrp") -> SolveResult[DispatchPlan]:
    result = solve_dispatch(
        case.scenario, None, case.network, case.state, limits=limits, options=DispatchOptions(engine)
    )
    assert result.plan is not None
    check = verify_dispatch(case.scenario, None, case.network, case.state, result.plan)
    assert check.violations == ()
    assert check.objective == pytest.approx(result.objective, rel=1e-9)
    assert check.terms["arrival_person_day_hours"] == pytest.approx(
        result.terms["arrival_person_day_hours"], rel=1e-9
    )
    assert result.bound is not None
    assert result.objective is not None
    assert result.bound <= result.objective
    return result


def line(state: RoadState, **earliest_s: float) -> World:
    """The line with trucks alone, and points that open at a moment."""
    scenario = line_scenario()
    points = tuple(
        replace(point, earliest_s=earliest_s.get(point.ident, 0.0)) for point in scenario.demand_points
    )
    fleet = tuple(entry for entry in scenario.fleet if entry.vehicle_type == "truck")
    return World(replace(scenario, demand_points=points, fleet=fleet), line_network(), state)


def until(state: RoadState, moment_s: float) -> RoadState:
    """The same damage, ending at a moment."""
    damage = state.damage
    return replace(state, damage=replace(damage, until_s=np.full(len(damage), moment_s)))


def stops(plan: DispatchPlan, point: str) -> list[Stop]:
    return [stop for trip in plan.trips for stop in trip.stops if stop.point == point]


def test_nothing_is_handed_over_before_a_point_opens() -> None:
    plan = solved(line(calm(), P=2_000.0)).plan
    assert plan is not None
    at_p = stops(plan, "P")
    assert at_p
    assert min(stop.depart_s for stop in at_p) >= 2_000.0 + 100.0
    assert plan.point_state["P"] is PointState.SERVED


def test_a_point_that_opens_after_its_deadline_gets_nothing() -> None:
    result = solved(line(calm(), P=3_601.0))
    assert result.plan is not None
    assert not stops(result.plan, "P")
    assert result.plan.point_state["P"] is PointState.UNSERVED
    assert "1 points open only after their deadline" in result.notes


@pytest.mark.parametrize("engine", ["pyvrp", "ortools"])
def test_both_engines_keep_the_openings(engine: str) -> None:
    case = world(3)
    points = tuple(replace(point, earliest_s=5_000.0) for point in case.scenario.demand_points)
    case = World(replace(case.scenario, demand_points=points), case.network, case.state)
    plan = solved(case, SolveLimits(time_s=2.0), engine).plan
    assert plan is not None
    ends = [stop.depart_s for trip in plan.trips for stop in trip.stops]
    assert ends
    assert min(ends) > 5_000.0


def test_a_plan_waits_for_a_road_that_opens() -> None:
    """P - Q is lost until 2,000 s and B has no truck: Q and R are reached over it, not before."""
    case = line(until(without_street(line_network(), 1, 2), 2_000.0))
    case = World(replace(case.scenario, fleet=(FleetEntry("truck", "A", 1),)), case.network, case.state)
    result = solved(case)
    plan = result.plan
    assert plan is not None
    at_q = stops(plan, "Q")
    assert at_q
    # The whole leg waits where it begins: 200 s from A, 100 s from P.
    assert min(stop.arrive_s for stop in at_q) >= 2_000.0 + 100.0
    # All but the unit nobody has.
    assert result.terms["unmet_person_days"] == pytest.approx(1.0)


def test_the_same_road_lost_for_good_leaves_the_point_isolated() -> None:
    case = line(without_street(line_network(), 1, 2))
    case = World(replace(case.scenario, fleet=(FleetEntry("truck", "A", 1),)), case.network, case.state)
    stock = tuple(replace(lot, site="A") for lot in case.scenario.stock)
    sites = case.scenario.sites[:1]
    base = case.state
    state = replace(base, site_survival=base.site_survival[:1], site_power=base.site_power[:1])
    alone = World(replace(case.scenario, stock=stock, sites=sites), case.network, state)
    plan = solved(alone).plan
    assert plan is not None
    assert plan.point_state["Q"] is PointState.ISOLATED
    open_late = solved(World(alone.scenario, alone.network, until(state, 2_500.0))).plan
    assert open_late is not None
    assert open_late.point_state["Q"] is not PointState.ISOLATED
    assert stops(open_late, "Q")
    too_late = solved(World(alone.scenario, alone.network, until(state, 3_601.0))).plan
    assert too_late is not None
    assert too_late.point_state["Q"] is PointState.ISOLATED


def test_openings_that_are_not_looked_at_are_told() -> None:
    """Six streets open one after the other: four moments are looked at, the last among them."""
    case = world(3)
    streets = np.arange(6, dtype=np.int32)
    ends = np.array([1_800.0, 3_600.0, 5_400.0, 7_200.0, 9_000.0, 10_800.0])
    few = replace(case.state, damage=Damage.of(streets[:4], until_s=ends[:4]))
    many = replace(case.state, damage=Damage.of(streets, until_s=ends))
    assert not any("more moments" in note for note in solved(World(case.scenario, case.network, few)).notes)
    result = solved(World(case.scenario, case.network, many))
    told = [note for note in result.notes if "more moments" in note]
    assert len(told) == 1
    assert "at 2 more moments" in told[0]
    assert told[0].endswith("3.0 h on")
    assert result.plan is not None
    again = replan(
        case.scenario, None, case.network, InForce(result.plan, many), many, at_s=600.0, limits=QUICK
    )
    assert told[0] in again.result.notes


def test_damage_that_begins_later_is_not_known_yet() -> None:
    damage = without_street(line_network(), 1, 2)
    later = replace(damage, damage=replace(damage.damage, from_s=np.full(1, 500.0)))
    assert solved(line(later)).objective == pytest.approx(solved(line(calm())).objective)


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(100, 10_000), lost=st.sampled_from([0.2, 0.5]), ends=st.integers(1, 6))
def test_every_plan_with_openings_keeps_every_rule(seed: int, lost: float, ends: int) -> None:
    case = world(seed, 6, 2, side=4, lost_share=lost)
    rng = np.random.default_rng(seed)
    damage = case.state.damage
    moments = rng.choice(rng.uniform(1_000.0, 30_000.0, ends), len(damage))
    moments[rng.random(len(damage)) < 0.3] = np.inf
    state = replace(case.state, damage=Damage.of(damage.street, damage.speed_factor, until_s=moments))
    points = tuple(
        replace(point, earliest_s=float(rng.choice([0.0, 3_000.0, 9_000.0])))
        for point in case.scenario.demand_points
    )
    solved(World(replace(case.scenario, demand_points=points), case.network, state), SolveLimits(time_s=0.3))


WHERE = {"P": 1, "Q": 2, "R": 4}
KG = {"P": 1_100.0, "Q": 550.0, "R": 110.0}


def last_moment(trips: tuple[tuple[str, ...], ...], opens_s: dict[str, float], until_s: float) -> float:
    """When one truck begins its last stop, done as soon as it can be; the road 1 - 2 opens late."""

    def driven(ready_s: float, a: int, b: int) -> float:
        crosses = min(a, b) <= 1 and max(a, b) >= 2
        return (max(ready_s, until_s) if crosses else ready_s) + 100.0 * abs(a - b)

    clock = last = 0.0
    for trip in trips:
        clock += sum(KG[point] for point in trip) / 10.0
        here = 0
        for point in trip:
            last = max(driven(clock, here, WHERE[point]), opens_s.get(point, 0.0))
            clock, here = last + 100.0 + KG[point] / 10.0, WHERE[point]
        clock = driven(clock, here, 0)
    return last


def ways() -> list[tuple[tuple[str, ...], ...]]:
    """Every order of the points, cut into trips within the payload of 1,500 kg."""
    found = []
    for order in itertools.permutations(WHERE):
        for cuts in itertools.product((False, True), repeat=len(order) - 1):
            trips: list[list[str]] = [[order[0]]]
            for point, cut in zip(order[1:], cuts, strict=True):
                trips.append([point]) if cut else trips[-1].append(point)
            if all(sum(KG[point] for point in trip) <= 1_500.0 for trip in trips):
                found.append(tuple(tuple(trip) for trip in trips))
    return found


@pytest.mark.parametrize("until_s", [0.0, 900.0, 1_500.0])
@pytest.mark.parametrize("opens_s", [{}, {"P": 1_800.0}, {"Q": 2_000.0, "R": 1_000.0}])
def test_one_truck_is_done_as_early_as_brute_force_says(opens_s: dict[str, float], until_s: float) -> None:
    """Openings and a road that opens: with all stock at A, no order of whole deliveries ends sooner."""
    state = until(without_street(line_network(), 1, 2), until_s) if until_s else calm()
    case = line(state, **opens_s)
    stock = tuple(replace(lot, quantity=1_000.0) for lot in case.scenario.stock if lot.site == "A")
    truck = (FleetEntry("truck", "A", 1),)
    scenario = replace(
        case.scenario, stock=stock, fleet=truck, dispatch_objectives=("unmet", "makespan", "cost")
    )
    result = solved(World(scenario, case.network, case.state), SolveLimits(time_s=2.0, seed=1))
    best = min(last_moment(trips, opens_s, until_s) for trips in ways())
    assert best <= 3_600.0
    assert result.terms["unmet_person_days"] == 0.0
    assert result.terms["makespan_h"] * 3_600.0 <= best + 1e-6
