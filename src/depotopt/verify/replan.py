"""Plans made anew under way: what was begun stays, what is new holds every rule on the roads of now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from depotopt.hazards.states import RoadState
from depotopt.need import need, unmet_weight
from depotopt.plans import DispatchPlan, SitingPlan, Trip
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.verify.check import QUANTITY_TOLERANCE, TIME_TOLERANCE_S, Check
from depotopt.verify.dispatch import (
    delivered_units,
    dock_faults,
    point_state_faults,
    reference_faults,
    route_cost,
    routes_of,
    unmet_line_faults,
)
from depotopt.verify.in_force import PlanInForce, is_on_approach, is_under_way
from depotopt.verify.lots import UsableLot, usable_lots
from depotopt.verify.transfers import ledger_faults, transfer_faults
from depotopt.verify.trips import RouteClock
from depotopt.verify.underway import Frozen

Key = tuple[str, int]
"""Vehicle and number of a trip."""


@dataclass(frozen=True)
class _Replan:
    """What is compared.

    Attributes
    ----------
    scenario, layout, network
        The planning case, the layout dispatched from, its roads with places.
    old, after, plan
        As for `verify_replan`.
    begun, driving
        Trips of the plan in force whose loading, or only whose approach, has begun.
    """

    scenario: Scenario
    layout: SitingPlan | None
    network: RoadNetwork
    old: PlanInForce
    after: RoadState
    plan: DispatchPlan
    begun: dict[Key, Trip]
    driving: dict[Key, Trip]

    @property
    def carried(self) -> list[Trip]:
        """Trips of the new plan that carry on one whose loading has begun."""
        return [trip for trip in self.plan.trips if _key(trip) in self.begun]

    @property
    def fresh(self) -> list[Trip]:
        """The others, empty drives apart."""
        return [trip for trip in self.plan.trips if _key(trip) not in self.begun and not self.is_drive(trip)]

    @property
    def trunks(self) -> list[Trip]:
        """Trunk trips that are carried on."""
        return [trip for trip in self.carried if trip.transfer is not None]

    def is_drive(self, trip: Trip) -> bool:
        """Whether a trip is nothing but a drive that has begun."""
        return _key(trip) in self.driving and not trip.loads and not trip.stops


def _key(trip: Trip) -> Key:
    return trip.vehicle, trip.number


def verify_replan(
    scenario: Scenario,
    layout: SitingPlan | None,
    network: RoadNetwork,
    old: PlanInForce,
    after: RoadState,
    plan: DispatchPlan,
) -> Check:
    """Check a plan made anew at ``plan.at_s`` against the plan in force.

    Trips under way and drives to a depot are checked by `depotopt.verify.underway.Frozen`; all other trips
    like those of any plan, from where and when their vehicle comes free. The rules are those of
    `docs/semantics.md`, *Dispatch, made anew under way*.

    Parameters
    ----------
    scenario, layout, network
        The planning case, the layout dispatched from, its roads with places.
    old
        The plan in force.
    after
        The road state from ``plan.at_s`` on.
    plan
        The new plan: trips carried on and new ones.

    Returns
    -------
    Check
        Objective and terms as `depotopt.verify.dispatch.verify_dispatch` counts them.
    """
    # Whether deadlines are soft follows from the objectives of the plan.
    scenario = replace(scenario, dispatch_objectives=plan.objectives)
    case = _Replan(
        scenario, layout, network, old, after, plan,
        begun={_key(trip): trip for trip in old.plan.trips if is_under_way(trip, plan.at_s)},
        driving={_key(trip): trip for trip in old.plan.trips if is_on_approach(trip, plan.at_s)},
    )  # fmt: skip
    lots_then = usable_lots(scenario, layout, old.state)
    gone = {ident: replace(lot, quantity=0.0) for ident, lot in lots_then.items()}
    lots_now = gone | usable_lots(scenario, layout, after)
    broken = reference_faults(scenario, case.carried, plan.unmet, lots_then, under_way=True)
    broken += reference_faults(scenario, [*case.trunks, *case.fresh], (), lots_now)
    if plan.road_state != after.index:
        broken.append(f"the plan is for road state {plan.road_state}, not {after.index}")
    if broken:
        return Check(tuple(broken))
    broken += _stock_faults(case, lots_now)
    cost, faults = _route_faults(case, lots_now)
    broken += faults + _dock_faults(case)
    weighted, faults = _need_faults(case)
    terms = {"unmet_person_days": weighted, "cost": cost}
    return Check(tuple(broken + faults), scenario.rules.unmet_penalty * weighted + cost, terms)


def _stock_faults(case: _Replan, lots: dict[str, UsableLot]) -> list[str]:
    """What new trips draw fits into what is left, at depots and at hubs."""
    broken = _ledger(case.begun.values(), case.fresh, lots)
    loaded = [trip for trip in case.begun.values() if trip.transfer is None]
    at_hubs = {ident: replace(lot, quantity=np.inf) for ident, lot in lots.items()}
    broken += ledger_faults(case.scenario, [*case.trunks, *loaded, *case.fresh], at_hubs)
    return broken + transfer_faults(case.scenario, case.layout, case.fresh)


def _route_faults(case: _Replan, lots: dict[str, UsableLot]) -> tuple[float, list[str]]:
    """Operating cost of all vehicles, and faults of their trips in the order they are made."""
    scenario, at_s, broken = case.scenario, case.plan.at_s, list[str]()
    frozen = Frozen(scenario, case.layout, case.network, case.old, case.after, at_s)
    clock = RouteClock(scenario, case.layout, case.network, case.after, at_s, lots)
    routes = routes_of(scenario, case.plan, broken, gaps=True)
    was_routes = routes_of(scenario, case.old.plan, [], gaps=True)
    cost = 0.0
    for vehicle in sorted({*routes, *was_routes}):
        kind, home, now = routes.get(vehicle) or (*was_routes[vehicle][:2], [])
        told = {trip.number: trip for trip in now}
        position, free_s, duty_s = home, max(kind.mobilisation_s, at_s), None
        for was in was_routes[vehicle][2] if vehicle in was_routes else ():
            carried, stood = told.get(was.number), position
            if _key(was) in case.begun:
                broken += frozen.faults(was, carried, home)
                position, free_s = was.end_site, at_s
                if carried is not None:
                    position, free_s = carried.end_site, max(carried.return_s, at_s)
            elif _key(was) in case.driving:
                faults, there_s = frozen.drive_faults(was, carried, stood, home)
                broken += faults
                position = was.start_site if carried is None else carried.start_site
                free_s = max(there_s, at_s)
                if carried is not None:
                    told[was.number] = _from_depot(carried)
                    broken += _drive_faults(carried, there_s) if case.is_drive(carried) else []
            else:
                break
            began_s = was.load_start_s if was.approach_start_s is None else was.approach_start_s
            duty_s = began_s if duty_s is None else min(duty_s, began_s)
        new = [trip for trip in told.values() if _key(trip) not in case.begun and not case.is_drive(trip)]
        broken += _new_faults(new, at_s, vehicle in frozen.stranded)
        broken += clock.check_route(vehicle, kind, home, new, stands=position, free_s=free_s, since_s=duty_s)
        cost += route_cost(kind, now) if now else 0.0
    return cost, broken


def _from_depot(trip: Trip) -> Trip:
    """A trip without the drive to its depot, which is checked by itself."""
    return replace(trip, approach_start_s=None, approach_links=(), approach_distance_m=0.0)


def _drive_faults(trip: Trip, there_s: float) -> list[str]:
    """A drive without an errand ends when the vehicle is there."""
    moments = {trip.load_start_s, trip.depart_s, trip.return_s}
    where = f"vehicle {trip.vehicle} trip {trip.number}"
    if len(moments) > 1 or trip.start_site != trip.end_site or trip.return_links or trip.return_distance_m:
        return [f"{where}: an empty drive ends at the depot it leads to"]
    if trip.return_s < there_s - 2 * TIME_TOLERANCE_S:
        return [f"{where}: at {trip.end_site} at {trip.return_s:.1f} s, possible from {there_s:.1f}"]
    return []


def _new_faults(new: list[Trip], at_s: float, stranded: bool) -> list[str]:
    broken = []
    for trip in new:
        where = f"vehicle {trip.vehicle} trip {trip.number}"
        if trip.load_start_s < at_s - TIME_TOLERANCE_S:
            broken.append(f"{where}: new, but loading starts before the moment of replanning")
        if trip.approach_start_s is not None and trip.approach_start_s < at_s - TIME_TOLERANCE_S:
            broken.append(f"{where}: new, but its approach starts before the moment of replanning")
        if stranded:
            broken.append(f"{where}: new, but the vehicle has no way back from its last one")
    return broken


def _dock_faults(case: _Replan) -> list[str]:
    """Docks of new trips, and of those that still load or unload."""
    at_s = case.plan.at_s
    loading = [trip for trip in case.begun.values() if trip.depart_s > at_s]
    loading += [_unloading(trip) for trip in case.trunks if trip.return_s > at_s]
    return dock_faults(case.scenario, case.after, case.fresh, loading)


def _need_faults(case: _Replan) -> tuple[float, list[str]]:
    """Weighted person-days unmet, and faults of what points get and are told to lack."""
    scenario, plan = case.scenario, case.plan
    delivered = delivered_units(scenario, plan)
    wanted = need(scenario, case.after.need_factor)
    # What was loaded when more was needed stays with who gets it.
    most = np.maximum(wanted, delivered_units(scenario, replace(plan, trips=tuple(case.carried))))
    broken = [
        f"{scenario.demand_points[i].ident} gets {delivered[i, k]:g} {scenario.commodities[k].ident}, "
        f"needs {most[i, k]:g}"
        for i, k in np.argwhere(delivered > most + QUANTITY_TOLERANCE)
    ]
    missing = np.maximum(wanted - delivered, 0.0)
    broken += unmet_line_faults(scenario, plan, missing)
    broken += point_state_faults(scenario, case.layout, case.network, case.after, plan, delivered, wanted)
    return float((missing * unmet_weight(scenario)).sum()), broken


def _ledger(begun: Iterable[Trip], fresh: Iterable[Trip], lots: dict[str, UsableLot]) -> list[str]:
    """What new trips draw fits into what the trips under way have left of each lot."""
    drawn: defaultdict[str, float] = defaultdict(float)
    wanted: defaultdict[str, float] = defaultdict(float)
    for trips, book in ((begun, drawn), (fresh, wanted)):
        for trip in trips:
            for load in trip.loads:
                if lots[load.lot].site == trip.start_site:
                    book[load.lot] += load.quantity
    return [
        f"lot {ident}: {quantity:g} drawn anew, {max(0.0, lots[ident].quantity - drawn[ident]):g} left"
        for ident, quantity in sorted(wanted.items())
        if quantity > max(0.0, lots[ident].quantity - drawn[ident]) + QUANTITY_TOLERANCE
    ]


def _unloading(trip: Trip) -> Trip:
    """A trunk trip as if it loaded at its hub while it unloads there: for counting docks."""
    brought = trip.transfer
    if brought is None:
        return trip
    return replace(trip, start_site=brought.site, load_start_s=brought.start_s, depart_s=brought.depart_s)
