"""Roads out, and back in."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyogrio
import pytest

from depotopt.roads.export import summary, to_networkx, write_geopackage
from depotopt.roads.importers import network_from_graph, read_network
from depotopt.roads.network import RoadNetwork
from depotopt.roads.snapping import ConnectorLink, snap_places
from tests.roads.importers.osm_text import STEP, Way, write_osm


@pytest.fixture
def network(tmp_path: Path) -> RoadNetwork:
    ways = [
        Way("abcd", {"highway": "primary", "maxspeed": "50", "maxspeed:backward": "30", "name": "Main"}),
        Way("de", {"bridge": "yes", "maxweight": "7.5", "highway": "primary"}),
        Way("ef", {"tunnel": "yes", "maxheight": "3.5"}),
        Way("fFEDd", {"oneway": "yes"}),
        Way("fg", {"ford": "yes"}),
        Way("gh"),
    ]
    return read_network(write_osm(tmp_path / "roads.osm", ways))


COLUMNS = (
    *("node_lon", "node_lat", "tail", "head", "length_m", "free_flow_s", "road_class", "bridge", "tunnel"),
    *("ford", "max_weight_kg", "max_height_m", "speed_source"),
)


def streets(network: RoadNetwork) -> list[tuple[str, str, int]]:
    table = network.streets
    return [(table.ident[s], table.name[s], int(table.kind[s])) for s in network.street.tolist()]


@pytest.mark.parametrize("with_places", [False, True])
def test_a_geopackage_reads_back_to_the_same_network(
    network: RoadNetwork, tmp_path: Path, with_places: bool
) -> None:
    if with_places:
        network = snap_places(
            network, ["p", "q"], np.array([1.5 * STEP, 0.0]), np.array([0.0002, 0.3]),
            connectors=[ConnectorLink("q", 0.0, 0.0, 40_000.0, 30.0)],
        )  # fmt: skip
    file = tmp_path / "out.gpkg"
    write_geopackage(network, file)
    write_geopackage(network, file)
    again = read_network(file)
    for name in COLUMNS:
        assert np.array_equal(getattr(again, name), getattr(network, name)), name
    assert streets(again) == streets(network)
    assert again.attribution == network.attribution
    for link in range(network.links):
        assert np.array_equal(again.line(link), network.line(link))
    shared = [np.bincount(n.geometry_of).tolist() for n in (network, again)]
    assert sorted(shared[0]) == sorted(shared[1])


def test_a_geopackage_shows_the_places(network: RoadNetwork, tmp_path: Path) -> None:
    snapped = snap_places(network, ["p"], np.array([0.0]), np.array([0.001]))
    write_geopackage(snapped, tmp_path / "out.gpkg")
    meta, _, _, columns = pyogrio.raw.read(tmp_path / "out.gpkg", layer="places")
    found = dict(zip(meta["fields"], columns, strict=True))
    assert found["place"].tolist() == ["p"]
    assert snapped.places is not None
    assert found["access_s"].tolist() == snapped.places.access_s.tolist()


def test_networkx_has_every_link_with_osmnx_attributes(network: RoadNetwork) -> None:
    graph = to_networkx(network)
    assert (graph.number_of_nodes(), graph.number_of_edges()) == (network.nodes, network.links)
    assert graph.graph["crs"] == "epsg:4326"
    for u, v, link, attributes in graph.edges(keys=True, data=True):
        assert (u, v) == (int(network.tail[link]), int(network.head[link]))
        assert attributes["length"] == network.length_m[link]
        assert attributes["travel_time"] == network.free_flow_s[link]
        assert ("bridge" in attributes) == network.bridge[link]
        assert attributes["geometry"].coords[0] == (graph.nodes[u]["x"], graph.nodes[u]["y"])
    assert sum(attributes["oneway"] for *_, attributes in graph.edges(data=True)) == 1


def test_networkx_reads_back_to_the_same_roads(network: RoadNetwork) -> None:
    again = network_from_graph(to_networkx(network))
    assert (again.nodes, again.links) == (network.nodes, network.links)
    assert sorted(again.length_m.tolist()) == pytest.approx(sorted(network.length_m.tolist()))
    assert again.bridge.sum() == network.bridge.sum()


def test_the_summary_counts_every_road_once(network: RoadNetwork) -> None:
    found = summary(network)
    step = float(network.length_m[network.bridge][0]) / 1000
    assert (found.bridges, found.tunnels, found.fords) == (1, 1, 1)
    assert found.bridge_km == pytest.approx(step, rel=1e-4)
    assert found.directed_bridge_km == pytest.approx(2 * step, rel=1e-4)
    assert found.km == pytest.approx(11 * step, rel=1e-2)
    assert found.km_by_class == pytest.approx(
        {"primary": 4 * step, "residential": found.km - 4 * step}, rel=1e-3
    )
    assert found.limited_weight_km == pytest.approx(step, rel=1e-3)
    assert sum(found.speed_source_share.values()) == pytest.approx(1.0)
    assert found.speed_source_share["tag"] == pytest.approx(3 * step / found.km, rel=1e-3)
