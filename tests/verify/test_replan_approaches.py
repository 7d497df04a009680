"""A vehicle on its approach when the plan is made anew: it drives on to the depot it was sent to."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.plans import DispatchPlan, Waypoint
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.verify.line_case import calm, path
from tests.verify.replan_case import NETWORK, SCENARIO, Mutations, approach_plan, changed

APPROACH: Mutations = {
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
