"""`build_network`: loose arrays in any order become a checked, sorted `RoadNetwork`."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt

from depotopt.roads.network import (
    ROAD_CLASSES,
    Geometry,
    RoadNetwork,
    SpeedSource,
    StreetKind,
    StreetTable,
)


@dataclass(slots=True)
class LinkArrays:
    """Directed links as an importer found them; ``None`` takes the default named below.

    Attributes
    ----------
    tail, head, length_m, free_flow_s
        As in `RoadNetwork`.
    road_class
        Default: ``highway``.
    bridge, tunnel, ford
        Default: nowhere.
    max_weight_kg, max_height_m
        Default: ``inf``.
    speed_source
        Default: `SpeedSource.ASSUMED`.
    street
        Index into the streets; default: links that join the same two nodes (either way) are one street.
    geometry_of, reversed_
        Default: straight lines between the nodes.
    """

    tail: npt.ArrayLike
    head: npt.ArrayLike
    length_m: npt.ArrayLike
    free_flow_s: npt.ArrayLike
    road_class: npt.ArrayLike | None = None
    bridge: npt.ArrayLike | None = None
    tunnel: npt.ArrayLike | None = None
    ford: npt.ArrayLike | None = None
    max_weight_kg: npt.ArrayLike | None = None
    max_height_m: npt.ArrayLike | None = None
    speed_source: npt.ArrayLike | None = None
    street: npt.ArrayLike | None = None
    geometry_of: npt.ArrayLike | None = None
    reversed_: npt.ArrayLike | None = None
    extra: dict[str, float] = field(default_factory=dict)


def build_network(
    node_lon: npt.ArrayLike,
    node_lat: npt.ArrayLike,
    links: LinkArrays,
    streets: StreetTable | None = None,
    geometry: Geometry | None = None,
    *,
    source: str = "arrays",
    attribution: str = "",
) -> RoadNetwork:
    """Sort links into CSR order, fill in what was left out and freeze the arrays.

    Parameters
    ----------
    node_lon, node_lat
        Node positions in degrees.
    links
        Directed links in any order; ``links.extra`` becomes `RoadNetwork.dropped`.
    streets
        Needed when ``links.street`` is given.
    geometry
        Needed when ``links.geometry_of`` is given.
    source, attribution
        As in `RoadNetwork`.
    """
    lon, lat = np.asarray(node_lon, dtype=np.float64), np.asarray(node_lat, dtype=np.float64)
    tail, head = np.asarray(links.tail, dtype=np.int32), np.asarray(links.head, dtype=np.int32)
    count = len(tail)
    order = np.lexsort((np.arange(count), head, tail))

    def column(values: npt.ArrayLike | None, default: float, dtype: npt.DTypeLike) -> npt.NDArray[np.generic]:
        array = np.full(count, default) if values is None else np.asarray(values)
        return np.ascontiguousarray(array.astype(dtype)[order])

    street, table = links.street, streets
    if street is None or table is None:
        street, table = _street_per_pair(tail, head, column(links.bridge, 0, np.bool_), order)
    geometry_of, reversed_, lines = links.geometry_of, links.reversed_, geometry
    if geometry_of is None or lines is None:
        geometry_of, reversed_, lines = _straight_lines(lon, lat, tail, head)
    for array in (lon, lat, table.kind, lines.first, lines.lonlat):
        array.setflags(write=False)
    return RoadNetwork(
        node_lon=lon,
        node_lat=lat,
        tail=tail[order],
        head=head[order],
        length_m=column(links.length_m, 0, np.float64),  # type: ignore[arg-type]
        free_flow_s=column(links.free_flow_s, 0, np.float64),  # type: ignore[arg-type]
        road_class=column(links.road_class, ROAD_CLASSES.index("highway"), np.uint8),  # type: ignore[arg-type]
        bridge=column(links.bridge, 0, np.bool_),  # type: ignore[arg-type]
        tunnel=column(links.tunnel, 0, np.bool_),  # type: ignore[arg-type]
        ford=column(links.ford, 0, np.bool_),  # type: ignore[arg-type]
        max_weight_kg=column(links.max_weight_kg, np.inf, np.float64),  # type: ignore[arg-type]
        max_height_m=column(links.max_height_m, np.inf, np.float64),  # type: ignore[arg-type]
        speed_source=column(links.speed_source, SpeedSource.ASSUMED, np.uint8),  # type: ignore[arg-type]
        street=column(street, 0, np.int32),  # type: ignore[arg-type]
        streets=table,
        geometry_of=column(geometry_of, 0, np.int32),  # type: ignore[arg-type]
        reversed_=column(reversed_, 0, np.bool_),  # type: ignore[arg-type]
        geometry=lines,
        source=source,
        attribution=attribution,
        dropped=dict(links.extra),
    )


def _street_per_pair(
    tail: npt.NDArray[np.int32],
    head: npt.NDArray[np.int32],
    bridge_sorted: npt.NDArray[np.generic],
    order: npt.NDArray[np.intp],
) -> tuple[npt.NDArray[np.int64], StreetTable]:
    low, high = np.minimum(tail, head).astype(np.int64), np.maximum(tail, head).astype(np.int64)
    bridge = np.empty(len(tail), dtype=np.int64)
    bridge[order] = bridge_sorted.astype(np.int64)
    size = int(high.max()) + 1 if len(tail) else 1
    key = (low * size + high) * 2 + bridge
    unique, street = np.unique(key, return_inverse=True)
    pairs, is_bridge = unique // 2, unique % 2
    ident = tuple(f"{'b' if b else 's'}{p // size}-{p % size}" for p, b in zip(pairs, is_bridge, strict=True))
    kind = np.where(is_bridge == 1, StreetKind.BRIDGE, StreetKind.STREET).astype(np.uint8)
    return street, StreetTable(ident, ("",) * len(ident), kind)


def _straight_lines(
    lon: npt.NDArray[np.float64],
    lat: npt.NDArray[np.float64],
    tail: npt.NDArray[np.int32],
    head: npt.NDArray[np.int32],
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.bool_], Geometry]:
    low, high = np.minimum(tail, head).astype(np.int64), np.maximum(tail, head).astype(np.int64)
    unique, geometry_of = np.unique(low * max(len(lon), 1) + high, return_inverse=True)
    a, b = unique // max(len(lon), 1), unique % max(len(lon), 1)
    lonlat = np.empty((2 * len(unique), 2))
    lonlat[0::2, 0], lonlat[0::2, 1] = lon[a], lat[a]
    lonlat[1::2, 0], lonlat[1::2, 1] = lon[b], lat[b]
    first = np.arange(0, 2 * len(unique) + 1, 2, dtype=np.int64)
    return geometry_of, tail > head, Geometry(first, lonlat)
