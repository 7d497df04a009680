"""Chains: the longest runs of segments that nothing else meets, in order."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.units import BoolArray, Int64Array


@dataclass(frozen=True, slots=True)
class Chains:
    """Segments one after the other, chain after chain.

    Attributes
    ----------
    first
        Start of each chain in ``segment``, shape ``(C + 1,)``.
    segment, against
        Segments in order along the chain, and whether the chain runs against them.
    """

    first: Int64Array
    segment: Int64Array
    against: BoolArray

    def __len__(self) -> int:
        return len(self.first) - 1


def single_chains(segments: int) -> Chains:
    """Every segment a chain of its own."""
    return Chains(
        np.arange(segments + 1, dtype=np.int64),
        np.arange(segments, dtype=np.int64),
        np.zeros(segments, dtype=np.bool_),
    )


def chains(a: Int64Array, b: Int64Array, kind: Int64Array, directed: BoolArray, nodes: int) -> Chains:
    """Join segments at every node where exactly two of the same kind meet.

    Directed segments are joined head to tail only, and chains of them run with them. Rings are cut in
    the middle, so no chain ends where it starts.

    Parameters
    ----------
    a, b
        End nodes of each segment, different from each other, shape ``(S,)``.
    kind
        Segments of different kind stay apart.
    directed
        Whether a segment differs by direction (oneway, or other speed back).
    nodes
        Number of nodes.
    """
    count = len(a)
    partner = _partners(a, b, kind, directed, nodes)
    # Runs within the order given are found at once; only run ends are walked one by one.
    follows = partner[count : 2 * count - 1] == np.arange(1, count)
    run_of = np.concatenate([[0], np.cumsum(~follows)]) if count else np.zeros(0, dtype=np.int64)
    run_first = np.flatnonzero(np.concatenate([[True], ~follows])) if count else np.zeros(0, dtype=np.int64)
    run_last = np.append(run_first[1:], count) - 1
    # Ends of runs: 2 r is the start of run r, 2 r + 1 its end.
    outer = np.empty(2 * len(run_first), dtype=np.int64)
    outer[0::2], outer[1::2] = partner[run_first], partner[count + run_last]
    linked = np.where(outer < 0, -1, 2 * run_of[outer % max(count, 1)] + (outer >= count))
    walked = _walk(linked.tolist(), directed[run_first].tolist())
    run = np.array([end >> 1 for chain in walked for end in chain], dtype=np.int64)
    back = np.array([end & 1 for chain in walked for end in chain], dtype=np.int64).astype(np.bool_)
    sizes = (run_last - run_first + 1)[run]
    offset = np.arange(int(sizes.sum())) - np.repeat(np.cumsum(sizes) - sizes, sizes)
    against = np.repeat(back, sizes)
    segment = np.where(
        against, np.repeat(run_last[run], sizes) - offset, np.repeat(run_first[run], sizes) + offset
    )
    runs = np.concatenate([[0], np.cumsum([len(chain) for chain in walked])]).astype(np.int64)
    first = np.concatenate([[0], np.cumsum(sizes)])[runs]
    return _without_rings(Chains(first, segment, against), a, b)


def _partners(a: Int64Array, b: Int64Array, kind: Int64Array, directed: BoolArray, nodes: int) -> Int64Array:
    """For each segment end (``s`` starts, ``S + s`` ends) the end it is joined to, or -1."""
    count = len(a)
    partner = np.full(2 * count, -1, dtype=np.int64)
    at = np.concatenate([a, b])
    order = np.argsort(at, kind="stable")
    degree = np.bincount(at, minlength=nodes)
    where = (np.cumsum(degree) - degree)[degree == 2]
    one, two = order[where], order[where + 1]
    left, right = one % max(count, 1), two % max(count, 1)
    fits = (kind[left] == kind[right]) & (left != right)
    fits &= ~directed[left] | ((one < count) != (two < count))
    partner[one[fits]], partner[two[fits]] = two[fits], one[fits]
    return partner


def _walk(linked: list[int], directed: list[bool]) -> list[list[int]]:
    """Chains of runs as lists of the ends they are entered by; rings start at their lowest run."""
    done = [False] * len(directed)
    found: list[list[int]] = []

    def follow(end: int) -> None:
        chain = []
        while end >= 0 and not done[end >> 1]:
            done[end >> 1] = True
            chain.append(end)
            end = linked[end ^ 1]
        found.append(chain)

    for run in range(len(directed)):
        for end in (2 * run,) if directed[run] else (2 * run, 2 * run + 1):
            if linked[end] < 0 and not done[run]:
                follow(end)
    for run in range(len(directed)):
        if not done[run]:
            follow(2 * run)
    return found


def _without_rings(found: Chains, a: Int64Array, b: Int64Array) -> Chains:
    """Cut every chain that ends where it starts in the middle."""
    last = found.first[1:] - 1
    head, tail = found.segment[found.first[:-1]], found.segment[last]
    start = np.where(found.against[found.first[:-1]], b[head], a[head])
    end = np.where(found.against[last], a[tail], b[tail])
    ring = start == end
    middle = (found.first[:-1] + found.first[1:])[ring] // 2
    first = np.sort(np.concatenate([found.first, middle]))
    return Chains(first, found.segment, found.against)
