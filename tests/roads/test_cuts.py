"""Tests of `depotopt.roads.cuts` against brute force."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from depotopt.errors import UsageError
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.cuts import minimal_cut, minimal_cuts, reachable
from depotopt.roads.network import RoadNetwork, StreetKind


def network_of(roads: list[tuple[int, int]], nodes: int, bridges: list[int] | None = None) -> RoadNetwork:
    """Two-way roads, each a street of its own; some are bridges."""
    a, b = np.array(roads, dtype=np.int64).T
    bridge = np.zeros(len(roads), dtype=np.bool_)
    bridge[bridges or []] = True
    ones = np.ones(2 * len(a))
    links = LinkArrays(np.r_[a, b], np.r_[b, a], ones, ones, bridge=np.r_[bridge, bridge])
    return build_network(np.arange(float(nodes)), np.zeros(nodes), links)


def isolated(network: RoadNetwork, removed: set[int], target: int) -> bool:
    return not reachable(network, np.array([0]), ~np.isin(network.street, list(removed)))[target]


def brute(network: RoadNetwork, lost: list[int], target: int) -> int:
    """Size of the smallest set of lost streets that isolates the target."""
    return next(
        size
        for size in range(len(lost) + 1)
        for chosen in combinations(lost, size)
        if isolated(network, set(chosen), target)
    )


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_cut_isolates_and_none_is_smaller(data: st.DataObject) -> None:
    nodes = data.draw(st.integers(3, 7))
    pair = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda ab: ab[0] < ab[1])
    roads = data.draw(st.lists(pair, min_size=2, max_size=12, unique=True))
    network = network_of(roads, nodes)
    lost = sorted(data.draw(st.sets(st.integers(0, len(network.streets) - 1), min_size=1)))
    target = nodes - 1
    assume(isolated(network, set(lost), target))
    cut = minimal_cut(network, lost, [0], target)
    assert set(cut.tolist()) <= set(lost)
    assert isolated(network, set(cut.tolist()), target)
    assert len(cut) == brute(network, lost, target)


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_one_way_roads_are_cut_in_their_direction(data: st.DataObject) -> None:
    nodes = data.draw(st.integers(3, 6))
    pair = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda ab: ab[0] != ab[1])
    roads = data.draw(st.lists(pair, min_size=2, max_size=10, unique_by=lambda ab: (min(ab), max(ab))))
    tail, head = np.array(roads).T
    ones = np.ones(len(tail))
    network = build_network(np.arange(float(nodes)), np.zeros(nodes), LinkArrays(tail, head, ones, ones))
    lost = list(range(len(network.streets)))
    cut = minimal_cut(network, lost, [0], nodes - 1)
    assert isolated(network, set(cut.tolist()), nodes - 1)
    assert len(cut) == brute(network, lost, nodes - 1)


def test_two_bridges_cut_off_a_township() -> None:
    """0 - 1 =bridge= 3, 0 - 2 =bridge= 3, 3 - 4: many streets are lost, two bridges matter."""
    network = network_of([(0, 1), (0, 2), (1, 3), (2, 3), (3, 4), (1, 2)], 5, bridges=[2, 3])
    idents = network.streets.ident
    lost = [idents.index(name) for name in ("b1-3", "b2-3", "s1-2")]
    cut = minimal_cut(network, lost, [0], 4)
    assert [idents[street] for street in cut] == ["b1-3", "b2-3"]
    assert all(network.streets.kind[cut] == StreetKind.BRIDGE)


def test_bridges_are_named_rather_than_streets() -> None:
    network = network_of([(0, 1), (1, 2), (2, 3)], 4, bridges=[1])
    cut = minimal_cut(network, [0, 1, 2], [0], 3)
    assert [network.streets.ident[street] for street in cut] == ["b1-2"]


def test_a_place_never_connected_has_an_empty_cut() -> None:
    assert not len(minimal_cut(network_of([(0, 1), (2, 3)], 4), [0], [0], 3))


def test_a_place_that_is_reached_is_refused() -> None:
    with pytest.raises(UsageError, match="not cut off"):
        minimal_cut(network_of([(0, 1), (1, 2)], 3), [], [0], 2)


def test_roads_the_vehicle_may_never_use_are_no_way_out() -> None:
    network = network_of([(0, 1), (0, 2), (1, 3), (2, 3)], 4)
    forbidden = ~np.isin(network.street, [network.streets.ident.index("s0-2")])
    lost = [network.streets.ident.index("s1-3")]
    assert minimal_cut(network, lost, [0], 3, forbidden).tolist() == lost


def test_several_sources_and_targets_share_a_call() -> None:
    network = network_of([(0, 1), (1, 2), (2, 3), (3, 4)], 5)
    cuts = minimal_cuts(network, [0, 1, 2, 3], [0, 4], [1, 2, 3])
    assert [len(cut) for cut in cuts] == [2, 2, 2]


def test_a_street_of_several_links_is_cut_once() -> None:
    """A street with a node in its middle (a depot) is one street."""
    from depotopt.roads.network import StreetTable

    table = StreetTable(("s",), ("",), np.zeros(1, dtype=np.uint8))
    links = LinkArrays([0, 1, 1, 2], [1, 0, 2, 1], np.ones(4), np.ones(4), street=np.zeros(4, dtype=np.int64))
    network = build_network(np.arange(3.0), np.zeros(3), links, table)
    assert minimal_cut(network, [0], [0], 2).tolist() == [0]
