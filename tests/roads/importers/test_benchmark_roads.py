"""The roads of the benchmark data, where it is present."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from benchmarks.readers.raw_roads import raw_bridges

from depotopt.roads.importers import read_network
from depotopt.roads.importers.sections import OUTSIDE
from depotopt.roads.summary import summary


@pytest.mark.parametrize("name", ["andorra.osm.pbf", "porto.osm.pbf"])
def test_bridges_are_as_long_as_the_raw_ways(road_data: Path, name: str) -> None:
    """Nothing is smeared or lost: what is imported and what lies outside make up the raw length."""
    network = read_network(road_data / name, cache_dir=None)
    found = summary(network)
    raw = raw_bridges(road_data / name)
    outside = network.dropped.get(f"km of bridge {OUTSIDE}", 0.0)
    assert found.bridge_km + outside == pytest.approx(raw.drivable_km, rel=0.01)
    inside = raw.inside_km(network.node_lon, network.node_lat, network.geometry.lonlat)
    assert found.bridge_km == pytest.approx(inside, rel=0.01)


def test_simplified_and_whole_andorra_are_the_same_roads(road_data: Path) -> None:
    simple, whole = (
        read_network(road_data / "andorra.osm.pbf", simplify=flag, cache_dir=None) for flag in (True, False)
    )
    assert simple.nodes < whole.nodes / 8
    assert simple.streets.ident == whole.streets.ident
    assert simple.length_m.sum() == pytest.approx(whole.length_m.sum())
    assert simple.free_flow_s.sum() == pytest.approx(whole.free_flow_s.sum())
    for network in (simple, whole):
        pairs = network.tail.astype(np.int64) * network.nodes + network.head
        assert (network.tail != network.head).all()
        assert len(np.unique(pairs)) > 0.99 * len(pairs)


def test_the_highways_of_china_are_read_from_bare_arrays(road_data: Path) -> None:
    network = read_network(road_data / "china_highways_scgraph.npz", cache_dir=None)
    assert (network.nodes, network.links) == (142_605, 440_680)
