"""`dissect`: an elimination order from positions alone, where no graph partitioner is installed."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from depotopt.roads.engines.hierarchy.compiled import compiled
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array

LEAF_NODES = 60
"""Cells up to this size are ordered by degree; at most 64, one bit per node."""


def dissect(lon: FloatArray, lat: FloatArray, low: Int64Array, high: Int64Array) -> Int32Array:
    """Nested dissection by inertial flow.

    A cell is looked at from four directions; the quarter of its nodes that lies first and the quarter that
    lies last are held apart by the smallest cut a maximum flow can find, and the best of the four cuts
    separates the cell (Schild and Sommer 2015, On Balanced Separators in Road Networks, SEA, 246-257).

    Parameters
    ----------
    lon, lat
        Node positions in degrees, shape ``(N,)``.
    low, high
        Pairs of joined nodes, each once.

    Returns
    -------
    numpy.ndarray
        Rank of each node, shape ``(N,)``.
    """
    nodes = len(lon)
    tail, head = np.concatenate([low, high]), np.concatenate([high, low])
    by_tail = np.lexsort((head, tail))
    first = np.zeros(nodes + 1, dtype=np.int64)
    np.cumsum(np.bincount(tail, minlength=nodes), out=first[1:])
    squeeze = np.cos(np.radians(lat.mean())) if nodes else 1.0
    across, along = lon * squeeze, lat
    views = np.array([across, along, across + along, across - along])
    placed = np.arange(nodes, dtype=np.int32)
    _dissect(views, first, head[by_tail].astype(np.int32), placed)
    rank = np.empty(nodes, dtype=np.int32)
    rank[placed] = np.arange(nodes, dtype=np.int32)
    return rank


@compiled
def _dissect(views: FloatArray, first: Int64Array, neighbour: Int32Array, placed: Int32Array) -> None:
    """Arrange ``placed`` so that each cell holds its two parts and then the nodes that separate them."""
    nodes = len(placed)
    local = np.full(nodes, -1, np.int32)
    begins = np.empty(nodes + 2, np.int64)
    ends = np.empty(nodes + 2, np.int64)
    begins[0], ends[0], waiting = 0, nodes, 1
    while waiting > 0:
        waiting -= 1
        begin, end = begins[waiting], ends[waiting]
        cell = placed[begin:end].copy()
        cell_first, cell_head, back = _induced(cell, local, first, neighbour)
        if len(cell) <= LEAF_NODES:
            placed[begin:end] = cell[_by_degree(cell_first, cell_head)]
            continue
        near = _best_side(views, cell, cell_first, cell_head, back)
        part = _parts(near, cell_first, cell_head)
        at = begin
        for kind in range(3):
            start = at
            for i in range(len(cell)):
                if part[i] == kind:
                    placed[at] = cell[i]
                    at += 1
            if kind < 2 and at > start:
                begins[waiting], ends[waiting] = start, at
                waiting += 1


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
def _best_side(
    views: FloatArray, cell: Int32Array, first: Int64Array, head: Int32Array, back: Int64Array
) -> BoolArray:
    """Nodes on the near side of the smallest cut over all views."""
    size = len(cell)
    quarter = max(size // 4, 1)
    best = np.zeros(size, np.bool_)
    least_cut = len(head) + 1
    for view in range(len(views)):
        position = np.empty(size, np.float64)
        for i in range(size):
            position[i] = views[view, cell[i]]
        # Positions may repeat, so ends are told apart by place in the sorted cell.
        by_position = np.argsort(position)
        end = np.zeros(size, np.int8)
        for i in range(quarter):
            end[by_position[i]] = 1
            end[by_position[size - 1 - i]] = 2
        cut, near = _smallest_cut(end, first, head, back, least_cut)
        if cut < least_cut:
            least_cut, best = cut, near
    return best


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
