"""Plans made anew again and again: what is loaded, driven and seen is not forgotten."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest

from depotopt.dispatch.publishing.papers import changed_vehicles
from depotopt.dispatch.replanning import InForce, Replanning, replan
from depotopt.hazards.states import Damage, RoadState
from depotopt.plans import DispatchPlan, Trip, Waypoint
from depotopt.scenario import Scenario, Stock
from depotopt.solving import SolveLimits
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.dispatch.test_replanning import busiest_street, in_force
from tests.dispatch.worlds import World, world
from tests.verify.line_case import calm, line_network, line_plan, line_scenario, path, slowed, without_street
from tests.verify.replan_case import approach_plan

LIMITS = SolveLimits(time_s=0.2, seed=1)
NETWORK = line_network()
SCENARIO = line_scenario()


def anew(
    plan: DispatchPlan, before: RoadState, after: RoadState, at_s: float, scenario: Scenario = SCENARIO
) -> Replanning:
    """The plan made anew, checked."""
    outcome = replan(scenario, None, NETWORK, InForce(plan, before), after, at_s=at_s, limits=LIMITS)
    new = outcome.result.plan
    assert new is not None
    check = verify_replan(scenario, None, NETWORK, PlanInForce(plan, before), after, new)
    assert check.violations == ()
    assert check.objective == pytest.approx(outcome.result.objective)
    return outcome


def plan_of(outcome: Replanning) -> DispatchPlan:
    assert outcome.result.plan is not None
    return outcome.result.plan


def trip_of(plan: DispatchPlan, vehicle: str, number: int) -> Trip:
    return next(trip for trip in plan.trips if (trip.vehicle, trip.number) == (vehicle, number))


def test_a_trip_that_serves_nobody_any_more_keeps_its_load_and_its_place_in_the_plan() -> None:
    """Truck A turns back at P; made anew with the street open again, its load is not drawn twice."""
    lost = without_street(NETWORK, 1, 2)
    first = plan_of(anew(line_plan(NETWORK), calm(), lost, 600.0))
    back = trip_of(first, "truck-A-1", 2)
    assert (back.stops, back.return_s, back.seen) == ((), 747.0, Waypoint(1, 1, 647.0))
    assert {(load.lot, load.quantity) for load in back.on_board} == {("T1", 5.0), ("W1", 20.0)}
    second = plan_of(anew(first, lost, calm(), 700.0))
    assert trip_of(second, "truck-A-1", 2).on_board == back.on_board
    drawn = [load for trip in second.trips for load in trip.loads if load.lot in {"T1", "W1"}]
    assert sum(load.quantity for load in drawn) == 145.0


def test_what_is_behind_a_vehicle_keeps_the_time_it_took() -> None:
    """Behind truck A a street gets slow at 660 s; at 700 s it is still on its way to Q, not back before P."""
    slow = slowed(NETWORK, 0, 1)
    first = plan_of(anew(line_plan(NETWORK), calm(), slow, 660.0))
    assert trip_of(first, "truck-A-1", 2).seen == Waypoint(1, 2, 747.0)
    slower = replace(slow, damage=Damage.concatenate([slow.damage, slowed(NETWORK, 1, 2, 0.5).damage]))
    second = plan_of(anew(first, slow, slower, 700.0))
    trip = trip_of(second, "truck-A-1", 2)
    assert trip.stops[0].arrive_s == 747.0
    assert trip.return_s == 874.0 + 200.0 + 1_000.0


def test_a_vehicle_on_its_approach_does_not_begin_it_anew() -> None:
    plan = approach_plan()
    first = plan_of(anew(plan, calm(), calm(), 850.0))
    trip = trip_of(first, "truck-A-1", 1)
    assert (trip.approach_start_s, trip.approach_links) == (700.0, path(NETWORK, 0, 1, 2, 3))
    assert trip.load_start_s >= 1_000.0
    assert trip.seen == Waypoint(0, 2, 900.0)


def test_a_vehicle_whose_depot_is_cut_off_turns_round_on_its_approach() -> None:
    """The street between P and Q goes at 850 s with truck A on it: back at P at 900 s, at A at 1,000 s."""
    first = plan_of(anew(approach_plan(), calm(), without_street(NETWORK, 1, 2), 850.0))
    trip = trip_of(first, "truck-A-1", 1)
    assert trip.start_site == "A"
    assert trip.approach_links == path(NETWORK, 0, 1, 0)
    assert trip.seen == Waypoint(0, 1, 900.0)
    assert trip.load_start_s >= 1_000.0


def test_a_drive_to_a_depot_without_an_errand_stays_in_the_plan() -> None:
    """Nothing is left at B by then: truck A still gets there, and goes on from there when made anew again."""
    bare = replace(SCENARIO, stock=(Stock("W1", "A", "water", 120.0),))
    plan = approach_plan()
    empty = replace(
        plan.trips[0], stops=(), depart_s=1000.0, return_s=1000.0, return_links=(), return_distance_m=0.0
    )
    before = replace(plan, trips=(replace(empty, end_site="B"),))
    first = plan_of(anew(before, calm(), calm(), 850.0, bare))
    drive = trip_of(first, "truck-A-1", 1)
    assert (drive.start_site, drive.return_s, drive.stops) == ("B", 1000.0, ())
    second = plan_of(anew(first, calm(), calm(), 1_050.0, bare))
    assert trip_of(second, "truck-A-1", 1).return_s == 1000.0
    for trip in second.trips:
        if trip.vehicle == "truck-A-1" and trip.number > 1:
            assert trip.approach_start_s is None or trip.approach_links[0] == path(NETWORK, 3, 2)[0]


def test_a_stranded_vehicle_stays_stranded_until_a_road_opens() -> None:
    """Truck A stands at P when both streets round it are lost, and goes home when one is open again."""
    shut = [without_street(NETWORK, 0, 1), without_street(NETWORK, 1, 2)]
    both = replace(shut[0], damage=Damage.concatenate([state.damage for state in shut]))
    first = plan_of(anew(line_plan(NETWORK), calm(), both, 300.0))
    trip = trip_of(first, "truck-A-1", 1)
    assert trip.stranded
    assert trip.return_links == ()
    second = plan_of(anew(first, both, both, 2_000.0))
    assert trip_of(second, "truck-A-1", 1).stranded
    assert not [trip for trip in second.trips if trip.vehicle == "truck-A-1" and trip.number > 1]
    third = plan_of(anew(second, both, shut[1], 3_000.0))
    home = trip_of(third, "truck-A-1", 1)
    assert not home.stranded
    assert home.return_s == 3_100.0


def test_a_vehicle_cut_off_from_its_end_goes_to_another_depot() -> None:
    """Truck B is at Q when the street to R is lost, and the one back to B: it ends at A."""
    shut = [without_street(NETWORK, 2, 3), without_street(NETWORK, 3, 4)]
    both = replace(shut[0], damage=Damage.concatenate([state.damage for state in shut]))
    first = plan_of(anew(line_plan(NETWORK), calm(), both, 1_200.0))
    trip = trip_of(first, "truck-B-1", 1)
    assert [stop.point for stop in trip.stops] == ["Q"]
    assert (trip.end_site, trip.return_s) == ("A", 1_266.9 + 200.0)
    assert {load.lot for load in trip.on_board} == {"T2", "W2"}


def losses(case: World, plan: DispatchPlan, seed: int) -> Iterator[tuple[float, RoadState]]:
    """Moments at which roads are lost, slow down and open again."""
    rng, state = np.random.default_rng(seed), case.state
    for at_s in (2_700.0, 4_300.0, 7_000.0, 9_100.0):
        streets = [busiest_street(case, plan, at_s), *rng.integers(0, len(case.network.streets), 4).tolist()]
        until_s = at_s + rng.choice([900.0, 2_400.0, np.inf], 5)
        hit = Damage.of(np.array(streets, dtype=np.int32), rng.choice([0.0, 0.3, 0.6], 5), until_s=until_s)
        kept = state.damage if at_s < 9_000.0 else case.state.damage
        state = replace(state, damage=Damage.concatenate([kept, hit]))
        yield at_s, state


@pytest.mark.parametrize("seed", range(8))
def test_plans_made_anew_again_and_again_keep_every_rule(seed: int) -> None:
    case = world(seed, scarce=1.5, vehicles=3)
    late = tuple(
        replace(point, earliest_s=5_000.0) if n % 3 == 0 and point.deadline_s is None else point
        for n, point in enumerate(case.scenario.demand_points)
    )
    case = replace(case, scenario=replace(case.scenario, demand_points=late))
    plan, before = in_force(case), case.state
    for at_s, after in losses(case, plan, seed):
        outcome = replan(
            case.scenario, None, case.network, InForce(plan, before), after, at_s=at_s, limits=LIMITS
        )
        new = outcome.result.plan
        assert new is not None
        check = verify_replan(case.scenario, None, case.network, PlanInForce(plan, before), after, new)
        assert check.violations == (), (at_s, check.violations)
        assert check.objective == pytest.approx(outcome.result.objective)
        plan, before = new, after


def opening(state: RoadState, until_s: float) -> RoadState:
    """The same road state with all damage ending at a moment."""
    ends = Damage.of(state.damage.street, state.damage.speed_factor, until_s=until_s)
    return replace(state, damage=ends)


def test_a_vehicle_whose_road_opens_again_waits_for_it() -> None:
    """The street from P to Q is lost from 600 to 1,000 s: truck A turns round, and is at Q at 1,100 s."""
    lost = opening(without_street(NETWORK, 1, 2), 1_000.0)
    first = plan_of(anew(line_plan(NETWORK), calm(), lost, 600.0))
    trip = trip_of(first, "truck-A-1", 2)
    assert trip.seen == Waypoint(1, 1, 647.0)
    assert trip.stops[0].arrive_s == 1_100.0
    second = plan_of(anew(first, lost, lost, 900.0))
    assert trip_of(second, "truck-A-1", 2).stops[0].arrive_s == 1_100.0
    assert trip_of(second, "truck-A-1", 2).seen == Waypoint(1, 1, 900.0)
    third = plan_of(anew(second, lost, lost, 1_050.0))
    assert trip_of(third, "truck-A-1", 2).seen == Waypoint(1, 2, 1_100.0)


def test_a_vehicle_that_waits_at_a_place_is_not_on_the_road() -> None:
    """A plan made for the street lost until 700 s: truck A waits at its depot, and still does at 650 s."""
    lost = opening(without_street(NETWORK, 0, 1), 700.0)
    trip = line_plan(NETWORK).trips[0]
    waits = replace(trip, stops=(replace(trip.stops[0], arrive_s=800.0, depart_s=1_010.0),), return_s=1_110.0)
    plan = replace(line_plan(NETWORK), road_state=0, trips=(waits,))
    first = plan_of(anew(plan, lost, lost, 650.0))
    assert trip_of(first, "truck-A-1", 1) == waits
    later = opening(without_street(NETWORK, 0, 1), 900.0)
    second = plan_of(anew(first, lost, later, 660.0))
    assert trip_of(second, "truck-A-1", 1).stops[0].arrive_s == 1_000.0


@pytest.mark.parametrize("at_s", [999.0, 1_000.0, 1_001.0])
def test_an_approach_that_waits_for_a_road_may_be_planned_anew_as_the_road_opens(at_s: float) -> None:
    """Truck A is sent to B at 0 s and waits at A until the street to P opens at 1,000 s.

    Until then it stands where it stood and is seen on no road; a second later it is on the way.
    """
    lost = opening(without_street(NETWORK, 0, 1), 1_000.0)
    trip = line_plan(NETWORK).trips[2]
    sent = replace(
        trip, vehicle="truck-A-1", load_start_s=1_300.0, approach_start_s=0.0, end_site="B",
        approach_links=path(NETWORK, 0, 1, 2, 3), approach_distance_m=3e3, depart_s=1_338.9,
        stops=tuple(
            replace(stop, arrive_s=stop.arrive_s + 300.0, depart_s=stop.depart_s + 300.0)
            for stop in trip.stops
        ),
        return_s=trip.return_s + 300.0,
    )  # fmt: skip
    plan = replace(line_plan(NETWORK), road_state=0, trips=(sent,))
    outcome = anew(plan, lost, lost, at_s)
    drive = trip_of(plan_of(outcome), "truck-A-1", 1)
    assert drive.approach_start_s == 0.0
    assert drive.load_start_s == 1_300.0
    assert drive.seen == (Waypoint(0, 1, 1_100.0) if at_s > 1_000.0 else None)


def test_papers_change_with_errand_road_or_hour_and_not_with_a_minute() -> None:
    plan = line_plan(NETWORK)
    assert changed_vehicles(plan, plan) == ()

    def shifted(seconds: float) -> DispatchPlan:
        trip = plan.trips[2]
        later = replace(
            trip,
            load_start_s=trip.load_start_s + seconds,
            depart_s=trip.depart_s + seconds,
            return_s=trip.return_s + seconds,
            stops=tuple(
                replace(stop, arrive_s=stop.arrive_s + seconds, depart_s=stop.depart_s + seconds)
                for stop in trip.stops
            ),
        )
        return replace(plan, trips=(*plan.trips[:2], later))

    assert changed_vehicles(plan, shifted(60.0)) == ()
    assert changed_vehicles(plan, shifted(900.0)) == ("truck-B-1",)
    assert changed_vehicles(plan, replace(plan, trips=plan.trips[:2])) == ("truck-B-1",)
    other = replace(plan.trips[0], return_links=path(NETWORK, 1, 2, 1, 0))
    assert changed_vehicles(plan, replace(plan, trips=(other, *plan.trips[1:]))) == ("truck-A-1",)
