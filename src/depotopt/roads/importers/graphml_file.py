"""Roads from GraphML files as OSMnx writes them, read as a stream."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path
from typing import IO
from xml.etree import ElementTree

from depotopt.errors import Fault, InputError
from depotopt.roads.importers.graph import Graph, add_node, graph_network
from depotopt.roads.network import RoadNetwork

_SPACE = "{http://graphml.graphdrawing.org/xmlns}"


def read_graphml(file: Path, *, default_speed_kmh: float = 60.0, source: str = "") -> RoadNetwork:
    """Read a GraphML file (``.graphml``, ``.graphml.gz``) with OSMnx attributes.

    OSMnx merges ways between junctions and keeps the bridge tag of any of them for the whole edge;
    such edges are counted in `RoadNetwork.dropped`. For exact bridges read the ``.osm.pbf``.

    Raises
    ------
    InputError
        With every fault of the file.
    """
    faults: list[Fault] = []
    try:
        with gzip.open(file) if file.name.endswith(".gz") else file.open("rb") as stream:
            graph = _graph(stream, file.name, faults)  # type: ignore[arg-type]
    except (ElementTree.ParseError, OSError, EOFError, zlib.error) as error:
        fault = Fault(file.name, "", f"no readable GraphML ({error})", "expected a graph", "unreadable")
        raise InputError(file.name, [fault]) from error
    return graph_network(graph, faults, default_speed_kmh=default_speed_kmh, source=source or file.name)


def _graph(stream: IO[bytes], shown: str, faults: list[Fault]) -> Graph:
    """Nodes and edges of the stream; elements are let go as soon as they are read."""
    graph = Graph(shown)
    names: dict[str, str] = {}
    for event, element in ElementTree.iterparse(stream, events=("start", "end")):
        tag = element.tag.removeprefix(_SPACE)
        if event == "start":
            if tag == "graph":
                graph.directed = element.get("edgedefault") != "undirected"
            continue
        if tag == "key":
            names[element.get("id", "")] = element.get("attr.name", "")
        elif tag == "node":
            data = _data(element, names)
            add_node(graph, element.get("id", ""), data.get("x"), data.get("y"), faults)
            element.clear()
        elif tag == "edge":
            ends = (element.get("source", ""), element.get("target", ""))
            graph.edges.append((*ends, _data(element, names)))
            element.clear()
        elif tag == "graph":
            graph.crs = _data(element, names).get("crs", "")
    return graph


def _data(element: ElementTree.Element, names: dict[str, str]) -> dict[str, str]:
    return {
        names.get(child.get("key", ""), ""): child.text or ""
        for child in element
        if child.tag.removeprefix(_SPACE) == "data"
    }
