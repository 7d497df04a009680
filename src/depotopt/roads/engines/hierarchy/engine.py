"""`HierarchyEngine`: exact travel times for many road states, milliseconds each."""

from __future__ import annotations

from threading import Lock
from typing import Any, Final

import numpy as np

from depotopt.roads.engines.hierarchy.customisation import customise
from depotopt.roads.engines.hierarchy.lanes import lanes
from depotopt.roads.engines.hierarchy.layout import Layout, full_layout, lean_layout
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

SQUARE: Final = 16
"""Rows and road states turned at once."""

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
    Memory, besides the result: two times per lane for each arc that a query keeps, see
    `depotopt.roads.engines.hierarchy.layout.Layout`. Calls from several threads take turns.
    """

    name = "hierarchy"

    def __init__(self, network: RoadNetwork, order: str = "auto") -> None:
        self._graph: Supergraph = build_supergraph(network, elimination_order(network, order))
        self._links = network.links
        self._head = network.head
        self._memory: dict[str, Int32Array] = {}
        self._place = np.empty(self._graph.nodes, dtype=np.int64)
        self._prepared: tuple[tuple[bytes, bytes], Layout, Restriction] | None = None
        self._lock = Lock()

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        del state["_lock"]
        state["_memory"], state["_prepared"] = {}, None
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
            with self._lock:
                layout, part = self._prepare(self._graph.rank[sources], self._graph.rank[targets])
                first = 0
                while first < states:
                    width = _narrowest(STATE_LANES, states - first)
                    count = min(width, states - first)
                    arc_ds = self._customise(link_ds, first, count, width, layout)
                    directions = (arc_ds, width, 0) if backwards else (arc_ds, 0, width)
                    self._query(part, layout, directions, result[first : first + count])
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
            arc_ds = self._customise(link_ds[:, None], 0, 1, 1, full_layout(graph))
            for origin, destination in zip(origins, destinations, strict=True):
                found, links = find_route(
                    (int(graph.rank[origin]), int(graph.rank[destination])),
                    (graph.parent, graph.depth),
                    (graph.up_first, graph.up),
                    (graph.down_first, graph.down_tail, graph.down_arc),
                    (graph.link_first, graph.link),
                    link_ds,
                    arc_ds,
                )
                result.append(without_rounds(links, self._head) if found else None)
        return result

    def _prepare(self, sources: Int32Array, targets: Int32Array) -> tuple[Layout, Restriction]:
        """What depends on the places alone; kept for the next block of road states."""
        asked = (sources.tobytes(), targets.tobytes())
        if self._prepared is None or self._prepared[0] != asked:
            group = _narrowest(SOURCE_LANES, len(sources))
            layout = lean_layout(self._graph, sources, targets)
            self._prepared = asked, layout, restrict(self._graph, layout, sources, targets, group)
        return self._prepared[1:]

    def _customise(
        self, link_ds: Int32Array, first: int, count: int, width: int, layout: Layout
    ) -> Int32Array:
        """Customised times of ``count`` road states from ``first`` on, flat ``[row, direction, lane]``."""
        graph = self._graph
        # Rows are turned in whole squares, so there must be some after the last.
        arc_ds = self._room("arcs", 2 * (layout.rows + SQUARE) * width)
        lowest_ds = np.empty(width, dtype=np.int32)
        stride, offset = link_ds.shape[1], first
        if count < width or not link_ds.flags.c_contiguous:
            padded = np.full((self._links, width), UNREACHABLE_DS, dtype=np.int32)
            padded[:, :count] = link_ds[:, first : first + count]
            link_ds, stride, offset = padded, width, 0
        customise(
            lanes(width),
            (graph.up_first, graph.up),
            (graph.down_first, graph.down_tail, graph.down_arc),
            (graph.link_first, graph.link),
            (link_ds.reshape(-1), stride, offset),
            (layout.row, arc_ds),
            self._place,
            lowest_ds,
        )
        refuse_negative(int(lowest_ds.min()))
        return arc_ds

    def _query(
        self,
        part: Restriction,
        layout: Layout,
        directions: tuple[Int32Array, int, int],
        result: Int32Array,
    ) -> None:
        """Climb and sweep in the road states just customised.

        ``directions`` are the customised times and the offsets of the directions to climb and to sweep in.
        """
        graph = self._graph
        arc_ds, upwards, downwards = directions
        width = max(upwards, downwards)
        entry_ds = np.empty((width, len(part.entry_lane)), dtype=np.int32)
        climb(
            lanes(width),
            part.source,
            graph.parent,
            graph.depth,
            (graph.up_first, graph.up, layout.row),
            (arc_ds, upwards),
            part.entry_of_step,
            entry_ds,
        )
        square = min(width, SQUARE)
        rows = -(-layout.kept // square) * square
        kept_ds = self._room("turned", width * rows).reshape(width, rows)
        turn(lanes(square), (arc_ds, downwards), kept_ds)
        trail = self._room("trail", (int(part.depth.max()) + 1) * part.group)
        rows_ds = self._room("rows", part.rows * part.group)
        for state in range(len(result)):
            for g, first in enumerate(range(0, len(part.source), part.group)):
                sweep(
                    lanes(part.group),
                    part.depth,
                    (part.begin, part.end, part.above, kept_ds[state]),
                    (part.entry_first[g], part.entry_lane, entry_ds[state]),
                    part.row,
                    trail,
                    rows_ds,
                )
                deliver(rows_ds, part.group, part.target_row, result[state, first : first + part.group])

    def _room(self, purpose: str, size: int) -> Int32Array:
        """Memory kept from block to block: fresh pages cost more than what is done with them."""
        if purpose not in self._memory or len(self._memory[purpose]) < size:
            self._memory[purpose] = _aligned(size)
        return self._memory[purpose][:size]


def _narrowest(widths: tuple[int, ...], needed: int) -> int:
    """The narrowest vector that holds all, or else the widest there is."""
    return next((width for width in widths if width >= needed), widths[-1])


def _aligned(size: int) -> Int32Array:
    """Uninitialised int32 array that starts on a cache line: wide loads that straddle two cost double."""
    step = CACHE_LINE_BYTES // 4
    room = np.empty(size + step, dtype=np.int32)
    begin = -(room.ctypes.data // 4) % step
    return room[begin : begin + size]
