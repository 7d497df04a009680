"""The verifier accepts a plan made by hand and catches every fault put into it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from depotopt.hazards.states import RoadState
from depotopt.plans import DispatchPlan, Load, PointState, Reason, Stop, Trip, UnmetLine
from depotopt.scenario import Scenario
from depotopt.verify.dispatch import verify_dispatch
from tests.verify.line_case import calm, line_network, line_plan, line_scenario, path, without_street

NETWORK = line_network()
SCENARIO = line_scenario()
PLAN = line_plan(NETWORK)


def test_the_plan_made_by_hand_holds_and_costs_what_the_hand_says() -> None:
    check = verify_dispatch(SCENARIO, None, NETWORK, calm(), PLAN)
    assert check.violations == ()
    # Truck A: 6 km, 1,074 s; truck B: 4 km, 677.8 s; each 10 per use, 1 per km, 0.01 per second.
    assert check.terms["cost"] == pytest.approx(20 + 10 + 10.74 + 6.778)
    assert check.terms["unmet_person_days"] == pytest.approx(1.0)
    assert check.objective == pytest.approx(100 * 1.0 + 47.518)


def trip(plan: DispatchPlan, n: int, **changes: object) -> DispatchPlan:
    trips = list(plan.trips)
    trips[n] = replace(trips[n], **changes)  # type: ignore[arg-type]
    return replace(plan, trips=tuple(trips))


def stop(plan: DispatchPlan, n: int, m: int, **changes: object) -> DispatchPlan:
    stops = list(plan.trips[n].stops)
    stops[m] = replace(stops[m], **changes)  # type: ignore[arg-type]
    return trip(plan, n, stops=tuple(stops))


def unmet(plan: DispatchPlan, *lines: UnmetLine) -> DispatchPlan:
    return replace(plan, unmet=lines)


def states(plan: DispatchPlan, **changes: PointState) -> DispatchPlan:
    return replace(plan, point_state={**plan.point_state, **changes})


def loads(*items: tuple[str, str, float]) -> tuple[Load, ...]:
    return tuple(Load(*item) for item in items)


R_LINE = PLAN.unmet[0]
TENTS_P = ("tent", "T1", 20.0)
HELI = Trip(
    "heli-A-1", "heli", 1, "A", "A", 0.0, 0.2, 600.0,
    (Stop("R", 445.0, 545.2, (Load("water", "W1", 50.0),), (), 4447.8),), (), 4447.8,
)  # fmt: skip

MUTATIONS: dict[str, tuple[Callable[[DispatchPlan], DispatchPlan], str]] = {
    "another road state": (lambda p: replace(p, road_state=5), "the plan is for road state 5"),
    "unknown vehicle": (lambda p: trip(p, 0, vehicle="truck-A-2"), "truck-A-2 is not in the fleet"),
    "unknown type": (lambda p: trip(p, 0, vehicle_type="bus"), "unknown vehicle type bus"),
    "wrong type": (lambda p: trip(p, 0, vehicle_type="heli"), "is a truck, not a heli"),
    "unknown site": (lambda p: trip(p, 0, end_site="X"), "unknown site X"),
    "unknown point": (lambda p: stop(p, 0, 0, point="X"), "unknown demand point X"),
    "no stop": (lambda p: trip(p, 0, stops=()), "no stop"),
    "numbers of trips": (lambda p: trip(p, 1, number=3), "not numbered 1 to 2"),
    "unknown lot": (lambda p: stop(p, 0, 0, loads=loads(("tent", "X", 20.0))), "lot X is not usable"),
    "expired lot": (lambda p: stop(p, 2, 1, loads=loads(("water", "W0", 9.0))), "lot W0 is not usable"),
    "lot elsewhere": (lambda p: stop(p, 0, 0, loads=loads(("water", "W2", 9.0))), "lot W2 lies at B"),
    "lot of another commodity": (
        lambda p: stop(p, 0, 0, loads=loads(("water", "T1", 9.0))),
        "lot T1 holds tent, not water",
    ),
    "negative load": (lambda p: stop(p, 0, 0, loads=loads(("tent", "T1", -1.0))), "a load of -1 tent"),
    "half a tent": (lambda p: stop(p, 0, 0, loads=loads(("tent", "T1", 1.5))), "not a whole number"),
    "lot overdrawn": (
        lambda p: stop(p, 1, 0, loads=loads(("tent", "T1", 6.0), ("water", "W1", 20.0))),
        "lot T1: 26 drawn, 25 usable",
    ),
    "too heavy": (
        lambda p: stop(p, 0, 0, loads=loads(("tent", "T1", 25.0), ("water", "W1", 120.0), TENTS_P)),
        "kg loaded, payload 1500.0",
    ),
    "too bulky": (
        lambda p: stop(p, 0, 0, loads=loads(("tent", "T1", 25.0), TENTS_P)),
        "m3 loaded, volume 12.000",
    ),
    "loads before activation": (
        lambda p: trip(p, 2, load_start_s=900.0, depart_s=938.9),
        "loading starts at 900.0 s, possible from 1000.0",
    ),
    "loads before it is back": (
        lambda p: trip(p, 1, load_start_s=500.0),
        "loading starts at 500.0 s, possible from 520.0",
    ),
    "loads too fast": (lambda p: trip(p, 0, depart_s=100.0), "loading takes 110.0"),
    "arrives too early": (lambda p: stop(p, 0, 0, arrive_s=200.0), "at P at 200.0 s, possible from 210.0"),
    "unloads too fast": (lambda p: stop(p, 0, 0, depart_s=400.0), "unloading takes 210.0"),
    "back too early": (lambda p: trip(p, 0, return_s=510.0), "back at 510.0 s, possible from 520.0"),
    "too late": (
        lambda p: trip(stop(p, 2, 1, arrive_s=3700.0, depart_s=3900.0), 2, return_s=4100.0),
        "at the latest 3600.0",
    ),
    "broken path": (lambda p: stop(p, 0, 0, links=path(NETWORK, 1, 2)), "is not a connected path"),
    "path to nowhere": (lambda p: stop(p, 0, 0, links=()), "is not a connected path"),
    "link that does not exist": (lambda p: stop(p, 0, 0, links=(99,)), "a link that does not exist"),
    "wrong distance": (lambda p: stop(p, 0, 0, distance_m=900.0), "1000 m on roads, reported 900"),
    "broken way back": (lambda p: trip(p, 0, return_links=()), "is not a connected path"),
    "starts elsewhere": (lambda p: trip(p, 1, start_site="B"), "lies at A, loaded at B"),
    "ends elsewhere": (
        lambda p: trip(p, 2, end_site="A", return_links=path(NETWORK, 4, 3, 2, 1, 0), return_s=2500.0),
        "",
    ),
    "over-served": (
        lambda p: stop(p, 2, 0, loads=loads(("tent", "T2", 8.0), ("water", "W2", 30.0))),
        "Q gets 13 tent, needs 10",
    ),
    "nothing handed over": (lambda p: stop(p, 0, 0, loads=()), "nothing is handed over at P"),
    "unmet not reported": (lambda p: unmet(p), "1 water not sent, 0 reported unmet"),
    "unmet overstated": (lambda p: unmet(p, replace(R_LINE, quantity=2.0)), "2 reported unmet"),
    "unmet of nothing": (lambda p: unmet(p, R_LINE, replace(R_LINE, quantity=0.0)), "with 0 water"),
    "unmet at an unknown point": (lambda p: unmet(p, replace(R_LINE, point="X")), "unmet line of unknown X"),
    "wrong state": (lambda p: states(p, R=PointState.ISOLATED), "R is unserved, reported isolated"),
    "served that is not": (lambda p: states(p, R=PointState.SERVED), "R is unserved, reported served"),
    "no state": (lambda p: replace(p, point_state={"P": PointState.SERVED}), "reported without state"),
    "wrong state of a line": (
        lambda p: unmet(p, UnmetLine("R", "water", 1.0, PointState.ISOLATED, Reason.NO_ROAD)),
        "its unmet water is reported isolated",
    ),
    "flies along roads": (
        lambda p: replace(p, trips=(*p.trips, replace(HELI, return_links=(0,)))),
        "follows roads in the air",
    ),
    "flies too short a way": (
        lambda p: replace(p, trips=(*p.trips, replace(HELI, return_distance_m=100.0))),
        "m long, reported 100",
    ),
    "docks": (lambda p: replace(p, trips=(*p.trips, HELI)), "2 vehicles load at the same time at 1 docks"),
}


@pytest.mark.parametrize("name", [name for name in MUTATIONS if MUTATIONS[name][1]])
def test_every_fault_is_caught_with_its_own_message(name: str) -> None:
    mutate, message = MUTATIONS[name]
    violations = verify_dispatch(SCENARIO, None, NETWORK, calm(), mutate(PLAN)).violations
    assert any(message in violation for violation in violations), violations


def test_a_plan_for_another_moment_is_caught() -> None:
    violations = verify_dispatch(SCENARIO, None, NETWORK, calm(), PLAN, at_s=3600.0).violations
    assert violations == ("the plan is for the roads at 0 s, not 3600",)


def test_a_trip_may_end_at_another_open_depot() -> None:
    mutate, _ = MUTATIONS["ends elsewhere"]
    changed = trip(mutate(PLAN), 2, return_distance_m=4000.0)
    assert verify_dispatch(SCENARIO, None, NETWORK, calm(), changed).violations == ()


def test_a_lost_street_on_the_way_is_caught() -> None:
    state = without_street(NETWORK, 0, 1)
    violations = verify_dispatch(SCENARIO, None, NETWORK, state, replace(PLAN, road_state=0)).violations
    assert any("uses the lost street" in violation for violation in violations)


def test_power_cut_slows_loading() -> None:
    sites = tuple(replace(site, handling_share_without_power=0.5) for site in SCENARIO.sites)
    dark = replace(calm(), site_power=np.array([False, True]))
    violations = verify_dispatch(replace(SCENARIO, sites=sites), None, NETWORK, dark, PLAN).violations
    assert any("loading takes 220.0" in violation for violation in violations)


def test_a_lost_depot_makes_its_lots_unusable() -> None:
    state = replace(calm(), site_survival=np.array([0.5, 1.0]))
    violations = verify_dispatch(SCENARIO, None, NETWORK, state, PLAN).violations
    assert "lot T1: 25 drawn, 12 usable" in violations


def test_duty_beyond_the_hours_is_caught() -> None:
    kinds = tuple(replace(kind, max_hours_s=1000.0) for kind in SCENARIO.vehicle_types)
    scenario: Scenario = replace(SCENARIO, vehicle_types=kinds)
    violations = verify_dispatch(scenario, None, NETWORK, calm(), PLAN).violations
    assert any("truck-A-1: on duty 0.30 h, at most 0.28" in violation for violation in violations)


def test_a_trip_beyond_its_range_is_caught() -> None:
    kinds = tuple(replace(kind, range_m=2500.0) for kind in SCENARIO.vehicle_types)
    violations = verify_dispatch(
        replace(SCENARIO, vehicle_types=kinds), None, NETWORK, calm(), PLAN
    ).violations
    assert any("4000 m long, range 2500" in violation for violation in violations)


def test_an_approach_leg_is_followed() -> None:
    """Truck A may load at B when it drives there first, and not before it has arrived."""
    away = Trip(
        "truck-A-1", "truck", 1, "B", "A", 300.0, 301.0, 801.0,
        (Stop("Q", 401.0, 502.0, (Load("water", "W2", 10.0),), path(NETWORK, 3, 2), 1e3),),
        path(NETWORK, 2, 1, 0), 2e3, path(NETWORK, 0, 1, 2, 3), 3e3, 0.0,
    )  # fmt: skip
    plan = replace(PLAN, trips=(away,))
    violations = verify_dispatch(SCENARIO, None, NETWORK, calm(), plan).violations
    assert not any("trip 1" in violation for violation in violations), violations
    early = replace(plan, trips=(replace(away, load_start_s=250.0),))
    violations = verify_dispatch(SCENARIO, None, NETWORK, calm(), early).violations
    assert any("loading starts at 250.0 s, possible from 300.0" in violation for violation in violations)


def opened_late(state: RoadState, until_s: float) -> RoadState:
    return replace(state, damage=replace(state.damage, until_s=np.full(len(state.damage), until_s)))


def test_a_stop_that_begins_before_its_point_opens_is_caught() -> None:
    points = (replace(SCENARIO.demand_points[0], earliest_s=300.0), *SCENARIO.demand_points[1:])
    scenario = replace(SCENARIO, demand_points=points)
    check = verify_dispatch(scenario, None, NETWORK, calm(), PLAN)
    assert any("unloading from 300.0 s, when it opens, takes 210.0" in text for text in check.violations)
    waited = stop(trip(PLAN, 0, return_s=610.0), 0, 0, depart_s=510.0)
    later = stop(trip(waited, 1, load_start_s=610.0, depart_s=637.0, return_s=1_164.0), 1, 0, arrive_s=837.0)
    later = stop(later, 1, 0, depart_s=964.0)
    assert verify_dispatch(scenario, None, NETWORK, calm(), later).violations == ()


def test_a_point_that_opens_after_its_deadline_cannot_be_served() -> None:
    points = (replace(SCENARIO.demand_points[0], earliest_s=3_700.0), *SCENARIO.demand_points[1:])
    late = stop(trip(PLAN, 0, return_s=4_010.0), 0, 0, depart_s=3_910.0)
    check = verify_dispatch(replace(SCENARIO, demand_points=points), None, NETWORK, calm(), late)
    assert any("at P at 3700.0 s, at the latest 3600.0" in text for text in check.violations)


def test_a_road_may_be_driven_from_when_it_opens_and_not_before() -> None:
    state = replace(without_street(NETWORK, 0, 1), index=-1)
    assert verify_dispatch(SCENARIO, None, NETWORK, opened_late(state, 110.0), PLAN).violations == ()
    early = verify_dispatch(SCENARIO, None, NETWORK, opened_late(state, 150.0), PLAN)
    assert any("at P at 210.0 s, possible from 250.0" in text for text in early.violations)
    never = verify_dispatch(SCENARIO, None, NETWORK, state, PLAN)
    assert any("uses the lost street" in text for text in never.violations)


def test_a_slow_road_is_as_slow_as_when_the_leg_begins_or_is_waited_out() -> None:
    """At half speed until 150 s, P is reached from 250 s: after the slow road is over, not 310 s."""
    lost = replace(without_street(NETWORK, 0, 1), index=-1)
    slow = replace(lost, damage=replace(lost.damage, speed_factor=np.full(len(lost.damage), 0.5)))
    check = verify_dispatch(SCENARIO, None, NETWORK, opened_late(slow, 150.0), PLAN)
    assert any("at P at 210.0 s, possible from 250.0" in text for text in check.violations)
