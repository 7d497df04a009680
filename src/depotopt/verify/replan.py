"""Plans made anew under way: what was begun stays, what is new holds every rule on the roads of now."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, replace

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState, intact
from depotopt.need import need, unmet_weight
from depotopt.plans import DispatchPlan, SitingPlan, Stop, Trip
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import Mode
from depotopt.scenario import Scenario, VehicleType
from depotopt.travel import link_times_ds
from depotopt.units import DS_PER_S, UNREACHABLE_DS
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
from depotopt.verify.lots import UsableLot, usable_lots
from depotopt.verify.transfers import ledger_faults, transfer_faults
from depotopt.verify.trips import RouteClock


@dataclass(frozen=True, slots=True)
class PlanInForce:
    """A plan being carried out and the road state it was made for."""

    plan: DispatchPlan
    state: RoadState


def verify_replan(
    scenario: Scenario,
    layout: SitingPlan | None,
    network: RoadNetwork,
    old: PlanInForce,
    after: RoadState,
    plan: DispatchPlan,
) -> Check:
    """Check a plan made anew at ``plan.at_s`` against the plan in force.

    Trips whose loading had begun are frozen: same vehicle, depot, loading and departure; stops already
    reached stay as they were; stops ahead keep their order and loads or are left out; links entered from
    that moment on are open in the new road state, and no leg is driven faster than the roads allow. A
    vehicle whose old way back is lost may keep it on paper, but gets no new trip. All other trips are
    checked like those of any plan, from where and when their vehicle comes free.

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
    at_s = plan.at_s
    begun = {(trip.vehicle, trip.number): trip for trip in old.plan.trips if trip.load_start_s < at_s}
    # Whether deadlines are soft follows from the objectives of the plan.
    scenario = replace(scenario, dispatch_objectives=plan.objectives)
    lots_then = usable_lots(scenario, layout, old.state)
    gone = {ident: replace(lot, quantity=0.0) for ident, lot in lots_then.items()}
    lots_now = gone | usable_lots(scenario, layout, after)
    carried = [trip for trip in plan.trips if (trip.vehicle, trip.number) in begun]
    fresh = [trip for trip in plan.trips if (trip.vehicle, trip.number) not in begun]
    broken = reference_faults(scenario, carried, plan.unmet, lots_then)
    trunks = [trip for trip in carried if trip.transfer is not None]
    broken += reference_faults(scenario, [*trunks, *fresh], (), lots_now)
    if plan.road_state != after.index:
        broken.append(f"the plan is for road state {plan.road_state}, not {after.index}")
    if broken:
        return Check(tuple(broken))
    broken += _ledger(begun.values(), fresh, lots_now)
    loaded = [trip for trip in begun.values() if trip.transfer is None]
    at_hubs = {ident: replace(lot, quantity=np.inf) for ident, lot in lots_now.items()}
    broken += ledger_faults(scenario, [*trunks, *loaded, *fresh], at_hubs)
    broken += transfer_faults(scenario, layout, fresh)
    frozen = _Frozen(scenario, network, old, after, at_s)
    kept = {(trip.vehicle, trip.number): trip for trip in carried}
    for key, trip in sorted(begun.items()):
        broken += frozen.faults(trip, kept.get(key))
    broken += [
        f"vehicle {trip.vehicle} trip {trip.number}: new, but loading starts before the moment of replanning"
        for trip in fresh
        if trip.load_start_s < at_s - TIME_TOLERANCE_S
    ]
    broken += [
        f"vehicle {trip.vehicle} trip {trip.number}: new, but the vehicle has no way back from its last one"
        for trip in fresh
        if trip.vehicle in frozen.stranded
    ]
    clock = RouteClock(scenario, layout, network, after, at_s, lots_now)
    cost = 0.0
    for vehicle, (kind, home, trips) in sorted(routes_of(scenario, plan, broken, gaps=True).items()):
        cost += route_cost(kind, trips)
        started = [trip for trip in old.plan.trips if trip.vehicle == vehicle and trip.load_start_s < at_s]
        new = [trip for trip in trips if (trip.vehicle, trip.number) not in begun]
        position, free_s, duty_s = home, max(kind.mobilisation_s, at_s), None
        if started:
            last = max(started, key=lambda trip: trip.number)
            now = kept.get((vehicle, last.number))
            position, free_s = last.end_site, now.return_s if now is not None else at_s
            duty_s = min(
                trip.load_start_s if trip.approach_start_s is None else trip.approach_start_s
                for trip in started
            )
        broken += clock.check_route(vehicle, kind, home, new, stands=position, free_s=free_s, since_s=duty_s)
    # A begun trip may have been late at its dock in the old plan; only those still loading can clash.
    loading = [trip for trip in begun.values() if trip.depart_s > at_s]
    loading += [_unloading(trip) for trip in trunks if trip.return_s > at_s]
    broken += dock_faults(scenario, after, fresh, loading)
    delivered = delivered_units(scenario, plan)
    wanted = need(scenario, after.need_factor)
    most = np.maximum(wanted, need(scenario, old.state.need_factor))
    broken += [
        f"{scenario.demand_points[i].ident} gets {delivered[i, k]:g} {scenario.commodities[k].ident}, "
        f"needs {most[i, k]:g}"
        for i, k in np.argwhere(delivered > most + QUANTITY_TOLERANCE)
    ]
    missing = np.maximum(wanted - delivered, 0.0)
    broken += unmet_line_faults(scenario, plan, missing)
    broken += point_state_faults(scenario, layout, network, after, plan, delivered, wanted)
    weighted = float((missing * unmet_weight(scenario)).sum())
    terms = {"unmet_person_days": weighted, "cost": cost}
    return Check(tuple(broken), scenario.rules.unmet_penalty * weighted + cost, terms)


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


class _Frozen:
    """Compares trips under way with how they are carried on."""

    def __init__(
        self, scenario: Scenario, network: RoadNetwork, old: PlanInForce, after: RoadState, at_s: float
    ) -> None:
        if network.places is None:
            raise UsageError("the road network has no places: load it with load_network")
        self._scenario, self._network, self._at_s = scenario, network, at_s
        self._old, self._after = old, after
        self._places = network.places
        self._place = {ident: n for n, ident in enumerate(network.places.ident)}
        self.stranded: set[str] = set()

    def faults(self, was: Trip, now: Trip | None) -> list[str]:
        where = f"vehicle {was.vehicle} trip {was.number}"
        reached = [stop for stop in was.stops if stop.arrive_s <= self._at_s]
        if now is None:
            return [f"{where}: under way and gone from the plan"] if reached else []
        broken = [
            f"{where}: {name} changed under way"
            for name, same in (
                ("vehicle type", now.vehicle_type == was.vehicle_type),
                ("start", now.start_site == was.start_site),
                ("end", now.end_site == was.end_site),
                ("loading", now.load_start_s == was.load_start_s),
                ("departure", now.depart_s == was.depart_s),
                ("approach", now.approach_links == was.approach_links),
                ("stops already reached", now.stops[: len(reached)] == tuple(reached)),
            )
            if not same
        ]
        broken += self._trunk(where, was, now)
        ahead = iter(was.stops[len(reached) :])
        broken += [
            f"{where}: {stop.point} ahead has other loads or another order"
            for stop in now.stops[len(reached) :]
            if not any(stop.point == one.point and stop.loads == one.loads for one in ahead)
        ]
        kind = self._scenario.vehicle_types[self._scenario.vehicle_type_index[now.vehicle_type]]
        if kind.profile.mode is Mode.ROAD:
            broken += self._way(where, kind, was, now, len(reached))
        return broken

    def _trunk(self, where: str, was: Trip, now: Trip) -> list[str]:
        """What a trunk trip brings stays; it unloads after it is there, no faster than planned."""
        if was.transfer is None or now.transfer is None:
            return [] if was.transfer is now.transfer else [f"{where}: trunk trip changed under way"]
        old, new, broken = was.transfer, now.transfer, list[str]()
        if (new.site, new.loads) != (old.site, old.loads):
            broken.append(f"{where}: what it brings changed under way")
        if old.arrive_s <= self._at_s and new != old:
            broken.append(f"{where}: unloading changed under way")
        span_s = old.depart_s - old.start_s
        if new.start_s < new.arrive_s or new.depart_s - new.start_s < span_s - TIME_TOLERANCE_S:
            broken.append(f"{where}: unloads at {new.site} before it is there, or too fast")
        if now.return_s != new.depart_s:
            broken.append(f"{where}: a trunk trip ends at its hub when it is unloaded")
        return broken

    def _way(self, where: str, kind: VehicleType, was: Trip, now: Trip, reached: int) -> list[str]:
        """Legs ahead are connected, open from now on, and not driven faster than possible."""
        broken: list[str] = []
        then_ds = link_times_ds(self._network, self._old.state, kind.profile, self._old.plan.at_s)
        now_ds = link_times_ds(self._network, self._after, kind.profile, self._at_s)
        # What was driven before the plan in force was made may have been lost since.
        calm = intact(len(self._scenario.sites), len(self._scenario.demand_points))
        free_ds = link_times_ds(self._network, calm, kind.profile, 0.0)
        position, leave_s = (
            (now.stops[reached - 1].point, now.stops[reached - 1].depart_s)
            if reached
            else (now.start_site, now.depart_s)
        )
        back = Stop(now.end_site, now.return_s, now.return_s, (), now.return_links, now.return_distance_m)
        ahead = list(now.stops[reached:])
        trunk = now.transfer
        if trunk is not None and was.transfer is not None and was.transfer.arrive_s > self._at_s:
            ahead.append(Stop(trunk.site, trunk.arrive_s, trunk.depart_s, (), trunk.links, trunk.distance_m))
        elif trunk is not None:
            return broken
        # A trunk trip ends at its hub: there is no way back to check.
        for stop in ahead if trunk is not None else (*ahead, back):
            links = np.array(stop.links, dtype=np.int64)
            a, b = self._place[position], self._place[stop.point]
            nodes = [int(self._places.node[a]), *(int(n) for n in self._network.head[links])]
            if [int(n) for n in self._network.tail[links]] != nodes[:-1] or nodes[-1] != int(
                self._places.node[b]
            ):
                if stop is back and stop.links == was.return_links:
                    self.stranded.add(was.vehicle)
                else:
                    broken.append(f"{where}: leg {position} -> {stop.point} is not a connected path")
                return broken
            clock_s = leave_s + float(self._places.access_s[a])
            for link in links:
                if clock_s >= self._at_s + TIME_TOLERANCE_S and now_ds[link] >= UNREACHABLE_DS:
                    if stop is back and stop.links == was.return_links:
                        # No way back: the vehicle stays where it is, and nothing more is asked of it.
                        self.stranded.add(was.vehicle)
                        return broken
                    street = self._network.streets.ident[int(self._network.street[link])]
                    broken.append(f"{where}: enters the lost street {street} on the way to {stop.point}")
                    break
                least_ds = min(int(then_ds[link]), int(now_ds[link]))
                clock_s += (least_ds if clock_s >= self._old.plan.at_s else int(free_ds[link])) / DS_PER_S
            if stop.arrive_s < clock_s - 2 * TIME_TOLERANCE_S:
                broken.append(
                    f"{where}: at {stop.point} at {stop.arrive_s:.1f} s, possible from {clock_s:.1f}"
                )
            position, leave_s = stop.point, stop.depart_s
        return broken
