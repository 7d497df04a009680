"""`elimination_order`: which nodes of a network are eliminated first, kept on disk."""

from __future__ import annotations

import hashlib
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from depotopt.cache import cache_folder, write_atomically
from depotopt.errors import MissingExtraError, UsageError
from depotopt.roads.engines.hierarchy.dissection import dissect
from depotopt.roads.engines.hierarchy.peeling import Joins, joins, peel
from depotopt.roads.network import RoadNetwork
from depotopt.units import Int32Array

ORDER_VERSION: Final = 3
"""Part of the cache key; raise it when an order changes for the same network."""


def elimination_order(network: RoadNetwork, name: str = "auto") -> Int32Array:
    """Rank of each node: the order in which a hierarchy eliminates them.

    Dead ends and bends go first; a good order then splits the network along few nodes again and again
    (nested dissection) and eliminates those last. Any order gives the same travel times; a bad one takes
    longer. The order depends on the nodes, their positions and which of them are joined; it is kept in
    `cache_folder` under a hash of those and used again. A file that is damaged is replaced.

    Parameters
    ----------
    network
        Roads.
    name
        ``"metis"`` (package ``pymetis``), ``"inertial"`` (package ``routingkit_cch``),
        ``"dissection"`` (built in), or ``"auto"``: the first of them that is installed.

    Returns
    -------
    numpy.ndarray
        Shape ``(N,)``, a permutation, 0 is eliminated first.

    Raises
    ------
    UsageError
        If there is no order of that name.
    MissingExtraError
        If its package is not installed.
    """
    name = _installed(name)
    folder = cache_folder()
    path = None if folder is None else folder / "orders" / f"{_key(network, name)}.npy"
    if path is not None:
        kept = _read(path, network.nodes)
        if kept is not None:
            return kept
    peeled = peel(joins(network.node_lon, network.node_lat, network.tail, network.head))
    order = np.empty(network.nodes, dtype=np.int32)
    order[peeled.order] = np.arange(len(peeled.order), dtype=np.int32)
    if peeled.core.nodes:
        order[peeled.kept] = ORDERS[name](peeled.core) + np.int32(len(peeled.order))
    if path is not None:
        write_atomically(path, lambda file: np.save(file, order))
    return order


def _installed(name: str) -> str:
    if name == "auto":
        found = [order for order, package in PACKAGES.items() if importlib.util.find_spec(package)]
        return found[0] if found else "dissection"
    if name not in ORDERS:
        raise UsageError(f"there is no elimination order '{name}': choose from {', '.join(ORDERS)}")
    if name in PACKAGES and importlib.util.find_spec(PACKAGES[name]) is None:
        raise MissingExtraError(PACKAGES[name], "order", f"the elimination order '{name}'")
    return name


def _key(network: RoadNetwork, name: str) -> str:
    digest = hashlib.sha256(f"{ORDER_VERSION} {name} {network.nodes} {network.links}".encode())
    for array in (network.tail, network.head, network.node_lon, network.node_lat):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()[:32]


def _read(path: Path, nodes: int) -> Int32Array | None:
    """The order in a file, or ``None`` where there is none or it is no permutation."""
    try:
        order = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError):
        return None
    if not isinstance(order, np.ndarray) or order.dtype != np.int32 or order.shape != (nodes,):
        return None
    if nodes and (order.min() < 0 or order.max() >= nodes):
        return None
    seen = np.zeros(nodes, dtype=np.bool_)
    seen[order] = True
    return order if seen.all() else None


def _metis(core: Joins) -> Int32Array:
    """Multilevel nested dissection (Karypis and Kumar 1998, SIAM J. Sci. Comput. 20, 359-392)."""
    import pymetis

    first, adjacent = core.first.astype(np.int32), core.neighbour
    # Several tries per separator, and uneven halves where the cut between them is smaller: on road
    # networks worth a sixth of the triangles for a second of time.
    options = pymetis.Options(nseps=3, ufactor=500)
    if hasattr(pymetis, "CSRAdjacency"):
        graph = pymetis.CSRAdjacency(adj_starts=first, adjacent=adjacent)
        _, rank = pymetis.nested_dissection(graph, options=options)
    else:
        _, rank = pymetis.nested_dissection(xadj=first, adjncy=adjacent, options=options)
    return np.asarray(rank, dtype=np.int32)


def _inertial(core: Joins) -> Int32Array:
    """Inertial flow (Schild and Sommer 2015, SEA, 246-257) as RoutingKit does it."""
    import routingkit_cch

    tail = np.repeat(np.arange(core.nodes), np.diff(core.first))
    order = routingkit_cch.compute_order_inertial(
        core.nodes, tail.tolist(), core.neighbour.tolist(), core.lat.tolist(), core.lon.tolist()
    )
    rank = np.empty(core.nodes, dtype=np.int32)
    rank[np.asarray(order, dtype=np.int64)] = np.arange(core.nodes, dtype=np.int32)
    return rank


ORDERS: Final[dict[str, Callable[[Joins], Int32Array]]] = {
    "metis": _metis,
    "inertial": _inertial,
    "dissection": dissect,
}
"""Orders of a peeled network by name."""

PACKAGES: Final = {"metis": "pymetis", "inertial": "routingkit_cch"}
"""Import names of the packages some orders need, best order first."""
