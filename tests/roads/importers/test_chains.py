"""Chains of segments."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.roads.importers.chains import Chains, chains
from depotopt.units import BoolArray, Int64Array


@st.composite
def graphs(draw: st.DrawFn) -> tuple[Int64Array, Int64Array, Int64Array, BoolArray, int]:
    nodes = draw(st.integers(2, 12))
    pairs = st.tuples(st.integers(0, nodes - 1), st.integers(0, nodes - 1)).filter(lambda p: p[0] != p[1])
    ends = draw(st.lists(pairs, min_size=1, max_size=25))
    count = len(ends)
    kind = draw(st.lists(st.integers(0, 1), min_size=count, max_size=count))
    directed = draw(st.tuples(st.booleans(), st.booleans()))
    a, b = np.array(ends, dtype=np.int64).T
    of_kind = np.array([directed[k] for k in kind])
    return a.copy(), b.copy(), np.array(kind, dtype=np.int64), of_kind, nodes


def ends_of(found: Chains, a: Int64Array, b: Int64Array) -> tuple[Int64Array, Int64Array]:
    tail = np.where(found.against, b[found.segment], a[found.segment])
    head = np.where(found.against, a[found.segment], b[found.segment])
    return tail, head


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_chains_hold_every_segment_once_in_an_unbroken_line(
    graph: tuple[Int64Array, Int64Array, Int64Array, BoolArray, int],
) -> None:
    a, b, kind, directed, nodes = graph
    found = chains(a, b, kind, directed, nodes)
    assert sorted(found.segment.tolist()) == list(range(len(a)))
    tail, head = ends_of(found, a, b)
    degree = np.bincount(np.concatenate([a, b]), minlength=nodes)
    for first, last in zip(found.first[:-1], found.first[1:], strict=True):
        assert last > first
        assert (head[first : last - 1] == tail[first + 1 : last]).all()
        assert (degree[head[first : last - 1]] == 2).all()
        assert len(set(kind[found.segment[first:last]].tolist())) == 1
        assert tail[first] != head[last - 1]
    assert not (found.against & directed[found.segment]).any()


@settings(max_examples=100, deadline=None)
@given(graphs())
def test_chains_cannot_be_made_longer(
    graph: tuple[Int64Array, Int64Array, Int64Array, BoolArray, int],
) -> None:
    """Where exactly two segments of one kind meet (head to tail if directed), one chain runs through."""
    a, b, kind, directed, nodes = graph
    found = chains(a, b, kind, directed, nodes)
    chain_of = np.empty(len(a), dtype=np.int64)
    chain_of[found.segment] = np.repeat(np.arange(len(found)), np.diff(found.first))
    tail, head = ends_of(found, a, b)
    whole = {(tail[f], head[last - 1]) for f, last in zip(found.first[:-1], found.first[1:], strict=True)}
    for node in range(nodes):
        touching = np.flatnonzero((a == node) | (b == node))
        if len(touching) != 2 or kind[touching[0]] != kind[touching[1]]:
            continue
        one, two = touching
        if directed[one] and (a[one] == node) == (a[two] == node):
            continue
        # Rings are cut once, so a cut node ends two chains that start and end alike.
        cut = any((node, other) in whole or (other, node) in whole for other in range(nodes))
        assert chain_of[one] == chain_of[two] or cut
