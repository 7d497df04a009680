"""The two halves of a many-to-many query: climb from the sources, sweep down to the targets."""

from __future__ import annotations

import numpy as np

from depotopt.compiled import compiled
from depotopt.roads.engines.hierarchy.lanes import (
    Lanes,
    least,
    load,
    plus,
    spread,
    store,
    turn_square,
)
from depotopt.units import UNREACHABLE_DS, Int32Array, Int64Array


@compiled
def climb(
    lanes: Lanes,
    sources: Int32Array,
    parent: Int32Array,
    depth: Int32Array,
    upward: tuple[Int64Array, Int32Array, Int64Array],
    half: tuple[Int32Array, int],
    entry_of_step: Int64Array,
    entry_ds: Int32Array,
) -> None:
    """Times from each source to all its ancestors, with road states as lanes.

    Parameters
    ----------
    lanes
        As many entries as road states.
    sources
        Ranks of the sources.
    parent, depth, upward
        Elimination tree and ``(up_first, up)`` of the supergraph, with the ``row`` of the layout.
    half
        Customised times, flat, and the offset of the direction to climb in: 0 away from the sources,
        ``len(lanes)`` against the arcs (towards the sources).
    entry_of_step
        Where each step of each climb goes in ``entry_ds``; -1 where nobody asks.
    entry_ds
        Result, shape ``(lanes, entries)``.
    """
    up_first, up, row = upward
    arc_ds, direction = half
    width = len(lanes)
    never = spread(lanes, np.int32(UNREACHABLE_DS))
    deepest = 0
    for v in sources:
        deepest = max(deepest, depth[v])
    trail = np.empty((deepest + 1) * width, np.int32)
    step = 0
    for source in sources:
        v = np.int32(source)
        for d in range(depth[v]):
            store(lanes, trail, d * width, never)
        store(lanes, trail, np.intp(depth[v]) * width, spread(lanes, np.int32(0)))
        while v >= 0:
            here_at = np.intp(depth[v]) * width
            here = load(lanes, trail, here_at)
            arc_at = row[v] * 2 * width + direction
            for a in range(up_first[v], up_first[v + 1]):
                at = np.intp(depth[up[a]]) * width
                through = plus(here, load(lanes, arc_ds, arc_at))
                arc_at += 2 * width
                store(lanes, trail, at, least(load(lanes, trail, at), through))
            entry = entry_of_step[step]
            if entry >= 0:
                for lane in range(width):
                    entry_ds[lane, entry] = trail[here_at + lane]
            step += 1
            v = parent[v]


@compiled
def turn(lanes: Lanes, half: tuple[Int32Array, int], turned: Int32Array) -> None:
    """Turn the kept times of one direction from row-major to state-major.

    Parameters
    ----------
    lanes
        As many entries as rows and states turned at once: a divisor of both.
    half
        Customised times, flat, and the offset of the direction.
    turned
        Result, shape ``(states, rows)``; starts with the first row.
    """
    arc_ds, direction = half
    flat = turned.reshape(-1)
    states, rows = turned.shape
    square = len(lanes)
    for begin in range(0, rows, square):
        for state in range(0, states, square):
            at = begin * 2 * states + direction + state
            turn_square(lanes, arc_ds, at, 2 * states, flat, state * rows + begin, rows)


@compiled
def sweep(
    lanes: Lanes,
    depth: Int32Array,
    arcs: tuple[Int64Array, Int64Array, Int32Array, Int32Array],
    entries: tuple[Int64Array, Int32Array, Int32Array],
    row: Int32Array,
    trail: Int32Array,
    rows_ds: Int32Array,
) -> None:
    """Times to all targets in one road state, with sources as lanes.

    Walks the kept nodes from the top down. Only the nodes between the current one and its root are ever
    read again, so their times are held in one short array by depth, which stays in the fastest cache.

    Parameters
    ----------
    lanes
        As many entries as sources swept together.
    depth, row
        Of the `Restriction`.
    arcs
        ``(begin, end, above)`` of the `Restriction` and the times in this road state by row.
    entries
        ``(entry_first, entry_lane, times)`` of the climbs in this road state.
    trail
        Scratch: ``len(lanes)`` times more entries than the deepest node has ancestors and itself.
    rows_ds
        Result, flat ``[row, lane]``.
    """
    arc_begin, arc_end, above, arc_ds = arcs
    entry_first, entry_lane, entry_ds = entries
    width = len(lanes)
    never = spread(lanes, np.int32(UNREACHABLE_DS))
    for i in range(len(depth)):
        here = np.intp(depth[i]) * width
        best = never
        if entry_first[i] < entry_first[i + 1]:
            store(lanes, trail, here, never)
            for c in range(entry_first[i], entry_first[i + 1]):
                trail[here + entry_lane[c]] = entry_ds[c]
            best = load(lanes, trail, here)
        for e in range(arc_begin[i], arc_end[i]):
            there = load(lanes, trail, np.intp(above[e]) * width)
            best = least(best, plus(there, spread(lanes, arc_ds[e])))
        store(lanes, trail, here, best)
        if row[i] >= 0:
            store(lanes, rows_ds, np.intp(row[i]) * width, best)


@compiled
def deliver(rows_ds: Int32Array, width: int, target_row: Int32Array, result: Int32Array) -> None:
    """Turn swept rows into a piece of the OD matrix.

    Parameters
    ----------
    rows_ds
        Flat ``[row, lane]``.
    width
        Lanes per row.
    target_row
        Row of each target.
    result
        Shape ``(sources of the group, targets)``.
    """
    tile = 16
    for begin in range(0, len(target_row), tile):
        end = min(begin + tile, len(target_row))
        for s in range(result.shape[0]):
            for t in range(begin, end):
                result[s, t] = rows_ds[np.intp(target_row[t]) * width + s]
