"""`RouteClock`: follows one vehicle through its trips and checks place, path, time and load."""

from __future__ import annotations

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState
from depotopt.plans import SitingPlan, Transfer, Trip
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.scenario import Scenario, VehicleType
from depotopt.travel import link_times_ds
from depotopt.units import (
    DS_PER_S,
    HOUR_S,
    UNREACHABLE_DS,
    Int32Array,
    great_circle_m,
    kmh_to_ms,
    seconds_to_ds,
)
from depotopt.verify.check import QUANTITY_TOLERANCE, TIME_TOLERANCE_S
from depotopt.verify.lots import UsableLot, dispatching_sites, open_sites, replenishing_sites
from depotopt.verify.openings import known, moments
from depotopt.verify.terms import begin_s, latest_s

DISTANCE_TOLERANCE_M = 1.0


def trip_kg(scenario: Scenario, trip: Trip) -> float:
    """Weight loaded for a trip."""
    return sum(
        load.quantity * scenario.commodities[scenario.commodity_index[load.commodity]].kg_per_unit
        for load in trip.loads
    )


def trip_m3(scenario: Scenario, trip: Trip) -> float:
    """Volume loaded for a trip."""
    return sum(
        load.quantity * scenario.commodities[scenario.commodity_index[load.commodity]].m3_per_unit
        for load in trip.loads
    )


class RouteClock:
    """Recomputes when and where a vehicle is.

    Parameters
    ----------
    scenario, layout, network, state, at_s
        As in `depotopt.verify.dispatch.verify_dispatch`.
    lots
        Usable lots by identifier.
    """

    def __init__(
        self,
        scenario: Scenario,
        layout: SitingPlan | None,
        network: RoadNetwork,
        state: RoadState,
        at_s: float,
        lots: dict[str, UsableLot],
    ) -> None:
        if network.places is None:
            raise UsageError("the road network has no places: load it with load_network")
        self._scenario, self._network, self._at_s = scenario, network, at_s
        self._state = known(state, at_s)
        self._moments = (at_s, *moments(state, at_s))
        self._lots = lots
        self._depots = dispatching_sites(scenario, layout)
        self._feeding = set(replenishing_sites(scenario, layout))
        self._open = set(open_sites(scenario, layout))
        self._places = network.places
        self._place = {ident: n for n, ident in enumerate(network.places.ident)}
        self._access_ds = seconds_to_ds(network.places.access_s)
        self._link_ds: dict[tuple[TravelProfile, float], Int32Array] = {}

    def check_route(
        self,
        vehicle: str,
        kind: VehicleType,
        home: str,
        trips: list[Trip],
        *,
        stands: str | None = None,
        free_s: float | None = None,
        since_s: float | None = None,
    ) -> list[str]:
        """Faults of all trips of one vehicle, in order.

        Parameters
        ----------
        vehicle, kind, home
            Which vehicle, its type and home depot.
        trips
            In order.
        stands, free_s, since_s
            For a vehicle under way: where and when it comes free, and since when it is on duty; default
            at home, once mobilised, not yet.
        """
        broken: list[str] = []
        position = home if stands is None else stands
        free_s = kind.mobilisation_s if free_s is None else free_s
        duty_start_s = since_s
        for trip in trips:
            where = f"vehicle {vehicle} trip {trip.number}"
            arrived_s = free_s
            started_s = trip.load_start_s
            if trip.start_site != position:
                if trip.approach_start_s is None:
                    broken.append(f"{where}: starts at {trip.start_site}, the vehicle stands at {position}")
                else:
                    started_s = trip.approach_start_s
                    if trip.approach_start_s < free_s - TIME_TOLERANCE_S:
                        broken.append(f"{where}: leaves {position} before it is free")
                    arrived_s = self._arrival(
                        f"{where}: leg {position} -> {trip.start_site}",
                        kind,
                        (position, trip.start_site),
                        trip.approach_links,
                        trip.approach_distance_m,
                        (trip.approach_start_s, trip.load_start_s),
                        broken,
                    )
            duty_start_s = started_s if duty_start_s is None else duty_start_s
            broken += self._loading(where, kind, home, trip, arrived_s)
            if trip.transfer is None:
                broken += self._stops(where, kind, trip)
            else:
                broken += self._transfer(where, kind, trip, trip.transfer)
            position, free_s = trip.end_site, trip.return_s
        # What is under way goes on however long roads now make it: only new trips can break this rule.
        if trips and duty_start_s is not None and free_s - duty_start_s > kind.max_hours_s + TIME_TOLERANCE_S:
            broken.append(
                f"vehicle {vehicle}: on duty {(free_s - duty_start_s) / HOUR_S:.2f} h, "
                f"at most {kind.max_hours_s / HOUR_S:.2f}"
            )
        return broken

    def _loading(self, where: str, kind: VehicleType, home: str, trip: Trip, arrived_s: float) -> list[str]:
        scenario, j = self._scenario, self._scenario.site_index[trip.start_site]
        site, broken = scenario.sites[j], []
        feeds = trip.transfer is not None and trip.start_site in self._feeding
        if trip.start_site not in self._depots and not feeds:
            broken.append(f"{where}: loads at {trip.start_site}, which is not an open dispatching depot")
        if trip.end_site not in self._open | {home}:
            broken.append(f"{where}: ends at {trip.end_site}, neither an open depot nor its home")
        # What was brought here is released by the ledger, see `depotopt.verify.transfers`.
        own = (self._lots[load.lot] for load in trip.loads)
        activated = [lot.available_s for lot in own if lot.site == trip.start_site]
        earliest = max([arrived_s, site.readiness_s, *activated])
        if trip.load_start_s < earliest - TIME_TOLERANCE_S:
            broken.append(
                f"{where}: loading starts at {trip.load_start_s:.1f} s, possible from {earliest:.1f}"
            )
        kg, m3 = trip_kg(scenario, trip), trip_m3(scenario, trip)
        if kg > kind.payload_kg * (1 + QUANTITY_TOLERANCE):
            broken.append(f"{where}: {kg:.1f} kg loaded, payload {kind.payload_kg:.1f}")
        if m3 > kind.volume_m3 * (1 + QUANTITY_TOLERANCE):
            broken.append(f"{where}: {m3:.3f} m3 loaded, volume {kind.volume_m3:.3f}")
        needed_s = self._handling_s(trip.start_site, kg)
        if trip.depart_s - trip.load_start_s < needed_s - TIME_TOLERANCE_S:
            broken.append(
                f"{where}: leaves {trip.depart_s - trip.load_start_s:.1f} s after loading starts, "
                f"loading takes {needed_s:.1f}"
            )
        if trip.distance_m > kind.range_m + DISTANCE_TOLERANCE_M:
            broken.append(f"{where}: {trip.distance_m:.0f} m long, range {kind.range_m:.0f}")
        return broken

    def _handling_s(self, ident: str, kg: float) -> float:
        """Time a dock of a site takes to load or unload."""
        j = self._scenario.site_index[ident]
        site = self._scenario.sites[j]
        rate = site.handling_kg_per_h / site.docks
        if not self._state.site_power[j]:
            rate *= site.handling_share_without_power
        return kg / rate * HOUR_S if rate > 0 else np.inf

    def _transfer(self, where: str, kind: VehicleType, trip: Trip, transfer: Transfer) -> list[str]:
        """Faults of the way to a hub and of unloading there."""
        broken: list[str] = []
        there_s = self._arrival(
            f"{where}: leg {trip.start_site} -> {transfer.site}",
            kind,
            (trip.start_site, transfer.site),
            transfer.links,
            transfer.distance_m,
            (trip.depart_s, transfer.arrive_s),
            broken,
        )
        hub = self._scenario.sites[self._scenario.site_index[transfer.site]]
        handling_s = self._handling_s(hub.ident, trip_kg(self._scenario, trip))
        for what, at_s, earliest_s in (
            ("there", transfer.arrive_s, there_s),
            ("unloaded", transfer.start_s, max(transfer.arrive_s, hub.readiness_s)),
            ("free", transfer.depart_s, transfer.start_s + handling_s),
        ):
            if at_s < earliest_s - TIME_TOLERANCE_S:
                broken.append(
                    f"{where}: {what} at {transfer.site} at {at_s:.1f} s, possible from {earliest_s:.1f}"
                )
        return broken

    def _stops(self, where: str, kind: VehicleType, trip: Trip) -> list[str]:
        scenario, rules, broken = self._scenario, self._scenario.rules, list[str]()
        position, ready_s = trip.start_site, trip.depart_s
        for stop in trip.stops:
            leg = f"{where}: leg {position} -> {stop.point}"
            there_s = self._arrival(
                leg,
                kind,
                (position, stop.point),
                stop.links,
                stop.distance_m,
                (ready_s, stop.arrive_s),
                broken,
            )
            if stop.arrive_s < there_s - TIME_TOLERANCE_S:
                broken.append(
                    f"{where}: at {stop.point} at {stop.arrive_s:.1f} s, possible from {there_s:.1f}"
                )
            point = scenario.demand_points[scenario.point_index[stop.point]]
            latest, begin = latest_s(scenario, point), begin_s(scenario, stop)
            if begin > latest + TIME_TOLERANCE_S:
                broken.append(f"{where}: at {stop.point} at {begin:.1f} s, at the latest {latest:.1f}")
            kg = sum(
                load.quantity * scenario.commodities[scenario.commodity_index[load.commodity]].kg_per_unit
                for load in stop.loads
            )
            if not stop.loads:
                broken.append(f"{where}: nothing is handed over at {stop.point}")
            busy_s = rules.stop_service_s + kg / rules.unload_kg_per_h * HOUR_S
            if stop.depart_s < begin + busy_s - TIME_TOLERANCE_S:
                opens = f" from {begin:.1f} s, when it opens," if begin > stop.arrive_s else ""
                broken.append(
                    f"{where}: leaves {stop.point} after {stop.depart_s - stop.arrive_s:.1f} s, "
                    f"unloading{opens} takes {busy_s:.1f}"
                )
            position, ready_s = stop.point, stop.depart_s
        back_s = self._arrival(
            f"{where}: leg {position} -> {trip.end_site}",
            kind,
            (position, trip.end_site),
            trip.return_links,
            trip.return_distance_m,
            (ready_s, trip.return_s),
            broken,
        )
        if trip.return_s < back_s - TIME_TOLERANCE_S:
            broken.append(f"{where}: back at {trip.return_s:.1f} s, possible from {back_s:.1f}")
        return broken

    def _arrival(
        self,
        leg: str,
        kind: VehicleType,
        ends: tuple[str, str],
        links: tuple[int, ...],
        distance_m: float,
        span_s: tuple[float, float],
        broken: list[str],
    ) -> float:
        """Earliest arrival of a leg along its links, waiting for roads to open; faults go to ``broken``.

        ``span_s``: when the vehicle is ready, and when it is said to be there; where that is possible, any
        moment up to it may be returned.
        """
        ready_s, said_s = span_s
        a, b = (self._place[ident] for ident in ends)
        if kind.profile.mode is not Mode.ROAD:
            metres = float(
                great_circle_m(
                    self._places.lon[a], self._places.lat[a], self._places.lon[b], self._places.lat[b]
                )
            )
            if links:
                broken.append(f"{leg} follows roads in the air")
            if abs(distance_m - metres) > DISTANCE_TOLERANCE_M:
                broken.append(f"{leg} is {metres:.0f} m long, reported {distance_m:.0f}")
            return ready_s + metres / kmh_to_ms(kind.profile.cruise_kmh)
        network = self._network
        path = np.array(links, dtype=np.int64)
        if len(path) and not ((path >= 0) & (path < network.links)).all():
            broken.append(f"{leg} uses a link that does not exist")
            return ready_s
        nodes = [int(self._places.node[a]), *(int(n) for n in network.head[path])]
        starts = [int(n) for n in network.tail[path]]
        if starts != nodes[:-1] or nodes[-1] != int(self._places.node[b]):
            broken.append(f"{leg} is not a connected path")
        access_ds = int(self._access_ds[a] + self._access_ds[b])
        arrival_s = np.inf
        for moment in self._moments:
            # A later moment cannot do better, or what is reported is proved possible already.
            if moment >= arrival_s or arrival_s <= said_s + TIME_TOLERANCE_S:
                break
            times = self._times(kind.profile, moment)[path]
            if not (times >= UNREACHABLE_DS).any():
                seconds = (int(times.sum(dtype=np.int64)) + access_ds) / DS_PER_S
                arrival_s = min(arrival_s, max(ready_s, moment) + seconds)
        if not np.isfinite(arrival_s):
            lost = int(path[times >= UNREACHABLE_DS][0])
            broken.append(f"{leg} uses the lost street {network.streets.ident[int(network.street[lost])]}")
            return ready_s
        on_roads_m = float(network.length_m[path].sum())
        off_roads_m = float(self._places.distance_m[a] + self._places.distance_m[b])
        if (
            not on_roads_m - DISTANCE_TOLERANCE_M
            <= distance_m
            <= on_roads_m + off_roads_m + DISTANCE_TOLERANCE_M
        ):
            broken.append(f"{leg} is {on_roads_m:.0f} m on roads, reported {distance_m:.0f}")
        return float(arrival_s)

    def _times(self, profile: TravelProfile, moment_s: float) -> Int32Array:
        if (profile, moment_s) not in self._link_ds:
            times = link_times_ds(self._network, self._state, profile, moment_s)
            self._link_ds[profile, moment_s] = times
        return self._link_ds[profile, moment_s]
