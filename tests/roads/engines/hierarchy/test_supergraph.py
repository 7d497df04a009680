from __future__ import annotations

from itertools import combinations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.roads.engines.hierarchy.supergraph import Supergraph, build_supergraph, find_arc
from depotopt.units import Int32Array
from tests.roads.engines.graphs import Graph, graph, graphs


def eliminated(case: Graph, rank: Int32Array) -> set[tuple[int, int]]:
    """Arcs by the definition: eliminate the lowest node, join its neighbours, go on."""
    beside: dict[int, set[int]] = {v: set() for v in range(case.network.nodes)}
    for a, b in zip(rank[case.network.tail].tolist(), rank[case.network.head].tolist(), strict=True):
        if a != b:
            beside[a].add(b)
            beside[b].add(a)
    arcs = set()
    for v in range(case.network.nodes):
        above = {w for w in beside[v] if w > v}
        arcs |= {(v, w) for w in above}
        for a, b in combinations(above, 2):
            beside[a].add(b)
            beside[b].add(a)
    return arcs


def arcs_of(supergraph: Supergraph) -> list[tuple[int, int]]:
    tails = np.repeat(np.arange(supergraph.nodes), np.diff(supergraph.up_first))
    return list(zip(tails.tolist(), supergraph.up.tolist(), strict=True))


@st.composite
def supergraphs(draw: st.DrawFn) -> tuple[Graph, Supergraph]:
    case = draw(graphs())
    order = draw(st.permutations(range(case.network.nodes)))
    return case, build_supergraph(case.network, np.array(order, dtype=np.int32))


@given(supergraphs())
@settings(deadline=None)
def test_arcs_are_those_elimination_leaves(drawn: tuple[Graph, Supergraph]) -> None:
    case, supergraph = drawn
    assert sorted(supergraph.rank.tolist()) == list(range(case.network.nodes))
    assert arcs_of(supergraph) == sorted(eliminated(case, supergraph.rank))


@given(supergraphs())
@settings(deadline=None)
def test_higher_neighbours_are_ancestors_and_subtrees_lie_together(drawn: tuple[Graph, Supergraph]) -> None:
    _, supergraph = drawn
    parent = supergraph.parent.tolist()
    above: dict[int, list[int]] = {}
    for v in range(supergraph.nodes - 1, -1, -1):
        above[v] = [] if parent[v] < 0 else [parent[v], *above[parent[v]]]
        assert supergraph.depth[v] == len(above[v])
        below = [w for w in range(v) if v in _climb(w, parent)]
        assert below == list(range(v - len(below), v))
    for v, w in arcs_of(supergraph):
        assert w in above[v]


def _climb(v: int, parent: list[int]) -> list[int]:
    trail = []
    while parent[v] >= 0:
        v = parent[v]
        trail.append(v)
    return trail


@given(supergraphs())
@settings(deadline=None)
def test_every_link_lies_on_its_arc_in_its_direction(drawn: tuple[Graph, Supergraph]) -> None:
    case, supergraph = drawn
    network, rank = case.network, supergraph.rank
    found = []
    for number, (low, high) in enumerate(arcs_of(supergraph)):
        for direction, ends in enumerate(((low, high), (high, low))):
            part = slice(*supergraph.link_first[2 * number + direction : 2 * number + direction + 2])
            for link in supergraph.link[part].tolist():
                assert (rank[network.tail[link]], rank[network.head[link]]) == ends
                found.append(link)
    assert sorted(found) == np.flatnonzero(network.tail != network.head).tolist()


@given(supergraphs())
@settings(deadline=None)
def test_lower_neighbours_are_the_arcs_seen_from_above(drawn: tuple[Graph, Supergraph]) -> None:
    _, supergraph = drawn
    heads = np.repeat(np.arange(supergraph.nodes), np.diff(supergraph.down_first))
    assert heads.tolist() == supergraph.up[supergraph.down_arc].tolist()
    assert supergraph.down_tail.tolist() == [arcs_of(supergraph)[a][0] for a in supergraph.down_arc]


def test_an_arc_that_does_not_exist_is_not_found() -> None:
    case = graph(4, [(0, 1, 1), (0, 3, 1)])
    supergraph = build_supergraph(case.network, np.arange(4, dtype=np.int32))
    for low, high in combinations(range(4), 2):
        arc = find_arc(supergraph.up_first, supergraph.up, low, high)
        assert (arc >= 0) == ((low, high) in arcs_of(supergraph))


def test_triangles_are_counted() -> None:
    """Four nodes, all joined: as many triangles as ways to choose three."""
    case = graph(4, [(a, b, 1) for a, b in combinations(range(4), 2)])
    assert build_supergraph(case.network, np.arange(4, dtype=np.int32)).triangles == 4
