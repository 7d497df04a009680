"""Departures: nobody is paid for waiting at the first stop, and what sheets say about leaving stays true."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.dispatch.publishing.manifest import departure_slack
from depotopt.dispatch.replanning import InForce, replan
from depotopt.dispatch.solve import solve_dispatch
from depotopt.plans import DispatchPlan
from depotopt.scenario import FleetEntry, Scenario
from depotopt.solving import SolveLimits
from depotopt.verify.dispatch import verify_dispatch
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.dispatch.worlds import World
from tests.verify.line_case import calm, line_network, line_scenario

NETWORK = line_network()
LIMITS = SolveLimits(time_s=0.3, seed=1)


def opening_late(**earliest_s: float) -> Scenario:
    """One truck at A, points that open at a moment."""
    base = line_scenario()
    points = tuple(
        replace(point, earliest_s=earliest_s.get(point.ident, 0.0))
        for point in base.demand_points
        if point.ident in earliest_s
    )
    return replace(base, demand_points=points, fleet=(FleetEntry("truck", "A", 1),))


def planned(scenario: Scenario) -> DispatchPlan:
    state = replace(
        calm(),
        need_factor=calm().need_factor[: len(scenario.demand_points)],
        point_flooded=calm().point_flooded[: len(scenario.demand_points)],
    )
    result = solve_dispatch(scenario, None, NETWORK, state, limits=LIMITS)
    assert result.plan is not None
    check = verify_dispatch(scenario, None, NETWORK, state, result.plan)
    assert check.violations == ()
    assert check.objective == pytest.approx(result.objective)
    return result.plan


def test_a_truck_leaves_so_late_that_it_is_at_the_point_as_it_opens() -> None:
    plan = planned(opening_late(P=2_000.0))
    first = plan.trips[0]
    assert first.stops[0].arrive_s == pytest.approx(2_000.0, abs=1.0)
    assert first.load_start_s > 1_500.0


def test_behind_a_point_that_is_open_nobody_is_kept_waiting_at_the_depot() -> None:
    """Q opens late, P does not: a trip that calls at P first leaves at once, so that P waits for nothing."""
    plan = planned(opening_late(P=0.0, Q=2_000.0))
    for trip in plan.trips:
        if trip.number == 1 and trip.stops[0].point == "P":
            assert trip.load_start_s == 0.0


def test_the_latest_departure_is_the_latest_that_keeps_every_deadline() -> None:
    """Q is reached 100 s after P is left; what the truck waits at Q for its opening is time to spare at P."""
    scenario = opening_late(P=0.0, Q=2_000.0)
    plan = planned(scenario)
    slack = departure_slack(scenario, plan)
    for trip in plan.trips:
        lateness = slack[trip.vehicle, trip.number]
        late, clock_s = [], trip.depart_s + lateness
        before_s = trip.depart_s
        for stop in trip.stops:
            point = scenario.demand_points[scenario.point_index[stop.point]]
            arrive = clock_s + stop.arrive_s - before_s
            begin = max(arrive, point.earliest_s)
            late.append(begin - scenario.rules.response_s)
            clock_s = begin + stop.depart_s - max(stop.arrive_s, point.earliest_s)
            before_s = stop.depart_s
        assert max(late) <= 1e-6
    last = max(plan.trips, key=lambda trip: trip.number)
    assert slack[last.vehicle, last.number] >= 0.0


def test_a_plan_made_anew_leaves_as_late_and_keeps_the_rules() -> None:
    scenario = opening_late(P=2_000.0)
    plan = planned(scenario)
    state = replace(calm(), need_factor=calm().need_factor[:1], point_flooded=calm().point_flooded[:1])
    case = World(scenario, NETWORK, state)
    new = replan(
        case.scenario, None, NETWORK, InForce(replace(plan, trips=()), state), state, at_s=60.0, limits=LIMITS
    ).result.plan
    assert new is not None
    old = PlanInForce(replace(plan, trips=()), state)
    assert verify_replan(scenario, None, NETWORK, old, state, new).violations == ()
    assert new.trips[0].stops[0].arrive_s == pytest.approx(2_000.0, abs=1.0)
