"""`HierarchyEngine`: exact travel times for many road states, milliseconds each."""

from __future__ import annotations

from threading import Lock
from typing import Any, Final

import numpy as np

from depotopt.roads.engines.hierarchy.customisation import customise
from depotopt.roads.engines.hierarchy.lanes import lanes
from depotopt.roads.engines.hierarchy.order import elimination_order
from depotopt.roads.engines.hierarchy.restriction import Restriction, restrict
from depotopt.roads.engines.hierarchy.routes import find_route, without_rounds
from depotopt.roads.engines.hierarchy.supergraph import Supergraph, build_supergraph
from depotopt.roads.engines.hierarchy.sweep import climb, deliver, sweep, turn
from depotopt.roads.engines.question import check_question, refuse_negative
from depotopt.roads.network import RoadNetwork
from depotopt.units import UNREACHABLE_DS, Int32Array, Int64Array

STATE_LANES: Final = (1, 8, 32)
"""Road states customised together; a block takes the widest that it fills, the rest a narrower one."""

SOURCE_LANES: Final = (16, 64)
"""Sources swept together."""

CACHE_LINE_BYTES: Final = 64


class HierarchyEngine:
    """A customizable contraction hierarchy with road states as lanes.

    Prepared once: an elimination order and its supergraph, which depend on the streets alone. Then a
    block of 32 road states is customised in one pass over the triangles of the supergraph, and for each
    state the times of 64 sources are swept down to all targets together.

    Parameters
    ----------
    network
        Roads.
    order
        Name of the elimination order, see `depotopt.roads.engines.hierarchy.order`.

    Notes
    -----
    Memory: two times per arc of the supergraph and lane, once (China's highways: 186 MB), and the result
    of the block asked for. Calls from several threads take turns.
    """

    name = "hierarchy"

    def __init__(self, network: RoadNetwork, order: str = "auto") -> None:
        self._graph: Supergraph = build_supergraph(network, elimination_order(network, order))
        self._links = network.links
        self._head = network.head
        self._arc_ds = np.empty(0, dtype=np.int32)
        self._place = np.empty(self._graph.nodes, dtype=np.int64)
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_lock"]
        state["_arc_ds"] = np.empty(0, dtype=np.int32)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._lock = Lock()

    @property
    def supergraph(self) -> Supergraph:
        """The chordal graph queries run on."""
        return self._graph

    def many_to_many(self, link_ds: Int32Array, origins: Int32Array, destinations: Int32Array) -> Int32Array:
        """See `depotopt.roads.engines.TravelTimeEngine.many_to_many`."""
        check_question(link_ds, (self._links, None), self._graph.nodes, origins, destinations)
        states = link_ds.shape[1]
        # Sweeping costs time per source, not per target: the smaller side climbs.
        backwards = len(origins) > len(destinations)
        sources, targets = (destinations, origins) if backwards else (origins, destinations)
        result = np.full((states, len(sources), len(targets)), UNREACHABLE_DS, dtype=np.int32)
        if result.size:
            rank = self._graph.rank
            group = next((width for width in SOURCE_LANES if width >= len(sources)), SOURCE_LANES[-1])
            part = restrict(self._graph, rank[sources], rank[targets], group)
            with self._lock:
                first = 0
                while first < states:
                    width = next((w for w in STATE_LANES if w >= states - first), STATE_LANES[-1])
                    count = min(width, states - first)
                    self._customise(link_ds, first, count, width)
                    self._query(part, backwards, width, group, result[first : first + count])
                    first += count
        return np.ascontiguousarray(result.transpose(0, 2, 1)) if backwards else result

    def paths(
        self, link_ds: Int32Array, origins: Int32Array, destinations: Int32Array
    ) -> list[Int64Array | None]:
        """See `depotopt.roads.engines.TravelTimeEngine.paths`."""
        check_question(link_ds, (self._links,), self._graph.nodes, origins, destinations)
        graph = self._graph
        result: list[Int64Array | None] = []
        with self._lock:
            self._customise(link_ds[:, None], 0, 1, 1)
            for origin, destination in zip(origins, destinations, strict=True):
                found, links = find_route(
                    (int(graph.rank[origin]), int(graph.rank[destination])),
                    (graph.parent, graph.depth),
                    (graph.up_first, graph.up),
                    (graph.down_first, graph.down_tail, graph.down_arc),
                    (graph.link_first, graph.link),
                    link_ds,
                    self._arc_ds,
                )
                result.append(without_rounds(links, self._head) if found else None)
        return result

    def _customise(self, link_ds: Int32Array, first: int, count: int, width: int) -> None:
        graph = self._graph
        size = (2 * graph.arcs + 1) * width
        if len(self._arc_ds) != size:
            self._arc_ds = _aligned(size)
        stride, offset = link_ds.shape[1], first
        if count < width or not link_ds.flags.c_contiguous:
            padded = np.full((self._links, width), UNREACHABLE_DS, dtype=np.int32)
            padded[:, :count] = link_ds[:, first : first + count]
            link_ds, stride, offset = padded, width, 0
        lowest = customise(
            lanes(width),
            (graph.up_first, graph.up),
            (graph.down_first, graph.down_tail, graph.down_arc),
            (graph.link_first, graph.link),
            (link_ds.reshape(-1), stride, offset),
            self._arc_ds,
            self._place,
        )
        refuse_negative(lowest)

    def _query(self, part: Restriction, backwards: bool, width: int, group: int, result: Int32Array) -> None:
        graph = self._graph
        away, towards = (width, 0) if backwards else (0, width)
        entry_ds = np.empty((width, len(part.entry_lane)), dtype=np.int32)
        climb(
            lanes(width),
            part.source,
            graph.parent,
            graph.depth,
            (graph.up_first, graph.up),
            (self._arc_ds, away),
            part.entry_of_step,
            entry_ds,
        )
        arc_ds = np.empty((width, len(part.arc)), dtype=np.int32)
        turn(part.arc, (self._arc_ds, towards), arc_ds)
        trail = _aligned((int(part.depth.max()) + 1) * group)
        rows_ds = _aligned(part.rows * group)
        for state in range(len(result)):
            for g, first in enumerate(range(0, len(part.source), group)):
                sweep(
                    lanes(group),
                    part.depth,
                    (part.arc_first, part.arc_depth, arc_ds[state]),
                    (part.entry_first[g], part.entry_lane, entry_ds[state]),
                    part.row,
                    trail,
                    rows_ds,
                )
                deliver(rows_ds, group, part.target_row, result[state, first : first + group])


def _aligned(size: int) -> Int32Array:
    """Uninitialised int32 array that starts on a cache line: wide loads that straddle two cost double."""
    step = CACHE_LINE_BYTES // 4
    room = np.empty(size + step, dtype=np.int32)
    begin = -(room.ctypes.data // 4) % step
    return room[begin : begin + size]
