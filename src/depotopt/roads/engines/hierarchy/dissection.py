"""`dissect`: an elimination order from positions alone, where no graph partitioner is installed."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from depotopt.compiled import compiled
from depotopt.roads.engines.hierarchy.peeling import Joins
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array

LEAF_NODES: Final = 60
"""Cells up to this size are ordered by degree; at most 64, one bit per node."""


def dissect(graph: Joins) -> Int32Array:
    """Nested dissection by inertial flow.

    A cell is looked at from four directions; the quarter of its nodes that lies first and the quarter that
    lies last are held apart by the smallest cut a maximum flow can find, and the best of the four cuts
    separates the cell (Schild and Sommer 2015, On Balanced Separators in Road Networks, SEA, 246-257).

    Parameters
    ----------
    graph
        Nodes, their positions and how they are joined.

    Returns
    -------
    numpy.ndarray
        Rank of each node, shape ``(N,)``.
    """
    squeeze = np.cos(np.radians(graph.lat.mean())) if graph.nodes else 1.0
    across, along = graph.lon * squeeze, graph.lat
    views = (across, along, across + along, across - along)
    placed = np.empty(graph.nodes, dtype=np.int32)
    local = np.full(graph.nodes, -1, dtype=np.int32)
    waiting = [(0, np.arange(graph.nodes, dtype=np.int32))]
    while waiting:
        begin, cell = waiting.pop()
        first, head, back = _induced(cell, local, graph.first, graph.neighbour)
        if len(cell) <= LEAF_NODES:
            placed[begin : begin + len(cell)] = cell[_by_degree(first, head)]
            continue
        near = _best_side([view[cell] for view in views], first, head, back)
        part = _parts(near, first, head)
        # Each cell holds its two parts and then the nodes that separate them.
        one, other, between = (cell[part == kind] for kind in range(3))
        waiting += [(begin, one), (begin + len(one), other)]
        placed[begin + len(one) + len(other) : begin + len(cell)] = between
    rank = np.empty(graph.nodes, dtype=np.int32)
    rank[placed] = np.arange(graph.nodes, dtype=np.int32)
    return rank


def _best_side(views: list[FloatArray], first: Int64Array, head: Int32Array, back: Int64Array) -> BoolArray:
    """Nodes on the near side of the smallest cut over all views."""
    size = len(first) - 1
    quarter = max(size // 4, 1)
    best = np.zeros(size, dtype=np.bool_)
    least_cut = len(head) + 1
    for position in views:
        # Positions may repeat, so ends are told apart by place in the sorted cell.
        by_position = np.argsort(position, kind="stable")
        end = np.zeros(size, dtype=np.int8)
        end[by_position[:quarter]] = 1
        end[by_position[-quarter:]] = 2
        cut, near = _smallest_cut(end, first, head, back, least_cut)
        if cut < least_cut:
            least_cut, best = cut, near
    return best


@compiled
def _induced(
    cell: Int32Array, local: Int32Array, first: Int64Array, neighbour: Int32Array
) -> tuple[Int64Array, Int32Array, Int64Array]:
    """CSR of the joins within a cell, and the position of each join's way back."""
    for i in range(len(cell)):
        local[cell[i]] = i
    cell_first = np.zeros(len(cell) + 1, np.int64)
    for i in range(len(cell)):
        count = 0
        for e in range(first[cell[i]], first[cell[i] + 1]):
            if local[neighbour[e]] >= 0:
                count += 1
        cell_first[i + 1] = cell_first[i] + count
    head = np.empty(cell_first[len(cell)], np.int32)
    back = np.empty(cell_first[len(cell)], np.int64)
    used = 0
    for i in range(len(cell)):
        for e in range(first[cell[i]], first[cell[i] + 1]):
            j = local[neighbour[e]]
            if j >= 0:
                head[used] = j
                used += 1
    for i in range(len(cell)):
        for e in range(cell_first[i], cell_first[i + 1]):
            for f in range(cell_first[head[e]], cell_first[head[e] + 1]):
                if head[f] == i:
                    back[e] = f
    for i in range(len(cell)):
        local[cell[i]] = -1
    return cell_first, head, back


@compiled
def _smallest_cut(
    end: npt.NDArray[np.int8], first: Int64Array, head: Int32Array, back: Int64Array, limit: int
) -> tuple[int, BoolArray]:
    """Maximum flow between the two ends (Dinic 1970); gives up at ``limit``."""
    size = len(end)
    flow = np.zeros(len(head), np.int8)
    level = np.empty(size, np.int32)
    queue = np.empty(size, np.int32)
    trail = np.empty(size + 1, np.int64)
    total = 0
    while True:
        reached = _levels(end, first, head, flow, level, queue)
        if not reached:
            return total, level >= 0
        current = first[:-1].copy()
        for source in range(size):
            if end[source] != 1:
                continue
            while True:
                v, length = source, 0
                while end[v] != 2:
                    if current[v] < first[v + 1]:
                        e = current[v]
                        if flow[e] < 1 and level[head[e]] == level[v] + 1:
                            trail[length] = e
                            length += 1
                            v = head[e]
                        else:
                            current[v] += 1
                    elif length == 0:
                        break
                    else:
                        length -= 1
                        v = head[back[trail[length]]]
                        current[v] += 1
                if end[v] != 2:
                    break
                for k in range(length):
                    flow[trail[k]] += 1
                    flow[back[trail[k]]] -= 1
                total += 1
                if total >= limit:
                    return total, level >= 0


@compiled
def _levels(
    end: npt.NDArray[np.int8],
    first: Int64Array,
    head: Int32Array,
    flow: npt.NDArray[np.int8],
    level: Int32Array,
    queue: Int32Array,
) -> bool:
    """Steps from the near end over joins with room for flow, -1 where out of reach."""
    tail = 0
    for v in range(len(end)):
        level[v] = -1
        if end[v] == 1:
            level[v] = 0
            queue[tail] = v
            tail += 1
    done, reached = 0, False
    while done < tail:
        v = queue[done]
        done += 1
        for e in range(first[v], first[v + 1]):
            w = head[e]
            if flow[e] < 1 and level[w] < 0:
                level[w] = level[v] + 1
                queue[tail] = w
                tail += 1
                reached = reached or end[w] == 2
    return reached


@compiled
def _parts(near: BoolArray, first: Int64Array, head: Int32Array) -> npt.NDArray[np.int8]:
    """0 on the near side, 1 on the far side, 2 for the nodes between: the smaller bank of the cut."""
    size = len(near)
    bank = np.zeros(size, np.bool_)
    counts = np.zeros(2, np.int64)
    for v in range(size):
        for e in range(first[v], first[v + 1]):
            if near[head[e]] != near[v]:
                bank[v] = True
        if bank[v]:
            counts[int(near[v])] += 1
    chosen = counts[1] <= counts[0]
    part = np.empty(size, np.int8)
    for v in range(size):
        if bank[v] and near[v] == chosen:
            part[v] = 2
        else:
            part[v] = 0 if near[v] else 1
    return part


@compiled
def _by_degree(first: Int64Array, head: Int32Array) -> Int64Array:
    """Minimum degree within a small cell, neighbourhoods as bits."""
    size = len(first) - 1
    beside = np.zeros(size, np.uint64)
    one = np.uint64(1)
    for v in range(size):
        for e in range(first[v], first[v + 1]):
            beside[v] |= one << np.uint64(head[e])
    order = np.empty(size, np.int64)
    gone = np.zeros(size, np.bool_)
    for k in range(size):
        best, least_degree = -1, 65
        for v in range(size):
            if not gone[v]:
                degree, rest = 0, beside[v]
                while rest:
                    rest &= rest - one
                    degree += 1
                if degree < least_degree:
                    best, least_degree = v, degree
        order[k] = best
        gone[best] = True
        mask = one << np.uint64(best)
        for v in range(size):
            if beside[v] & mask:
                beside[v] = (beside[v] | beside[best]) & ~mask & ~(one << np.uint64(v))
    return order
