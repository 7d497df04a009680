"""`Sections`: roads as a source has them; `assemble` turns them into a connected `RoadNetwork`."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from depotopt.catalog.road_speeds import road_speeds
from depotopt.errors import Fault, InputError
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.importers.components import largest_strong_part
from depotopt.roads.network import (
    ROAD_CLASSES,
    Geometry,
    RoadNetwork,
    SpeedSource,
    StreetKind,
    StreetTable,
    Uint8Array,
)
from depotopt.units import BoolArray, FloatArray, Int64Array, great_circle_m, kmh_to_ms

CLASS_CODE = {name: code for code, name in enumerate(ROAD_CLASSES)}
OUTSIDE = "outside the largest strongly connected component"


@dataclass(slots=True)
class Sections:
    """Pieces of road, each with one or both directions; ``S`` sections.

    Attributes
    ----------
    start, end
        End nodes, shape ``(S,)``.
    forward, backward
        Whether it may be driven from start to end, and back.
    length_m
        Length in metres.
    road_class
        Index into `ROAD_CLASSES`.
    forward_s, backward_s
        Free-flow seconds in each direction; of no meaning where it may not be driven.
    speed_source
        `SpeedSource` code.
    bridge, tunnel, ford
        Flags.
    max_weight_kg, max_height_m
        Limits; ``inf`` where there is none.
    street
        Index into the streets.
    """

    start: Int64Array
    end: Int64Array
    forward: BoolArray
    backward: BoolArray
    length_m: FloatArray
    road_class: Uint8Array
    forward_s: FloatArray
    backward_s: FloatArray
    speed_source: Uint8Array
    bridge: BoolArray
    tunnel: BoolArray
    ford: BoolArray
    max_weight_kg: FloatArray
    max_height_m: FloatArray
    street: Int64Array

    def __len__(self) -> int:
        return len(self.start)

    def taken(self, which: Int64Array | BoolArray) -> Sections:
        """Return the sections picked by index or mask."""
        return Sections(*(getattr(self, item.name)[which] for item in fields(self)))


def speeds(
    tagged_kmh: FloatArray, road_class: Uint8Array, default_kmh: float
) -> tuple[FloatArray, Uint8Array]:
    """Speed and its provenance per section: tag, else class table, else the default.

    Parameters
    ----------
    tagged_kmh
        Speed in the source, NaN where there is none.
    road_class
        Index into `ROAD_CLASSES`.
    default_kmh
        Speed of roads of unknown class (``highway``).
    """
    table = road_speeds()
    by_class = np.array([table[name].speed_kmh if name in table else default_kmh for name in ROAD_CLASSES])
    known = np.array([name in table for name in ROAD_CLASSES])
    tagged = np.isfinite(tagged_kmh)
    source = np.where(known[road_class], SpeedSource.CLASS_TABLE, SpeedSource.ASSUMED)
    source = np.where(tagged, SpeedSource.TAG, source)
    # A connector is declared by somebody, never surveyed, whatever speed it was given.
    source = np.where(road_class == CLASS_CODE["connector"], SpeedSource.ASSUMED, source)
    return np.where(tagged, tagged_kmh, by_class[road_class]), source.astype(np.uint8)


def drive_s(length_m: FloatArray, speed_kmh: FloatArray) -> FloatArray:
    """Seconds to drive a length at a speed."""
    seconds: FloatArray = length_m / (speed_kmh * kmh_to_ms(1.0))
    return seconds


def street_kinds(bridge: BoolArray, tunnel: BoolArray, ford: BoolArray) -> Uint8Array:
    """`StreetKind` per section; a bridge comes before a tunnel before a ford."""
    kind = np.where(ford, StreetKind.FORD, StreetKind.STREET)
    kind = np.where(tunnel, StreetKind.TUNNEL, kind)
    return np.where(bridge, StreetKind.BRIDGE, kind).astype(np.uint8)


def pair_streets(
    start: Int64Array, end: Int64Array, kind: Uint8Array, node_ident: tuple[str, ...], name: tuple[str, ...]
) -> tuple[Int64Array, StreetTable]:
    """One street per pair of nodes and kind, for sources that do not say what belongs together.

    Returns
    -------
    tuple
        Street per section, and the streets in order of first appearance; identifiers are made of the
        nodes' own (``"s12-13"``, ``"b12-13"`` for a bridge).
    """
    low, high = np.minimum(start, end), np.maximum(start, end)
    key = (low * (len(node_ident) + 1) + high) * 4 + kind
    _, first, inverse = np.unique(key, return_index=True, return_inverse=True)
    rank = np.empty(len(first), dtype=np.int64)
    rank[np.argsort(first, kind="stable")] = np.arange(len(first))
    shown = np.sort(first)
    letters = "sbtf"
    ident = tuple(f"{letters[kind[i]]}{node_ident[start[i]]}-{node_ident[end[i]]}" for i in shown.tolist())
    return rank[inverse], StreetTable(ident, tuple(name[i] for i in shown.tolist()), kind[shown])


def straight_lines(lon: FloatArray, lat: FloatArray, sections: Sections) -> Geometry:
    """Straight line of every section."""
    lonlat = np.empty((2 * len(sections), 2))
    lonlat[0::2, 0], lonlat[0::2, 1] = lon[sections.start], lat[sections.start]
    lonlat[1::2, 0], lonlat[1::2, 1] = lon[sections.end], lat[sections.end]
    return Geometry(np.arange(0, 2 * len(sections) + 1, 2, dtype=np.int64), lonlat)


def polyline_lengths(geometry: Geometry) -> FloatArray:
    """Length of every polyline in metres along great circles, shape ``(G,)``."""
    lon, lat = geometry.lonlat[:, 0], geometry.lonlat[:, 1]
    along = np.zeros(len(lon) + 1)
    if len(lon) > 1:
        steps = great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:])
        # The step from one polyline's last vertex to the next one's first is no road.
        steps[geometry.first[1:-1] - 1] = 0.0
        along[2:] = np.cumsum(steps)
    lengths: FloatArray = along[geometry.first[1:]] - along[geometry.first[:-1] + 1]
    return lengths


def paired(sections: Sections, geometry: Geometry) -> tuple[Sections, Geometry, Int64Array]:
    """Join oneway sections that are the two directions of one road.

    They run between the same nodes on the same line, have the same length, class, flags, limits and
    street. Sources with one row per direction need this: a road is split and lost as a whole.

    Returns
    -------
    tuple
        Sections and their lines, and which of the old sections each of them was.
    """
    first = geometry.first
    corners = [reach.reduceat(geometry.lonlat, first[:-1]) for reach in (np.minimum, np.maximum)]
    alike = np.column_stack(
        [
            *(np.minimum(sections.start, sections.end), np.maximum(sections.start, sections.end)),
            *(np.round(sections.length_m, 3), sections.road_class, sections.bridge, sections.tunnel),
            *(sections.ford, sections.max_weight_kg, sections.max_height_m, sections.street),
            *(np.diff(first), *corners),
        ]
    )
    waiting: dict[tuple[bytes, bool], list[int]] = {}
    gone = np.zeros(len(sections), dtype=np.bool_)
    up = sections.start < sections.end
    for index in np.flatnonzero(~sections.backward & sections.forward).tolist():
        key = alike[index].tobytes()
        partners = waiting.get((key, not up[index]))
        if partners:
            partner = partners.pop(0)
            sections.backward[partner] = True
            sections.backward_s[partner] = sections.forward_s[index]
            gone[index] = True
        else:
            waiting.setdefault((key, bool(up[index])), []).append(index)
    kept = np.flatnonzero(~gone)
    return sections.taken(kept), _picked(geometry, kept), kept


def largest_component(nodes: int, sections: Sections) -> BoolArray:
    """Mask of the nodes of the largest strongly connected component."""
    tail = np.concatenate([sections.start[sections.forward], sections.end[sections.backward]])
    head = np.concatenate([sections.end[sections.forward], sections.start[sections.backward]])
    return largest_strong_part(tail, head, nodes)


def assemble(
    lon: FloatArray,
    lat: FloatArray,
    sections: Sections,
    streets: StreetTable,
    geometry: Geometry | None = None,
    *,
    source: str,
    attribution: str = "",
    dropped: dict[str, float] | None = None,
) -> RoadNetwork:
    """Keep the largest strongly connected component and freeze it as a network.

    Parameters
    ----------
    lon, lat
        Node positions in degrees.
    sections, streets
        Roads and the pieces a loss hits.
    geometry
        One polyline per section, from start to end; straight lines when left out.
    source, attribution
        As in `RoadNetwork`.
    dropped
        What the importer left out before; what lies outside the component is added.

    Raises
    ------
    InputError
        If no two nodes reach each other.
    """
    lines = straight_lines(lon, lat, sections) if geometry is None else geometry
    touched = np.zeros(len(lon), dtype=np.bool_)
    touched[sections.start] = touched[sections.end] = True
    inside = largest_component(len(lon), sections) & touched
    kept = np.flatnonzero(inside[sections.start] & inside[sections.end])
    if not len(kept):
        expected = "expected roads that lead there and back"
        fault = Fault(source, "", "no two nodes that reach each other", expected, "disconnected")
        raise InputError(source, [fault])
    report = dict(dropped or {})
    directions = sections.forward.astype(np.int64) + sections.backward
    lost = np.ones(len(sections), dtype=np.bool_)
    lost[kept] = False
    if not touched.all():
        report["nodes without a road"] = float((~touched).sum())
    if lost.any():
        report[f"nodes {OUTSIDE}"] = float((touched & ~inside).sum())
        report[f"links {OUTSIDE}"] = float(directions[lost].sum())
        report[f"km {OUTSIDE}"] = round(float(sections.length_m[lost].sum()) / 1000.0, 3)
        lost_bridge_m = float(sections.length_m[lost & sections.bridge].sum())
        if lost_bridge_m:
            report[f"km of bridge {OUTSIDE}"] = round(lost_bridge_m / 1000.0, 3)
    # Parallel roads by length: files that hold the same roads in another order give the same network.
    start, end = sections.start[kept], sections.end[kept]
    kept = kept[np.lexsort((sections.length_m[kept], np.maximum(start, end), np.minimum(start, end)))]
    renumber = np.cumsum(inside) - 1
    part = sections.taken(kept)
    part.start, part.end = renumber[part.start], renumber[part.end]
    used, part.street = np.unique(part.street, return_inverse=True)
    table = StreetTable(
        tuple(streets.ident[i] for i in used.tolist()),
        tuple(streets.name[i] for i in used.tolist()),
        streets.kind[used],
    )
    links = _links(part, report)
    return build_network(
        lon[inside], lat[inside], links, table, _picked(lines, kept), source=source, attribution=attribution
    )


def _links(part: Sections, report: dict[str, float]) -> LinkArrays:
    """Directed links, section by section; links that join the same nodes keep this order."""
    owner, direction = np.nonzero(np.column_stack([part.forward, part.backward]))
    reversed_ = direction == 1
    return LinkArrays(
        tail=np.where(reversed_, part.end[owner], part.start[owner]),
        head=np.where(reversed_, part.start[owner], part.end[owner]),
        length_m=part.length_m[owner],
        free_flow_s=np.where(reversed_, part.backward_s[owner], part.forward_s[owner]),
        road_class=part.road_class[owner],
        bridge=part.bridge[owner],
        tunnel=part.tunnel[owner],
        ford=part.ford[owner],
        max_weight_kg=part.max_weight_kg[owner],
        max_height_m=part.max_height_m[owner],
        speed_source=part.speed_source[owner],
        street=part.street[owner],
        geometry_of=owner,
        reversed_=reversed_,
        extra=report,
    )


def _picked(geometry: Geometry, which: Int64Array) -> Geometry:
    """The given polylines, in that order."""
    counts = (geometry.first[1:] - geometry.first[:-1])[which]
    first = np.zeros(len(which) + 1, dtype=np.int64)
    np.cumsum(counts, out=first[1:])
    vertex = np.arange(first[-1]) - np.repeat(first[:-1], counts) + np.repeat(geometry.first[which], counts)
    return Geometry(first, np.ascontiguousarray(geometry.lonlat[vertex]))
