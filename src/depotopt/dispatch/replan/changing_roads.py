"""`ChangingRoads`: the roads a plan was made for, the roads of now, and where on them a vehicle is."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from depotopt.dispatch.model.roadlegs import known_damage
from depotopt.hazards.states import RoadState
from depotopt.plans import TripLeg, Waypoint
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import Places, RoadNetwork
from depotopt.roads.profiles import TravelProfile
from depotopt.travel import link_times_ds
from depotopt.units import DS_PER_S, UNREACHABLE_DS, Int32Array, ds_to_seconds, seconds_to_ds

ROUNDING_S: Final = 0.05
"""Half a decisecond: by so much moments of a plan may be off."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a vehicle goes on from: a node, when it is there, and the links of the leg behind it.

    Attributes
    ----------
    node, clock_s, driven
        See above.
    moving
        Whether it is on the leg; else it still stands where the leg begins.
    access_s
        Seconds from where it stands to that node.
    """

    node: int
    clock_s: float
    driven: tuple[int, ...] = ()
    moving: bool = False
    access_s: float = 0.0

    def seen(self, leg: TripLeg) -> Waypoint | None:
        """As the plan tells it."""
        return Waypoint(leg.number, len(self.driven), self.clock_s) if self.moving else None


@dataclass(frozen=True, slots=True)
class Way:
    """Links from a node to a place, and when a vehicle is there."""

    place: str
    links: tuple[int, ...]
    arrive_s: float


@dataclass(frozen=True, slots=True)
class _Start:
    """Where the part of a leg begins that the roads of the plan in force are for.

    Attributes
    ----------
    node, behind
        Where, and how many links of the leg lie behind it.
    ready_s, access_s
        When it may go on from there, and seconds to the road.
    moment_s
        It is driven over the roads of that moment, and not before.
    seen
        Whether the vehicle was seen there.
    """

    node: int
    behind: int
    ready_s: float
    access_s: float
    moment_s: float
    seen: bool


@dataclass
class ChangingRoads:
    """Link times before and after roads changed.

    Attributes
    ----------
    network, places
        Roads, and where things stand on them.
    before, before_at_s
        Road state of the plan in force, and its moment.
    after, at_s
        Road state of now, and the moment.
    engine
        Paths over the network.
    """

    network: RoadNetwork
    places: Places
    before: RoadState
    before_at_s: float
    after: RoadState
    at_s: float
    engine: TravelTimeEngine
    _link_ds: dict[tuple[TravelProfile, bool, float], Int32Array] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._position = {ident: n for n, ident in enumerate(self.places.ident)}
        self._access_s = ds_to_seconds(seconds_to_ds(self.places.access_s))
        self.before = known_damage(self.before, self.before_at_s)
        self.after = known_damage(self.after, self.at_s)
        self._moments_then = _moments(self.before, self.before_at_s)
        self._moments_now = _moments(self.after, self.at_s)

    def at(self, place: str, leave_s: float) -> Whereabouts:
        """A vehicle that leaves a place, at the node where it comes on the road."""
        position = self._position[place]
        access_s = float(self._access_s[position])
        return Whereabouts(int(self.places.node[position]), leave_s + access_s, access_s=access_s)

    def whereabouts(self, profile: TravelProfile, leg: TripLeg, seen: Waypoint | None) -> Whereabouts:
        """Next node of a vehicle on a leg of the plan in force, and the links driven until there.

        What lies behind where it was seen took the time it took. On a link that is lost under way, it turns
        round and is back at the start of the link after as long as it had been on it; that piece is not
        counted as distance.
        """
        start = self._start(profile, leg, seen)
        behind, begin_s = start.behind, max(start.ready_s, start.moment_s)
        if begin_s >= self.at_s:
            # Where it waits for a road to open, it need not wait any longer.
            clock = max(start.ready_s, self.at_s) + start.access_s
            return Whereabouts(start.node, clock, leg.links[:behind], start.seen, start.access_s)
        node, clock = start.node, begin_s + start.access_s
        then, now = self._then(profile, start.moment_s), self._now(profile, self.at_s)
        for link in leg.links[behind:]:
            if clock >= self.at_s:
                break
            seconds = float(then[link]) / DS_PER_S
            if clock + seconds > self.at_s and now[link] >= UNREACHABLE_DS:
                clock = self.at_s + (self.at_s - clock)
                break
            behind += 1
            node, clock = int(self.network.head[link]), clock + seconds
        return Whereabouts(node, clock, leg.links[:behind], True)

    def as_fast(self, profile: TravelProfile, leg: TripLeg, seen: Waypoint | None) -> bool:
        """Whether what is ahead of a vehicle on a leg is as passable, and as fast, as when it was planned."""
        here, start = self.whereabouts(profile, leg, seen), self._start(profile, leg, seen)
        ahead = list(leg.links[len(here.driven) :])
        if not ahead:
            return True
        now = self._now(profile, max(start.moment_s, self.at_s))
        return bool((now[ahead] <= self._then(profile, start.moment_s)[ahead]).all())

    def way(self, profile: TravelProfile, here: Whereabouts, place: str) -> Way | None:
        """The way by which a vehicle is at a place first, over roads of now or of when some have opened."""
        target = np.array([self.places.node[self._position[place]]], dtype=np.int32)
        best: Way | None = None
        for moment in self._moments_now:
            if best is not None and moment >= best.arrive_s:
                break
            link_ds = self._now(profile, moment)
            path = self.engine.paths(link_ds, np.array([here.node], dtype=np.int32), target)[0]
            if path is None:
                continue
            links = tuple(int(link) for link in path)
            arrive_s = self._begin(here, moment) + self._seconds(link_ds, links, place)
            if best is None or arrive_s < best.arrive_s:
                best = Way(place, links, arrive_s)
        return best

    def along(self, profile: TravelProfile, here: Whereabouts, links: tuple[int, ...], place: str) -> Way:
        """Some links as a way, all of which open at some moment known."""
        arrivals = [
            self._begin(here, moment) + self._seconds(self._now(profile, moment), links, place)
            for moment in self._moments_now
        ]
        return Way(place, links, min(arrivals))

    def _begin(self, here: Whereabouts, moment_s: float) -> float:
        """When a vehicle goes on from a node if it waits for a moment, later than now, where it is."""
        if moment_s <= self.at_s:
            return here.clock_s
        return max(here.clock_s - here.access_s, moment_s) + here.access_s

    def metres(self, links: tuple[int, ...]) -> float:
        """Length of some links."""
        return float(self.network.length_m[list(links)].sum()) if links else 0.0

    def _start(self, profile: TravelProfile, leg: TripLeg, seen: Waypoint | None) -> _Start:
        """Where and when the part of a leg begins that the roads of the plan in force are for."""
        position = self._position[leg.origin]
        node, ready_s, behind = int(self.places.node[position]), leg.leave_s, 0
        access_s = float(self._access_s[position])
        known = seen is not None and seen.leg == leg.number
        if seen is not None and known:
            behind, ready_s, access_s = seen.links, seen.at_s, 0.0
            node = int(self.network.head[leg.links[behind - 1]]) if behind else node
        rest = leg.links[behind:]
        for moment in self._moments_then:
            seconds = self._seconds(self._then(profile, moment), rest, leg.destination)
            if max(ready_s, moment) + access_s + seconds <= leg.arrive_s + ROUNDING_S:
                return _Start(node, behind, ready_s, access_s, moment, known)
        return _Start(node, behind, ready_s, access_s, self.before_at_s, known)

    def _seconds(self, link_ds: Int32Array, links: tuple[int, ...], place: str) -> float:
        """Seconds over links and off the road to a place."""
        on_roads = int(link_ds[list(links)].sum(dtype=np.int64)) if links else 0
        return on_roads / DS_PER_S + float(self._access_s[self._position[place]])

    def _then(self, profile: TravelProfile, moment_s: float) -> Int32Array:
        return self._times(profile, moment_s, after=False)

    def _now(self, profile: TravelProfile, moment_s: float) -> Int32Array:
        return self._times(profile, moment_s, after=True)

    def _times(self, profile: TravelProfile, moment_s: float, *, after: bool) -> Int32Array:
        key = (profile, after, moment_s)
        if key not in self._link_ds:
            state = self.after if after else self.before
            self._link_ds[key] = link_times_ds(self.network, state, profile, moment_s)
        return self._link_ds[key]


def _moments(state: RoadState, at_s: float) -> tuple[float, ...]:
    """A moment, and those after it at which damage that holds then has ended."""
    ends = state.damage.until_s[state.damage.active(at_s)]
    later: list[float] = np.unique(ends[np.isfinite(ends)]).tolist()
    return (at_s, *later)
