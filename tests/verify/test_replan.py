"""A plan made anew when a road goes, by hand: what was begun stays, what is new holds every rule."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from depotopt.dispatch.replanning import InForce, replan
from depotopt.dispatch.solve import solve_dispatch
from depotopt.plans import DispatchPlan, Load, PointState, Reason, Stop, Trip, UnmetLine, Waypoint
from depotopt.solving import SolveLimits
from depotopt.verify.legs import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.dispatch.test_transshipment import with_hub
from tests.verify.line_case import calm, line_network, line_plan, line_scenario, path, slowed, without_street
from tests.verify.test_dispatch import MUTATIONS

NETWORK = line_network()
SCENARIO = line_scenario()
OLD = PlanInForce(line_plan(NETWORK), calm())
AFTER = without_street(NETWORK, 2, 3)
"""The street between Q and B is lost 300 s after the start."""


def new_plan() -> DispatchPlan:
    """Truck A carries on; truck B serves R only."""
    to_r = Stop(
        "R", 1110.9, 1221.8, (Load("tent", "T2", 2), Load("water", "W2", 9)), path(NETWORK, 3, 4), 1e3
    )
    third = Trip("truck-B-1", "truck", 1, "B", "B", 1000.0, 1010.9, 1321.8, (to_r,), path(NETWORK, 4, 3), 1e3)
    state, reason = PointState.UNSERVED, Reason.NO_ROAD
    return DispatchPlan(
        road_state=0,
        at_s=300.0,
        trips=(*OLD.plan.trips[:2], third),
        unmet=(
            UnmetLine("Q", "tent", 5.0, state, reason),
            UnmetLine("Q", "water", 30.0, state, reason),
            UnmetLine("R", "water", 1.0, state, Reason.NO_STOCK),
        ),
        point_state={"P": PointState.SERVED, "Q": state, "R": state},
    )


def violations(plan: DispatchPlan) -> tuple[str, ...]:
    return verify_replan(SCENARIO, None, NETWORK, OLD, AFTER, plan).violations


def test_the_plan_made_anew_by_hand_holds_and_costs_what_the_hand_says() -> None:
    check = verify_replan(SCENARIO, None, NETWORK, OLD, AFTER, new_plan())
    assert check.violations == ()
    # Truck A as before: 10 + 6 km + 10.74; truck B: 10 + 2 km + 3.218.
    assert check.terms["cost"] == pytest.approx(26.74 + 15.218)
    # Five tents are 25 person-days, 30 + 1 water 31.
    assert check.terms["unmet_person_days"] == pytest.approx(56.0)


def test_what_is_under_way_may_be_more_than_is_needed_since() -> None:
    """Need fell before the plan in force was made, after its first trips were loaded: they go on."""
    less = np.zeros_like(OLD.state.need_factor)
    old = PlanInForce(OLD.plan, replace(OLD.state, need_factor=less))
    after = replace(AFTER, need_factor=less)
    points = {"P": PointState.SERVED, "Q": PointState.SERVED, "R": PointState.SERVED}
    plan = replace(new_plan(), unmet=(), point_state=points)
    found = verify_replan(SCENARIO, None, NETWORK, old, after, plan).violations
    # Only what is loaded from now on, for Q and R, is too much.
    assert {text.split()[0] for text in found if " gets " in text} == {"Q", "R"}


def changed(plan: DispatchPlan, n: int, **changes: object) -> DispatchPlan:
    trips = list(plan.trips)
    trips[n] = replace(trips[n], **changes)  # type: ignore[arg-type]
    return replace(plan, trips=tuple(trips))


def stop_changed(plan: DispatchPlan, n: int, **changes: object) -> DispatchPlan:
    return changed(plan, n, stops=(replace(plan.trips[n].stops[0], **changes),))  # type: ignore[arg-type]


FAULTS: dict[str, tuple[Callable[[DispatchPlan], DispatchPlan], str]] = {
    "a trip under way is gone": (
        lambda p: replace(p, trips=p.trips[1:]),
        "truck-A-1 trip 1: under way and gone from the plan",
    ),
    "another departure": (lambda p: changed(p, 0, depart_s=120.0), "departure changed under way"),
    "another end": (
        lambda p: changed(p, 0, end_site="B", return_links=path(NETWORK, 1, 2, 3)),
        "end changed under way",
    ),
    "a stop reached is rewritten": (
        lambda p: stop_changed(p, 0, depart_s=400.0),
        "stops already reached changed under way",
    ),
    "a new trip before the moment": (
        lambda p: changed(p, 1, number=2, vehicle="truck-B-1", load_start_s=200.0),
        "loading starts before the moment of replanning",
    ),
    "a new trip over the lost street": (
        lambda p: stop_changed(p, 2, point="Q", links=path(NETWORK, 3, 2)),
        "uses the lost street",
    ),
    "a new trip before the vehicle is back": (
        lambda p: changed(p, 1, load_start_s=510.0),
        "loading starts at 510.0 s, possible from 520.0",
    ),
    "stock drawn twice": (
        lambda p: stop_changed(p, 1, loads=(Load("water", "W1", 21.0),)),
        "lot W1: 21 drawn anew, 20 left",
    ),
    "unmet need not told": (lambda p: replace(p, unmet=p.unmet[1:]), "5 tent not sent, 0 reported unmet"),
    "another road state": (lambda p: replace(p, road_state=3), "not 0"),
    "another type under way": (
        lambda p: changed(p, 0, vehicle_type="heli"),
        "vehicle type changed under way",
    ),
    "another depot under way": (lambda p: changed(p, 0, start_site="B"), "lies at A, loaded at B"),
    "another loading": (lambda p: changed(p, 0, load_start_s=10.0), "loading changed under way"),
    "another approach": (
        lambda p: changed(p, 0, approach_links=path(NETWORK, 1, 0)),
        "approach changed under way",
    ),
    "back from under way too early": (lambda p: changed(p, 0, return_s=450.0), "at A at 450.0 s"),
    "an unknown lot": (
        lambda p: stop_changed(p, 2, loads=(Load("tent", "X", 2),)),
        "lot X is not usable in this road state",
    ),
    "a new trip too heavy": (
        lambda p: stop_changed(p, 1, loads=(Load("tent", "T1", 31.0),)),
        "kg loaded, payload",
    ),
    "a new stop served too much": (
        lambda p: stop_changed(p, 2, loads=(Load("tent", "T2", 3), Load("water", "W2", 9))),
        "R gets 3 tent, needs 2",
    ),
    "unmet overstated": (
        lambda p: replace(p, unmet=(*p.unmet[:2], replace(p.unmet[2], quantity=5.0))),
        "5 reported unmet",
    ),
    "a state that is not true": (
        lambda p: replace(p, point_state={**p.point_state, "R": PointState.SERVED}),
        "R is unserved, reported served",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_of_a_plan_made_anew_is_caught(name: str) -> None:
    mutate, message = FAULTS[name]
    found = violations(mutate(new_plan()))
    assert any(message in violation for violation in found), found


def test_a_new_trip_may_not_load_at_a_dock_in_use() -> None:
    """Truck B loads at B from 1,000 to 1,039 s when the plan is made anew at 1,010 s."""

    def with_trip(load_start_s: float) -> tuple[str, ...]:
        other = Trip(
            "truck-A-1", "truck", 3, "B", "A", load_start_s, 1100.0, 1800.0,
            (Stop("R", 1200.0, 1310.0, (Load("tent", "T2", 3),), path(NETWORK, 3, 4), 1e3),),
            path(NETWORK, 4, 3, 2, 1, 0), 4e3,
        )  # fmt: skip
        trips = (*OLD.plan.trips[:2], other, OLD.plan.trips[2])
        plan = replace(OLD.plan, road_state=-1, at_s=1010.0, trips=trips)
        return verify_replan(SCENARIO, None, NETWORK, OLD, calm(), plan).violations

    assert any("2 vehicles load at the same time at 1 docks" in violation for violation in with_trip(1020.0))
    assert not any("docks" in violation for violation in with_trip(1040.0))


def test_a_trip_under_way_may_not_enter_a_street_after_it_is_lost() -> None:
    """Truck A's second trip has begun at 700 s; the street between P and Q, 640 s ahead of Q, is lost."""
    lost = without_street(NETWORK, 1, 2)
    slow = replace(OLD.plan.trips[1], load_start_s=520.0, return_s=1075.0)
    plan = replace(OLD.plan, road_state=0, at_s=600.0, trips=(OLD.plan.trips[0], slow, OLD.plan.trips[2]))
    found = verify_replan(SCENARIO, None, NETWORK, OLD, lost, plan).violations
    assert any("enters the lost street" in violation for violation in found), found


def given_up() -> DispatchPlan:
    """Truck A turns back at P at 647 s, as the street to Q is lost: what Q was to get stays on board."""
    second = OLD.plan.trips[1]
    back = replace(
        second,
        stops=(),
        on_board=second.loads,
        return_links=path(NETWORK, 0, 1, 0),
        return_s=747.0,
        seen=Waypoint(1, 1, 647.0),
    )
    state, reason = PointState.UNSERVED, Reason.NO_ROAD
    unmet = (
        UnmetLine("Q", "tent", 5.0, state, reason),
        UnmetLine("Q", "water", 20.0, state, reason),
        *OLD.plan.unmet,
    )
    states = {"P": PointState.SERVED, "Q": state, "R": state}
    trips = (OLD.plan.trips[0], back, OLD.plan.trips[2])
    return replace(OLD.plan, road_state=0, at_s=600.0, trips=trips, unmet=unmet, point_state=states)


GIVEN_UP: dict[str, tuple[Callable[[DispatchPlan], DispatchPlan], str]] = {
    "the load is forgotten": (
        lambda p: changed(p, 1, on_board=()),
        "20 of lot W1 loaded, 0 handed over or on board",
    ),
    "the trip is forgotten": (
        lambda p: replace(p, trips=(p.trips[0], p.trips[2])),
        "truck-A-1 trip 2: under way and gone from the plan",
    ),
    "where it is, is not told": (
        lambda p: changed(p, 1, seen=None),
        "does not tell that the vehicle is 1 links",
    ),
    "where it is, is told wrongly": (
        lambda p: changed(p, 1, seen=Waypoint(1, 0, 547.0)),
        "tells the vehicle 0 links into leg 1 at 547.0 s, it is 1 links into leg 1 at 647.0 s",
    ),
    "it turns before it can": (
        lambda p: changed(p, 1, return_links=()),
        "does not go on from where the vehicle is",
    ),
    "it is back too early": (lambda p: changed(p, 1, return_s=700.0), "at A at 700.0 s, possible from 747.0"),
    "it is stranded with a way back": (
        lambda p: changed(p, 1, stranded=True),
        "stranded, but not where the vehicle is",
    ),
    "it ends beyond the loss": (
        lambda p: changed(p, 1, end_site="B", return_links=path(NETWORK, 0, 1, 2, 3), return_s=847.0),
        "enters the lost street",
    ),
    "it ends at no depot": (lambda p: changed(p, 1, end_site="P"), "unknown site P"),
    "a trip that has ended is rewritten": (
        lambda p: changed(p, 0, return_distance_m=900.0),
        "rewritten though it has ended",
    ),
}


def given_up_check(plan: DispatchPlan) -> tuple[str, ...]:
    return verify_replan(SCENARIO, None, NETWORK, OLD, without_street(NETWORK, 1, 2), plan).violations


def test_a_load_that_cannot_be_handed_over_stays_on_board() -> None:
    """The third trip is planned over the lost street as well; that is its only fault."""
    found = given_up_check(given_up())
    assert all("truck-B-1 trip 1" in violation for violation in found), found


@pytest.mark.parametrize("name", GIVEN_UP)
def test_every_fault_of_a_trip_given_up_is_caught(name: str) -> None:
    mutate, message = GIVEN_UP[name]
    found = given_up_check(mutate(given_up()))
    assert any(message in violation for violation in found), found


def test_what_was_on_board_before_stays_on_board() -> None:
    """Made anew again at 660 s, the load of the trip given up may not return to the store."""
    lost = without_street(NETWORK, 1, 2)
    first = given_up()
    old = PlanInForce(first, lost)
    again = replace(first, at_s=660.0)

    def found(plan: DispatchPlan) -> tuple[str, ...]:
        check = verify_replan(SCENARIO, None, NETWORK, old, lost, plan)
        return tuple(fault for fault in check.violations if "truck-A-1" in fault)

    seen = Waypoint(1, 2, 747.0)
    assert found(changed(again, 1, seen=seen)) == ()
    assert any(
        "on board, 0 of it still" in fault for fault in found(changed(again, 1, on_board=(), seen=seen))
    )


def test_what_lies_behind_keeps_the_time_it_took() -> None:
    """Truck A passed P at 647 s; that the street behind it is slow at 660 s does not move it back."""
    state = slowed(NETWORK, 0, 1)
    second = replace(OLD.plan.trips[1], seen=Waypoint(1, 2, 747.0), return_s=874.0 + 1_100.0)
    first = changed(
        replace(OLD.plan, road_state=0, at_s=660.0), 1, seen=second.seen, return_s=second.return_s
    )
    old = PlanInForce(first, state)

    def found(**changes: object) -> list[str]:
        check = verify_replan(
            SCENARIO, None, NETWORK, old, state, changed(replace(first, at_s=700.0), 1, **changes)
        )
        return [fault for fault in check.violations if "truck-A-1 trip 2" in fault]

    assert found() == []
    late = (replace(second.stops[0], arrive_s=1_647.0, depart_s=1_774.0),)
    told = found(stops=late, return_s=2_874.0, seen=Waypoint(1, 1, 1_547.0))
    assert any("it is 2 links into leg 1 at 747.0 s" in fault for fault in told), told


def test_only_new_trips_can_break_the_hours_of_duty() -> None:
    """Truck A is out for more than 300 s by what it had begun; truck B by the trip it is given now."""
    kinds = tuple(replace(kind, max_hours_s=300.0) for kind in SCENARIO.vehicle_types)
    tight = replace(SCENARIO, vehicle_types=kinds)
    begun, _, fresh = new_plan().trips
    assert begun.return_s - begun.load_start_s > 300.0
    plan = replace(new_plan(), trips=(begun, fresh))
    found = verify_replan(tight, None, NETWORK, OLD, AFTER, plan).violations
    assert [fault for fault in found if "on duty" in fault] == [
        "vehicle truck-B-1: on duty 0.09 h, at most 0.08"
    ]


HUB = with_hub()
BEHIND = without_street(NETWORK, 3, 4)
"""The street to R is lost from the start: R is fed through the hub B, by air."""


@pytest.fixture(scope="module")
def hub_plans() -> tuple[PlanInForce, DispatchPlan]:
    """A plan with a trunk trip, and the plan made anew when the truck has loaded it."""
    plan = solve_dispatch(HUB, None, NETWORK, BEHIND, limits=SolveLimits(time_s=0.3)).plan
    assert plan is not None
    trunk = next(trip for trip in plan.trips if trip.transfer is not None)
    at_s = trunk.load_start_s + 1.0
    outcome = replan(
        HUB, None, NETWORK, InForce(plan, BEHIND), BEHIND, at_s=at_s, limits=SolveLimits(time_s=0.3)
    )
    assert outcome.result.plan is not None
    return PlanInForce(plan, BEHIND), outcome.result.plan


def trunk_changed(plan: DispatchPlan, **changes: object) -> DispatchPlan:
    n = next(n for n, trip in enumerate(plan.trips) if trip.transfer is not None)
    transfer = plan.trips[n].transfer
    assert transfer is not None
    return changed(plan, n, transfer=replace(transfer, **changes))  # type: ignore[arg-type]


def sooner(plan: DispatchPlan) -> DispatchPlan:
    """What is flown on from the hub is loaded before it is released."""
    n = next(n for n, trip in enumerate(plan.trips) if trip.vehicle == "heli-B-1")
    return changed(plan, n, load_start_s=plan.at_s + 1.0)


def hub_check(plans: tuple[PlanInForce, DispatchPlan], plan: DispatchPlan) -> tuple[str, ...]:
    return verify_replan(HUB, None, NETWORK, plans[0], BEHIND, plan).violations


def test_trunk_trips_under_way_go_on_and_feed_the_hub(hub_plans: tuple[PlanInForce, DispatchPlan]) -> None:
    assert hub_check(hub_plans, hub_plans[1]) == ()
    assert [trip for trip in hub_plans[1].trips if trip.transfer] == [
        trip for trip in hub_plans[0].plan.trips if trip.transfer
    ]
    assert any(stop.point == "R" for trip in hub_plans[1].trips for stop in trip.stops)


TRUNK_FAULTS: dict[str, tuple[Callable[[DispatchPlan], DispatchPlan], str]] = {
    "a trunk brings something else": (
        lambda p: trunk_changed(p, loads=(Load("water", "W1", 1.0),)),
        "what it brings changed under way",
    ),
    "a trunk goes elsewhere": (lambda p: trunk_changed(p, site="A"), "lies at A, loaded at B"),
    "a trunk is there too early": (lambda p: trunk_changed(p, arrive_s=p.at_s), "possible from"),
    "a trunk unloads too fast": (
        lambda p: trunk_changed(p, start_s=1e5),
        "before it is there, or too fast",
    ),
    "a trunk ends before it is unloaded": (
        lambda p: trunk_changed(p, depart_s=1e5),
        "ends at its hub when it is unloaded",
    ),
    "loaded at a hub before it is released": (sooner, "than brought there"),
}


@pytest.mark.parametrize("name", TRUNK_FAULTS)
def test_every_fault_of_trunk_trips_under_way_is_caught(
    hub_plans: tuple[PlanInForce, DispatchPlan], name: str
) -> None:
    mutate, message = TRUNK_FAULTS[name]
    found = hub_check(hub_plans, mutate(hub_plans[1]))
    assert any(message in violation for violation in found), found


def test_at_least_thirty_kinds_of_fault_are_put_in() -> None:
    """Each is caught with its own message by the tests over these tables."""
    kinds = [
        *FAULTS,
        *GIVEN_UP,
        *APPROACH,
        *TRUNK_FAULTS,
        *(name for name, (_, told) in MUTATIONS.items() if told),
    ]
    assert len(kinds) >= 80


def approach_plan() -> DispatchPlan:
    """Truck A drives to B from 700 s on, to bring R water and tents from there."""
    to_r = Stop(
        "R", 1_110.9, 1_221.8, (Load("tent", "T2", 2), Load("water", "W2", 9)), path(NETWORK, 3, 4), 1e3
    )
    trip = Trip(
        "truck-A-1", "truck", 1, "B", "B", 1000.0, 1010.9, 1321.8, (to_r,), path(NETWORK, 4, 3), 1e3,
        path(NETWORK, 0, 1, 2, 3), 3e3, 700.0,
    )  # fmt: skip
    return replace(line_plan(NETWORK), trips=(trip,))


APPROACH: dict[str, tuple[Callable[[DispatchPlan], DispatchPlan], str]] = {
    "begun anew": (
        lambda p: changed(p, 0, approach_start_s=850.0, load_start_s=1150.0, depart_s=1160.9),
        "the approach that has begun is begun anew",
    ),
    "forgotten": (lambda p: replace(p, trips=()), "on its approach and gone from the plan"),
    "loaded before it is there": (
        lambda p: changed(p, 0, load_start_s=950.0),
        "loading starts at 950.0 s, possible from 1000.0",
    ),
    "led elsewhere for nothing": (
        lambda p: changed(
            p, 0, start_site="A", end_site="A", approach_links=path(NETWORK, 0, 1, 2, 1, 0), stops=(),
            load_start_s=1100.0, depart_s=1100.0, return_s=1100.0, return_links=(), return_distance_m=0.0,
        ),
        "end changed under way",
    ),
    "not told where it is": (lambda p: changed(p, 0, seen=None), "does not tell that the vehicle is 2 links"),
    "ended before it is there": (
        lambda p: changed(
            p, 0, load_start_s=990.0, depart_s=990.0, return_s=990.0, stops=(), return_links=(),
            return_distance_m=0.0,
        ),
        "at B at 990.0 s, possible from 1000.0",
    ),
    "ended elsewhere": (
        lambda p: changed(p, 0, load_start_s=1000.0, depart_s=1000.0, stops=()),
        "an empty drive ends at the depot it leads to",
    ),
}  # fmt: skip


def approach_check(plan: DispatchPlan) -> list[str]:
    old = PlanInForce(approach_plan(), calm())
    found = verify_replan(SCENARIO, None, NETWORK, old, calm(), plan).violations
    return [fault for fault in found if "truck" in fault]


def test_a_vehicle_on_its_approach_drives_on() -> None:
    """At 850 s truck A is between P and Q, at Q at 900 s."""
    plan = changed(replace(approach_plan(), at_s=850.0), 0, seen=Waypoint(0, 2, 900.0))
    assert approach_check(plan) == []
    empty = changed(
        plan, 0, depart_s=1000.0, return_s=1000.0, stops=(), return_links=(), return_distance_m=0.0
    )
    assert approach_check(empty) == []


@pytest.mark.parametrize("name", APPROACH)
def test_every_fault_of_an_approach_under_way_is_caught(name: str) -> None:
    plan = changed(replace(approach_plan(), at_s=850.0), 0, seen=Waypoint(0, 2, 900.0))
    mutate, message = APPROACH[name]
    found = approach_check(mutate(plan))
    assert any(message in fault for fault in found), found


@pytest.mark.parametrize(("access_s", "faults"), [(0.04, 0), (0.2, 1)])
def test_a_drive_is_allowed_the_rounding_of_its_two_ends(access_s: float, faults: int) -> None:
    """Whole legs are counted in deciseconds, so two ends of 0.04 s each are nothing in the plan in force."""
    places = NETWORK.places
    assert places is not None
    network = NETWORK.with_places(replace(places, access_s=places.access_s + access_s))
    plan = changed(replace(approach_plan(), at_s=850.0), 0, seen=Waypoint(0, 2, 900.0 + access_s))
    old = PlanInForce(approach_plan(), calm())
    found = verify_replan(SCENARIO, None, network, old, calm(), plan).violations
    assert len([fault for fault in found if "loading starts at" in fault]) == faults


def test_what_was_driven_before_the_plan_in_force_may_be_lost_since() -> None:
    """Made anew twice: truck A left the street from A to P before the first time, which lost it."""
    first, state = replace(line_plan(NETWORK), road_state=0, at_s=660.0), without_street(NETWORK, 0, 1)
    first = changed(first, 1, seen=Waypoint(1, 2, 747.0))
    old = PlanInForce(first, state)
    check = verify_replan(SCENARIO, None, NETWORK, old, state, replace(first, at_s=700.0))
    told = [fault for fault in check.violations if "possible from" in fault or "tells" in fault]
    assert told == []


def test_numbers_of_trips_given_up_stay_unused() -> None:
    renumbered = changed(new_plan(), 2, number=3)
    assert violations(renumbered) == ()
    twice = replace(renumbered, trips=(*renumbered.trips, replace(renumbered.trips[2])))
    assert any("not numbered" in fault for fault in violations(twice))


def test_a_trunk_trip_carried_on_ends_at_its_hub_however_far_from_the_road_that_is() -> None:
    """The way between the hub and its road is driven once, not again for a way back of no length."""
    places = NETWORK.places
    assert places is not None
    network = NETWORK.with_places(replace(places, access_s=places.access_s + 2.0))
    scenario, state = with_hub(), without_street(network, 3, 4)
    plan = solve_dispatch(scenario, None, network, state, limits=SolveLimits(time_s=0.3)).plan
    assert plan is not None
    trunk = next(trip for trip in plan.trips if trip.transfer is not None)
    later = replace(plan, at_s=trunk.depart_s + 1.0)
    check = verify_replan(scenario, None, network, PlanInForce(plan, state), state, later)
    assert [fault for fault in check.violations if "possible from" in fault] == []
