"""Minimal cuts: the fewest lost streets and bridges that isolate a place."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.roads.network import RoadNetwork, StreetKind
from depotopt.units import BoolArray, Int32Array, Int64Array


def minimal_cut(
    network: RoadNetwork,
    lost_streets: npt.ArrayLike,
    sources: npt.ArrayLike,
    target: int,
    passable: BoolArray | None = None,
) -> Int32Array:
    """Find the lost streets that isolate one node.

    The fewest lost streets that, lost alone, leave no path from any source to the target; among equally
    few, those with the most bridges. They are a minimum cut of the graph in which every lost street is
    an arc of capacity 1 (a little less for bridges) that all its links share, and open streets have no
    bound (max-flow min-cut, Ford and Fulkerson 1956). Sharing is exact where a street is one connected
    section of road, as the importers make them; else the answer still isolates the target and none of
    its streets can be left out, but a smaller set may exist.

    Parameters
    ----------
    network
        Roads.
    lost_streets
        Indices of lost streets.
    sources
        Nodes supply comes from.
    target
        Node that is cut off.
    passable
        Links the vehicle may use with nothing lost, shape ``(L,)``; ``None`` for all.

    Returns
    -------
    numpy.ndarray
        Street indices, ascending; empty where no path leads to the target with nothing lost.

    Raises
    ------
    UsageError
        If the target is not cut off.
    """
    return minimal_cuts(network, lost_streets, sources, [target], passable)[0]


def minimal_cuts(
    network: RoadNetwork,
    lost_streets: npt.ArrayLike,
    sources: npt.ArrayLike,
    targets: Sequence[int],
    passable: BoolArray | None = None,
) -> list[Int32Array]:
    """`minimal_cut` for several targets, sharing what they have in common."""
    lost = np.unique(np.asarray(lost_streets, dtype=np.int32))
    starts = np.unique(np.asarray(sources, dtype=np.int64))
    is_lost = np.zeros(len(network.streets), dtype=np.bool_)
    is_lost[lost] = True
    usable = np.ones(network.links, dtype=np.bool_) if passable is None else passable
    closed, open_ = usable & is_lost[network.street], usable & ~is_lost[network.street]
    supplied = reachable(network, starts, open_)
    everywhere = reachable(network, starts, usable)
    cuts = []
    for target in targets:
        if supplied[target]:
            raise UsageError(f"node {target} is not cut off: a path leads there over open streets")
        if not everywhere[target]:
            cuts.append(np.empty(0, dtype=np.int32))
            continue
        cut = _min_cut(network, closed, open_, supplied, int(target))
        cuts.append(_without_spare(network, cut, usable, starts, int(target)))
    return cuts


def reachable(
    network: RoadNetwork, sources: Int64Array, open_links: BoolArray, *, backwards: bool = False
) -> BoolArray:
    """Nodes a path over open links leads to (or, ``backwards``, comes from)."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order

    tail, head = network.tail[open_links], network.head[open_links]
    if backwards:
        tail, head = head, tail
    # One more node leads to all sources, so that one search does.
    root = network.nodes
    rows = np.concatenate([tail, np.full(len(sources), root)])
    columns = np.concatenate([head, sources])
    graph = csr_array((np.ones(len(rows), dtype=np.int8), (rows, columns)), shape=(root + 1, root + 1))
    found = np.zeros(root + 1, dtype=np.bool_)
    found[breadth_first_order(graph, root, return_predecessors=False)] = True
    return found[:root]


def _min_cut(
    network: RoadNetwork, closed: BoolArray, open_: BoolArray, supplied: BoolArray, target: int
) -> Int32Array:
    """Streets of a minimum cut between the supplied nodes and the target."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import breadth_first_order, maximum_flow

    reaching = reachable(network, np.array([target]), open_, backwards=True)
    # What is supplied is one node, what reaches the target another; the rest stays as it is.
    inner = ~(supplied | reaching)
    node = np.empty(network.nodes, dtype=np.int64)
    node[supplied], node[reaching] = 0, 1
    node[inner] = 2 + np.arange(int(inner.sum()))
    count = 2 + int(inner.sum())
    tail, head = node[network.tail], node[network.head]
    streets, shared = np.unique(network.street[closed], return_inverse=True)
    enter, leave = count + shared, count + len(streets) + shared
    # Fewest streets first, then fewest that are no bridge.
    bridge = network.streets.kind[streets] == StreetKind.BRIDGE
    unit = max(1, min(len(streets) + 1, (1 << 30) // (len(streets) + 1)))
    capacity = np.where(bridge, unit, unit + 1) if unit > 1 else np.ones(len(streets))
    bound = int(capacity.sum()) + 1
    span = np.arange(len(streets))
    rows = np.concatenate([tail[open_], tail[closed], count + span, leave])
    columns = np.concatenate([head[open_], enter, count + len(streets) + span, head[closed]])
    free = np.full(len(tail), bound)
    weights = np.concatenate([free[: int(open_.sum())], free[: len(enter)], capacity, free[: len(leave)]])
    useful = rows != columns
    size = count + 2 * len(streets)
    graph = csr_array(
        (np.minimum(weights[useful], bound).astype(np.int64), (rows[useful], columns[useful])),
        shape=(size, size),
    )
    graph.sum_duplicates()
    graph.data = np.minimum(graph.data, bound).astype(np.int32)
    flow = maximum_flow(graph.astype(np.int32), 0, 1).flow
    residual = (graph - flow).tocsr()
    residual.data = (residual.data > 0).astype(np.int8)
    residual.eliminate_zeros()
    source_side = np.zeros(size, dtype=np.bool_)
    source_side[breadth_first_order(residual, 0, return_predecessors=False)] = True
    crossed = source_side[count + span] & ~source_side[count + len(streets) + span]
    return streets[crossed].astype(np.int32)


def _without_spare(
    network: RoadNetwork, cut: Int32Array, usable: BoolArray, sources: Int64Array, target: int
) -> Int32Array:
    """The cut without streets that need not be in it."""
    kept = list(cut)
    for street in cut:
        rest = [item for item in kept if item != street]
        if not reachable(network, sources, usable & ~np.isin(network.street, rest))[target]:
            kept = rest
    return np.array(kept, dtype=np.int32)
