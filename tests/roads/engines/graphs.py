"""Small road networks as lists of links, for the engines' contract."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from hypothesis import strategies as st

from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.network import RoadNetwork
from depotopt.units import UNREACHABLE_DS, Int32Array

Arc = tuple[int, int, int]
"""Tail, head, deciseconds."""


@dataclass(frozen=True, slots=True)
class Graph:
    """A network and its link times in the network's order."""

    network: RoadNetwork
    link_ds: Int32Array


def graph(nodes: int, arcs: Sequence[Arc]) -> Graph:
    """Nodes on a spiral, so that no two share a position, and the given links."""
    turn = np.arange(nodes) * 2.4
    lon, lat = (
        0.01 * np.sqrt(np.arange(nodes)) * np.cos(turn),
        0.01 * np.sqrt(np.arange(nodes)) * np.sin(turn),
    )
    tail = np.array([arc[0] for arc in arcs], dtype=np.int32)
    head = np.array([arc[1] for arc in arcs], dtype=np.int32)
    ds = np.array([arc[2] for arc in arcs], dtype=np.int32)
    network = build_network(lon, lat, LinkArrays(tail, head, np.ones(len(arcs)), ds / 10))
    order = np.lexsort((np.arange(len(arcs)), head, tail))
    return Graph(network, ds[order])


def floyd_warshall(case: Graph, link_ds: Int32Array) -> Int32Array:
    """All travel times in one road state by the shortest program there is, shape ``(N, N)``."""
    size = case.network.nodes
    times = np.full((size, size), UNREACHABLE_DS, dtype=np.int64)
    np.minimum.at(times, (case.network.tail, case.network.head), link_ds)
    np.fill_diagonal(times, 0)
    for v in range(size):
        times = np.minimum(times, times[:, v, None] + times[None, v])
    return np.minimum(times, UNREACHABLE_DS).astype(np.int32)


@st.composite
def graphs(draw: st.DrawFn, max_nodes: int = 14, max_arcs: int = 45) -> Graph:
    """Random graphs with everything real ones have: loops, zero times, parallel links, islands."""
    nodes = draw(st.integers(1, max_nodes))
    node = st.integers(0, nodes - 1)
    times = st.one_of(st.integers(0, 3), st.integers(0, 100_000))
    return graph(nodes, draw(st.lists(st.tuples(node, node, times), max_size=max_arcs)))


@st.composite
def road_states(draw: st.DrawFn, case: Graph, max_states: int = 3) -> Int32Array:
    """Link times in a few road states, shape ``(L, B)``: lost, slowed or as they are."""
    count = draw(st.integers(1, max_states))
    factor = st.sampled_from((0, 1, 1, 1, 2))
    factors = draw(st.lists(factor, min_size=len(case.link_ds) * count, max_size=len(case.link_ds) * count))
    factors_of = np.array(factors, dtype=np.int32).reshape(len(case.link_ds), count)
    slowed = np.minimum(case.link_ds[:, None] * factors_of, UNREACHABLE_DS)
    return np.where(factors_of == 0, UNREACHABLE_DS, slowed).astype(np.int32)
