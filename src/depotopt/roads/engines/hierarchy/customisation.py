"""Customisation: times of every arc of the supergraph in many road states at once."""

from __future__ import annotations

import numpy as np

from depotopt.roads.engines.hierarchy.compiled import compiled
from depotopt.roads.engines.hierarchy.lanes import Lanes, least, load, plus, spread, store
from depotopt.units import UNREACHABLE_DS, Int32Array, Int64Array


@compiled
def customise(
    lanes: Lanes,
    upward: tuple[Int64Array, Int32Array],
    down: tuple[Int64Array, Int32Array, Int32Array],
    links: tuple[Int64Array, Int32Array],
    link_ds: tuple[Int32Array, int, int],
    arc_ds: Int32Array,
    place: Int64Array,
) -> int:
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
    arc_ds
        Result: flat ``[arc, up or down, lane]``, and room for one more row of lanes at the end.
    place
        Scratch of one entry per node.

    Returns
    -------
    int
        The least link time met; negative times are for the caller to refuse.
    """
    up_first, up = upward
    down_first, down_tail, down_arc = down
    link_first, link = links
    times, stride, offset = link_ds
    width = len(lanes)
    pair = 2 * width
    never = spread(lanes, np.int32(UNREACHABLE_DS))
    lowest = never
    for x in range(len(up_first) - 1):
        for a in range(up_first[x], up_first[x + 1]):
            place[up[a]] = a * pair
            for direction in range(2):
                best = never
                for k in range(link_first[2 * a + direction], link_first[2 * a + direction + 1]):
                    best = least(best, load(lanes, times, np.intp(link[k]) * stride + offset))
                lowest = least(lowest, best)
                store(lanes, arc_ds, a * pair + direction * width, best)
        for k in range(down_first[x], down_first[x + 1]):
            c = np.intp(down_arc[k])
            x_up = load(lanes, arc_ds, c * pair)
            x_down = load(lanes, arc_ds, c * pair + width)
            for b in range(c + 1, up_first[down_tail[k] + 1]):
                at = place[up[b]]
                y_up = load(lanes, arc_ds, b * pair)
                y_down = load(lanes, arc_ds, b * pair + width)
                store(lanes, arc_ds, at, least(load(lanes, arc_ds, at), plus(x_down, y_up)))
                at += width
                store(lanes, arc_ds, at, least(load(lanes, arc_ds, at), plus(y_down, x_up)))
    end = len(arc_ds) - width
    store(lanes, arc_ds, end, lowest)
    least_ds = arc_ds[end]
    for lane in range(1, width):
        least_ds = min(least_ds, arc_ds[end + lane])
    return int(least_ds)
