"""From the ways of OpenStreetMap to sections between junctions, and to streets and bridges."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.roads.importers.chains import Chains, chains, single_chains
from depotopt.roads.importers.osm_tags import Road
from depotopt.roads.importers.sections import Sections, assemble, drive_s, street_kinds
from depotopt.roads.importers.streets import joined_streets, street_table
from depotopt.roads.network import Geometry, RoadNetwork, StreetTable, Uint8Array
from depotopt.units import BoolArray, FloatArray, Int64Array, great_circle_m

_DEGREES = 1e-7


@dataclass(frozen=True, slots=True)
class OsmWays:
    """Ways as read: ``W`` ways, ``R`` node references, ``K`` kinds of road, ``M`` names.

    Attributes
    ----------
    node, x, y
        Node and position in 1e-7 degrees of every reference, shape ``(R,)``.
    counts, way, road_of, name_of
        References, identifier, kind and name of each way, shape ``(W,)``.
    roads
        The kinds of road, shape ``(K,)``; none is oneway against the order of its nodes.
    names
        The names, shape ``(M,)``.
    blocked, fords
        Nodes that stop a truck and nodes that are fords, sorted.
    """

    node: Int64Array
    x: np.ndarray[tuple[int], np.dtype[np.int32]]
    y: np.ndarray[tuple[int], np.dtype[np.int32]]
    counts: Int64Array
    way: Int64Array
    road_of: Int64Array
    name_of: Int64Array
    roads: tuple[Road, ...]
    names: tuple[str, ...]
    blocked: Int64Array
    fords: Int64Array


@dataclass(frozen=True, slots=True)
class _Segments:
    """Straight pieces between consecutive nodes."""

    lon: FloatArray
    lat: FloatArray
    a: Int64Array
    b: Int64Array
    way: Int64Array
    kind: Int64Array
    ford: BoolArray
    length_m: FloatArray


def osm_network(
    ways: OsmWays,
    present: BoolArray,
    *,
    simplify: bool,
    source: str,
    attribution: str,
    dropped: dict[str, float],
) -> RoadNetwork:
    """Build the network of the ways.

    Parameters
    ----------
    ways
        Ways as read.
    present
        References whose node is in the file, shape ``(R,)``.
    simplify
        Whether to merge segments where nothing else meets.
    source, attribution, dropped
        As in `depotopt.roads.importers.sections.assemble`.
    """
    segments, missing = _segments(ways, present)
    if missing:
        dropped["pieces of ways whose nodes are not in the file"] = float(missing)
    table = _RoadColumns.of(ways.roads)
    directed = table.oneway | (table.speed_kmh != table.backward_kmh)
    # A ford that is a node makes the pieces that touch it a kind of their own.
    kind = (segments.kind * len(ways.names) + ways.name_of[segments.way]) * 2 + segments.ford
    if simplify:
        found = chains(segments.a, segments.b, kind, directed[segments.kind], len(segments.lon))
    else:
        found = single_chains(len(segments.a))
    sections, geometry = _sections(segments, found, table)
    streets = _streets(ways, segments, found, sections)
    ends = np.unique(np.concatenate([sections.start, sections.end]))
    sections.start = np.searchsorted(ends, sections.start)
    sections.end = np.searchsorted(ends, sections.end)
    return assemble(
        segments.lon[ends],
        segments.lat[ends],
        sections,
        streets,
        geometry,
        source=source,
        attribution=attribution,
        dropped=dropped,
    )


@dataclass(frozen=True, slots=True)
class _RoadColumns:
    """The kinds of road, column by column."""

    road_class: Uint8Array
    oneway: BoolArray
    speed_kmh: FloatArray
    backward_kmh: FloatArray
    speed_source: Uint8Array
    bridge: BoolArray
    tunnel: BoolArray
    ford: BoolArray
    max_weight_kg: FloatArray
    max_height_m: FloatArray

    @classmethod
    def of(cls, roads: tuple[Road, ...]) -> _RoadColumns:
        return cls(
            road_class=np.array([road.road_class for road in roads], dtype=np.uint8),
            oneway=np.array([road.oneway != 0 for road in roads], dtype=np.bool_),
            speed_kmh=np.array([road.speed_kmh for road in roads], dtype=np.float64),
            backward_kmh=np.array([road.backward_kmh for road in roads], dtype=np.float64),
            speed_source=np.array([road.speed_source for road in roads], dtype=np.uint8),
            bridge=np.array([road.bridge for road in roads], dtype=np.bool_),
            tunnel=np.array([road.tunnel for road in roads], dtype=np.bool_),
            ford=np.array([road.ford for road in roads], dtype=np.bool_),
            max_weight_kg=np.array([road.max_weight_kg for road in roads], dtype=np.float64),
            max_height_m=np.array([road.max_height_m for road in roads], dtype=np.float64),
        )


def _segments(ways: OsmWays, present: BoolArray) -> tuple[_Segments, int]:
    """Cut ways into segments; number those that are lost with missing nodes."""
    known, index = np.unique(ways.node, return_inverse=True)
    lon, lat = np.empty(len(known)), np.empty(len(known))
    lon[index], lat[index] = ways.x * _DEGREES, ways.y * _DEGREES
    ends = np.cumsum(ways.counts)
    inner = np.ones(len(ways.node), dtype=np.bool_)
    inner[ends[ways.counts > 0] - 1] = False
    here = np.flatnonzero(inner)
    way = np.repeat(np.arange(len(ways.counts)), ways.counts)[here]
    whole = present[here] & present[here + 1]
    missing = int((~whole).sum())
    keep = whole & (index[here] != index[here + 1])
    here, way = here[keep], way[keep]
    a, b = index[here].astype(np.int64), index[here + 1].astype(np.int64)
    kind = ways.road_of[way]
    is_ford = _among(known, ways.fords)
    a, b, lon, lat, is_ford = _barred(a, b, lon, lat, is_ford, _among(known, ways.blocked))
    ford = is_ford[a] | is_ford[b]
    length = great_circle_m(lon[a], lat[a], lon[b], lat[b])
    return _Segments(lon, lat, a, b, way, kind, ford, length), missing


def _among(known: Int64Array, some: Int64Array) -> BoolArray:
    """Which of the sorted identifiers are among some."""
    return np.isin(known, some, assume_unique=True)


def _barred(
    a: Int64Array, b: Int64Array, lon: FloatArray, lat: FloatArray, is_ford: BoolArray, blocked: BoolArray
) -> tuple[Int64Array, Int64Array, FloatArray, FloatArray, BoolArray]:
    """Give every segment end at a blocked node a node of its own: roads end there, on both sides."""
    ends = np.concatenate([a, b])
    hit = np.flatnonzero(blocked[ends])
    original = ends[hit]
    ends[hit] = len(lon) + np.arange(len(hit))
    return (
        ends[: len(a)],
        ends[len(a) :],
        np.concatenate([lon, lon[original]]),
        np.concatenate([lat, lat[original]]),
        np.concatenate([is_ford, is_ford[original]]),
    )


def _sections(segments: _Segments, found: Chains, table: _RoadColumns) -> tuple[Sections, Geometry]:
    """One section per chain, with its line."""
    tail = np.where(found.against, segments.b[found.segment], segments.a[found.segment])
    head = np.where(found.against, segments.a[found.segment], segments.b[found.segment])
    start, stop = found.first[:-1], found.first[1:]
    sizes = stop - start
    vertex = np.empty(len(tail) + len(found), dtype=np.int64)
    line_first = found.first + np.arange(len(found) + 1)
    vertex[line_first[:-1]] = tail[start]
    vertex[np.arange(len(head)) + np.repeat(np.arange(len(found)), sizes) + 1] = head
    lonlat = np.column_stack([segments.lon[vertex], segments.lat[vertex]])
    lengths = segments.length_m[found.segment]
    length = np.add.reduceat(lengths, start) if len(start) else lengths
    one = found.segment[start]
    kind = segments.kind[one]
    sections = Sections(
        start=tail[start],
        end=head[stop - 1],
        forward=np.ones(len(found), dtype=np.bool_),
        backward=~table.oneway[kind],
        length_m=length,
        road_class=table.road_class[kind],
        forward_s=drive_s(length, table.speed_kmh[kind]),
        backward_s=drive_s(length, table.backward_kmh[kind]),
        speed_source=table.speed_source[kind],
        bridge=table.bridge[kind],
        tunnel=table.tunnel[kind],
        ford=table.ford[kind] | segments.ford[one],
        max_weight_kg=table.max_weight_kg[kind],
        max_height_m=table.max_height_m[kind],
        street=np.zeros(len(found), dtype=np.int64),
    )
    return sections, Geometry(line_first, lonlat)


def _streets(ways: OsmWays, segments: _Segments, found: Chains, sections: Sections) -> StreetTable:
    """Say which sections are lost together, and what they are called."""
    kind = street_kinds(sections.bridge, sections.tunnel, sections.ford)
    group = joined_streets(sections.start, sections.end, kind, len(segments.lon))
    start = found.first[:-1]
    earliest = np.minimum.reduceat(found.segment, start) if len(start) else found.segment
    way = segments.way[earliest]
    names = np.array(ways.names, dtype=object)[ways.name_of[way]]
    sections.street, table = street_table(group, kind, earliest, ways.way[way], names)
    return table
