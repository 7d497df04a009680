"""Travel times by Dijkstra's algorithm in scipy: the oracle every other engine is held against."""

from __future__ import annotations

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from depotopt.errors import EngineError
from depotopt.roads.engines.question import check_question, refuse_negative
from depotopt.roads.network import RoadNetwork
from depotopt.units import UNREACHABLE_DS, Int32Array, Int64Array

SEARCHES_AT_ONCE = 64
"""Origins per call of scipy, which keeps a float per origin and node."""


class DijkstraEngine:
    """One Dijkstra search per origin and road state.

    scipy drops explicit zeros, reads floats and adds up parallel links, so parallel links are merged
    to their fastest and times are shifted: every link costs ``2**21 * time + 1``. The low part counts
    links, exact in doubles below 2**53, and is taken off again.
    """

    name = "dijkstra"
    _SHIFT = float(1 << 21)

    def __init__(self, network: RoadNetwork) -> None:
        self._nodes, self._links = network.nodes, network.links
        if network.nodes >= 1 << 21:
            raise EngineError(self.name, f"{network.nodes} nodes are more than it can count exactly")
        pair = network.tail.astype(np.int64) * network.nodes + network.head
        self._order = np.argsort(pair, kind="stable")
        self._pairs, self._group = np.unique(pair[self._order], return_index=True)
        heads = self._pairs % max(network.nodes, 1)
        tails = self._pairs // max(network.nodes, 1)
        self._heads = heads.astype(np.int32)
        self._first = np.zeros(network.nodes + 1, dtype=np.int64)
        np.cumsum(np.bincount(tails, minlength=network.nodes), out=self._first[1:])

    def many_to_many(self, link_ds: Int32Array, origins: Int32Array, destinations: Int32Array) -> Int32Array:
        """See `depotopt.roads.engines.TravelTimeEngine.many_to_many`."""
        check_question(link_ds, (self._links, None), self._nodes, origins, destinations)
        result = np.full((link_ds.shape[1], len(origins), len(destinations)), UNREACHABLE_DS, dtype=np.int32)
        if not len(origins) or not len(destinations):
            return result
        for b in range(link_ds.shape[1]):
            graph, _ = self._graph(link_ds[:, b])
            for begin in range(0, len(origins), SEARCHES_AT_ONCE):
                chosen = slice(begin, begin + SEARCHES_AT_ONCE)
                distance = dijkstra(graph, indices=origins[chosen])[:, destinations]
                # Dividing by a power of two is exact.
                times = np.minimum(np.floor(distance / self._SHIFT), float(UNREACHABLE_DS))
                result[b, chosen] = times.astype(np.int32)
        return result

    def paths(
        self, link_ds: Int32Array, origins: Int32Array, destinations: Int32Array
    ) -> list[Int64Array | None]:
        """See `depotopt.roads.engines.TravelTimeEngine.paths`."""
        check_question(link_ds, (self._links,), self._nodes, origins, destinations)
        graph, link_of = self._graph(link_ds)
        result: list[Int64Array | None] = []
        for begin in range(0, len(origins), SEARCHES_AT_ONCE):
            chosen = slice(begin, begin + SEARCHES_AT_ONCE)
            before = dijkstra(graph, indices=origins[chosen], return_predecessors=True)[1]
            for trail, origin, destination in zip(before, origins[chosen], destinations[chosen], strict=True):
                path = self._walk(trail, link_of, int(origin), int(destination))
                too_long = path is not None and link_ds[path].sum(dtype=np.int64) >= UNREACHABLE_DS
                result.append(None if too_long else path)
        return result

    def _graph(self, link_ds: Int32Array) -> tuple[csr_array, Int64Array]:
        """Graph of the open links and, per arc of ``_pairs``, its fastest link."""
        times = link_ds[self._order]
        fastest = np.minimum.reduceat(times, self._group) if len(times) else times
        link_of = self._fastest_link(times, fastest)
        refuse_negative(int(fastest.min(initial=0)))
        open_ = fastest < UNREACHABLE_DS
        first = np.concatenate([[0], np.cumsum(open_)])[self._first]
        weights = fastest[open_].astype(np.float64) * self._SHIFT + 1.0
        graph = csr_array((weights, self._heads[open_], first), shape=(self._nodes, self._nodes))
        return graph, link_of

    def _fastest_link(self, times: Int32Array, fastest: Int32Array) -> Int64Array:
        counts = np.diff(np.append(self._group, len(times)))
        is_fastest = np.flatnonzero(times == np.repeat(fastest, counts))
        owner = np.repeat(np.arange(len(fastest)), counts)[is_fastest]
        link_of = np.empty(len(fastest), dtype=np.int64)
        link_of[owner[::-1]] = self._order[is_fastest[::-1]]
        return link_of

    def _walk(
        self, before: Int32Array, link_of: Int64Array, origin: int, destination: int
    ) -> Int64Array | None:
        links: list[int] = []
        node = destination
        while node != origin:
            previous = int(before[node])
            if previous < 0:
                return None
            arc = np.searchsorted(self._pairs, previous * self._nodes + node)
            links.append(int(link_of[arc]))
            node = previous
        return np.array(links[::-1], dtype=np.int64)
