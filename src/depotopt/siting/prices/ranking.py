"""Order of numbers (numba).

Sorting with NumPy inside compiled code costs one to two seconds of compilation for each kind of sort and
of array; this one is short.
"""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel

_SHORT = 8
"""Stretches of this length are sorted by insertion before they are merged."""


@kernel
def ranked(value):  # type: ignore[no-untyped-def]
    """Positions of the values, the smallest first; equal ones keep their order (merge sort, bottom up)."""
    count = len(value)
    order, other = np.empty(count, dtype=np.int64), np.empty(count, dtype=np.int64)
    for begin in range(0, count, _SHORT):
        for n in range(begin, min(begin + _SHORT, count)):
            at = n
            while at > begin and value[order[at - 1]] > value[n]:
                order[at] = order[at - 1]
                at -= 1
            order[at] = n
    width = _SHORT
    while width < count:
        for begin in range(0, count, 2 * width):
            middle, end = min(begin + width, count), min(begin + 2 * width, count)
            left, right = begin, middle
            for n in range(begin, end):
                if right >= end or (left < middle and value[order[left]] <= value[order[right]]):
                    other[n] = order[left]
                    left += 1
                else:
                    other[n] = order[right]
                    right += 1
        order, other = other, order
        width *= 2
    return order
