"""Trips under way when the roads change: kept as they are where they can, led round what is lost."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.hazards.states import RoadState
from depotopt.plans import Stop, Transfer, Trip
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import Places, RoadNetwork
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.scenario import Scenario
from depotopt.travel import link_times_ds
from depotopt.units import DS_PER_S, UNREACHABLE_DS, Int32Array, ds_to_seconds, seconds_to_ds

LATE_SLACK_S: Final = 1e-3
"""Lateness below this is a rounding error."""


@dataclass(frozen=True, slots=True)
class KeptTrip:
    """A trip that began before the roads changed.

    Attributes
    ----------
    trip
        As it is carried on: what was driven and loaded stays.
    rerouted
        Whether a leg ahead had to be led round a loss.
    undelivered
        Points whose load stays on board: the way is lost or would take too long.
    stranded
        The vehicle finds no way back: it is of no further use.
    """

    trip: Trip
    rerouted: bool = False
    undelivered: tuple[str, ...] = ()
    stranded: bool = False


@dataclass
class Underway:
    """Carries trips on over the roads as they are now.

    Attributes
    ----------
    scenario, network, places
        The planning case, its roads, and where things stand on them.
    before, after
        Road states of the plan in force and of now.
    engine
        Paths over the network.
    at_s
        The moment.
    """

    scenario: Scenario
    network: RoadNetwork
    places: Places
    before: RoadState
    after: RoadState
    engine: TravelTimeEngine
    at_s: float
    before_at_s: float

    def __post_init__(self) -> None:
        self._position = {ident: n for n, ident in enumerate(self.places.ident)}
        self._access_s = ds_to_seconds(seconds_to_ds(self.places.access_s))
        self._link_ds: dict[tuple[TravelProfile, bool], Int32Array] = {}

    def carry_on(self, trip: Trip) -> KeptTrip:
        """Keep a trip, with a new way from where the vehicle is now wherever the old one is lost."""
        profile = self.scenario.vehicle_types[self.scenario.vehicle_type_index[trip.vehicle_type]].profile
        if self.still_open(trip):
            return KeptTrip(trip)
        if trip.transfer is not None:
            return self._carry_trunk(profile, trip, trip.transfer)
        here, clock = trip.start_site, trip.depart_s
        driven: tuple[int, ...] = ()
        driven_m = 0.0
        node: int | None = None
        stops: list[Stop] = []
        dropped: list[str] = []
        for stop in trip.stops:
            if stop.arrive_s <= self.at_s:
                stops.append(stop)
                here, clock = stop.point, stop.depart_s
                continue
            if node is None:
                node, driven, clock = self._whereabouts(profile, here, clock, stop.links)
                driven_m = float(self.network.length_m[list(driven)].sum()) if driven else 0.0
            way = self._way(profile, node, stop.point)
            arrive = None if way is None else clock + way[1]
            if way is None or arrive is None or arrive > self._deadline(stop.point) + LATE_SLACK_S:
                dropped.append(stop.point)
                continue
            links = (*driven, *way[0])
            length = driven_m + float(self.network.length_m[list(way[0])].sum()) if way[0] else driven_m
            arrive = max(arrive, self.at_s)
            leave = arrive + stop.depart_s - stop.arrive_s
            stops.append(replace(stop, arrive_s=arrive, depart_s=leave, links=links, distance_m=length))
            here, driven, driven_m = stop.point, (), 0.0
            node = int(self.places.node[self._position[here]])
            clock = leave + float(self._access_s[self._position[here]])
        if node is None:
            node, driven, clock = self._whereabouts(profile, here, clock, trip.return_links)
            driven_m = float(self.network.length_m[list(driven)].sum()) if driven else 0.0
        back = self._way(profile, node, trip.end_site)
        if back is None:
            kept = replace(trip, stops=tuple(stops), return_s=max(trip.return_s, clock))
            return KeptTrip(kept, True, tuple(dropped), True)
        length = driven_m + (float(self.network.length_m[list(back[0])].sum()) if back[0] else 0.0)
        kept = replace(
            trip,
            stops=tuple(stops),
            return_links=(*driven, *back[0]),
            return_distance_m=length,
            return_s=clock + back[1],
        )
        return KeptTrip(kept, True, tuple(dropped))

    def _carry_trunk(self, profile: TravelProfile, trip: Trip, brought: Transfer) -> KeptTrip:
        """A trunk trip led round what is lost: it unloads as much later as it arrives later."""
        node, driven, clock = self._whereabouts(profile, trip.start_site, trip.depart_s, brought.links)
        way = self._way(profile, node, brought.site)
        if way is None:
            kept = replace(trip, transfer=None, return_s=max(trip.return_s, clock))
            return KeptTrip(kept, True, (), True)
        links = (*driven, *way[0])
        arrive = max(clock + way[1], self.at_s)
        begin = max(arrive, brought.start_s)
        leave = begin + brought.depart_s - brought.start_s
        length = float(self.network.length_m[list(links)].sum()) if links else 0.0
        moved = replace(
            brought, arrive_s=arrive, start_s=begin, depart_s=leave, links=links, distance_m=length
        )
        return KeptTrip(replace(trip, transfer=moved, return_s=leave), True)

    def still_open(self, trip: Trip) -> bool:
        """Whether everything still ahead is as passable, and as fast, as when it was planned."""
        profile = self.scenario.vehicle_types[self.scenario.vehicle_type_index[trip.vehicle_type]].profile
        if profile.mode is not Mode.ROAD:
            return True
        ahead = list(trip.approach_links) if trip.load_start_s >= self.at_s else []
        leave = trip.depart_s
        if trip.transfer is not None and trip.transfer.arrive_s > self.at_s:
            ahead += self._not_driven(profile, trip.transfer.links, leave)
        for stop in trip.stops:
            if stop.arrive_s > self.at_s:
                ahead += self._not_driven(profile, stop.links, leave)
            leave = stop.depart_s
        if trip.return_s > self.at_s:
            ahead += self._not_driven(profile, trip.return_links, leave)
        if not ahead:
            return True
        now, then = self._times(profile, after=True), self._times(profile, after=False)
        return bool((now[ahead] <= then[ahead]).all())

    def _not_driven(self, profile: TravelProfile, links: tuple[int, ...], leave_s: float) -> list[int]:
        """Links of a leg not behind the vehicle yet (access aside: it errs towards *ahead*)."""
        if leave_s >= self.at_s:
            return list(links)
        done = leave_s + np.cumsum(self._times(profile, after=False)[list(links)]) / DS_PER_S
        return [link for link, at in zip(links, done, strict=True) if at > self.at_s]

    def _whereabouts(
        self, profile: TravelProfile, origin: str, leave_s: float, links: tuple[int, ...]
    ) -> tuple[int, tuple[int, ...], float]:
        """Next node of a vehicle on a leg, the links driven until there, and when it is there.

        On a link that is lost under way, it turns round and is back at the start of the link after as long
        as it had been on it; that piece is not counted as distance.
        """
        place = self._position[origin]
        node, clock = int(self.places.node[place]), leave_s + float(self._access_s[place])
        then, now = self._times(profile, after=False), self._times(profile, after=True)
        driven: list[int] = []
        for link in links:
            if clock >= self.at_s:
                break
            seconds = float(then[link]) / DS_PER_S
            if clock + seconds > self.at_s and now[link] >= UNREACHABLE_DS:
                clock = self.at_s + (self.at_s - clock)
                break
            driven.append(link)
            node, clock = int(self.network.head[link]), clock + seconds
        return node, tuple(driven), clock

    def _way(self, profile: TravelProfile, node: int, place: str) -> tuple[tuple[int, ...], float] | None:
        """Links and seconds from a node to a place over the roads as they are now."""
        position = self._position[place]
        target = int(self.places.node[position])
        link_ds = self._times(profile, after=True)
        path = self.engine.paths(
            link_ds, np.array([node], dtype=np.int32), np.array([target], dtype=np.int32)
        )[0]
        if path is None:
            return None
        seconds = float(link_ds[path].sum(dtype=np.int64)) / DS_PER_S + float(self._access_s[position])
        return tuple(int(link) for link in path), seconds

    def _times(self, profile: TravelProfile, *, after: bool) -> Int32Array:
        key = (profile, after)
        if key not in self._link_ds:
            state, at_s = (self.after, self.at_s) if after else (self.before, self.before_at_s)
            self._link_ds[key] = link_times_ds(self.network, state, profile, at_s)
        return self._link_ds[key]

    def _deadline(self, point: str) -> float:
        deadline = self.scenario.demand_points[self.scenario.point_index[point]].deadline_s
        latest = self.scenario.rules.response_s if deadline is None else deadline
        soft = "lateness" in self.scenario.dispatch_objectives
        return max(latest, self.scenario.rules.response_s) if soft else latest
