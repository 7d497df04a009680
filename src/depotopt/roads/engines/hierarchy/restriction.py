"""`Restriction`: the part of the supergraph that matters for one set of sources and targets."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.compiled import compiled
from depotopt.roads.engines.hierarchy.layout import Layout
from depotopt.roads.engines.hierarchy.supergraph import Supergraph
from depotopt.units import Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Restriction:
    """The targets and their ancestors, from the top down, and where the sources' climbs enter.

    A shortest path descends only through ancestors of its target, so times are swept down over those
    alone (Delling, Goldberg and Werneck 2011, Faster Batched Shortest Paths in Road Networks, ATMOS).

    Attributes
    ----------
    depth
        Depth of each kept node in the elimination tree, ancestors first and whole subtrees in one piece,
        shape ``(K,)``.
    begin, end
        Rows of each kept node's arcs in the layout, shape ``(K,)``.
    above
        Depth of the upper end of the arc in each row of the layout.
    row
        Row of the result a kept node fills, -1 where it is no target.
    target_row
        Row of the result of each target.
    rows
        Number of different targets.
    source, group
        Ranks of the sources, and how many are swept together.
    entry_first, entry_lane
        CSR from kept nodes to the sources that climb through them, for each group of sources;
        shape ``(G, K + 1)``, and lanes within the group one group after the other.
    entry_of_step
        Position in ``entry_lane`` of each step of each source's climb, -1 where the node is not kept.
    """

    depth: Int32Array
    begin: Int64Array
    end: Int64Array
    above: Int32Array
    row: Int32Array
    target_row: Int32Array
    rows: int
    source: Int32Array
    group: int
    entry_first: Int64Array
    entry_lane: Int32Array
    entry_of_step: Int64Array


def restrict(
    graph: Supergraph, layout: Layout, sources: Int32Array, targets: Int32Array, group: int
) -> Restriction:
    """Keep what matters for some sources and targets.

    Parameters
    ----------
    graph
        Supergraph.
    layout
        Rows of its arcs, those of sources and targets kept.
    sources, targets
        Ranks; may repeat.
    group
        Sources swept together.
    """
    unique, target_row = np.unique(targets, return_inverse=True)
    kept, position = _kept(graph.parent, unique)
    begin = layout.row[kept]
    end = begin + np.diff(graph.up_first)[kept]
    row = np.full(len(kept), -1, dtype=np.int32)
    row[position[unique]] = np.arange(len(unique), dtype=np.int32)
    entry_first, entry_lane, entry_of_step = _entries(graph.parent, sources, position, len(kept), group)
    return Restriction(
        depth=graph.depth[kept],
        begin=begin,
        end=end,
        above=_above(kept, begin, layout.kept, graph.up_first, graph.up, graph.depth),
        row=row,
        target_row=target_row.astype(np.int32),
        rows=len(unique),
        source=sources.astype(np.int32),
        group=group,
        entry_first=entry_first,
        entry_lane=entry_lane,
        entry_of_step=entry_of_step,
    )


@compiled
def _kept(parent: Int32Array, targets: Int32Array) -> tuple[Int32Array, Int32Array]:
    position = np.full(len(parent), -1, np.int32)
    count = 0
    for t in targets:
        v = np.int32(t)
        while v >= 0 and position[v] < 0:
            position[v] = 0
            count += 1
            v = parent[v]
    kept = np.empty(count, np.int32)
    count = 0
    # From the top down a postorder becomes a preorder.
    for node in range(len(parent) - 1, -1, -1):
        if position[node] == 0:
            position[node] = count
            kept[count] = node
            count += 1
    return kept, position


@compiled
def _above(
    kept: Int32Array, begin: Int64Array, rows: int, up_first: Int64Array, up: Int32Array, depth: Int32Array
) -> Int32Array:
    above = np.zeros(rows, np.int32)
    for i in range(len(kept)):
        at = begin[i]
        for a in range(up_first[kept[i]], up_first[kept[i] + 1]):
            above[at] = depth[up[a]]
            at += 1
    return above


@compiled
def _entries(
    parent: Int32Array, sources: Int32Array, position: Int32Array, kept: int, group: int
) -> tuple[Int64Array, Int32Array, Int64Array]:
    groups = (len(sources) + group - 1) // group
    first = np.zeros((groups, kept + 1), np.int64)
    steps = 0
    for s in range(len(sources)):
        v = np.int32(sources[s])
        while v >= 0:
            if position[v] >= 0:
                first[s // group, position[v] + 1] += 1
            steps += 1
            v = parent[v]
    total = 0
    for g in range(groups):
        first[g, 0] = total
        for i in range(kept):
            first[g, i + 1] += first[g, i]
        total = first[g, kept]
    free = first.copy()
    lane = np.empty(total, np.int32)
    of_step = np.full(steps, -1, np.int64)
    steps = 0
    for s in range(len(sources)):
        g = s // group
        v = np.int32(sources[s])
        while v >= 0:
            i = position[v]
            if i >= 0:
                lane[free[g, i]] = s % group
                of_step[steps] = free[g, i]
                free[g, i] += 1
            steps += 1
            v = parent[v]
    return first, lane, of_step
