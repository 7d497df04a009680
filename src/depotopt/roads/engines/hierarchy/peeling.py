"""`peel`: eliminate dead ends and bends before a network is dissected."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.compiled import compiled
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Joins:
    """Which nodes are joined, one-way or not: an undirected graph without loops and repeats.

    Attributes
    ----------
    lon, lat
        Positions in degrees, shape ``(N,)``.
    first, neighbour
        CSR of neighbours, sorted.
    """

    lon: FloatArray
    lat: FloatArray
    first: Int64Array
    neighbour: Int32Array

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.lon)


def joins(lon: FloatArray, lat: FloatArray, tail: Int32Array, head: Int32Array) -> Joins:
    """Collect the joins of directed links given in any order."""
    first, neighbour = both_ways(tail, head, len(lon))
    return Joins(lon, lat, *_sorted_once(first, neighbour))


@dataclass(frozen=True, slots=True)
class Peeled:
    """A network without its dead ends and bends.

    Attributes
    ----------
    order
        Nodes peeled off, in order of elimination.
    kept
        The other nodes, sorted.
    core
        How those are joined once the others are eliminated, numbered as in ``kept``.
    """

    order: Int32Array
    kept: Int64Array
    core: Joins


def peel(graph: Joins) -> Peeled:
    """Eliminate nodes with at most two neighbours until none is left.

    That adds no more joins than it removes, so it never makes an order worse, and roads drawn with
    many bends shrink to a tenth. Each round takes nodes that are not neighbours, so a road of ``k`` bends
    becomes about ``log2(k)`` ranks high in the elimination tree and not ``k``.
    """
    order, gone, degree, neighbour = _peel(graph.first, graph.neighbour)
    kept = np.flatnonzero(~gone)
    number = np.cumsum(~gone) - 1
    first = np.zeros(len(kept) + 1, dtype=np.int64)
    np.cumsum(degree[kept], out=first[1:])
    within = np.arange(first[-1]) - np.repeat(first[:-1], degree[kept])
    heads = number[neighbour[np.repeat(graph.first[kept], degree[kept]) + within]].astype(np.int32)
    return Peeled(order, kept, Joins(graph.lon[kept], graph.lat[kept], *_sorted_once(first, heads)))


@compiled
def both_ways(tail: Int32Array, head: Int32Array, nodes: int) -> tuple[Int64Array, Int32Array]:
    """Undirected CSR of links without loops; parallel links repeat their ends."""
    first = np.zeros(nodes + 1, np.int64)
    for i in range(len(tail)):
        if tail[i] != head[i]:
            first[tail[i] + 1] += 1
            first[head[i] + 1] += 1
    for v in range(nodes):
        first[v + 1] += first[v]
    free = first[:-1].copy()
    neighbour = np.empty(first[nodes], np.int32)
    for i in range(len(tail)):
        a, b = tail[i], head[i]
        if a != b:
            neighbour[free[a]] = b
            neighbour[free[b]] = a
            free[a] += 1
            free[b] += 1
    return first, neighbour


@compiled
def _sorted_once(first: Int64Array, neighbour: Int32Array) -> tuple[Int64Array, Int32Array]:
    """Sort the neighbours of each node and leave out repeats, in linear time.

    Going through the nodes in order and entering each with its neighbours sorts all lists at once.
    """
    nodes = len(first) - 1
    entered = np.empty(len(neighbour), np.int32)
    free = first[:-1].copy()
    for v in range(nodes):
        for e in range(first[v], first[v + 1]):
            w = neighbour[e]
            if free[w] == first[w] or entered[free[w] - 1] != v:
                entered[free[w]] = v
                free[w] += 1
    begin = np.zeros(nodes + 1, np.int64)
    for v in range(nodes):
        begin[v + 1] = begin[v] + free[v] - first[v]
    once = np.empty(begin[nodes], np.int32)
    for v in range(nodes):
        for i in range(free[v] - first[v]):
            once[begin[v] + i] = entered[first[v] + i]
    return begin, once


@compiled
def _peel(first: Int64Array, neighbours: Int32Array) -> tuple[Int32Array, BoolArray, Int64Array, Int32Array]:
    nodes = len(first) - 1
    neighbour = neighbours.copy()
    degree = np.empty(nodes, np.int64)
    for v in range(nodes):
        degree[v] = first[v + 1] - first[v]
    order = np.empty(nodes, np.int32)
    gone = np.zeros(nodes, np.bool_)
    touched = np.full(nodes, -1, np.int64)
    count, last, turn = 0, -1, 0
    while count > last:
        last = count
        for v in range(nodes):
            if gone[v] or degree[v] > 2 or touched[v] == turn:
                continue
            gone[v] = True
            order[count] = v
            count += 1
            begin = first[v]
            for e in range(begin, begin + degree[v]):
                a = neighbour[e]
                touched[a] = turn
                _drop(neighbour, first[a], degree, a, v)
            if degree[v] == 2:
                _join(neighbour, first, degree, neighbour[begin], neighbour[begin + 1])
        turn += 1
    return order[:count].copy(), gone, degree, neighbour


@compiled
def _drop(neighbour: Int32Array, begin: int, degree: Int64Array, a: int, gone: int) -> None:
    """Take one neighbour off the list of ``a``."""
    end = begin + degree[a]
    for e in range(begin, end):
        if neighbour[e] == gone:
            neighbour[e] = neighbour[end - 1]
            degree[a] -= 1
            return


@compiled
def _join(neighbour: Int32Array, first: Int64Array, degree: Int64Array, a: int, b: int) -> None:
    """Make two nodes that have just lost a neighbour each other's neighbours, unless they are."""
    for e in range(first[a], first[a] + degree[a]):
        if neighbour[e] == b:
            return
    neighbour[first[a] + degree[a]] = b
    neighbour[first[b] + degree[b]] = a
    degree[a] += 1
    degree[b] += 1
