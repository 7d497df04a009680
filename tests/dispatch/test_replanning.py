"""Replanning while vehicles are under way."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest

from depotopt.dispatch.replanning import InForce, Replanning, replan
from depotopt.dispatch.solve import solve_dispatch
from depotopt.errors import UsageError
from depotopt.hazards.states import Damage, RoadState
from depotopt.plans import DispatchPlan, Trip
from depotopt.solving import Monitor, SolveLimits
from depotopt.verify.dispatch import verify_dispatch
from depotopt.verify.lots import usable_lots
from depotopt.verify.trips import RouteClock
from tests.dispatch.worlds import World, world

LIMITS = SolveLimits(time_s=0.3, seed=1)


def in_force(case: World) -> DispatchPlan:
    plan = solve_dispatch(case.scenario, None, case.network, case.state, limits=LIMITS).plan
    assert plan is not None
    return plan


def closed(case: World, streets: list[int]) -> RoadState:
    """The road state with further streets lost."""
    damage = Damage.concatenate([case.state.damage, Damage.of(np.array(streets, dtype=np.int32))])
    return replace(case.state, damage=damage)


def busiest_street(case: World, plan: DispatchPlan, at_s: float) -> int:
    """The street most used by what is not driven yet."""
    count: dict[int, int] = defaultdict(int)
    for trip in plan.trips:
        for stop in trip.stops:
            if stop.arrive_s > at_s:
                for link in stop.links:
                    count[int(case.network.street[link])] += 1
    return max(count, key=lambda street: (count[street], street))


def check_new_trips(case: World, after: RoadState, outcome: Replanning, at_s: float) -> list[str]:
    """Route clock of the verifier over the trips planned anew, from where each vehicle comes free."""
    plan = outcome.result.plan
    assert plan is not None
    clock = RouteClock(
        case.scenario, None, case.network, after, at_s, usable_lots(case.scenario, None, after)
    )
    last = {item.trip.vehicle: item.trip for item in outcome.under_way}
    new: dict[str, list[Trip]] = defaultdict(list)
    kept = {(item.trip.vehicle, item.trip.number) for item in outcome.under_way}
    for trip in plan.trips:
        if (trip.vehicle, trip.number) not in kept:
            new[trip.vehicle].append(trip)
    broken: list[str] = []
    for vehicle, trips in new.items():
        kind = case.scenario.vehicle_types[case.scenario.vehicle_type_index[trips[0].vehicle_type]]
        home = vehicle.removeprefix(f"{kind.ident}-").rpartition("-")[0]
        free_s = max(at_s, kind.mobilisation_s)
        if vehicle in last:
            home, free_s = last[vehicle].end_site, max(at_s, last[vehicle].return_s)
        broken += clock.check_route(vehicle, replace(kind, mobilisation_s=free_s), home, trips)
    return broken


@pytest.mark.parametrize("seed", range(4))
def test_a_replan_keeps_every_rule_and_all_that_is_loaded(seed: int) -> None:
    case = world(seed, scarce=1.5)
    plan, at_s = in_force(case), 5_400.0
    after = closed(case, [busiest_street(case, plan, at_s)])
    outcome = replan(
        case.scenario, None, case.network, InForce(plan, case.state), after, at_s=at_s, limits=LIMITS
    )
    new = outcome.result.plan
    assert new is not None
    assert check_new_trips(case, after, outcome, at_s) == []
    begun = {(trip.vehicle, trip.number): trip for trip in plan.trips if trip.load_start_s < at_s}
    assert {(item.trip.vehicle, item.trip.number) for item in outcome.under_way} == set(begun)
    for item in outcome.under_way:
        old = begun[item.trip.vehicle, item.trip.number]
        assert (old.start_site, old.load_start_s, old.depart_s) == (
            item.trip.start_site, item.trip.load_start_s, item.trip.depart_s,
        )  # fmt: skip
        done = [stop for stop in old.stops if stop.arrive_s <= at_s]
        assert list(item.trip.stops[: len(done)]) == done
    assert all(trip.load_start_s >= at_s for trip in new.trips if (trip.vehicle, trip.number) not in begun)


@pytest.mark.parametrize("seed", range(4))
def test_legs_ahead_avoid_what_is_lost(seed: int) -> None:
    case = world(seed, scarce=1.5)
    plan, at_s = in_force(case), 5_400.0
    street = busiest_street(case, plan, at_s)
    outcome = replan(
        case.scenario,
        None,
        case.network,
        InForce(plan, case.state),
        closed(case, [street]),
        at_s=at_s,
        limits=LIMITS,
    )
    assert outcome.result.plan is not None
    begun = {(item.trip.vehicle, item.trip.number) for item in outcome.under_way}
    for trip in outcome.result.plan.trips:
        if (trip.vehicle, trip.number) in begun:
            continue
        legs = [trip.approach_links, trip.return_links, *(stop.links for stop in trip.stops)]
        assert street not in {int(case.network.street[link]) for leg in legs for link in leg}


def test_with_nothing_new_lost_the_plan_stays() -> None:
    # Nobody is on the way to a depot at that moment: such an approach is begun anew.
    case = world(2, scarce=2.0, vehicles=6)
    plan = in_force(case)
    still = Monitor()
    still.stop()
    outcome = replan(
        case.scenario,
        None,
        case.network,
        InForce(plan, case.state),
        case.state,
        at_s=3_000.0,
        limits=LIMITS,
        monitor=still,
    )
    assert outcome.result.terms["unmet_person_days"] <= sum(
        verify_dispatch(case.scenario, None, case.network, case.state, plan).terms[name]
        for name in ("unmet_person_days",)
    )
    assert outcome.kept_share >= 0.9


def test_at_the_start_a_replan_is_a_plan_the_verifier_accepts() -> None:
    case = world(6)
    plan = in_force(case)
    street = busiest_street(case, plan, 0.0)
    after = closed(case, [street])
    outcome = replan(
        case.scenario, None, case.network, InForce(plan, case.state), after, at_s=0.0, limits=LIMITS
    )
    new = outcome.result.plan
    assert new is not None
    assert outcome.under_way == ()
    check = verify_dispatch(case.scenario, None, case.network, after, new)
    assert check.violations == ()
    assert check.objective == pytest.approx(outcome.result.objective)


def test_loads_delivered_and_unmet_add_up_to_the_need() -> None:
    from depotopt.need import need

    case = world(1, scarce=1.5)
    plan, at_s = in_force(case), 5_400.0
    after = closed(case, [busiest_street(case, plan, at_s)])
    new = replan(
        case.scenario, None, case.network, InForce(plan, case.state), after, at_s=at_s, limits=LIMITS
    ).result.plan
    assert new is not None
    given = sum(load.quantity for trip in new.trips for stop in trip.stops for load in stop.loads)
    assert given + sum(line.quantity for line in new.unmet) == need(case.scenario, after.need_factor).sum()


def test_only_vehicles_with_other_work_get_new_papers() -> None:
    case = world(1, scarce=1.5, vehicles=4)
    plan, at_s = in_force(case), 5_400.0
    after = closed(case, [busiest_street(case, plan, at_s)])
    outcome = replan(
        case.scenario, None, case.network, InForce(plan, case.state), after, at_s=at_s, limits=LIMITS
    )
    assert outcome.result.plan is not None

    def sheet(trips: tuple[Trip, ...], vehicle: str) -> list[object]:
        return [
            (t.start_site, [(s.point, s.loads, s.links) for s in t.stops])
            for t in trips
            if t.vehicle == vehicle
        ]

    for vehicle in {trip.vehicle for trip in plan.trips} - set(outcome.changed_vehicles):
        assert sheet(plan.trips, vehicle) == sheet(outcome.result.plan.trips, vehicle)


def test_replanning_before_the_plan_is_refused() -> None:
    case = world(0)
    plan = replace(in_force(case), at_s=100.0)
    with pytest.raises(UsageError, match="is before it"):
        replan(case.scenario, None, case.network, InForce(plan, case.state), case.state, at_s=50.0)
