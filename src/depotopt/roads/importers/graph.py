"""Roads from graphs with the attributes OSMnx writes, in memory or read from GraphML."""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.roads.importers.osm_file import ATTRIBUTION
from depotopt.roads.importers.osm_tags import Road, truck_road
from depotopt.roads.importers.sections import (
    CLASS_CODE,
    Sections,
    assemble,
    drive_s,
    paired,
    polyline_lengths,
    street_kinds,
)
from depotopt.roads.importers.streets import joined_streets, street_table
from depotopt.roads.network import ROAD_CLASSES, Geometry, RoadNetwork, SpeedSource
from depotopt.units import FloatArray, Int64Array

if TYPE_CHECKING:
    import networkx as nx

_LINE = re.compile(r"\s*LINESTRING\s*Z?\s*\(([^()]*)\)\s*", re.IGNORECASE)
_WGS84 = ("epsg:4326", "wgs84", "wgs 84", "ogc:crs84", "crs84")
_KEYS = (
    *("highway", "service", "tracktype", "access", "vehicle", "motor_vehicle", "goods", "hgv", "area"),
    *("impassable", "smoothness", "bridge", "tunnel", "ford", "maxspeed", "maxspeed:hgv", "maxweight"),
    *("maxweightrating", "maxheight"),
)
_SMEARED = "bridge tags on edges merged of several ways, perhaps longer than the bridge"


@dataclass(slots=True)
class Graph:
    """Nodes and edges as texts and numbers, whatever they were read from.

    Attributes
    ----------
    shown
        What it is called in faults.
    nodes
        Longitude and latitude by identifier.
    edges
        Ends and attributes of every edge.
    directed
        Whether an edge leads one way only.
    crs
        Coordinate reference system, as written; empty where none is.
    """

    shown: str
    nodes: dict[str, tuple[float, float]] = field(default_factory=dict)
    edges: list[tuple[str, str, Mapping[str, Any]]] = field(default_factory=list)
    directed: bool = True
    crs: str = ""


@dataclass(frozen=True, slots=True)
class _Edge:
    start: int
    end: int
    road: Road
    length_m: float
    line: FloatArray
    way: int
    name: str


def network_from_graph(
    graph: nx.Graph[Any], *, default_speed_kmh: float = 60.0, source: str = "networkx graph"
) -> RoadNetwork:
    """Read a networkx graph with OSMnx attributes: ``x``, ``y`` of nodes, ``length`` of edges and tags.

    Edges without ``highway`` (or with the classes ``highway`` and ``connector``, which are no
    OpenStreetMap values) go at ``speed_kph``, else at the default speed.

    Parameters
    ----------
    graph
        Directed graphs lead one way per edge, undirected ones both ways.
    default_speed_kmh
        Speed of edges without speed and class.
    source
        As in `RoadNetwork`.

    Raises
    ------
    InputError
        With every fault of the attributes.
    """
    found = Graph(source, directed=graph.is_directed(), crs=str(graph.graph.get("crs", "")))
    faults: list[Fault] = []
    for node, attributes in graph.nodes(data=True):
        add_node(found, str(node), attributes.get("x"), attributes.get("y"), faults)
    found.edges = [(str(u), str(v), attributes) for u, v, attributes in graph.edges(data=True)]
    return graph_network(found, faults, default_speed_kmh=default_speed_kmh, source=source)


def add_node(graph: Graph, ident: str, x: Any, y: Any, faults: list[Fault]) -> None:
    """Add a node, or the fault of its position."""
    lon, lat = _number(x), _number(y)
    graph.nodes[ident] = (lon, lat)
    for key, value, found, limit, what in (("x", lon, x, 180, "longitude"), ("y", lat, y, 90, "latitude")):
        if not abs(value) <= limit:
            shown = "nothing" if found is None else f"'{found}'"
            expected = f"expected a {what} from -{limit} to {limit} degrees"
            faults.append(Fault(graph.shown, f"node {ident}, attribute {key}", shown, expected))


def graph_network(graph: Graph, faults: list[Fault], *, default_speed_kmh: float, source: str) -> RoadNetwork:
    """Build the network of a graph.

    Parameters
    ----------
    graph
        Nodes and edges.
    faults
        Faults found so far; more are added, and all are raised.
    default_speed_kmh, source
        As in `network_from_graph`.

    Raises
    ------
    InputError
        With all faults.
    """
    if graph.crs and graph.crs.lower() not in _WGS84:
        faults.append(
            Fault(graph.shown, "attribute crs", f"'{graph.crs}'", "expected degrees (epsg:4326)", "crs")
        )
    position = {ident: index for index, ident in enumerate(graph.nodes)}
    dropped: dict[str, float] = {}
    edges: list[_Edge] = []
    for u, v, attributes in graph.edges:
        edge = _edge(graph, position, (u, v), attributes, default_speed_kmh, faults)
        if isinstance(edge, str):
            dropped[edge] = dropped.get(edge, 0.0) + 1
        elif edge is not None:
            edges.append(edge)
            if edge.road.bridge and isinstance(_plain(attributes.get("osmid")), list):
                dropped[_SMEARED] = dropped.get(_SMEARED, 0.0) + 1
    if not faults and not edges:
        faults.append(Fault(graph.shown, "", "no drivable edge", "expected at least one", "empty"))
    if faults:
        raise InputError(graph.shown, faults)
    lonlat = np.array(list(graph.nodes.values()), dtype=np.float64)
    known = any(edge.way >= 0 for edge in edges)
    return _network(
        lonlat,
        edges,
        graph.directed,
        source=source,
        attribution=ATTRIBUTION if known else "",
        dropped=dropped,
    )


def _edge(
    graph: Graph,
    position: Mapping[str, int],
    ends: tuple[str, str],
    attributes: Mapping[str, Any],
    default_speed_kmh: float,
    faults: list[Fault],
) -> _Edge | str | None:
    """Read an edge; a text says why it is left out, ``None`` that it has faults."""
    where = f"edge {ends[0]} - {ends[1]}"
    before = len(faults)
    for ident in ends:
        if ident not in position:
            faults.append(Fault(graph.shown, where, f"'{ident}'", "no such node", "unknown-node"))
    length = _number(attributes.get("length"))
    if not 0 <= length < math.inf:
        found = "nothing" if attributes.get("length") is None else f"'{attributes['length']}'"
        faults.append(
            Fault(graph.shown, f"{where}, attribute length", found, "expected a length in metres >= 0")
        )
    line = _line(attributes.get("geometry"))
    if isinstance(line, str):
        expected = "expected a LINESTRING in degrees"
        faults.append(Fault(graph.shown, f"{where}, attribute geometry", f"'{line[:40]}'", expected))
        line = None
    if len(faults) > before:
        return None
    if ends[0] == ends[1]:
        return "edges from a node to itself"
    road = _road(attributes, default_speed_kmh)
    if isinstance(road, str):
        return f"edges {road}"
    start, end = position[ends[0]], position[ends[1]]
    if line is None:
        line = np.array([graph.nodes[ends[0]], graph.nodes[ends[1]]])
    name = _text("name", attributes.get("name")) or _text("ref", attributes.get("ref"))
    osmid = _plain(attributes.get("osmid"))
    ways = [int(way) for way in (osmid if isinstance(osmid, list) else [osmid]) if _is_whole(way)]
    return _Edge(start, end, road, length, line, min(ways, default=-1), name)


def _road(attributes: Mapping[str, Any], default_speed_kmh: float) -> Road | str:
    """What a truck needs to know of an edge."""
    tags = {key: text for key in _KEYS if (text := _text(key, attributes.get(key)))}
    unclassed = tags.get("highway", "highway")
    if unclassed not in ("highway", "connector"):
        return truck_road(tags)
    speed = _number(attributes.get("speed_kph"))
    told = 0 < speed < math.inf
    # Only flags and limits are wanted here; the class is unknown and the speed comes from elsewhere.
    road = truck_road({**tags, "highway": "road"})
    if isinstance(road, str):
        return road
    kmh = speed if told else default_speed_kmh
    source = SpeedSource.TAG if told and unclassed == "highway" else SpeedSource.ASSUMED
    return Road(
        *(CLASS_CODE[unclassed], 0, kmh, kmh, int(source), road.bridge, road.tunnel, road.ford),
        *(road.max_weight_kg, road.max_height_m),
    )


def _text(key: str, value: Any) -> str:
    """One text for an attribute that may list those of several merged ways."""
    plain = _plain(value)
    parts = [str(part) for part in (plain if isinstance(plain, list) else [plain]) if part is not None]
    parts = [part for part in parts if part and part.lower() != "nan"]
    if not parts:
        return ""
    if key == "highway":
        # The least important of the merged ways decides class and speed.
        rank = [CLASS_CODE.get(part.removesuffix("_link"), len(ROAD_CLASSES)) for part in parts]
        return parts[rank.index(max(rank))]
    if key.startswith("max"):
        return ";".join(parts)
    if key in ("access", "vehicle", "motor_vehicle", "goods", "hgv"):
        return next((part for part in parts if part in ("no", "private")), parts[0])
    if key in ("bridge", "tunnel", "ford"):
        return next((part for part in parts if part not in ("no", "False", "0")), "no")
    return parts[0]


def _plain(value: Any) -> Any:
    """Lists as lists, also where GraphML holds them as text."""
    if isinstance(value, str) and value.startswith("[") and value.endswith("]"):
        try:
            return list(ast.literal_eval(value))
        except (ValueError, SyntaxError):
            return value
    return list(value) if isinstance(value, list | tuple | set) else value


def _is_whole(value: Any) -> bool:
    return isinstance(value, int | np.integer) or (isinstance(value, str) and value.isdecimal())


def _number(value: Any) -> float:
    """A number, NaN where there is none."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return math.nan


def _line(value: Any) -> FloatArray | str | None:
    """Vertices of a geometry; the text itself where it is none, ``None`` where nothing is given."""
    if value is None or value == "":
        return None
    if hasattr(value, "coords"):
        return np.array(value.coords, dtype=np.float64)[:, :2]
    match = _LINE.fullmatch(str(value))
    if match is None:
        return str(value)
    try:
        points = [[float(part) for part in pair.split()[:2]] for pair in match[1].split(",")]
        line = np.array(points, dtype=np.float64)
    except ValueError:
        return str(value)
    return line if line.ndim == 2 and line.shape[0] >= 2 and line.shape[1] == 2 else str(value)


def _network(
    lonlat: FloatArray,
    edges: Sequence[_Edge],
    directed: bool,
    *,
    source: str,
    attribution: str,
    dropped: dict[str, float],
) -> RoadNetwork:
    count = len(edges)
    first = np.concatenate([[0], np.cumsum([len(edge.line) for edge in edges])]).astype(np.int64)
    geometry = Geometry(first, np.concatenate([edge.line for edge in edges]))
    roads = [edge.road for edge in edges]
    length = np.array([edge.length_m for edge in edges])
    # OSMnx rounds to millimetres and older versions wrote 0 for very short edges.
    length = np.where(length > 0, length, polyline_lengths(geometry))
    seconds = drive_s(length, np.array([road.speed_kmh for road in roads]))
    sections = Sections(
        start=_column(edge.start for edge in edges),
        end=_column(edge.end for edge in edges),
        forward=np.ones(count, dtype=np.bool_),
        backward=np.full(count, not directed),
        length_m=length,
        road_class=np.array([road.road_class for road in roads], dtype=np.uint8),
        forward_s=seconds,
        backward_s=seconds.copy(),
        speed_source=np.array([road.speed_source for road in roads], dtype=np.uint8),
        bridge=np.array([road.bridge for road in roads], dtype=np.bool_),
        tunnel=np.array([road.tunnel for road in roads], dtype=np.bool_),
        ford=np.array([road.ford for road in roads], dtype=np.bool_),
        max_weight_kg=np.array([road.max_weight_kg for road in roads]),
        max_height_m=np.array([road.max_height_m for road in roads]),
        street=np.zeros(count, dtype=np.int64),
    )
    # Both directions have to be found before streets are, for streets to see each road once.
    sections, geometry, origin = paired(sections, geometry)
    kind = street_kinds(sections.bridge, sections.tunnel, sections.ford)
    group = joined_streets(sections.start, sections.end, kind, len(lonlat))
    way = _column(edges[i].way if edges[i].way >= 0 else i for i in origin.tolist())
    names = np.array([edges[i].name for i in origin.tolist()], dtype=object)
    sections.street, streets = street_table(group, kind, origin, way, names)
    return assemble(
        np.ascontiguousarray(lonlat[:, 0]),
        np.ascontiguousarray(lonlat[:, 1]),
        sections,
        streets,
        geometry,
        source=source,
        attribution=attribution,
        dropped=dropped,
    )


def _column(values: Iterable[int]) -> Int64Array:
    return np.array(list(values), dtype=np.int64)
