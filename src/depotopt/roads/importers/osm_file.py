"""Roads from an OpenStreetMap file (``.osm.pbf``, ``.osm``), in one pass of pyosmium."""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.roads.importers.osm_sections import OsmWays, osm_network
from depotopt.roads.importers.osm_tags import (
    DECIDING,
    HIGHWAYS,
    MINOR_HIGHWAYS,
    Road,
    blocks_trucks,
    ferry,
    is_ferry,
    road_name,
    truck_road,
    unread_limits,
)
from depotopt.roads.network import RoadNetwork
from depotopt.units import great_circle_m

ATTRIBUTION = (
    "© OpenStreetMap contributors, Open Database License 1.0 (ODbL), https://www.openstreetmap.org/copyright"
)
SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2", ".osm.xml")
if TYPE_CHECKING:
    from osmium.osm import Node, Way

_UNDEFINED = np.int32(2**31 - 1)


@dataclass(slots=True)
class _Reading:
    """What the pass collects, way after way."""

    nodes: array[int]
    x: array[int]
    y: array[int]
    counts: array[int]
    ways: array[int]
    road_of: array[int]
    name_of: array[int]
    roads: dict[Road, int]
    names: dict[str, int]
    known: dict[tuple[tuple[str, str], ...], tuple[Road | str, bool, int]]
    blocked: array[int]
    fords: array[int]
    left_out: dict[str, int]
    unread: int = 0
    restrictions: int = 0


def read_osm(
    file: Path, *, simplify: bool = True, minor_roads: bool = False, source: str = ""
) -> RoadNetwork:
    """Read the roads of an OpenStreetMap file that a truck may use.

    Parameters
    ----------
    file
        The file; its nodes must come before its ways, as in every published extract.
    simplify
        Merge what meets at a node where nothing else does; ``False`` keeps every node of every way.
    minor_roads
        Also read service roads (not driveways and parking aisles) and tracks of grade 1 and 2.
    source
        As in `RoadNetwork`.

    Raises
    ------
    InputError
        If the file cannot be read, or has no road in it.
    """
    reading = _read(file, minor_roads)
    ways = OsmWays(
        node=np.frombuffer(reading.nodes, dtype=np.int64),
        x=np.frombuffer(reading.x, dtype=np.int32),
        y=np.frombuffer(reading.y, dtype=np.int32),
        counts=np.frombuffer(reading.counts, dtype=np.int32).astype(np.int64),
        way=np.frombuffer(reading.ways, dtype=np.int64),
        road_of=np.frombuffer(reading.road_of, dtype=np.int32).astype(np.int64),
        name_of=np.frombuffer(reading.name_of, dtype=np.int32).astype(np.int64),
        roads=tuple(reading.roads),
        names=tuple(reading.names),
        blocked=np.unique(np.frombuffer(reading.blocked, dtype=np.int64)),
        fords=np.unique(np.frombuffer(reading.fords, dtype=np.int64)),
    )
    present = ways.x != _UNDEFINED
    if not present.any():
        found = "no drivable road" if not len(ways.way) else "no node before the ways that use it"
        expected = "expected highways with their nodes, nodes first"
        raise InputError(file.name, [Fault(file.name, "", found, expected, "empty")])
    dropped = {f"ways {reason}": float(count) for reason, count in sorted(reading.left_out.items())}
    if reading.unread:
        dropped["weight and height limits not understood"] = float(reading.unread)
    if reading.restrictions:
        dropped["turn restrictions, which are not used"] = float(reading.restrictions)
    return osm_network(
        ways, present, simplify=simplify, source=source or file.name, attribution=ATTRIBUTION, dropped=dropped
    )


def _read(file: Path, minor: bool) -> _Reading:
    import osmium

    reading = _Reading(
        *(array("q"), array("i"), array("i"), array("i"), array("q"), array("i"), array("i")),
        *({}, {}, {}, array("q"), array("q"), {}),
    )
    highways = (*HIGHWAYS, *(MINOR_HIGHWAYS if minor else ()))
    # Filters run in C++; only what passes them costs Python time. They are restricted in place.
    of_ways = osmium.filter.TagFilter(*(("highway", value) for value in highways), ("route", "ferry"))
    of_ways.enable_for(osmium.osm.WAY)
    of_relations = osmium.filter.TagFilter(("type", "restriction"))
    of_relations.enable_for(osmium.osm.RELATION)
    of_nodes = osmium.filter.KeyFilter("barrier", "ford")
    of_nodes.enable_for(osmium.osm.NODE)
    try:
        kinds = osmium.osm.NODE | osmium.osm.WAY | osmium.osm.RELATION
        processor = osmium.FileProcessor(str(file), kinds).with_locations()
        for item in processor.with_filter(of_ways).with_filter(of_nodes).with_filter(of_relations):
            if isinstance(item, osmium.osm.Node):
                _take_node(reading, item)
            elif isinstance(item, osmium.osm.Way):
                _take_way(reading, item, minor)
            else:
                reading.restrictions += 1
    # pyosmium raises what its C++ parsers throw: broken blocks, numbers, positions and texts.
    except (RuntimeError, OSError, ValueError, osmium.InvalidLocationError) as error:
        fault = Fault(
            file.name, "", f"no readable OpenStreetMap file ({error})", "expected one", "unreadable"
        )
        raise InputError(file.name, [fault]) from error
    return reading


def _take_node(reading: _Reading, node: Node) -> None:
    tags = dict(node.tags)
    if blocks_trucks(tags):
        reading.blocked.append(node.id)
    if tags.get("ford", "no") not in ("no", ""):
        reading.fords.append(node.id)


def _take_way(reading: _Reading, way: Way, minor: bool) -> None:
    tags = dict(way.tags)
    if is_ferry(tags):
        # Its speed is its length over its duration: every line is a kind of its own.
        _take_kind(reading, way, tags, _turned(ferry(tags, _length_m(way)), tags))
        return
    # A city has tens of thousands of ways and a few hundred kinds of road: each kind is read once.
    deciding = tuple([item for item in tags.items() if item[0] in DECIDING])
    known = reading.known.get(deciding)
    if known is None:
        kind = dict(deciding)
        known = reading.known[deciding] = _turned(truck_road(kind, minor=minor), kind)
    _take_kind(reading, way, tags, known)


def _length_m(way: Way) -> float:
    """Length of a way along great circles; pieces with a node that is not in the file are left out."""
    places = [(node.location.lon, node.location.lat) for node in way.nodes if node.location.valid()]
    lon, lat = np.array(places, dtype=np.float64).reshape(-1, 2).T
    return float(great_circle_m(lon[:-1], lat[:-1], lon[1:], lat[1:]).sum()) if len(lon) > 1 else 0.0


def _take_kind(
    reading: _Reading, way: Way, tags: dict[str, str], known: tuple[Road | str, bool, int]
) -> None:
    """Add a way of a known kind, or count it as left out."""
    road, backward, unread = known
    if isinstance(road, str):
        reading.left_out[road] = reading.left_out.get(road, 0) + 1
        return
    reading.unread += unread
    nodes, x, y = reading.nodes, reading.x, reading.y
    before = len(nodes)
    for node in reversed(list(way.nodes)) if backward else way.nodes:
        location = node.location
        nodes.append(node.ref)
        x.append(location.x)
        y.append(location.y)
    reading.counts.append(len(nodes) - before)
    reading.ways.append(way.id)
    reading.road_of.append(reading.roads.setdefault(road, len(reading.roads)))
    reading.name_of.append(reading.names.setdefault(road_name(tags), len(reading.names)))


def _turned(road: Road | str, tags: dict[str, str]) -> tuple[Road | str, bool, int]:
    """Road of the tags in driving direction (or why there is none), whether turned, limits not read."""
    if isinstance(road, str):
        return road, False, 0
    backward = road.oneway < 0
    return road.turned() if backward else road, backward, unread_limits(tags)
