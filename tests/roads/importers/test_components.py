"""Connected parts, against networkx."""

from __future__ import annotations

import networkx as nx
import numpy as np
from hypothesis import example, given, settings
from hypothesis import strategies as st

from depotopt.roads.importers.components import joined, largest_strong_part

PAIRS = st.integers(1, 14).flatmap(
    lambda n: st.tuples(
        st.just(n), st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=30)
    )
)


@settings(max_examples=100, deadline=None)
@given(PAIRS)
@example((50, [(i, i + 1) for i in range(49)]))
@example((50, [(i + 1, i) for i in reversed(range(49))]))
def test_items_have_equal_numbers_exactly_where_they_are_joined(
    graph: tuple[int, list[tuple[int, int]]],
) -> None:
    count, pairs = graph
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    label = joined(ends[:, 0], ends[:, 1], count)
    found = {frozenset(np.flatnonzero(label == own).tolist()) for own in label.tolist()}
    undirected: nx.Graph[int] = nx.Graph(pairs)
    undirected.add_nodes_from(range(count))
    assert found == {frozenset(part) for part in nx.connected_components(undirected)}


@settings(max_examples=100, deadline=None)
@given(PAIRS)
def test_the_largest_strong_part_is_one_of_the_largest(graph: tuple[int, list[tuple[int, int]]]) -> None:
    count, pairs = graph
    ends = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    found = set(np.flatnonzero(largest_strong_part(ends[:, 0], ends[:, 1], count)).tolist())
    directed: nx.DiGraph[int] = nx.DiGraph(pairs)
    directed.add_nodes_from(range(count))
    parts = [set(part) for part in nx.strongly_connected_components(directed)]
    largest = [part for part in parts if len(part) == max(map(len, parts))]
    assert found == min(largest, key=min)
