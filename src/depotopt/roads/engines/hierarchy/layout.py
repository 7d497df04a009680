"""`Layout`: where in memory the times of each node's arcs are held."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.compiled import compiled
from depotopt.roads.engines.hierarchy.supergraph import Supergraph
from depotopt.units import BoolArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Layout:
    """Rows of customised times, one per arc of the supergraph at a time.

    A query reads only the arcs of its sources, its targets and their ancestors. Those rows are kept.
    The arcs of all other nodes are read once or twice by nodes slightly higher and then never again, so
    their rows are used again as soon as that has happened: most of the work then stays in cache, and a
    country's network fits into little memory.

    Attributes
    ----------
    row
        Row of each node's first arc; the others follow. Shape ``(N,)``.
    rows
        Number of rows.
    kept
        Number of rows that are kept; they come first, by rank.
    """

    row: Int64Array
    rows: int
    kept: int


def full_layout(graph: Supergraph) -> Layout:
    """A row of its own for every arc, the arc's number."""
    return Layout(graph.up_first[:-1], graph.arcs, graph.arcs)


def lean_layout(graph: Supergraph, *places: Int32Array) -> Layout:
    """Rows to keep for the given ranks and their ancestors, and rows used in turns for all others."""
    kept = np.zeros(graph.nodes, dtype=np.bool_)
    for ranks in places:
        _mark(kept, graph.parent, ranks)
    row, rows = _assign(kept, graph.up_first, graph.down_first, graph.down_tail, graph.down_arc)
    return Layout(row, rows, int(np.diff(graph.up_first)[kept].sum()))


@compiled
def _mark(kept: BoolArray, parent: Int32Array, ranks: Int32Array) -> None:
    for rank in ranks:
        v = np.int32(rank)
        while v >= 0 and not kept[v]:
            kept[v] = True
            v = parent[v]


@compiled
def _assign(
    kept: BoolArray,
    up_first: Int64Array,
    down_first: Int64Array,
    down_tail: Int32Array,
    down_arc: Int32Array,
) -> tuple[Int64Array, int]:
    nodes = len(kept)
    row = np.empty(nodes, np.int64)
    used, widest = 0, 0
    for v in range(nodes):
        degree = up_first[v + 1] - up_first[v]
        widest = max(widest, degree)
        if kept[v]:
            row[v] = used
            used += degree
    # Free stretches by length, each list linked through the nodes that held them last: the stretch
    # freed last is the one still in cache.
    free = np.full(widest + 1, -1, np.int64)
    before = np.empty(nodes, np.int64)
    for x in range(nodes):
        if not kept[x]:
            degree = up_first[x + 1] - up_first[x]
            holder = free[degree]
            if holder >= 0:
                free[degree] = before[holder]
                row[x] = row[holder]
            else:
                row[x] = used
                used += degree
        for k in range(down_first[x], down_first[x + 1]):
            v = down_tail[k]
            # The last two arcs of v make its last triangle, read when the lower of their ends is reached.
            last = max(up_first[v], up_first[v + 1] - 2)
            if not kept[v] and down_arc[k] == last:
                degree = up_first[v + 1] - up_first[v]
                before[v] = free[degree]
                free[degree] = v
    return row, used
