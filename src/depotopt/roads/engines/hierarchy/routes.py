"""Paths in one road state: where the climb meets the descent, and the links behind every arc."""

from __future__ import annotations

import numpy as np

from depotopt.compiled import compiled
from depotopt.roads.engines.hierarchy.supergraph import find_arc
from depotopt.units import UNREACHABLE_DS, Int32Array, Int64Array


@compiled
def find_route(
    ends: tuple[int, int],
    tree: tuple[Int32Array, Int32Array],
    upward: tuple[Int64Array, Int32Array],
    downward: tuple[Int64Array, Int32Array, Int32Array],
    links: tuple[Int64Array, Int32Array],
    link_ds: Int32Array,
    arc_ds: Int32Array,
) -> tuple[bool, Int64Array]:
    """Links of a shortest path between two ranks, in driving order.

    Climbs the elimination tree from both ends, meets at the best common ancestor and replaces each arc
    by its link or by the two arcs below it until only links are left.

    Parameters
    ----------
    ends
        Ranks of origin and destination.
    tree
        ``(parent, depth)`` of the supergraph.
    upward, downward, links
        Arrays of the supergraph, as in `customise`.
    link_ds
        Times of the links.
    arc_ds
        Customised times of this road state, flat ``[arc, up or down]``.

    Returns
    -------
    tuple
        Whether there is a path, and its links.
    """
    origin, destination = ends
    parent, depth = tree
    nothing = np.empty(0, np.int64)
    out_ds, out_arc = _climb(origin, 0, tree, upward, arc_ds)
    back_ds, back_arc = _climb(destination, 1, tree, upward, arc_ds)
    a, b = origin, destination
    while a != b and a >= 0 and b >= 0:
        if depth[a] > depth[b]:
            a = parent[a]
        elif depth[b] > depth[a]:
            b = parent[b]
        else:
            a, b = parent[a], parent[b]
    if a < 0 or b < 0:
        return False, nothing
    meeting, best = -1, UNREACHABLE_DS
    while a >= 0:
        through = out_ds[depth[a]] + back_ds[depth[a]]
        if through < best:
            meeting, best = a, through
        a = parent[a]
    if meeting < 0:
        return False, nothing
    # Pieces still to unpack, the next one on top: arc and direction as 2 * arc + direction.
    stack = np.empty(len(out_ds) + len(back_ds) + 2 * len(parent) + 2, np.int64)
    height = 0
    trail = np.empty(len(back_ds), np.int64)
    count = 0
    v = meeting
    while v != destination:
        arc = back_arc[depth[v]]
        trail[count] = 2 * arc + 1
        count += 1
        v = _lower_end(arc, upward)
    for i in range(count - 1, -1, -1):
        stack[height] = trail[i]
        height += 1
    v = meeting
    while v != origin:
        arc = out_arc[depth[v]]
        stack[height] = 2 * arc
        height += 1
        v = _lower_end(arc, upward)
    return True, _unpack(stack, height, upward, downward, links, link_ds, arc_ds)


@compiled
def _climb(
    start: int,
    direction: int,
    tree: tuple[Int32Array, Int32Array],
    upward: tuple[Int64Array, Int32Array],
    arc_ds: Int32Array,
) -> tuple[Int32Array, Int64Array]:
    """Times to the ancestors of one node by depth, and the arc each was reached by."""
    parent, depth = tree
    up_first, up = upward
    time = np.full(depth[start] + 1, UNREACHABLE_DS, np.int32)
    by = np.full(depth[start] + 1, -1, np.int64)
    time[depth[start]] = 0
    v = start
    while v >= 0:
        here = time[depth[v]]
        for a in range(up_first[v], up_first[v + 1]):
            d = depth[up[a]]
            through = here + arc_ds[2 * a + direction]
            if through < time[d]:
                time[d] = through
                by[d] = a
        v = parent[v]
    return time, by


@compiled
def _lower_end(arc: int, upward: tuple[Int64Array, Int32Array]) -> int:
    """Node whose arcs include ``arc``."""
    up_first = upward[0]
    low, high = 0, len(up_first) - 1
    while high - low > 1:
        middle = (low + high) >> 1
        if up_first[middle] <= arc:
            low = middle
        else:
            high = middle
    return low


@compiled
def _unpack(
    stack: Int64Array,
    height: int,
    upward: tuple[Int64Array, Int32Array],
    downward: tuple[Int64Array, Int32Array, Int32Array],
    links: tuple[Int64Array, Int32Array],
    link_ds: Int32Array,
    arc_ds: Int32Array,
) -> Int64Array:
    """Replace arcs by links; each detour goes over a lower node, so it ends."""
    up_first, up = upward
    down_first, down_tail, down_arc = downward
    link_first, link = links
    found = np.empty(64, np.int64)
    count = 0
    while height > 0:
        height -= 1
        piece = stack[height]
        time = arc_ds[piece]
        direct = -1
        for k in range(link_first[piece], link_first[piece + 1]):
            if link_ds[link[k]] == time:
                direct = link[k]
                break
        if direct >= 0:
            if count == len(found):
                longer = np.empty(2 * count, np.int64)
                for i in range(count):
                    longer[i] = found[i]
                found = longer
            found[count] = direct
            count += 1
            continue
        arc, direction = piece >> 1, piece & 1
        low, high = _lower_end(arc, upward), up[arc]
        for k in range(down_first[low], down_first[low + 1]):
            to_low = np.int64(down_arc[k])
            to_high = find_arc(up_first, up, down_tail[k], high)
            if to_high < 0:
                continue
            first, second = (to_low, to_high) if direction == 0 else (to_high, to_low)
            if arc_ds[2 * first + 1] + arc_ds[2 * second] == time:
                stack[height] = 2 * second
                stack[height + 1] = 2 * first + 1
                height += 2
                break
    return found[:count].copy()


def without_rounds(path: Int64Array, head: Int32Array) -> Int64Array:
    """The path without driving in circles, which links of no length allow at no cost.

    Parameters
    ----------
    path
        Links in driving order, not leading back to the first node.
    head
        Node each link of the network leads to.
    """
    ends = head[path]
    if len(np.unique(ends)) == len(path):
        return path
    last = {int(node): i for i, node in enumerate(ends)}
    kept: list[int] = []
    i = 0
    while i < len(path):
        kept.append(int(path[i]))
        # Arriving at a node for the first time, go on from where the path leaves it for the last time.
        i = last[int(ends[i])] + 1
    return np.array(kept, dtype=np.int64)
