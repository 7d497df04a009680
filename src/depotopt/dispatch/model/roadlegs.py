"""`RoadLegs`: times, lengths and links between places for one travel profile in one road state."""

from __future__ import annotations

from dataclasses import dataclass, field, fields, replace

import numpy as np

from depotopt.dispatch.model.resources import TravelMatrix
from depotopt.errors import EngineError
from depotopt.hazards.states import Damage, RoadState
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.travel import TravelTimes
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array, great_circle_m

EXACT_LENGTHS = 4_000
"""Most pairs of places whose lengths are read off their paths before solving."""
PAIRS_AT_ONCE = 1_000
"""Pairs whose paths are asked for in one call."""
ROWS_AT_ONCE = 256
"""Rows of a matrix worked out together."""
SAMPLED_ORIGINS = 6
"""Places from which lengths are sampled where there are more pairs: every origin is a search of its own."""
SAMPLED_PAIRS = 240
"""Pairs of that sample."""
MOST_OPENINGS = 4
"""Moments at which roads are looked at again because some open; the last of all is always among them."""
MANY_PLACES = 1_500
"""Places above which only the last of those moments is looked at: every one costs a matrix."""


def known_damage(state: RoadState, at_s: float) -> RoadState:
    """The road state without damage that begins after a moment: nobody knows of it then."""
    damage = state.damage
    begun = damage.from_s <= at_s
    if begun.all():
        return state
    kept = (getattr(damage, item.name)[begun] for item in fields(Damage))
    return replace(state, damage=Damage(*kept))


def opening_moments(state: RoadState, at_s: float, last_s: float, places: int) -> tuple[float, ...]:
    """Moments after ``at_s`` at which roads that are lost or slow then are open again, at most a few.

    Parameters
    ----------
    state, at_s
        Roads at a moment.
    last_s
        Moment after which nothing matters any more.
    places
        How many places are looked at.
    """
    moments = _endings(state, at_s, last_s)
    most = 1 if places > MANY_PLACES else MOST_OPENINGS
    if len(moments) > most:
        chosen = np.linspace(0, len(moments) - 1, most + 1).round().astype(np.int64)[1:]
        moments = moments[chosen]
    return tuple(moments.tolist())


def openings_skipped(state: RoadState, at_s: float, last_s: float, chosen: tuple[float, ...]) -> int:
    """How many moments at which roads open are not looked at, though they are among those that matter.

    Parameters
    ----------
    state, at_s, last_s
        As for `opening_moments`.
    chosen
        Its answer.
    """
    return len(_endings(state, at_s, last_s)) - len(chosen)


def _endings(state: RoadState, at_s: float, last_s: float) -> FloatArray:
    """Moments at which damage that holds at ``at_s`` has ended, not after ``last_s``."""
    ends = state.damage.until_s[state.damage.active(at_s)]
    moments: FloatArray = np.unique(ends[ends <= last_s])
    return moments


@dataclass(frozen=True, slots=True)
class Leg:
    """One leg as it is driven.

    Attributes
    ----------
    links
        Links in driving order; empty in the air.
    metres
        Their length.
    """

    links: tuple[int, ...]
    metres: float


@dataclass
class RoadLegs:
    """Paths between places, found once and kept.

    Attributes
    ----------
    network, engine, state, profile, at_s
        What drives where.
    places
        Identifiers of the places.
    openings
        Later moments at which roads are open again. Each pair of places is driven over the roads of the
        moment by which a vehicle that is free at ``at_s`` is there first, and not before that moment.
    """

    network: RoadNetwork
    engine: TravelTimeEngine
    state: RoadState
    profile: TravelProfile
    at_s: float
    places: tuple[str, ...]
    openings: tuple[float, ...] = ()
    _found: dict[tuple[int, int], Leg] = field(default_factory=dict)
    _link_ds: dict[float, Int32Array] = field(default_factory=dict)
    _waits: dict[float, BoolArray] = field(default_factory=dict)

    def matrix(self) -> TravelMatrix:
        """Times and lengths between all places; the lengths are those of the paths driven."""
        seconds = self._seconds(self.at_s)
        if self.profile.mode is not Mode.ROAD or not self.openings:
            return self._with_lengths(seconds)
        opens = np.zeros_like(seconds)
        there = self.at_s + seconds
        least = seconds
        for moment in self.openings:
            least = self._seconds(moment)
            sooner = moment + least < there
            if sooner.any():
                opens[sooner], seconds[sooner] = moment, least[sooner]
                there[sooner] = moment + least[sooner]
                for pairs in self._waits.values():
                    pairs &= ~sooner
                self._waits[moment] = sooner
        matrix = self._with_lengths(seconds)
        if not self._waits and (least == seconds).all():
            return matrix
        return replace(matrix, opens_s=opens if self._waits else None, least_s=least)

    def _seconds(self, at_s: float) -> FloatArray:
        """Times between all places, shape ``(M, M)``; 0 on the diagonal, ``inf`` without a path."""
        times = self._times(at_s).of_state(self.state).copy()
        np.fill_diagonal(times, 0.0)
        return times

    def _with_lengths(self, seconds: FloatArray) -> TravelMatrix:
        straight = self._straight_m()
        if self.profile.mode is not Mode.ROAD:
            return TravelMatrix(seconds, straight, True)
        open_ = np.isfinite(seconds)
        exact = int(np.count_nonzero(open_)) - len(self.places) <= EXACT_LENGTHS
        sample = self._sample(open_, exact=exact)
        self.find([(int(a), int(b)) for a, b in sample])
        found = np.array([self._found[int(a), int(b)].metres for a, b in sample])
        if exact:
            metres = np.full(seconds.shape, np.inf)
            np.fill_diagonal(metres, 0.0)
            metres[sample[:, 0], sample[:, 1]] = found
            return TravelMatrix(seconds, metres, True)
        driven = seconds[sample[:, 0], sample[:, 1]]
        speed = found.sum() / max(float(driven.sum()), 1e-9)
        # In place, row by row: matrices of thousands of places are the largest thing in memory.
        metres = straight
        for row, times in zip(metres, seconds, strict=True):
            np.maximum(row, times * speed, out=row)
        return TravelMatrix(seconds, metres, False)

    def _sample(self, open_: BoolArray, *, exact: bool) -> Int64Array:
        """Pairs of places with a path: all of them, or some from a few origins, spread evenly."""
        places = len(self.places)
        origins = np.arange(places)
        if not exact:
            spread = np.unique(np.linspace(0, places - 1, SAMPLED_ORIGINS).astype(np.int64))
            # Origins that reach nothing say nothing.
            lively = np.flatnonzero(open_.sum(axis=1) > 1)
            origins = lively[np.unique(np.minimum(np.searchsorted(lively, spread), len(lively) - 1))]
        pairs = np.array(
            [(a, b) for a in origins.tolist() for b in np.flatnonzero(open_[a]).tolist() if a != b],
            dtype=np.int64,
        ).reshape(-1, 2)
        return pairs if exact else pairs[:: max(1, len(pairs) // SAMPLED_PAIRS)]

    def find(self, pairs: list[tuple[int, int]]) -> None:
        """Find the paths of several pairs of places at once.

        Raises
        ------
        EngineError
            If the engine finds no path although it gave the pair a travel time.
        """
        missing = sorted({pair for pair in pairs if pair not in self._found})
        if not missing:
            return
        if self.profile.mode is not Mode.ROAD:
            straight = self._straight_m()
            self._found.update({(a, b): Leg((), float(straight[a, b])) for a, b in missing})
            return
        if self.network.places is None:
            raise EngineError(self.engine.name, "the road network has no places")
        node = self.network.places.node[self.network.places.index(self.places)]
        by_moment: dict[float, list[tuple[int, int]]] = {}
        for pair in missing:
            by_moment.setdefault(self._moment(*pair), []).append(pair)
        for moment, pairs in by_moment.items():
            if moment not in self._link_ds:
                self._link_ds[moment] = self._times(moment).link_ds(self.state)
            # Pairs are sorted by origin; a few at a time keep the search trees of their origins small.
            for first in range(0, len(pairs), PAIRS_AT_ONCE):
                self._find_some(pairs[first : first + PAIRS_AT_ONCE], node, self._link_ds[moment])

    def _moment(self, a: int, b: int) -> float:
        """Of which moment the roads are that a pair of places is driven over."""
        return next((moment for moment, pairs in self._waits.items() if pairs[a, b]), self.at_s)

    def _find_some(self, pairs: list[tuple[int, int]], node: Int32Array, link_ds: Int32Array) -> None:
        origins = node[[a for a, _ in pairs]].astype(np.int32)
        destinations = node[[b for _, b in pairs]].astype(np.int32)
        for (a, b), links in zip(pairs, self.engine.paths(link_ds, origins, destinations), strict=True):
            if links is None:
                raise EngineError(self.engine.name, f"no path from {self.places[a]} to {self.places[b]}")
            metres = float(self.network.length_m[links].sum())
            self._found[a, b] = Leg(tuple(int(link) for link in links), metres)

    def leg(self, a: int, b: int) -> Leg:
        """The leg between two places; nothing where they are the same."""
        if a == b:
            return Leg((), 0.0)
        self.find([(a, b)])
        return self._found[a, b]

    def _times(self, at_s: float) -> TravelTimes:
        return TravelTimes(self.network, self.engine, self.places, self.places, self.profile, at_s)

    def _straight_m(self) -> FloatArray:
        known = self.network.places
        if known is None:
            raise EngineError(self.engine.name, "the road network has no places")
        index = known.index(self.places)
        lon, lat = known.lon[index], known.lat[index]
        straight = np.empty((len(lon), len(lon)))
        for first in range(0, len(lon), ROWS_AT_ONCE):
            rows = slice(first, first + ROWS_AT_ONCE)
            straight[rows] = great_circle_m(lon[rows, None], lat[rows, None], lon[None, :], lat[None, :])
        return straight
