"""A plan made anew when a road goes, by hand: what was begun stays, what is new holds every rule."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.plans import DispatchPlan, Load, PointState, Stop, Trip
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.verify.line_case import calm, path, without_street
from tests.verify.replan_case import AFTER, NETWORK, OLD, SCENARIO, Mutations, changed, new_plan, stop_changed


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


FAULTS: Mutations = {
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


def test_numbers_of_trips_given_up_stay_unused() -> None:
    renumbered = changed(new_plan(), 2, number=3)
    assert violations(renumbered) == ()
    twice = replace(renumbered, trips=(*renumbered.trips, replace(renumbered.trips[2])))
    assert any("not numbered" in fault for fault in violations(twice))
