"""`RoadLegs`: times, lengths and links between places for one travel profile in one road state."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from depotopt.dispatch.problem import TravelMatrix
from depotopt.errors import EngineError
from depotopt.hazards.states import RoadState
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
    """

    network: RoadNetwork
    engine: TravelTimeEngine
    state: RoadState
    profile: TravelProfile
    at_s: float
    places: tuple[str, ...]
    _found: dict[tuple[int, int], Leg] = field(default_factory=dict)
    _link_ds: Int32Array | None = None

    def seconds(self) -> FloatArray:
        """Times between all places, shape ``(M, M)``; 0 on the diagonal, ``inf`` without a path."""
        times = self._times().of_state(self.state).copy()
        np.fill_diagonal(times, 0.0)
        return times

    def matrix(self) -> TravelMatrix:
        """Times and lengths between all places."""
        seconds = self.seconds()
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
        if self._link_ds is None:
            self._link_ds = self._times().link_ds(self.state)
        node = self.network.places.node[self.network.places.index(self.places)]
        # Pairs are sorted by origin; a few at a time keep the search trees of their origins small.
        for first in range(0, len(missing), PAIRS_AT_ONCE):
            self._find_some(missing[first : first + PAIRS_AT_ONCE], node, self._link_ds)

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

    def _times(self) -> TravelTimes:
        return TravelTimes(self.network, self.engine, self.places, self.places, self.profile, self.at_s)

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
