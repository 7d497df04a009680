from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.roads.engines.hierarchy.layout import full_layout, lean_layout
from depotopt.roads.engines.hierarchy.order import elimination_order
from depotopt.roads.engines.hierarchy.supergraph import Supergraph, build_supergraph
from depotopt.units import Int32Array
from tests.roads.engines.graphs import Graph, graph, graphs
from tests.roads.engines.hierarchy.test_supergraph import supergraphs


def ancestors(graph_: Supergraph, ranks: Int32Array) -> set[int]:
    found: set[int] = set()
    for rank in ranks.tolist():
        v = rank
        while v >= 0:
            found.add(v)
            v = int(graph_.parent[v])
    return found


@given(supergraphs(), st.data())
@settings(deadline=None)
def test_rows_that_are_still_read_are_never_given_away(
    drawn: tuple[object, Supergraph], data: st.DataObject
) -> None:
    """Replays customisation: each arc read must hold what was written for it last."""
    supergraph = drawn[1]
    ranks = np.array(data.draw(st.lists(st.integers(0, supergraph.nodes - 1), max_size=3)), dtype=np.int32)
    layout = lean_layout(supergraph, ranks)
    holds: dict[int, int] = {}
    for x in range(supergraph.nodes):
        arcs = range(supergraph.up_first[x], supergraph.up_first[x + 1])
        holds |= {int(layout.row[x]) + i: arc for i, arc in enumerate(arcs)}
        for k in range(supergraph.down_first[x], supergraph.down_first[x + 1]):
            v, c = supergraph.down_tail[k], supergraph.down_arc[k]
            for b in range(c + 1, supergraph.up_first[v + 1]):
                shift = layout.row[v] - supergraph.up_first[v]
                assert holds[int(b + shift)] == b
                assert holds[int(c + shift)] == c
    for v in ancestors(supergraph, ranks):
        for arc in range(supergraph.up_first[v], supergraph.up_first[v + 1]):
            assert holds[int(layout.row[v] + arc - supergraph.up_first[v])] == arc


@given(supergraphs(), st.data())
@settings(deadline=None)
def test_kept_rows_come_first_by_rank(drawn: tuple[object, Supergraph], data: st.DataObject) -> None:
    supergraph = drawn[1]
    ranks = np.array(data.draw(st.lists(st.integers(0, supergraph.nodes - 1), max_size=3)), dtype=np.int32)
    layout = lean_layout(supergraph, ranks)
    row = 0
    for v in sorted(ancestors(supergraph, ranks)):
        assert layout.row[v] == row
        row += int(supergraph.up_first[v + 1] - supergraph.up_first[v])
    assert layout.kept == row <= layout.rows <= supergraph.arcs


def test_a_long_road_asked_about_at_one_end_needs_few_rows() -> None:
    case = graph(1000, [(i, i + 1, 1) for i in range(999)])
    supergraph = build_supergraph(case.network, elimination_order(case.network, "dissection"))
    assert full_layout(supergraph).rows == supergraph.arcs > 1000
    assert lean_layout(supergraph, supergraph.rank[:1]).rows < 100


@given(graphs())
@settings(max_examples=20, deadline=None)
def test_a_full_layout_keeps_every_arc_in_its_own_row(case: Graph) -> None:
    network = case.network
    supergraph = build_supergraph(network, np.arange(network.nodes, dtype=np.int32))
    layout = full_layout(supergraph)
    assert layout.rows == layout.kept == supergraph.arcs
    np.testing.assert_array_equal(layout.row, supergraph.up_first[:-1])
