"""Trips under way when the roads change: kept as they are where they can, led round what is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.hazards.states import RoadState
from depotopt.plans import Stop, Transfer, Trip, Waypoint
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


@dataclass(frozen=True, slots=True)
class _Whereabouts:
    """Where a vehicle goes on from: a node, when it is there, and the links of the leg behind it."""

    node: int
    clock_s: float
    driven: tuple[int, ...] = ()

    def seen(self, leg: int) -> Waypoint:
        """As the plan tells it."""
        return Waypoint(leg, len(self.driven), self.clock_s)


@dataclass(frozen=True, slots=True)
class _Way:
    """Links from a node to a place, and seconds until it is there."""

    place: str
    links: tuple[int, ...]
    seconds: float


@dataclass
class Underway:
    """Carries trips on over the roads as they are now.

    Attributes
    ----------
    scenario, network, places
        The planning case, its roads, and where things stand on them.
    before, before_at_s
        Road state the plan in force was made for, and its moment.
    after, at_s
        Road state of now, and the moment.
    engine
        Paths over the network.
    ends
        Sites at which each vehicle may end: its home and the open dispatching depots.
    """

    scenario: Scenario
    network: RoadNetwork
    places: Places
    before: RoadState
    before_at_s: float
    after: RoadState
    at_s: float
    engine: TravelTimeEngine
    ends: Mapping[str, tuple[str, ...]]

    def __post_init__(self) -> None:
        self._position = {ident: n for n, ident in enumerate(self.places.ident)}
        self._access_s = ds_to_seconds(seconds_to_ds(self.places.access_s))
        self._link_ds: dict[tuple[TravelProfile, bool], Int32Array] = {}

    def carry_on(self, trip: Trip) -> KeptTrip:
        """Keep a trip whose loading has begun, with a new way from where the vehicle is where one is lost."""
        profile = self._profile(trip)
        if profile.mode is not Mode.ROAD:
            return KeptTrip(trip)
        leg, origin, leave_s, links = self._leg_under_way(trip)
        here = self._whereabouts(profile, trip, leg, origin, leave_s, links)
        if trip.stranded and leg == len(_legs(trip)):
            here = replace(here, clock_s=max(here.clock_s, self.at_s))
        moving = leave_s < self.at_s and (self.at_s < trip.return_s or trip.stranded)
        if not trip.stranded and self.still_open(trip):
            return KeptTrip(replace(trip, seen=here.seen(leg) if moving else None))
        trip = replace(trip, seen=here.seen(leg) if moving else None, stranded=False)
        if trip.transfer is not None:
            return self._carry_trunk(profile, trip, trip.transfer, here)
        reached = leg - 1
        stops, dropped = list(trip.stops[:reached]), list[Stop]()
        for stop in trip.stops[reached:]:
            way = self._way(profile, here.node, stop.point)
            arrive = None if way is None else here.clock_s + way.seconds
            if way is None or arrive is None or arrive > self._deadline(stop.point) + LATE_SLACK_S:
                dropped.append(stop)
                continue
            driven = (*here.driven, *way.links)
            arrive = max(arrive, self.at_s)
            leave = arrive + stop.depart_s - stop.arrive_s
            metres = self._metres(driven)
            stops.append(replace(stop, arrive_s=arrive, depart_s=leave, links=driven, distance_m=metres))
            here = self._at(stop.point, leave)
        kept = replace(
            trip,
            stops=tuple(stops),
            on_board=(*trip.on_board, *(load for stop in dropped for load in stop.loads)),
        )
        return self._brought_back(profile, kept, here, tuple(stop.point for stop in dropped))

    def approaching(self, trip: Trip, origin: str) -> KeptTrip:
        """The drive to a depot that has begun while loading has not: a trip without loads that ends there.

        Parameters
        ----------
        trip
            The trip the vehicle was to load there.
        origin
            Where the drive began.
        """
        profile, began_s = self._profile(trip), trip.approach_start_s
        began_s = trip.load_start_s if began_s is None else began_s
        empty = replace(
            trip, stops=(), transfer=None, on_board=(), return_links=(), return_distance_m=0.0, seen=None
        )
        if profile.mode is not Mode.ROAD:
            return KeptTrip(_ended(empty, trip.start_site, trip.load_start_s))
        here = self._whereabouts(profile, trip, 0, origin, began_s, trip.approach_links)
        if trip.stranded:
            here = replace(here, clock_s=max(here.clock_s, self.at_s))
        empty = replace(empty, seen=here.seen(0), stranded=False)
        ahead = trip.approach_links[len(here.driven) :]
        if not trip.stranded and self._as_fast(profile, ahead):
            return KeptTrip(
                _ended(empty, trip.start_site, here.clock_s + self._seconds(profile, ahead, trip.start_site))
            )
        way = self._way(profile, here.node, trip.start_site) or self._refuge(profile, trip, here.node)
        driven = here.driven if way is None else (*here.driven, *way.links)
        empty = replace(empty, approach_links=driven, approach_distance_m=self._metres(driven))
        if way is None:
            stays = replace(empty, stranded=True)
            return KeptTrip(_ended(stays, trip.start_site, here.clock_s), True, (), True)
        return KeptTrip(_ended(empty, way.place, here.clock_s + way.seconds), True)

    def expected(self, trip: Trip, origin: str) -> KeptTrip:
        """A trip that stays as it is though its loading has not begun.

        Parameters
        ----------
        trip
            The trip.
        origin
            Where its approach begins.
        """
        profile, began_s = self._profile(trip), trip.approach_start_s
        if began_s is None or not self.on_approach(trip) or profile.mode is not Mode.ROAD:
            return KeptTrip(trip)
        here = self._whereabouts(profile, trip, 0, origin, began_s, trip.approach_links)
        return KeptTrip(replace(trip, seen=here.seen(0)))

    def on_approach(self, trip: Trip) -> bool:
        """Whether the vehicle is on its way to the depot where it is to load, or stranded on it."""
        if trip.stranded and trip.seen is not None and trip.seen.leg == 0:
            return True
        return trip.approach_start_s is not None and trip.approach_start_s < self.at_s <= trip.load_start_s

    def still_open(self, trip: Trip, origin: str | None = None) -> bool:
        """Whether everything still ahead is as passable, and as fast, as when it was planned.

        Parameters
        ----------
        trip
            Any trip of the plan in force.
        origin
            Where its approach begins, if that may have begun.
        """
        profile = self._profile(trip)
        if profile.mode is not Mode.ROAD:
            return True
        ahead: list[int] = []
        if trip.load_start_s >= self.at_s:
            behind = 0
            if origin is not None and self.on_approach(trip) and trip.approach_start_s is not None:
                here = self._whereabouts(profile, trip, 0, origin, trip.approach_start_s, trip.approach_links)
                behind = len(here.driven)
            ahead += trip.approach_links[behind:]
        leg, begun, leave_s, links = self._leg_under_way(trip)
        if trip.return_s > self.at_s:
            here = self._whereabouts(profile, trip, leg, begun, leave_s, links)
            ahead += links[len(here.driven) :]
        legs = _legs(trip)
        for _, later, _ in legs[leg:]:
            ahead += later
        return self._as_fast(profile, tuple(ahead))

    def _leg_under_way(self, trip: Trip) -> tuple[int, str, float, tuple[int, ...]]:
        """Leg a vehicle drives now or next after loading: number, origin, departure and links."""
        leg, origin, leave_s = 1, trip.start_site, trip.depart_s
        legs = _legs(trip)
        for place, _, (arrive_s, depart_s) in legs[:-1]:
            if arrive_s > self.at_s:
                break
            leg, origin, leave_s = leg + 1, place, depart_s
        return leg, origin, leave_s, legs[leg - 1][1]

    def _whereabouts(
        self,
        profile: TravelProfile,
        trip: Trip,
        leg: int,
        origin: str,
        leave_s: float,
        links: tuple[int, ...],
    ) -> _Whereabouts:
        """Next node of a vehicle on a leg, and the links driven until there.

        On a link that is lost under way, it turns round and is back at the start of the link after as long
        as it had been on it; that piece is not counted as distance.
        """
        here = self._at(origin, leave_s)
        node, clock, behind = here.node, here.clock_s, 0
        if trip.seen is not None and trip.seen.leg == leg:
            # What was driven before the plan in force was made took the time it took.
            behind, clock = trip.seen.links, trip.seen.at_s
            node = int(self.network.head[links[behind - 1]]) if behind else node
        then, now = self._times(profile, after=False), self._times(profile, after=True)
        for link in links[behind:]:
            if clock >= self.at_s:
                break
            seconds = float(then[link]) / DS_PER_S
            if clock + seconds > self.at_s and now[link] >= UNREACHABLE_DS:
                clock = self.at_s + (self.at_s - clock)
                break
            behind += 1
            node, clock = int(self.network.head[link]), clock + seconds
        return _Whereabouts(node, clock, links[:behind])

    def _carry_trunk(
        self, profile: TravelProfile, trip: Trip, brought: Transfer, here: _Whereabouts
    ) -> KeptTrip:
        """A trunk trip led round what is lost: it unloads as much later as it arrives later."""
        way = self._way(profile, here.node, brought.site)
        if way is None:
            back = replace(trip, transfer=None, on_board=(*trip.on_board, *brought.loads))
            return self._brought_back(profile, back, here, ())
        links = (*here.driven, *way.links)
        arrive = max(here.clock_s + way.seconds, self.at_s)
        begin = max(arrive, brought.start_s)
        leave = begin + brought.depart_s - brought.start_s
        moved = replace(
            brought,
            arrive_s=arrive,
            start_s=begin,
            depart_s=leave,
            links=links,
            distance_m=self._metres(links),
        )
        return KeptTrip(replace(trip, transfer=moved, return_s=leave), True)

    def _brought_back(
        self, profile: TravelProfile, trip: Trip, here: _Whereabouts, dropped: tuple[str, ...]
    ) -> KeptTrip:
        """The trip with its way back, or to where the vehicle can still get."""
        back = self._way(profile, here.node, trip.end_site) or self._refuge(profile, trip, here.node)
        links = here.driven if back is None else (*here.driven, *back.links)
        if back is None:
            stays = replace(
                trip,
                return_links=links,
                return_distance_m=self._metres(links),
                return_s=here.clock_s,
                stranded=True,
            )
            return KeptTrip(stays, True, dropped, True)
        kept = replace(
            trip,
            end_site=back.place,
            return_links=links,
            return_distance_m=self._metres(links),
            return_s=here.clock_s + back.seconds,
        )
        return KeptTrip(kept, True, dropped)

    def _refuge(self, profile: TravelProfile, trip: Trip, node: int) -> _Way | None:
        """The way to the site reached first among those where the vehicle may end."""
        ways = (self._way(profile, node, site) for site in self.ends.get(trip.vehicle, ()))
        return min((way for way in ways if way is not None), key=lambda w: (w.seconds, w.place), default=None)

    def _way(self, profile: TravelProfile, node: int, place: str) -> _Way | None:
        """The quickest way from a node to a place over the roads as they are now."""
        target = int(self.places.node[self._position[place]])
        path = self.engine.paths(
            self._times(profile, after=True),
            np.array([node], dtype=np.int32),
            np.array([target], dtype=np.int32),
        )[0]
        if path is None:
            return None
        links = tuple(int(link) for link in path)
        return _Way(place, links, self._seconds(profile, links, place))

    def _seconds(self, profile: TravelProfile, links: tuple[int, ...], place: str) -> float:
        """Seconds over links and off the road to a place, as the roads are now."""
        on_roads = int(self._times(profile, after=True)[list(links)].sum(dtype=np.int64)) if links else 0
        return on_roads / DS_PER_S + float(self._access_s[self._position[place]])

    def _at(self, place: str, leave_s: float) -> _Whereabouts:
        """A vehicle that leaves a place, at the node where it comes on the road."""
        position = self._position[place]
        return _Whereabouts(int(self.places.node[position]), leave_s + float(self._access_s[position]))

    def _as_fast(self, profile: TravelProfile, links: tuple[int, ...]) -> bool:
        if not links:
            return True
        now, then = self._times(profile, after=True), self._times(profile, after=False)
        ahead = list(links)
        return bool((now[ahead] <= then[ahead]).all())

    def _metres(self, links: tuple[int, ...]) -> float:
        return float(self.network.length_m[list(links)].sum()) if links else 0.0

    def _profile(self, trip: Trip) -> TravelProfile:
        return self.scenario.vehicle_types[self.scenario.vehicle_type_index[trip.vehicle_type]].profile

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


def _legs(trip: Trip) -> list[tuple[str, tuple[int, ...], tuple[float, float]]]:
    """Legs after loading: destination, links, arrival and departure there; the way back is the last."""
    legs = [(stop.point, stop.links, (stop.arrive_s, stop.depart_s)) for stop in trip.stops]
    if trip.transfer is not None:
        brought = trip.transfer
        legs.append((brought.site, brought.links, (brought.arrive_s, brought.depart_s)))
    legs.append((trip.end_site, trip.return_links, (trip.return_s, trip.return_s)))
    return legs


def _ended(trip: Trip, site: str, moment: float) -> Trip:
    """An empty drive that ends at a site at a moment."""
    return replace(
        trip, start_site=site, end_site=site, load_start_s=moment, depart_s=moment, return_s=moment
    )
