"""`Supergraph`: the chordal graph on which every road state of a network is solved."""

from __future__ import annotations

from dataclasses import dataclass, fields

import numpy as np

from depotopt.compiled import compiled
from depotopt.roads.engines.hierarchy.peeling import both_ways
from depotopt.roads.network import RoadNetwork
from depotopt.units import Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Supergraph:
    """Nodes ranked by elimination, and the arcs that elimination leaves.

    Eliminating the nodes in order of rank and joining the remaining neighbours of each gives a chordal
    graph that depends on which nodes are joined by links, not on travel times. Each of its arcs runs
    from a lower to a higher rank and carries two times, up and down. A shortest path exists in it that
    first climbs and then descends (Dibbelt, Strasser and Wagner 2016, Customizable Contraction
    Hierarchies, ACM Journal of Experimental Algorithmics 21, 1.5). Nodes below are named by rank, and
    ranks are a postorder of the elimination tree, so that what is used together lies together.

    Attributes
    ----------
    rank
        Rank of each node of the network, shape ``(N,)``.
    parent
        Lowest higher neighbour of each node: its parent in the elimination tree, -1 at a root.
    depth
        Nodes above each node in the tree. All higher neighbours are ancestors, so on the way to one
        root a depth names a node.
    up_first, up
        CSR of higher neighbours, sorted: arc ``a`` of node ``v`` leads to ``up[a]``,
        ``up_first[v] <= a < up_first[v + 1]``.
    down_first, down_tail, down_arc
        CSR of the same arcs by their upper end: lower neighbour and arc, sorted by neighbour.
    link_first, link
        CSR of links by arc and direction: ``link_first[2 * a]`` starts those that climb arc ``a``,
        ``link_first[2 * a + 1]`` those that descend it.
    """

    rank: Int32Array
    parent: Int32Array
    depth: Int32Array
    up_first: Int64Array
    up: Int32Array
    down_first: Int64Array
    down_tail: Int32Array
    down_arc: Int32Array
    link_first: Int64Array
    link: Int32Array

    def __post_init__(self) -> None:
        for item in fields(self):
            getattr(self, item.name).setflags(write=False)

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.parent)

    @property
    def arcs(self) -> int:
        """Number of arcs, each with two directions."""
        return len(self.up)

    @property
    def triangles(self) -> int:
        """Number of triangles: what customising one road state costs, twice (up and down)."""
        degree = np.diff(self.up_first)
        return int((degree * (degree - 1) // 2).sum())


def build_supergraph(network: RoadNetwork, order: Int32Array) -> Supergraph:
    """Eliminate the nodes of a network in a given order.

    Parameters
    ----------
    network
        Roads; one-way streets count as joined, times do not matter.
    order
        Rank of each node, a permutation. Equivalent ranks in postorder are used instead.
    """
    tail, head = network.tail, network.head
    first, neighbour = both_ways(order[tail], order[head], network.nodes)
    rank = _postorder(_elimination_tree(first, neighbour))[order]
    low_tail, low_head = rank[tail], rank[head]
    first, neighbour = both_ways(low_tail, low_head, network.nodes)
    up_first, up, parent = _eliminate(first, neighbour)
    down_first, down_tail, down_arc = _downward(up_first, up)
    link_first, link = _links_by_arc(low_tail, low_head, up_first, up)
    return Supergraph(
        rank=rank,
        parent=parent,
        depth=_depth(parent),
        up_first=up_first,
        up=up,
        down_first=down_first,
        down_tail=down_tail,
        down_arc=down_arc,
        link_first=link_first,
        link=link,
    )


@compiled
def _elimination_tree(first: Int64Array, neighbour: Int32Array) -> Int32Array:
    """Parent of each node; path compression as in Liu (1986), ACM TOMS 12, 127-148."""
    nodes = len(first) - 1
    parent = np.full(nodes, -1, np.int32)
    shortcut = np.full(nodes, -1, np.int32)
    for v in range(nodes):
        for e in range(first[v], first[v + 1]):
            x = neighbour[e]
            while x != -1 and x < v:
                above = shortcut[x]
                shortcut[x] = v
                if above == -1:
                    parent[x] = v
                x = above
    return parent


@compiled
def _postorder(parent: Int32Array) -> Int32Array:
    """New number of each node: children before parents, subtrees in one piece."""
    nodes = len(parent)
    child = np.full(nodes + 1, -1, np.int32)
    sibling = np.full(nodes, -1, np.int32)
    for v in range(nodes - 1, -1, -1):
        above = parent[v] if parent[v] >= 0 else nodes
        sibling[v] = child[above]
        child[above] = v
    number = np.empty(nodes, np.int32)
    trail = np.empty(nodes + 1, np.int32)
    trail[0], height, given = nodes, 1, 0
    while height > 0:
        v = trail[height - 1]
        below = child[v]
        if below >= 0:
            child[v] = sibling[below]
            trail[height] = below
            height += 1
        else:
            if v < nodes:
                number[v] = given
                given += 1
            height -= 1
    return number


@compiled
def _eliminate(first: Int64Array, neighbour: Int32Array) -> tuple[Int64Array, Int32Array, Int32Array]:
    """Higher neighbours of each node after elimination: its own and those of its children."""
    nodes = len(first) - 1
    up = np.empty(2 * len(neighbour) + 16, np.int32)
    up_first = np.zeros(nodes + 1, np.int64)
    parent = np.full(nodes, -1, np.int32)
    child = np.full(nodes, -1, np.int32)
    sibling = np.full(nodes, -1, np.int32)
    seen = np.full(nodes, -1, np.int32)
    used = 0
    for v in range(nodes):
        if used + nodes - v > len(up):
            longer = np.empty(2 * len(up) + nodes, np.int32)
            for a in range(used):
                longer[a] = up[a]
            up = longer
        begin = used
        for e in range(first[v], first[v + 1]):
            x = neighbour[e]
            if x > v and seen[x] != v:
                seen[x] = v
                up[used] = x
                used += 1
        c = child[v]
        while c >= 0:
            for a in range(up_first[c], up_first[c + 1]):
                x = up[a]
                if x != v and seen[x] != v:
                    seen[x] = v
                    up[used] = x
                    used += 1
            c = sibling[c]
        _sort(up, begin, used)
        up_first[v + 1] = used
        if used > begin:
            above = up[begin]
            parent[v] = above
            sibling[v] = child[above]
            child[above] = v
    return up_first, up[:used].copy(), parent


@compiled
def _sort(values: Int32Array, begin: int, end: int) -> None:
    """Sort a short stretch by insertion: it is a few sorted lists one after the other."""
    for i in range(begin + 1, end):
        value, at = values[i], i
        while at > begin and values[at - 1] > value:
            values[at] = values[at - 1]
            at -= 1
        values[at] = value


@compiled
def _depth(parent: Int32Array) -> Int32Array:
    depth = np.zeros(len(parent), np.int32)
    for v in range(len(parent) - 1, -1, -1):
        if parent[v] >= 0:
            depth[v] = depth[parent[v]] + 1
    return depth


@compiled
def _downward(up_first: Int64Array, up: Int32Array) -> tuple[Int64Array, Int32Array, Int32Array]:
    nodes = len(up_first) - 1
    first = np.zeros(nodes + 1, np.int64)
    for a in range(len(up)):
        first[up[a] + 1] += 1
    for v in range(nodes):
        first[v + 1] += first[v]
    free = first[:-1].copy()
    tail = np.empty(len(up), np.int32)
    arc = np.empty(len(up), np.int32)
    for v in range(nodes):
        for a in range(up_first[v], up_first[v + 1]):
            x = up[a]
            tail[free[x]] = v
            arc[free[x]] = a
            free[x] += 1
    return first, tail, arc


@compiled
def find_arc(up_first: Int64Array, up: Int32Array, low: int, high: int) -> int:
    """Arc from ``low`` to ``high``, -1 where there is none."""
    a, end = up_first[low], up_first[low + 1]
    while a < end:
        middle = (a + end) >> 1
        if up[middle] < high:
            a = middle + 1
        else:
            end = middle
    return a if a < up_first[low + 1] and up[a] == high else -1


@compiled
def _links_by_arc(
    tail: Int32Array, head: Int32Array, up_first: Int64Array, up: Int32Array
) -> tuple[Int64Array, Int32Array]:
    """CSR from arc and direction to links; self loops belong to no arc."""
    place = np.full(len(tail), -1, np.int64)
    first = np.zeros(2 * len(up) + 1, np.int64)
    for i in range(len(tail)):
        a, b = tail[i], head[i]
        if a < b:
            place[i] = 2 * find_arc(up_first, up, a, b)
        elif a > b:
            place[i] = 2 * find_arc(up_first, up, b, a) + 1
        if place[i] >= 0:
            first[place[i] + 1] += 1
    for p in range(2 * len(up)):
        first[p + 1] += first[p]
    free = first[:-1].copy()
    link = np.empty(first[2 * len(up)], np.int32)
    for i in range(len(tail)):
        if place[i] >= 0:
            link[free[place[i]]] = i
            free[place[i]] += 1
    return first, link
