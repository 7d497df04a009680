"""A trip given up under way: its load stays on board, and what lies behind the vehicle stays as it was."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.plans import DispatchPlan, PointState, Reason, UnmetLine, Waypoint
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.verify.line_case import line_plan, path, slowed, without_street
from tests.verify.replan_case import NETWORK, OLD, SCENARIO, Mutations, changed


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


GIVEN_UP: Mutations = {
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


def test_what_was_driven_before_the_plan_in_force_may_be_lost_since() -> None:
    """Made anew twice: truck A left the street from A to P before the first time, which lost it."""
    first, state = replace(line_plan(NETWORK), road_state=0, at_s=660.0), without_street(NETWORK, 0, 1)
    first = changed(first, 1, seen=Waypoint(1, 2, 747.0))
    old = PlanInForce(first, state)
    check = verify_replan(SCENARIO, None, NETWORK, old, state, replace(first, at_s=700.0))
    told = [fault for fault in check.violations if "possible from" in fault or "tells" in fault]
    assert told == []
