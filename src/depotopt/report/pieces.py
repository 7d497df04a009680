"""`RoadPieces`: every polyline of the network once, whatever its directions, with what happened to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.hazards.states import RoadState
from depotopt.roads.network import ROAD_CLASSES, RoadNetwork, Uint8Array
from depotopt.roads.profiles import ANY_TRUCK
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array

OPEN: Final = 0
SLOWED: Final = 1
LOST: Final = 2

CLASS_RANK: Final[tuple[str, ...]] = (
    "motorway",
    "trunk",
    "highway",
    "primary",
    "ferry",
    "secondary",
    "connector",
    "tertiary",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "track",
)
"""Road classes from the most to the least important on a map."""

MORTON_BITS: Final = 16


@dataclass(frozen=True, slots=True)
class StreetDamage:
    """What holds for each street at one moment, the worst of all its entries.

    Attributes
    ----------
    status
        `OPEN`, `SLOWED` or `LOST` (for a truck that wades 0.3 m) per street.
    speed_factor
        Share of free-flow speed left; 0 where lost, be it to water alone.
    depth_m
        Deepest water.
    cause
        Index into the road state's causes of the entry that decides; -1 where open.
    from_s, until_s
        When that entry holds.
    """

    status: Uint8Array
    speed_factor: FloatArray
    depth_m: FloatArray
    cause: Int32Array
    from_s: FloatArray
    until_s: FloatArray


def street_damage(network: RoadNetwork, state: RoadState, at_s: float) -> StreetDamage:
    """Collapse the damage entries that hold at a moment to one line per street."""
    streets = len(network.streets)
    status = np.zeros(streets, dtype=np.uint8)
    factor, depth = np.ones(streets), np.zeros(streets)
    cause = np.full(streets, -1, dtype=np.int32)
    begin, end = np.zeros(streets), np.full(streets, np.inf)
    active = state.damage.active(at_s)
    hit = state.damage.street[active]
    wet = state.damage.depth_m[active]
    # Worst entry last, so that it is the one that stays: smallest factor, then deepest, then longest.
    lost = (state.damage.speed_factor[active] <= 0) | (wet >= ANY_TRUCK.wading_depth_m)
    order = np.lexsort((state.damage.until_s[active], wet, -state.damage.speed_factor[active], lost))
    np.minimum.at(factor, hit, state.damage.speed_factor[active])
    np.maximum.at(depth, hit, wet)
    cause[hit[order]] = state.damage.cause[active][order]
    begin[hit[order]] = state.damage.from_s[active][order]
    end[hit[order]] = state.damage.until_s[active][order]
    status[(factor < 1) | (depth > 0)] = SLOWED
    status[(factor <= 0) | (depth >= ANY_TRUCK.wading_depth_m)] = LOST
    factor[status == LOST] = 0.0
    cause[status == OPEN] = -1
    return StreetDamage(status, factor, depth, cause, begin, end)


@dataclass(frozen=True, slots=True)
class RoadPieces:
    """Polylines of the network in drawing order: important classes first, neighbours together.

    ``P`` pieces; a road open both ways is one piece with two links.

    Attributes
    ----------
    first, lonlat
        Vertices as in `depotopt.roads.network.Geometry`.
    road_class, street, length_m
        Of the piece's first link, shape ``(P,)``.
    bridge, tunnel, ford
        Flags, shape ``(P,)``.
    directions
        Number of links, 1 or 2 (or more where links share a line).
    of_link, against
        Piece of each link, and whether the link runs against it, shape ``(L,)``.
    """

    first: Int64Array
    lonlat: FloatArray
    road_class: Uint8Array
    street: Int32Array
    length_m: FloatArray
    bridge: BoolArray
    tunnel: BoolArray
    ford: BoolArray
    directions: Int64Array
    of_link: Int64Array
    against: BoolArray

    def __len__(self) -> int:
        return len(self.road_class)


def road_pieces(network: RoadNetwork) -> RoadPieces:
    """Merge the directions of a network's roads and put them in drawing order."""
    used, first_link, of_link, directions = np.unique(
        network.geometry_of, return_index=True, return_inverse=True, return_counts=True
    )
    starts, ends = network.geometry.first[used], network.geometry.first[used + 1]
    rank = np.array([CLASS_RANK.index(name) for name in ROAD_CLASSES])[network.road_class[first_link]]
    order = np.lexsort((_morton(network.geometry.lonlat[starts]), rank)) if len(used) else np.empty(0, int)
    position = np.empty(len(used), dtype=np.int64)
    position[order] = np.arange(len(used))
    sizes = (ends - starts)[order]
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    vertex = np.arange(first[-1]) - np.repeat(first[:-1], sizes) + np.repeat(starts[order], sizes)
    link = first_link[order]
    return RoadPieces(
        first=first,
        lonlat=network.geometry.lonlat[vertex],
        road_class=network.road_class[link],
        street=network.street[link],
        length_m=network.length_m[link],
        bridge=network.bridge[link],
        tunnel=network.tunnel[link],
        ford=network.ford[link],
        directions=directions[order].astype(np.int64),
        of_link=position[of_link],
        against=network.reversed_,
    )


def _morton(lonlat: FloatArray) -> Int64Array:
    """Position of each point along a Z-order curve over the points' own extent."""
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    cells = (1 << MORTON_BITS) - 1
    grid = ((lonlat - low) / np.maximum(high - low, 1e-12) * cells).astype(np.int64)
    code = np.zeros(len(lonlat), dtype=np.int64)
    for bit in range(MORTON_BITS):
        code |= ((grid[:, 0] >> bit) & 1) << (2 * bit)
        code |= ((grid[:, 1] >> bit) & 1) << (2 * bit + 1)
    return code
