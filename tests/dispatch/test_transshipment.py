"""Trunk trips to hubs: made when they pay, exact to the unit and second, caught when wrong."""

from __future__ import annotations

import time
from contextlib import nullcontext
from dataclasses import dataclass, replace

import numpy as np
import pytest

from depotopt.dispatch import replanning
from depotopt.dispatch.model.assembly import assemble
from depotopt.dispatch.publishing.manifest import ledger, manifests
from depotopt.dispatch.replan.cold_start import ColdAnswer, cold_start
from depotopt.dispatch.replanning import InForce, interrupted, replan
from depotopt.dispatch.search.trunks import shared_wants
from depotopt.dispatch.solve import solve_dispatch, travel_engine
from depotopt.hazards.states import RoadState
from depotopt.plans import DispatchPlan, Trip
from depotopt.scenario import FleetEntry, Scenario
from depotopt.solving import Monitor, SolveLimits, SolveResult
from depotopt.verify.dispatch import verify_dispatch
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.dispatch.test_replanning import busiest_street, closed
from tests.dispatch.worlds import World, hub_world
from tests.verify.line_case import calm, line_network, line_scenario, without_street

NETWORK = line_network()
LIMITS = SolveLimits(time_s=0.3)


def with_hub(*, dispatches: bool = False, transfer_s: float = 600.0) -> Scenario:
    """A keeps the stock, B is a hub of a lower tier; a truck at A, a helicopter at B that cannot reach A."""
    base = line_scenario()
    top = replace(base.tiers[0], ident="top", dispatches=dispatches, replenishes=("town",))
    a, b = base.sites
    heli = next(kind for kind in base.vehicle_types if kind.ident == "heli")
    kinds = tuple(
        replace(kind, range_m=2_500.0, mobilisation_s=0.0) if kind is heli else kind
        for kind in base.vehicle_types
    )
    return replace(
        base,
        tiers=(top, *base.tiers),
        sites=(replace(a, tiers=("top",)), replace(b, transfer_s=transfer_s)),
        stock=tuple(replace(lot, site="A", quantity=60.0) for lot in base.stock if lot.lot in ("W1", "T1")),
        vehicle_types=kinds,
        fleet=(FleetEntry("truck", "A", 1), FleetEntry("heli", "B", 1)),
    )


def solved(scenario: Scenario, state: RoadState) -> SolveResult[DispatchPlan]:
    result = solve_dispatch(scenario, None, NETWORK, state, limits=LIMITS)
    assert result.plan is not None
    check = verify_dispatch(scenario, None, NETWORK, state, result.plan)
    assert check.violations == ()
    assert check.objective == pytest.approx(result.objective)
    assert check.terms == pytest.approx(result.terms)
    assert result.bound is not None
    assert result.objective is not None
    assert result.bound <= result.objective
    return result


def trunks(plan: DispatchPlan) -> list[Trip]:
    return [trip for trip in plan.trips if trip.transfer is not None]


def test_a_truck_feeds_the_helicopter_for_the_point_no_road_leads_to() -> None:
    """R lies behind a lost street: water comes from A by road to B and on by air."""
    plan = solved(with_hub(), without_street(NETWORK, 3, 4)).plan
    assert plan is not None
    assert {trip.vehicle for trip in trunks(plan)} == {"truck-A-1"}
    flown = {trip.vehicle for trip in plan.trips if "R" in {stop.point for stop in trip.stops}}
    assert flown == {"heli-B-1"}
    released = min(trip.transfer.depart_s for trip in trunks(plan) if trip.transfer) + 600.0
    first = min(trip.load_start_s for trip in plan.trips if trip.stops)
    assert first >= released - 1e-6


def test_the_papers_show_the_transfer_and_the_ledger_balances() -> None:
    scenario, state = with_hub(), without_street(NETWORK, 3, 4)
    plan = solved(scenario, state).plan
    assert plan is not None
    sheet = next(paper for paper in manifests(scenario, NETWORK, plan) if paper.vehicle == "truck-A-1")
    assert [line.point for line in sheet.stops] == ["B"]
    assert {line.point for line in sheet.loads} == {"B"}
    brought = sum(load.quantity for trip in trunks(plan) for load in trip.loads)
    lines = ledger(scenario, None, state, plan)
    assert sum(line.drawn for line in lines) == brought
    assert all(line.left >= 0 for line in lines)


def test_without_replenishment_nothing_is_moved_between_depots() -> None:
    scenario = with_hub(dispatches=True)
    scenario = replace(scenario, tiers=tuple(replace(tier, replenishes=()) for tier in scenario.tiers))
    plan = solved(scenario, without_street(NETWORK, 3, 4)).plan
    assert plan is not None
    assert trunks(plan) == []


def test_a_transfer_that_takes_too_long_is_not_begun() -> None:
    plan = solved(with_hub(transfer_s=1e6), calm()).plan
    assert plan is not None
    assert plan.trips == ()


def test_a_depot_that_only_replenishes_sends_nothing_to_points() -> None:
    plan = solved(with_hub(), calm()).plan
    assert plan is not None
    assert {trip.start_site for trip in plan.trips if trip.stops} == {"B"}


def test_while_goods_are_on_their_way_the_only_dock_of_the_hub_loads_what_lies_there() -> None:
    """B has one dock and all that R needs: it is loaded before the truck from A unloads, not after."""
    scenario, state = with_hub(), without_street(NETWORK, 3, 4)
    water, tents = scenario.stock
    stock = (
        *scenario.stock,
        replace(water, lot="W9", site="B", quantity=10.0),
        replace(tents, lot="T9", site="B", quantity=2.0),
    )
    soon = ("unmet", "latency", "cost")
    plan = solved(replace(scenario, stock=stock, dispatch_objectives=soon), state).plan
    assert plan is not None
    unloads = min(trip.transfer.start_s for trip in trunks(plan) if trip.transfer)
    own = [trip for trip in plan.trips if {load.lot for load in trip.loads} == {"W9", "T9"}]
    assert own
    assert min(trip.depart_s for trip in own) <= unloads


@pytest.mark.parametrize("seed", range(3))
def test_drawn_worlds_with_hubs_keep_every_rule_and_bring_nothing_in_vain(seed: int) -> None:
    case = hub_world(seed)
    limits = SolveLimits(time_s=0.5, seed=1)
    plan = solve_dispatch(case.scenario, None, case.network, case.state, limits=limits).plan
    assert plan is not None
    assert verify_dispatch(case.scenario, None, case.network, case.state, plan).violations == ()
    brought = sum(load.quantity for trip in trunks(plan) for load in trip.loads)
    taken = sum(
        load.quantity
        for trip in plan.trips
        if trip.stops
        for load in trip.loads
        if load.lot.startswith("yard-")
    )
    assert brought > 0
    assert taken >= 0.8 * brought


def test_what_a_hub_could_not_send_on_is_asked_of_the_next_one() -> None:
    """Both hubs reach the points; the nearer one has water left over, so the other is to bring it."""
    case = hub_world(1)
    engine = travel_engine(case.network)
    assembly = assemble(case.scenario, None, case.network, case.state, 0.0, engine)
    missing = np.zeros_like(assembly.problem.need)
    water = assembly.problem.commodity_idents.index("water")
    missing[:, water] = 5
    first = shared_wants(assembly, missing, {})
    near = max(first, key=lambda hub: int(first[hub].sum()))
    then = shared_wants(assembly, missing, {near: {water}})
    assert first[near].sum() > 0
    assert then[near].sum() == 0
    assert sum(units.sum() for units in then.values()) == sum(units.sum() for units in first.values())


@dataclass(frozen=True)
class Answered:
    """A search from nothing whose answer is known."""

    found: ColdAnswer
    notes: tuple[str, ...] = ()

    def answer(self, monitor: Monitor) -> ColdAnswer:
        return self.found


def checked_replan(
    case: World,
    plan: DispatchPlan,
    before: RoadState,
    after: RoadState,
    at_s: float,
    limits: SolveLimits = LIMITS,
) -> SolveResult[DispatchPlan]:
    """The plan made anew, which the verifier accepts."""
    result = replan(
        case.scenario, None, case.network, InForce(plan, before), after, at_s=at_s, limits=limits
    ).result
    assert result.plan is not None
    check = verify_replan(case.scenario, None, case.network, PlanInForce(plan, before), after, result.plan)
    assert check.violations == ()
    assert check.objective == pytest.approx(result.objective)
    assert result.bound is None or (result.objective is not None and result.bound <= result.objective)
    return result


def test_a_plan_made_anew_sends_new_trunk_trips() -> None:
    """Nothing was planned and the street to R is lost: A still has stock, and the truck there is idle."""
    scenario, state = with_hub(), without_street(NETWORK, 3, 4)
    idle = replace(solved(with_hub(transfer_s=1e6), calm()).plan or DispatchPlan(0, 0.0, (), ()), trips=())
    result = checked_replan(World(scenario, NETWORK, state), idle, calm(), state, 60.0)
    assert result.plan is not None
    assert {trip.vehicle for trip in trunks(result.plan)} == {"truck-A-1"}
    assert any(stop.point == "R" for trip in result.plan.trips for stop in trip.stops)
    assert any("new trunk trips bring goods to hubs" in note for note in result.notes)


def test_a_trunk_trip_whose_stock_is_lost_before_it_is_loaded_is_given_up() -> None:
    """The truck from A has not begun to load when half of what it was to load is lost."""
    scenario, state = with_hub(), without_street(NETWORK, 3, 4)
    later = solve_dispatch(scenario, None, NETWORK, state, at_s=900.0, limits=LIMITS).plan
    assert later is not None
    assert trunks(later)
    plan = replace(later, at_s=0.0)
    share = np.array([0.1 if site.ident == "A" else 1.0 for site in scenario.sites])
    after = replace(state, site_survival=share)
    new = checked_replan(World(scenario, NETWORK, state), plan, state, after, 60.0).plan
    assert new is not None
    drawn = sum(load.quantity for trip in new.trips if trip.start_site == "A" for load in trip.loads)
    assert 0 < drawn <= 12


def test_what_a_search_without_trunk_trips_proves_is_no_bound_on_plans_with_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Some of what R needs is at B, more comes from A; no time is left for a bound that allows it."""
    base, state = with_hub(), without_street(NETWORK, 3, 4)
    lot = replace(base.stock[0], lot="W9", site="B", quantity=1.0)
    scenario = replace(base, stock=(*base.stock, lot))
    idle = DispatchPlan(0, 0.0, (), ())
    case = World(scenario, NETWORK, state)
    left = interrupted(scenario, None, NETWORK, InForce(idle, calm()), state, 60.0)
    found = cold_start(left.problem, LIMITS, Monitor(), time.perf_counter() + 60.0)
    monkeypatch.setattr(replanning, "ColdProcess", lambda *_: nullcontext(Answered(found)))
    monkeypatch.setattr(replanning, "BOUND_SHARE", 1e6)
    result = checked_replan(case, idle, calm(), state, 60.0, replace(LIMITS, time_s=5.0))
    assert result.plan is not None
    assert trunks(result.plan)
    assert result.objective is not None
    assert left.bound(found.bound) > result.objective
    assert result.bound is None


@pytest.mark.parametrize("seed", [1, 4])
def test_worlds_with_hubs_planned_anew_keep_every_rule(seed: int) -> None:
    case = hub_world(seed)
    plan = solve_dispatch(case.scenario, None, case.network, case.state, limits=LIMITS).plan
    assert plan is not None
    before, at_s = case.state, 4_000.0
    for moment in (at_s, 9_000.0):
        after = closed(World(case.scenario, case.network, before), [busiest_street(case, plan, moment)])
        plan = checked_replan(case, plan, before, after, moment).plan
        assert plan is not None
        before = after


def broken(**changes: object) -> tuple[str, ...]:
    """Violations once the first trunk trip is changed."""
    scenario, state = with_hub(), without_street(NETWORK, 3, 4)
    plan = solved(scenario, state).plan
    assert plan is not None
    first = trunks(plan)[0]
    assert first.transfer is not None
    transfer = replace(first.transfer, **changes)  # type: ignore[arg-type]
    worse = replace(first, transfer=transfer, return_s=max(first.return_s, transfer.depart_s))
    trips = tuple(worse if trip is first else trip for trip in plan.trips)
    return verify_dispatch(scenario, None, NETWORK, state, replace(plan, trips=trips)).violations


def test_unloading_before_arrival_is_a_violation() -> None:
    assert any("possible from" in text for text in broken(start_s=0.0, arrive_s=0.0))


def test_loading_at_a_hub_before_the_goods_are_released_is_a_violation() -> None:
    scenario, state = with_hub(), without_street(NETWORK, 3, 4)
    plan = solved(scenario, state).plan
    assert plan is not None
    slower = tuple(replace(site, transfer_s=site.transfer_s + 300.0) for site in scenario.sites)
    check = verify_dispatch(replace(scenario, sites=slower), None, NETWORK, state, plan)
    assert any("than brought there" in text for text in check.violations)


def test_bringing_less_than_is_loaded_again_is_a_violation() -> None:
    plan = solved(with_hub(), without_street(NETWORK, 3, 4)).plan
    assert plan is not None
    transfer = trunks(plan)[0].transfer
    assert transfer is not None
    fewer = tuple(replace(load, quantity=1.0) for load in transfer.loads)
    assert any("than brought there" in text for text in broken(loads=fewer))


def test_a_hub_of_a_tier_that_is_not_replenished_is_a_violation() -> None:
    scenario, state = with_hub(), without_street(NETWORK, 3, 4)
    plan = solved(scenario, state).plan
    assert plan is not None
    alone = replace(
        scenario,
        tiers=tuple(
            replace(tier, replenishes=(tier.ident,) if tier.replenishes else ()) for tier in scenario.tiers
        ),
    )
    check = verify_dispatch(alone, None, NETWORK, state, plan)
    assert any("does not replenish the tier of B" in text for text in check.violations)


def test_no_lot_takes_two_trunk_trips() -> None:
    """What was brought to a hub may not be brought on to another one, whatever the tiers would allow."""
    scenario, state = with_hub(), without_street(NETWORK, 3, 4)
    plan = solved(scenario, state).plan
    assert plan is not None
    first = trunks(plan)[0]
    assert first.transfer is not None
    onward = replace(
        first, start_site="B", end_site="A", number=9, transfer=replace(first.transfer, site="A"),
        load_start_s=1e6,
    )  # fmt: skip
    check = verify_dispatch(scenario, None, NETWORK, state, replace(plan, trips=(*plan.trips, onward)))
    assert any("takes a second trunk trip, to A" in text for text in check.violations)
    assert not any("second trunk trip" in text for text in check.violations if " 1:" in text)
