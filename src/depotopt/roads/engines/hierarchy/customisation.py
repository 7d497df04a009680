"""Customisation: times of every arc of the supergraph in many road states at once."""

from __future__ import annotations

from typing import Final

import numpy as np

from depotopt.compiled import compiled
from depotopt.roads.engines.hierarchy.lanes import Lanes, fetch, least, load, plus, spread, store
from depotopt.units import UNREACHABLE_DS, Int32Array, Int64Array

LINKS_AHEAD: Final = 64
"""How many links before their use their times are fetched."""

CACHE_LINE: Final = 16
"""32-bit integers in a cache line."""


@compiled
def customise(
    lanes: Lanes,
    upward: tuple[Int64Array, Int32Array],
    down: tuple[Int64Array, Int32Array, Int32Array],
    links: tuple[Int64Array, Int32Array],
    link_ds: tuple[Int32Array, int, int],
    held: tuple[Int64Array, Int32Array],
    place: Int64Array,
    lowest_ds: Int32Array,
) -> None:
    """Time of every arc, up and down, in as many road states as there are lanes.

    An arc takes the least of its own links and of all detours over a lower node:
    ``up[x, y] = min(links, down[v, x] + up[v, y])`` and ``down[x, y] = min(links, down[v, y] + up[v, x])``
    over the common lower neighbours ``v`` of ``x`` and ``y``. Nodes go by rank, so the arcs of ``v``
    are final when ``x`` reads them. No sum overflows: no time exceeds `UNREACHABLE_DS`.

    Parameters
    ----------
    lanes
        As many entries as road states.
    upward, down, links
        ``(up_first, up)``, ``(down_first, down_tail, down_arc)`` and ``(link_first, link)`` of the
        supergraph.
    link_ds
        Flat times of links by road state, the length of a row in it, and the first road state.
    held
        Row of each node's first arc, see `depotopt.roads.engines.hierarchy.layout.Layout`, and the result,
        flat ``[row, up or down, lane]``.
    place
        Scratch of one entry per node.
    lowest_ds
        Result: the least link time met per lane; negative times are for the caller to refuse.
    """
    up_first, up = upward
    down_first, down_tail, down_arc = down
    link_first, link = links
    times, stride, offset = link_ds
    row, arc_ds = held
    width = len(lanes)
    pair = 2 * width
    never = spread(lanes, np.int32(UNREACHABLE_DS))
    lowest = never
    for x in range(len(up_first) - 1):
        # Links lie in the order of the network, not of ranks, so the processor cannot guess the next.
        soon = min(link_first[2 * up_first[x]] + LINKS_AHEAD, len(link))
        for k in range(soon, min(link_first[2 * up_first[x + 1]] + LINKS_AHEAD, len(link))):
            for line in range(0, width, CACHE_LINE):
                fetch(times, np.intp(link[k]) * stride + offset + line)
        at = row[x] * pair
        for a in range(up_first[x], up_first[x + 1]):
            place[up[a]] = at
            for half in range(2 * a, 2 * a + 2):
                best = never
                for k in range(link_first[half], link_first[half + 1]):
                    best = least(best, load(lanes, times, np.intp(link[k]) * stride + offset))
                lowest = least(lowest, best)
                store(lanes, arc_ds, at, best)
                at += width
        for k in range(down_first[x], down_first[x + 1]):
            v, c = down_tail[k], np.intp(down_arc[k])
            at = (row[v] + c - up_first[v]) * pair
            x_up = load(lanes, arc_ds, at)
            x_down = load(lanes, arc_ds, at + width)
            for b in range(c + 1, up_first[v + 1]):
                at += pair
                y = place[up[b]]
                y_up = load(lanes, arc_ds, at)
                y_down = load(lanes, arc_ds, at + width)
                store(lanes, arc_ds, y, least(load(lanes, arc_ds, y), plus(x_down, y_up)))
                y += width
                store(lanes, arc_ds, y, least(load(lanes, arc_ds, y), plus(y_down, x_up)))
    store(lanes, lowest_ds, 0, lowest)
