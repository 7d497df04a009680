"""A shortest-path search among depots that is soon over: what it has seen, nearest first (numba).

The kernels release the interpreter lock; importing this module imports numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.prices.price_ascent import NONE
from depotopt.units import BoolArray, FloatArray, Int64Array


class Search(NamedTuple):
    """A shortest-path search: distance of each depot, arcs of the move that led there, who is done.

    ``heap`` holds the depots to look at, each at its ``place``; ``touched`` lists the depots with a distance.
    """

    distance: FloatArray
    given: Int64Array
    taken: Int64Array
    settled: BoolArray
    touched: Int64Array
    heap: Int64Array
    place: Int64Array


@kernel
def new_search(nodes):  # type: ignore[no-untyped-def]
    """A search among so many depots that has seen nothing yet."""
    return Search(
        np.full(nodes, np.inf),
        np.empty(nodes, dtype=np.int64),
        np.empty(nodes, dtype=np.int64),
        np.zeros(nodes, dtype=np.bool_),
        np.empty(nodes, dtype=np.int64),
        np.empty(nodes, dtype=np.int64),
        np.full(nodes, NONE),
    )


@kernel
def lift(j, heap, place, distance, count):  # type: ignore[no-untyped-def]
    """A depot is nearer than before, or new on the heap; return how many are on it."""
    n = place[j]
    if n < 0:
        n = count
        count += 1
    value = distance[j]
    while n > 0:
        up = (n - 1) >> 1
        if distance[heap[up]] <= value:
            break
        heap[n] = heap[up]
        place[heap[n]] = n
        n = up
    heap[n], place[j] = j, n
    return count


@kernel
def nearest(heap, place, distance, count):  # type: ignore[no-untyped-def]
    """Take the nearest depot off the heap of ``count``."""
    first, j = heap[0], heap[count - 1]
    place[first] = NONE
    count -= 1
    if count > 0:
        value, n = distance[j], 0
        while True:
            down = 2 * n + 1
            if down >= count:
                break
            if down + 1 < count and distance[heap[down + 1]] < distance[heap[down]]:
                down += 1
            if distance[heap[down]] >= value:
                break
            heap[n] = heap[down]
            place[heap[n]] = n
            n = down
        heap[n], place[j] = j, n
    return first
