"""Connected parts of graphs given as pairs of nodes."""

from __future__ import annotations

import numpy as np

from depotopt.units import BoolArray, Int64Array


def joined(one: Int64Array, two: Int64Array, count: int) -> Int64Array:
    """Number ``count`` items so that items joined by a pair, directly or not, have equal numbers.

    Every item takes the lowest number it is joined to, through shortened pointers (Shiloach and
    Vishkin 1982, Journal of Algorithms 3, 57-67), in a handful of rounds over all pairs.
    """
    label = np.arange(count, dtype=np.int64)
    while True:
        left, right = label[one], label[two]
        if (left == right).all():
            return label
        low = np.minimum(left, right)
        np.minimum.at(label, left, low)
        np.minimum.at(label, right, low)
        while True:
            shorter = label[label]
            if np.array_equal(shorter, label):
                break
            label = shorter


def largest_strong_part(tail: Int64Array, head: Int64Array, nodes: int) -> BoolArray:
    """Mask of the nodes of the largest strongly connected component (of equals, the first one).

    What the busiest node reaches and is reached by is its component; holding more than half of the
    nodes, it is the largest. Only otherwise are all components found.
    """
    if not len(tail):
        mask = np.zeros(nodes, dtype=np.bool_)
        mask[:1] = True
        return mask
    start = int(np.argmax(np.bincount(tail, minlength=nodes) + np.bincount(head, minlength=nodes)))
    mask = _reached(tail, head, nodes, start) & _reached(head, tail, nodes, start)
    return mask if 2 * int(mask.sum()) > nodes else _largest_of_all(tail, head, nodes)


def _reached(tail: Int64Array, head: Int64Array, nodes: int, start: int) -> BoolArray:
    """Nodes reached from the start, by breadth-first search one level at a time."""
    order = np.argsort(tail, kind="stable")
    heads = head[order]
    first = np.zeros(nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=first[1:])
    seen = np.zeros(nodes, dtype=np.bool_)
    seen[start] = True
    level = np.array([start], dtype=np.int64)
    while len(level):
        counts = first[level + 1] - first[level]
        before = np.cumsum(counts) - counts
        links = np.arange(int(counts.sum())) + np.repeat(first[level] - before, counts)
        found = heads[links]
        found = found[~seen[found]]
        seen[found] = True
        level = np.unique(found)
    return seen


def _largest_of_all(tail: Int64Array, head: Int64Array, nodes: int) -> BoolArray:
    from scipy.sparse import coo_array
    from scipy.sparse.csgraph import connected_components

    graph = coo_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(nodes, nodes)).tocsr()
    _, label = connected_components(graph, directed=True, connection="strong")
    size = np.bincount(label)
    first = np.full(len(size), nodes, dtype=np.int64)
    np.minimum.at(first, label, np.arange(nodes))
    best = min(np.flatnonzero(size == size.max()), key=lambda part: int(first[part]))
    mask: BoolArray = label == best
    return mask
