"""Trunk trips under way when the plan is made anew: they go on, unload and feed their hub."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.dispatch.replanning import InForce, replan
from depotopt.dispatch.solve import solve_dispatch
from depotopt.plans import DispatchPlan, Load
from depotopt.solving import SolveLimits
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.dispatch.test_transshipment import with_hub
from tests.verify.line_case import without_street
from tests.verify.replan_case import NETWORK, Mutations, changed

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


TRUNK_FAULTS: Mutations = {
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
