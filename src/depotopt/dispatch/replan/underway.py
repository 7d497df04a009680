"""Trips under way when the roads change: kept as they are where they can, led round what is lost."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Final

from depotopt.dispatch.replan.changing_roads import ChangingRoads, Way, Whereabouts
from depotopt.plans import Stop, Transfer, Trip, TripLeg
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.scenario import Scenario

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


@dataclass(frozen=True)
class Underway:
    """Carries trips on over the roads as they are now.

    Attributes
    ----------
    scenario
        The planning case.
    roads
        Those of the plan in force and of now.
    ends
        Sites at which each vehicle may end: its home and the open dispatching depots.
    """

    scenario: Scenario
    roads: ChangingRoads
    ends: Mapping[str, tuple[str, ...]]

    @property
    def at_s(self) -> float:
        """The moment."""
        return self.roads.at_s

    def carry_on(self, trip: Trip) -> KeptTrip:
        """Keep a trip whose loading has begun, with a new way from where the vehicle is where one is lost."""
        profile = self._profile(trip)
        if profile.mode is not Mode.ROAD:
            return KeptTrip(trip)
        legs = trip.legs
        leg = next((leg for leg in legs[:-1] if leg.arrive_s > self.at_s), legs[-1])
        here = self.roads.whereabouts(profile, leg, trip.seen)
        if trip.stranded and leg is legs[-1]:
            here = replace(here, clock_s=max(here.clock_s, self.at_s))
        going = self.at_s < trip.return_s or trip.stranded
        seen = here.seen(leg) if going else None
        if not trip.stranded and self.still_open(trip):
            return KeptTrip(replace(trip, seen=seen))
        trip = replace(trip, seen=seen, stranded=False)
        if trip.transfer is not None:
            return self._carry_trunk(profile, trip, trip.transfer, here)
        stops, dropped = list(trip.stops[: leg.number - 1]), list[Stop]()
        for stop in trip.stops[leg.number - 1 :]:
            way = self.roads.way(profile, here, stop.point)
            opens_s, latest_s = self._open_hours(stop.point)
            if way is None or max(way.arrive_s, opens_s) > latest_s + LATE_SLACK_S:
                dropped.append(stop)
                continue
            driven, arrive = (*here.driven, *way.links), max(way.arrive_s, self.at_s)
            leave = max(arrive, opens_s) + stop.depart_s - max(stop.arrive_s, opens_s)
            metres = self.roads.metres(driven)
            stops.append(replace(stop, arrive_s=arrive, depart_s=leave, links=driven, distance_m=metres))
            here = self.roads.at(stop.point, leave)
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
        profile = self._profile(trip)
        empty = replace(
            trip, stops=(), transfer=None, on_board=(), return_links=(), return_distance_m=0.0, seen=None
        )
        if profile.mode is not Mode.ROAD:
            return KeptTrip(_ended(empty, trip.start_site, trip.load_start_s))
        leg = _approach(trip, origin)
        here = self.roads.whereabouts(profile, leg, trip.seen)
        if trip.stranded:
            here = replace(here, clock_s=max(here.clock_s, self.at_s))
        empty = replace(empty, seen=here.seen(leg), stranded=False)
        if not trip.stranded and self.roads.as_fast(profile, leg, trip.seen):
            way = self.roads.along(profile, here, leg.links[len(here.driven) :], trip.start_site)
            return KeptTrip(_ended(empty, way.place, way.arrive_s))
        onward = self.roads.way(profile, here, trip.start_site) or self._refuge(profile, trip, here)
        driven = here.driven if onward is None else (*here.driven, *onward.links)
        empty = replace(empty, approach_links=driven, approach_distance_m=self.roads.metres(driven))
        if onward is None:
            stays = replace(empty, stranded=True)
            return KeptTrip(_ended(stays, trip.start_site, here.clock_s), True, (), True)
        return KeptTrip(_ended(empty, onward.place, onward.arrive_s), True)

    def expected(self, trip: Trip, origin: str) -> KeptTrip:
        """A trip that stays as it is though its loading has not begun.

        Parameters
        ----------
        trip
            The trip.
        origin
            Where its approach begins.
        """
        profile = self._profile(trip)
        if not self.on_approach(trip) or profile.mode is not Mode.ROAD:
            return KeptTrip(trip)
        leg = _approach(trip, origin)
        return KeptTrip(replace(trip, seen=self.roads.whereabouts(profile, leg, trip.seen).seen(leg)))

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
            Where its approach begins, unless that is behind it.
        """
        profile = self._profile(trip)
        if profile.mode is not Mode.ROAD:
            return True
        ahead = [leg for leg in trip.legs if leg.arrive_s > self.at_s]
        if origin is not None and trip.approach_start_s is not None and trip.load_start_s >= self.at_s:
            ahead.append(_approach(trip, origin))
        return all(self.roads.as_fast(profile, leg, trip.seen) for leg in ahead)

    def _carry_trunk(
        self, profile: TravelProfile, trip: Trip, brought: Transfer, here: Whereabouts
    ) -> KeptTrip:
        """A trunk trip led round what is lost: it unloads as much later as it arrives later."""
        way = self.roads.way(profile, here, brought.site)
        if way is None:
            back = replace(trip, transfer=None, on_board=(*trip.on_board, *brought.loads))
            return self._brought_back(profile, back, here, ())
        links = (*here.driven, *way.links)
        arrive = max(way.arrive_s, self.at_s)
        begin = max(arrive, brought.start_s)
        leave = begin + brought.depart_s - brought.start_s
        moved = replace(
            brought,
            arrive_s=arrive,
            start_s=begin,
            depart_s=leave,
            links=links,
            distance_m=self.roads.metres(links),
        )
        return KeptTrip(replace(trip, transfer=moved, return_s=leave), True)

    def _brought_back(
        self, profile: TravelProfile, trip: Trip, here: Whereabouts, dropped: tuple[str, ...]
    ) -> KeptTrip:
        """The trip with its way back, or to where the vehicle can still get."""
        back = self.roads.way(profile, here, trip.end_site) or self._refuge(profile, trip, here)
        links = here.driven if back is None else (*here.driven, *back.links)
        kept = replace(trip, return_links=links, return_distance_m=self.roads.metres(links))
        if back is None:
            return KeptTrip(replace(kept, return_s=here.clock_s, stranded=True), True, dropped, True)
        return KeptTrip(replace(kept, end_site=back.place, return_s=back.arrive_s), True, dropped)

    def _refuge(self, profile: TravelProfile, trip: Trip, here: Whereabouts) -> Way | None:
        """The way to the site reached first among those where the vehicle may end."""
        ways = (self.roads.way(profile, here, site) for site in self.ends.get(trip.vehicle, ()))
        return min(
            (way for way in ways if way is not None), key=lambda w: (w.arrive_s, w.place), default=None
        )

    def _profile(self, trip: Trip) -> TravelProfile:
        return self.scenario.vehicle_types[self.scenario.vehicle_type_index[trip.vehicle_type]].profile

    def _open_hours(self, ident: str) -> tuple[float, float]:
        """First and last moment at which a stop at a point may begin."""
        point = self.scenario.demand_points[self.scenario.point_index[ident]]
        response_s = self.scenario.rules.response_s
        latest_s = response_s if point.deadline_s is None else point.deadline_s
        soft = "lateness" in self.scenario.dispatch_objectives
        return point.earliest_s, max(latest_s, response_s) if soft else latest_s


def _approach(trip: Trip, origin: str) -> TripLeg:
    """The drive to the depot as a leg."""
    leave_s = trip.load_start_s if trip.approach_start_s is None else trip.approach_start_s
    return TripLeg(0, origin, trip.start_site, leave_s, trip.load_start_s, trip.approach_links)


def _ended(trip: Trip, site: str, moment: float) -> Trip:
    """An empty drive that ends at a site at a moment."""
    return replace(
        trip, start_site=site, end_site=site, load_start_s=moment, depart_s=moment, return_s=moment
    )
