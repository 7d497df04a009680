"""Roads from graphs with OSMnx attributes, in memory and as GraphML."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import networkx as nx
import numpy as np
import pytest

from depotopt.errors import InputError
from depotopt.roads.importers import network_from_graph, read_network
from depotopt.roads.importers.osm_file import ATTRIBUTION
from depotopt.roads.network import ROAD_CLASSES, RoadNetwork, SpeedSource, StreetKind


def graph(*edges: tuple[int, int, dict[str, Any]], **about: Any) -> nx.MultiDiGraph[int]:
    found: nx.MultiDiGraph[int] = nx.MultiDiGraph(**{"crs": "epsg:4326", **about})
    for u, v, attributes in edges:
        for node in (u, v):
            found.add_node(node, x=0.001 * node, y=0.0)
        usual = {"osmid": 10 * min(u, v), "highway": "residential", "length": 111.2}
        found.add_edge(
            u, v, **{key: value for key, value in (usual | attributes).items() if value is not None}
        )
    return found


def both(u: int, v: int, **attributes: Any) -> list[tuple[int, int, dict[str, Any]]]:
    return [(u, v, attributes), (v, u, attributes)]


def faults(found: nx.MultiDiGraph[int]) -> list[str]:
    with pytest.raises(InputError) as caught:
        network_from_graph(found, source="graph")
    return [str(fault) for fault in caught.value.faults]


def test_edges_of_both_directions_are_one_road() -> None:
    network = network_from_graph(graph(*both(1, 2), *both(2, 3, name="High Street")))
    assert (network.nodes, network.links, len(network.geometry.first) - 1) == (3, 4, 2)
    assert network.streets.ident == ("w10.0",)
    assert network.streets.name == ("High Street",)
    assert network.attribution == ATTRIBUTION


def test_tags_mean_what_they_mean_in_openstreetmap() -> None:
    tags = {
        "bridge": "yes",
        "maxspeed": "30 mph",
        "maxweight": "7.5",
        "maxheight": "3.5",
        "highway": "primary",
    }
    network = network_from_graph(graph(*both(1, 2, **tags)))
    assert network.bridge.all()
    assert network.max_weight_kg.tolist() == [7500.0, 7500.0]
    assert network.max_height_m.tolist() == [3.5, 3.5]
    assert network.free_flow_s == pytest.approx(111.2 / (48.28032 / 3.6))
    assert set(network.speed_source.tolist()) == {SpeedSource.TAG}
    assert network.streets.ident == ("b10",)
    assert network.streets.kind.tolist() == [StreetKind.BRIDGE]


def test_lists_of_merged_ways_count_their_worst() -> None:
    merged = {"highway": ["primary", "residential"], "maxspeed": ["50", "30"], "bridge": ["yes", "viaduct"]}
    network = network_from_graph(graph(*both(1, 2, osmid=[7, 5], **merged)))
    assert ROAD_CLASSES[network.road_class[0]] == "residential"
    assert network.free_flow_s[0] == pytest.approx(111.2 / (30 / 3.6))
    assert network.streets.ident == ("b5",)
    [remark] = [text for text in network.dropped if text.startswith("bridge tags on edges merged")]
    assert network.dropped[remark] == 2


def test_what_trucks_may_not_use_and_loops_are_counted() -> None:
    network = network_from_graph(
        graph(*both(1, 2), (2, 3, {"highway": "footway"}), (2, 4, {"access": "private"}), (2, 2, {}))
    )
    assert network.nodes == 2
    assert network.dropped["edges of another kind"] == 1
    assert network.dropped["edges closed to trucks"] == 1
    assert network.dropped["edges from a node to itself"] == 1
    assert network.dropped["nodes without a road"] == 2


def test_edges_without_class_have_their_speed_or_the_default() -> None:
    plain = {"highway": None, "osmid": None}
    found = graph(*both(1, 2, **plain, speed_kph=36.0), *both(2, 3, **plain))
    network = network_from_graph(found, default_speed_kmh=72.0)
    first = network.tail + network.head == 1
    assert network.free_flow_s[first] == pytest.approx(11.12)
    assert network.free_flow_s[~first] == pytest.approx(5.56)
    assert set(network.speed_source[first].tolist()) == {SpeedSource.TAG}
    assert set(network.speed_source[~first].tolist()) == {SpeedSource.ASSUMED}
    assert network.attribution == ""


def test_undirected_graphs_lead_both_ways() -> None:
    found = graph((1, 2, {}), (2, 3, {})).to_undirected()
    assert network_from_graph(found).links == 4


def test_lines_are_kept() -> None:
    line = "LINESTRING (0.001 0, 0.0015 0.001, 0.002 0)"
    network = network_from_graph(graph((1, 2, {"geometry": line}), (2, 1, {"length": 100.0})))
    out = int(np.flatnonzero(network.length_m == 111.2)[0])
    assert network.line(out).tolist() == [[0.001, 0.0], [0.0015, 0.001], [0.002, 0.0]]


def test_faults_name_node_and_edge() -> None:
    found = graph(*both(1, 2, length=-1), (2, 3, {"geometry": "POINT (1 2)"}), crs="epsg:32629")
    found.nodes[1]["y"] = 99.0
    found.nodes[3]["x"] = None
    assert faults(found) == [
        "graph  attribute crs   found 'epsg:32629', expected degrees (epsg:4326)",
        "graph  edge 1 - 2, attribute length   found '-1', expected a length in metres >= 0",
        "graph  edge 2 - 1, attribute length   found '-1', expected a length in metres >= 0",
        "graph  edge 2 - 3, attribute geometry   found 'POINT (1 2)', expected a LINESTRING in degrees",
        "graph  node 1, attribute y   found '99.0', expected a latitude from -90 to 90 degrees",
        "graph  node 3, attribute x   found nothing, expected a longitude from -180 to 180 degrees",
    ]


def test_a_graph_without_roads_is_a_fault() -> None:
    assert faults(graph((1, 2, {"highway": "steps"}))) == [
        "graph   found no drivable edge, expected at least one"
    ]


def written(found: nx.MultiDiGraph[int], file: Path) -> Path:
    """Write GraphML as OSMnx does: every attribute as text."""
    text: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    text.graph.update({key: str(value) for key, value in found.graph.items()})
    for node, attributes in found.nodes(data=True):
        text.add_node(str(node), **{key: str(value) for key, value in attributes.items()})
    for u, v, attributes in found.edges(data=True):
        text.add_edge(str(u), str(v), **{key: str(value) for key, value in attributes.items()})
    lines = "\n".join(nx.generate_graphml(text)).encode()
    file.write_bytes(gzip.compress(lines) if file.suffix == ".gz" else lines)
    return file


def same(one: RoadNetwork, two: RoadNetwork) -> bool:
    columns = ("node_lon", "tail", "head", "length_m", "free_flow_s", "bridge", "road_class", "street")
    return one.streets.ident == two.streets.ident and all(
        np.array_equal(getattr(one, name), getattr(two, name)) for name in columns
    )


@pytest.mark.parametrize("name", ["roads.graphml", "roads.graphml.gz"])
def test_graphml_reads_like_the_graph_it_holds(tmp_path: Path, name: str) -> None:
    found = graph(
        *both(1, 2, highway=["primary", "secondary"], osmid=[3, 4]),
        *both(2, 3, bridge="yes", geometry="LINESTRING (0.002 0, 0.003 0)"),
        (3, 1, {"oneway": True}),
    )
    assert same(read_network(written(found, tmp_path / name)), network_from_graph(found))


def test_broken_graphml_is_a_fault(tmp_path: Path) -> None:
    for name in ("roads.graphml", "roads.graphml.gz"):
        (tmp_path / name).write_bytes(b"<graphml><graph>")
        with pytest.raises(InputError, match="no readable GraphML"):
            read_network(tmp_path / name)


def test_futian_has_its_roads(road_data: Path) -> None:
    network = read_network(road_data / "shenzhen_futian_osmnx122.graphml.gz", cache_dir=None)
    assert 1000 < network.nodes < 1751
    assert network.dropped["edges of another kind"] > 1000
    assert (network.tail != network.head).all()
