"""Tying places to a network: the nearest link is split where a place meets it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from depotopt.errors import Fault, InputError, UsageError
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.nearest import NearestRoads, nearest_roads
from depotopt.roads.network import (
    ROAD_CLASSES,
    Geometry,
    Places,
    RoadNetwork,
    SpeedSource,
    StreetKind,
    StreetTable,
)
from depotopt.units import FloatArray, Int64Array, great_circle_m, kmh_to_ms

SAME_NODE_M = 1.0
"""Nodes closer along a road than this are one: a link of a few centimetres only costs time."""


@dataclass(frozen=True, slots=True)
class ConnectorLink:
    """A declared road from a place to the network that the road data does not have.

    Attributes
    ----------
    place
        Identifier of the place.
    lon, lat
        Where it meets the network; the nearest link is split there.
    length_m, speed_kmh
        Length and speed, both assumptions.
    """

    place: str
    lon: float
    lat: float
    length_m: float
    speed_kmh: float


@dataclass(frozen=True, slots=True)
class FarPlace:
    """A place (or the far end of its connector) with no road within the limit.

    Attributes
    ----------
    ident
        Identifier of the place.
    connector
        Whether it is the connector's end that lies too far off.
    distance_m
        Distance to the nearest road.
    lon, lat
        Nearest point of the network, degrees.
    """

    ident: str
    connector: bool
    distance_m: float
    lon: float
    lat: float


class FarPlacesError(InputError):
    """Places lie farther from any road than the limit; all of them are in ``places``."""

    def __init__(self, places: Sequence[FarPlace], limit_m: float) -> None:
        self.places = tuple(places)
        self.limit_m = limit_m
        super().__init__("places", [far_fault(place, limit_m, "places", place.ident) for place in places])


def far_fault(place: FarPlace, limit_m: float, file: str, where: str) -> Fault:
    """Say how far off a place lies and what would help."""
    what = "connector end" if place.connector else "place"
    found = f"'{place.ident}', whose {what} is {place.distance_m / 1000:.1f} km from the nearest road"
    remedy = (
        f"expected at most {limit_m / 1000:g} km: correct the position, or declare a connector to "
        f"{place.lon:.5f}, {place.lat:.5f}"
    )
    return Fault(file, where, found, remedy, "too-far-from-road")


def snap_places(
    network: RoadNetwork,
    ident: Sequence[str],
    lon: FloatArray,
    lat: FloatArray,
    *,
    limit_m: float = 5_000.0,
    access_speed_kmh: float = 20.0,
    connectors: Sequence[ConnectorLink] = (),
) -> RoadNetwork:
    """Tie every place to the nearest link, splitting it there, and return the network with places.

    Both directions of a road are split at the same node; the halves keep street, class, speed and
    limits, and their lengths add up to the old one. Within `SAME_NODE_M` of a node along the road
    that node is taken instead. Old nodes keep their numbers. A place with connectors is a node of its
    own, joined to the network by them alone.

    Parameters
    ----------
    network
        Roads.
    ident
        Identifiers of the places, unique.
    lon, lat
        Positions in degrees, shape ``(P,)``.
    limit_m
        Farthest a place, or the end of a connector, may lie from a link.
    access_speed_kmh
        Speed between a place and its node.
    connectors
        Declared roads of places that the data leaves out.

    Raises
    ------
    FarPlacesError
        With every place beyond the limit.
    UsageError
        If an identifier occurs twice, a connector names no place, or there are no links.
    """
    lon, lat = np.asarray(lon, dtype=np.float64), np.asarray(lat, dtype=np.float64)
    position = {name: i for i, name in enumerate(ident)}
    if len(position) != len(ident):
        raise UsageError("two places have the same identifier")
    unknown = sorted({c.place for c in connectors} - position.keys())
    if unknown:
        raise UsageError(f"connectors of unknown places: {', '.join(unknown)}")
    if network.links == 0:
        raise UsageError("the road network has no links to snap to")
    if not (limit_m >= 0 and access_speed_kmh > 0):
        raise UsageError("the snapping limit must be >= 0 and the access speed > 0")
    joined = np.array([position[c.place] for c in connectors], dtype=np.int64)
    own = np.setdiff1d(np.arange(len(ident)), joined)
    end_lon, end_lat = (np.array([getattr(c, axis) for c in connectors]) for axis in ("lon", "lat"))
    near = nearest_roads(network, np.append(lon[own], end_lon), np.append(lat[own], end_lat))
    far = near.distance_m > limit_m
    if far.any():
        names = [ident[i] for i in own] + [c.place for c in connectors]
        raise FarPlacesError(
            [
                FarPlace(
                    *(names[i], i >= len(own), float(near.distance_m[i])),
                    *(float(near.lon[i]), float(near.lat[i])),
                )
                for i in np.flatnonzero(far).tolist()
            ],
            limit_m,
        )
    pieces = _Pieces(network)
    meeting = pieces.split(near)
    node = np.empty(len(ident), dtype=np.int64)
    node[own] = meeting[: len(own)]
    for place in np.unique(joined).tolist():
        node[place] = pieces.add_node(lon[place], lat[place])
    for connector, meets in zip(connectors, meeting[len(own) :].tolist(), strict=True):
        pieces.connect(int(node[position[connector.place]]), meets, connector)
    snapped = pieces.network()
    distance = great_circle_m(lon, lat, snapped.node_lon[node], snapped.node_lat[node])
    access = distance / (access_speed_kmh * kmh_to_ms(1.0))
    for array in (lon, lat, distance, access):
        array.setflags(write=False)
    return snapped.with_places(
        Places(tuple(ident), lon.copy(), lat.copy(), node.astype(np.int32), access, distance)
    )


class _Pieces:
    """A network taken apart, with nodes and links added, to be put together again."""

    def __init__(self, network: RoadNetwork) -> None:
        self._old = network
        self._lon: list[float] = []
        self._lat: list[float] = []
        self._lines: list[FloatArray] = []
        self._gone = np.zeros(network.links, dtype=np.bool_)
        # Per new link: the link it copies, tail, head, share of its length, polyline, reversed.
        self._new: list[tuple[int, int, int, float, int, bool]] = []
        self._connectors: list[tuple[int, int, ConnectorLink, int]] = []

    def add_node(self, lon: float, lat: float) -> int:
        """Add a node and return its number."""
        self._lon.append(float(lon))
        self._lat.append(float(lat))
        return self._old.nodes + len(self._lon) - 1

    def connect(self, place: int, meets: int, connector: ConnectorLink) -> None:
        """Join two nodes by a declared road."""
        self._connectors.append((place, meets, connector, len(self._lines)))
        self._lines.append(np.array([self._position(place), self._position(meets)]))

    def _position(self, node: int) -> tuple[float, float]:
        old = self._old.nodes
        if node < old:
            return float(self._old.node_lon[node]), float(self._old.node_lat[node])
        return self._lon[node - old], self._lat[node - old]

    def split(self, near: NearestRoads) -> Int64Array:
        """Split roads at the nearest points; return the node of each point."""
        nodes = np.empty(len(near.line), dtype=np.int64)
        if not len(nodes):
            return nodes
        by_line = np.argsort(self._old.geometry_of, kind="stable")
        start = np.searchsorted(self._old.geometry_of[by_line], near.line)
        stop = np.searchsorted(self._old.geometry_of[by_line], near.line, side="right")
        order = np.lexsort((np.arange(len(nodes)), near.along_m, near.line))
        groups = np.split(order, np.flatnonzero(np.diff(near.line[order])) + 1)
        for group in groups:
            links = np.sort(by_line[start[group[0]] : stop[group[0]]])
            nodes[group] = self._split_line(near, group, links)
        return nodes

    def _split_line(self, near: NearestRoads, group: Int64Array, links: Int64Array) -> list[int]:
        """Split one polyline at the points of the group, which come in order along it."""
        old, whole = self._old, float(near.line_m[group[0]])
        example = int(links[0])
        first, last = int(old.tail[example]), int(old.head[example])
        if old.reversed_[example]:
            first, last = last, first
        nodes: list[int] = []
        cuts: list[tuple[float, int]] = [(0.0, first)]
        for point in group.tolist():
            along = float(near.along_m[point])
            if along - cuts[-1][0] > SAME_NODE_M and whole - along > SAME_NODE_M:
                cuts.append((along, self.add_node(near.lon[point], near.lat[point])))
            at_end = whole - along <= SAME_NODE_M and whole - along < along
            nodes.append(last if at_end else cuts[-1][1])
        if len(cuts) > 1:
            cuts.append((whole, last))
            self._gone[links] = True
            lines = _cut_line(old.geometry.line(int(near.line[group[0]])), [along for along, _ in cuts[1:-1]])
            for (low, a), (high, b), line in zip(cuts, cuts[1:], lines, strict=False):
                # The polyline ends exactly where its nodes are.
                line[0], line[-1] = self._position(a), self._position(b)
                for link in links.tolist():
                    back = bool(old.reversed_[link])
                    ends = (b, a) if back else (a, b)
                    self._new.append((link, *ends, (high - low) / whole, len(self._lines), back))
                self._lines.append(line)
        return nodes

    def network(self) -> RoadNetwork:
        """Put everything together."""
        old = self._old
        kept = np.flatnonzero(~self._gone)
        copied = np.array([new[0] for new in self._new], dtype=np.int64)
        origin = np.concatenate([kept, copied])
        share = np.concatenate([np.ones(len(kept)), [new[3] for new in self._new]])
        used, line_of = np.unique(old.geometry_of[kept], return_inverse=True)
        geometry = _joined(old.geometry, used.astype(np.int64), self._lines)
        fresh = np.array([new[4] for new in self._new], dtype=np.int64) + len(used)
        links = LinkArrays(
            tail=np.concatenate([old.tail[kept], np.array([new[1] for new in self._new], dtype=np.int64)]),
            head=np.concatenate([old.head[kept], np.array([new[2] for new in self._new], dtype=np.int64)]),
            length_m=old.length_m[origin] * share,
            free_flow_s=old.free_flow_s[origin] * share,
            road_class=old.road_class[origin],
            bridge=old.bridge[origin],
            tunnel=old.tunnel[origin],
            ford=old.ford[origin],
            max_weight_kg=old.max_weight_kg[origin],
            max_height_m=old.max_height_m[origin],
            speed_source=old.speed_source[origin],
            street=old.street[origin],
            geometry_of=np.concatenate([line_of, fresh]),
            reversed_=np.concatenate(
                [old.reversed_[kept], np.array([new[5] for new in self._new], dtype=np.bool_)]
            ),
            extra=old.dropped,
        )
        streets = self._add_connectors(links, len(used))
        return build_network(
            np.concatenate([old.node_lon, self._lon]),
            np.concatenate([old.node_lat, self._lat]),
            links,
            streets,
            geometry,
            source=old.source,
            attribution=old.attribution,
        )

    def _add_connectors(self, links: LinkArrays, old_lines: int) -> StreetTable:
        """Append both directions of every connector and a street for each."""
        old = self._old.streets
        if not self._connectors:
            return old
        ends = np.array([(place, meets) for place, meets, _, _ in self._connectors], dtype=np.int64)
        length = np.array([connector.length_m for _, _, connector, _ in self._connectors])
        speed = np.array([connector.speed_kmh for _, _, connector, _ in self._connectors])
        line = np.array([line for *_, line in self._connectors], dtype=np.int64) + old_lines
        count = len(ends)
        added: dict[str, object] = {
            "tail": np.concatenate([ends[:, 0], ends[:, 1]]),
            "head": np.concatenate([ends[:, 1], ends[:, 0]]),
            "length_m": np.tile(length, 2),
            "free_flow_s": np.tile(length / (speed * kmh_to_ms(1.0)), 2),
            "road_class": np.full(2 * count, ROAD_CLASSES.index("connector")),
            "bridge": np.zeros(2 * count, dtype=np.bool_),
            "tunnel": np.zeros(2 * count, dtype=np.bool_),
            "ford": np.zeros(2 * count, dtype=np.bool_),
            "max_weight_kg": np.full(2 * count, np.inf),
            "max_height_m": np.full(2 * count, np.inf),
            "speed_source": np.full(2 * count, SpeedSource.ASSUMED),
            "street": np.tile(np.arange(count) + len(old), 2),
            "geometry_of": np.tile(line, 2),
            "reversed_": np.repeat([False, True], count),
        }
        for name, values in added.items():
            setattr(links, name, np.concatenate([np.asarray(getattr(links, name)), np.asarray(values)]))
        seen: dict[str, int] = {}
        idents = []
        for _, _, connector, _ in self._connectors:
            seen[connector.place] = seen.get(connector.place, 0) + 1
            number = seen[connector.place]
            idents.append(f"c:{connector.place}" + (f".{number}" if number > 1 else ""))
        kinds = np.full(count, StreetKind.STREET, dtype=np.uint8)
        return replace(
            old,
            ident=(*old.ident, *idents),
            name=(*old.name, *(f"connector of {c.place}" for _, _, c, _ in self._connectors)),
            kind=np.concatenate([old.kind, kinds]),
        )


def _cut_line(line: FloatArray, cuts_m: list[float]) -> list[FloatArray]:
    """Cut a polyline at the given metres along it, ascending."""
    steps = great_circle_m(line[:-1, 0], line[:-1, 1], line[1:, 0], line[1:, 1])
    along = np.concatenate([[0.0], np.cumsum(steps)])
    pieces, start, head = [], 0, line[:1]
    for cut in cuts_m:
        after = min(max(int(np.searchsorted(along, cut, side="right")), 1), len(line) - 1)
        step = max(along[after] - along[after - 1], 1e-12)
        share = min(max((cut - along[after - 1]) / step, 0.0), 1.0)
        point = line[after - 1 : after] * (1 - share) + line[after : after + 1] * share
        pieces.append(np.concatenate([head, line[start + 1 : after], point]))
        start, head = after - 1, point
    pieces.append(np.concatenate([head, line[start + 1 :]]))
    return pieces


def _joined(old: Geometry, used: Int64Array, added: list[FloatArray]) -> Geometry:
    """The polylines of the old geometry that are still used, then the added ones."""
    counts = np.diff(old.first)[used]
    begin = np.repeat(old.first[used] - (np.cumsum(counts) - counts), counts)
    vertices = old.lonlat[np.arange(int(counts.sum())) + begin]
    sizes = np.concatenate([counts, np.array([len(line) for line in added], dtype=np.int64)])
    first = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int64)
    return Geometry(first, np.concatenate([vertices, *added]) if added else vertices)
