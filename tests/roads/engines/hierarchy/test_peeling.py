from __future__ import annotations

import numpy as np
from hypothesis import given, settings

from depotopt.roads.engines.hierarchy.peeling import Joins, joins, peel
from tests.roads.engines.graphs import Arc, Graph, graph, graphs


def joins_of(case: Graph) -> Joins:
    network = case.network
    return joins(network.node_lon, network.node_lat, network.tail, network.head)


def pairs(graph_: Joins) -> list[tuple[int, int]]:
    tails = np.repeat(np.arange(graph_.nodes), np.diff(graph_.first))
    return list(zip(tails.tolist(), graph_.neighbour.tolist(), strict=True))


@given(graphs())
@settings(deadline=None)
def test_joins_are_links_either_way_once_and_sorted(case: Graph) -> None:
    both = {
        (a, b) for a, b in zip(case.network.tail.tolist(), case.network.head.tolist(), strict=True) if a != b
    }
    assert pairs(joins_of(case)) == sorted(both | {(b, a) for a, b in both})


@given(graphs())
@settings(deadline=None)
def test_what_is_left_has_three_neighbours_or_more(case: Graph) -> None:
    peeled = peel(joins_of(case))
    assert sorted([*peeled.order.tolist(), *peeled.kept.tolist()]) == list(range(case.network.nodes))
    assert (np.diff(peeled.core.first) >= 3).all()
    assert set(pairs(peeled.core)) == {(b, a) for a, b in pairs(peeled.core)}


@given(graphs())
@settings(deadline=None)
def test_the_core_is_what_elimination_leaves(case: Graph) -> None:
    """Eliminating the peeled nodes by the definition joins the kept ones in the same way."""
    beside: dict[int, set[int]] = {v: set() for v in range(case.network.nodes)}
    for a, b in pairs(joins_of(case)):
        beside[a].add(b)
    peeled = peel(joins_of(case))
    for v in peeled.order.tolist():
        around = beside.pop(v)
        assert len(around) <= 2
        for a in around:
            beside[a] |= around - {a}
            beside[a].discard(v)
    kept = peeled.kept.tolist()
    assert pairs(peeled.core) == sorted(
        (kept.index(a), kept.index(b)) for a, others in beside.items() for b in others
    )


def test_a_town_with_bends_and_dead_ends_shrinks_to_its_junctions() -> None:
    junctions: list[Arc] = [(a, b, 1) for a in range(4) for b in range(a)]
    bends: list[Arc] = [(0, 4, 1), (4, 5, 1), (5, 1, 1)]
    dead_end: list[Arc] = [(2, 6, 1), (6, 7, 1)]
    peeled = peel(joins_of(graph(8, junctions + bends + dead_end)))
    assert peeled.kept.tolist() == [0, 1, 2, 3]
    assert peeled.core.neighbour.tolist() == [1, 2, 3, 0, 2, 3, 0, 1, 3, 0, 1, 2]
