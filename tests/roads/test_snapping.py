"""Places are tied to the nearest link."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.errors import UsageError
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.roads.nearest import nearest_roads
from depotopt.roads.network import ROAD_CLASSES, RoadNetwork, SpeedSource
from depotopt.roads.snapping import ConnectorLink, FarPlacesError, snap_places
from depotopt.units import FloatArray, great_circle_m, seconds_to_ds

DEGREE_M = float(great_circle_m(0.0, 0.0, 1.0, 0.0))


def straight_road(*, oneway: bool = False) -> RoadNetwork:
    """Two nodes 0.01 degrees apart on the equator, 1,111.95 m, at 10 m/s."""
    tail, head = ([0], [1]) if oneway else ([0, 1], [1, 0])
    length = [0.01 * DEGREE_M] * len(tail)
    links = LinkArrays(tail=tail, head=head, length_m=length, free_flow_s=np.array(length) / 10.0)
    return build_network([0.0, 0.01], [0.0, 0.0], links)


def snap(network: RoadNetwork, *places: tuple[float, float], limit_m: float = 5000.0) -> RoadNetwork:
    lon, lat = np.array(places).T
    return snap_places(network, [f"p{i}" for i in range(len(places))], lon, lat, limit_m=limit_m)


def test_both_directions_are_split_at_one_node() -> None:
    network = snap(straight_road(), (0.004, 0.001))
    assert network.places is not None
    assert (network.nodes, network.links) == (3, 4)
    assert network.places.node.tolist() == [2]
    assert (network.node_lon[2], network.node_lat[2]) == pytest.approx((0.004, 0.0))
    pairs = set(zip(network.tail.tolist(), network.head.tolist(), strict=True))
    assert pairs == {(0, 2), (2, 1), (1, 2), (2, 0)}
    assert len(set(network.street.tolist())) == 1
    assert network.length_m[network.tail == 2] == pytest.approx([0.004 * DEGREE_M, 0.006 * DEGREE_M])


def test_the_access_time_is_the_way_to_the_road() -> None:
    network = snap_places(straight_road(), ["p"], np.array([0.004]), np.array([0.001]), access_speed_kmh=36.0)
    assert network.places is not None
    assert network.places.distance_m == pytest.approx([0.001 * DEGREE_M])
    assert network.places.access_s == pytest.approx([0.0001 * DEGREE_M])


def test_several_places_on_one_link_cut_it_in_order() -> None:
    network = snap(straight_road(), (0.008, 0.0), (0.002, 0.0), (0.005, 0.001), (0.005, -0.001))
    assert network.places is not None
    assert network.nodes == 5
    assert network.links == 8
    lon = network.node_lon[network.places.node]
    assert lon == pytest.approx([0.008, 0.002, 0.005, 0.005])
    assert network.places.node[2] == network.places.node[3]
    assert network.length_m.sum() == pytest.approx(2 * 0.01 * DEGREE_M)


@pytest.mark.parametrize(("lon", "node"), [(-0.002, 0), (0.000005, 0), (0.009995, 1), (0.02, 1)])
def test_close_to_its_end_a_road_is_not_split(lon: float, node: int) -> None:
    network = snap(straight_road(), (lon, 0.0))
    assert network.places is not None
    assert (network.nodes, network.links, network.places.node.tolist()) == (2, 2, [node])


def test_a_oneway_road_stays_oneway() -> None:
    network = snap(straight_road(oneway=True), (0.004, 0.0))
    pairs = list(zip(network.tail.tolist(), network.head.tolist(), strict=True))
    assert pairs == [(0, 2), (2, 1)]


def test_lines_follow_the_cut_in_driving_direction() -> None:
    network = snap(straight_road(), (0.004, 0.001))
    for link in range(network.links):
        line = network.line(link)
        ends = network.node_lon[[network.tail[link], network.head[link]]]
        assert line[[0, -1], 0] == pytest.approx(ends)
    assert len(network.geometry.first) == 3


def test_all_places_beyond_the_limit_are_named() -> None:
    with pytest.raises(FarPlacesError) as caught:
        snap(straight_road(), (0.005, 0.1), (0.005, 0.0), (0.005, -0.2), limit_m=1000.0)
    assert [place.ident for place in caught.value.places] == ["p0", "p2"]
    assert caught.value.places[0].distance_m == pytest.approx(0.1 * DEGREE_M, rel=1e-6)
    assert "'p0', whose place is 11.1 km from the nearest road" in str(caught.value)
    assert "declare a connector to 0.00500, 0.00000" in str(caught.value)


def test_a_connector_joins_its_place_by_a_road_of_its_own() -> None:
    connector = ConnectorLink("far", 0.005, 0.0, length_m=9000.0, speed_kmh=18.0)
    network = snap_places(
        straight_road(), ["near", "far"], np.array([0.0, 0.005]), np.array([0.0, 0.08]), limit_m=50.0,
        connectors=[connector],
    )  # fmt: skip
    assert network.places is not None
    node = int(network.places.node[1])
    assert network.places.access_s.tolist() == [0.0, 0.0]
    assert network.places.distance_m[1] == 0.0
    [out] = np.flatnonzero(network.tail == node)
    assert ROAD_CLASSES[network.road_class[out]] == "connector"
    assert network.speed_source[out] == SpeedSource.ASSUMED
    assert (network.length_m[out], network.free_flow_s[out]) == (9000.0, pytest.approx(1800.0))
    assert network.streets.ident[network.street[out]] == "c:far"
    assert network.node_lon[network.head[out]] == pytest.approx(0.005)
    [back] = np.flatnonzero(network.head == node)
    assert network.street[back] == network.street[out]
    assert network.line(int(out))[0].tolist() == [0.005, 0.08]


def test_two_connectors_of_one_place_are_lost_apart() -> None:
    two = [ConnectorLink("p", lon, 0.0, 9000.0, 18.0) for lon in (0.002, 0.007)]
    network = snap_places(straight_road(), ["p"], np.array([0.005]), np.array([0.08]), connectors=two)
    assert network.streets.ident[1:] == ("c:p", "c:p.2")
    assert network.places is not None
    assert (network.tail == network.places.node[0]).sum() == 2


def test_a_connector_that_ends_off_the_road_is_named() -> None:
    connector = ConnectorLink("p", 0.005, 0.3, 9000.0, 18.0)
    with pytest.raises(FarPlacesError, match=r"'p', whose connector end is 33\.4 km from the nearest road"):
        snap_places(straight_road(), ["p"], np.array([0.0]), np.array([0.0]), connectors=[connector])


def test_misuse_is_refused() -> None:
    road, here = straight_road(), np.array([0.0, 0.0])
    with pytest.raises(UsageError, match="same identifier"):
        snap_places(road, ["p", "p"], here, here)
    with pytest.raises(UsageError, match="connectors of unknown places: q"):
        snap_places(road, ["p"], here[:1], here[:1], connectors=[ConnectorLink("q", 0, 0, 1, 1)])
    with pytest.raises(UsageError, match="limit"):
        snap_places(road, ["p"], here[:1], here[:1], access_speed_kmh=0.0)


def grid(seed: int, latitude: float) -> RoadNetwork:
    """A wobbly 5 x 5 grid about 5 km wide, some of it oneway in a ring that keeps it connected."""
    rng = np.random.default_rng(seed)
    lon = (np.tile(np.arange(5), 5) + rng.uniform(-0.3, 0.3, 25)) * 0.01
    lat = latitude + (np.repeat(np.arange(5), 5) + rng.uniform(-0.3, 0.3, 25)) * 0.01
    pairs = [(5 * r + c, 5 * r + c + 1) for r in range(5) for c in range(4)]
    pairs += [(5 * r + c, 5 * r + c + 5) for r in range(4) for c in range(5)]
    a, b = np.array(pairs).T
    length = great_circle_m(lon[a], lat[a], lon[b], lat[b])
    both = np.tile(length, 2)
    links = LinkArrays(tail=np.append(a, b), head=np.append(b, a), length_m=both, free_flow_s=both / 10.0)
    return build_network(lon, lat, links)


def nearest_by_sampling(network: RoadNetwork, lon: float, lat: float) -> float:
    best = np.inf
    share = np.linspace(0, 1, 400)[:, None]
    for link in range(network.links):
        line = network.line(link)
        points = line[0] * (1 - share) + line[-1] * share
        best = min(best, float(great_circle_m(points[:, 0], points[:, 1], lon, lat).min()))
    return best


@settings(max_examples=25, deadline=None)
@given(
    st.integers(0, 1000), st.sampled_from([0.0, 41.0, -65.0]), st.floats(-0.02, 0.07), st.floats(-0.02, 0.07)
)
def test_no_point_of_any_road_is_nearer(seed: int, latitude: float, lon: float, lat: float) -> None:
    network = grid(seed, latitude)
    near = nearest_roads(network, np.array([lon]), np.array([latitude + lat]))
    sampled = nearest_by_sampling(network, lon, latitude + lat)
    # The plane at the place bends away from the sphere by parts in a thousand at most over 10 km.
    assert near.distance_m[0] <= sampled * 1.003 + 0.01
    reached = float(great_circle_m(near.lon[0], near.lat[0], lon, latitude + lat))
    assert reached == pytest.approx(near.distance_m[0], rel=3e-3, abs=0.01)


def times(network: RoadNetwork, nodes: int) -> FloatArray:
    every = np.arange(nodes, dtype=np.int32)
    link_ds = seconds_to_ds(network.length_m)[:, None]
    found: FloatArray = DijkstraEngine(network).many_to_many(link_ds, every, every)[0].astype(np.float64)
    return found


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 1000), st.integers(1, 40))
def test_splitting_changes_no_distance_between_old_nodes(seed: int, places: int) -> None:
    network = grid(seed, 30.0)
    rng = np.random.default_rng(seed)
    spots = [
        (x, y) for x, y in zip(rng.uniform(0, 0.04, places), 30 + rng.uniform(0, 0.04, places), strict=True)
    ]
    snapped = snap(network, *spots)
    assert snapped.length_m.sum() == pytest.approx(network.length_m.sum())
    assert snapped.free_flow_s.sum() == pytest.approx(network.free_flow_s.sum())
    assert np.array_equal(snapped.node_lon[: network.nodes], network.node_lon)
    # Every split rounds to whole decimetres once more (lengths stand in for seconds here).
    assert np.abs(times(snapped, network.nodes) - times(network, network.nodes)).max() <= 1 + places
