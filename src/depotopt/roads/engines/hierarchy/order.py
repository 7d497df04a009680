"""`elimination_order`: which nodes of a network are eliminated first, kept on disk."""

from __future__ import annotations

import hashlib
import importlib.util
import io
from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from depotopt.errors import MissingExtraError, UsageError
from depotopt.roads.cache import cache_folder, write_atomically
from depotopt.roads.engines.hierarchy.dissection import dissect
from depotopt.roads.network import RoadNetwork
from depotopt.units import Int32Array, Int64Array

ORDER_VERSION: Final = 1
"""Part of the cache key; raise it when an order changes for the same network."""


def elimination_order(network: RoadNetwork, name: str = "auto") -> Int32Array:
    """Rank of each node: the order in which a hierarchy eliminates them.

    A good order splits the network along few nodes again and again (nested dissection) and eliminates
    those last. Any order gives the same travel times; a bad one takes longer. The order depends on the
    nodes, their positions and which of them are joined; it is kept in `cache_folder` under a hash of
    those and used again. A file that is damaged is replaced.

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
    low, high = _joined(network)
    folder = cache_folder()
    path = None if folder is None else folder / "orders" / f"{_key(network, name, low, high)}.npy"
    if path is not None:
        kept = _read(path, network.nodes)
        if kept is not None:
            return kept
    order = ORDERS[name](network, low, high)
    if path is not None:
        content = io.BytesIO()
        np.save(content, order)
        write_atomically(path, lambda file: file.write(content.getvalue()))
    return order


def _installed(name: str) -> str:
    packages = {"metis": "pymetis", "inertial": "routingkit_cch"}
    if name == "auto":
        found = [order for order, package in packages.items() if importlib.util.find_spec(package)]
        return found[0] if found else "dissection"
    if name not in ORDERS:
        raise UsageError(f"there is no elimination order '{name}': choose from {', '.join(ORDERS)}")
    if name in packages and importlib.util.find_spec(packages[name]) is None:
        raise MissingExtraError(packages[name], "order", f"the elimination order '{name}'")
    return name


def _joined(network: RoadNetwork) -> tuple[Int64Array, Int64Array]:
    """Pairs of nodes joined by a link in either direction, sorted, each once."""
    low = np.minimum(network.tail, network.head).astype(np.int64)
    high = np.maximum(network.tail, network.head)
    pairs = np.unique((low * max(network.nodes, 1) + high)[low != high])
    return pairs // max(network.nodes, 1), pairs % max(network.nodes, 1)


def _key(network: RoadNetwork, name: str, low: Int64Array, high: Int64Array) -> str:
    digest = hashlib.sha256(f"{ORDER_VERSION} {name} {network.nodes} {len(low)}".encode())
    for array in (low, high, network.node_lon, network.node_lat):
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
    seen = np.zeros(nodes, dtype=np.bool_)
    if nodes:
        if order.min() < 0 or order.max() >= nodes:
            return None
        seen[order] = True
    return order if seen.all() else None


def _metis(network: RoadNetwork, low: Int64Array, high: Int64Array) -> Int32Array:
    """Multilevel nested dissection (Karypis and Kumar 1998, SIAM J. Sci. Comput. 20, 359-392)."""
    import pymetis

    if not len(low):
        return np.arange(network.nodes, dtype=np.int32)
    tail, head = np.concatenate([low, high]), np.concatenate([high, low])
    by_tail = np.lexsort((head, tail))
    first = np.zeros(network.nodes + 1, dtype=np.int32)
    np.cumsum(np.bincount(tail, minlength=network.nodes), out=first[1:])
    adjacent = head[by_tail].astype(np.int32)
    # Uneven halves are welcome where the cut between them is smaller.
    options = pymetis.Options(ufactor=500)
    if hasattr(pymetis, "CSRAdjacency"):
        graph = pymetis.CSRAdjacency(adj_starts=first, adjacent=adjacent)
        _, rank = pymetis.nested_dissection(graph, options=options)
    else:
        _, rank = pymetis.nested_dissection(xadj=first, adjncy=adjacent, options=options)
    return np.asarray(rank, dtype=np.int32)


def _inertial(network: RoadNetwork, low: Int64Array, high: Int64Array) -> Int32Array:
    """Inertial flow (Schild and Sommer 2015, SEA, 246-257) as RoutingKit does it."""
    import routingkit_cch

    order = routingkit_cch.compute_order_inertial(
        network.nodes,
        low.tolist(),
        high.tolist(),
        network.node_lat.tolist(),
        network.node_lon.tolist(),
    )
    rank = np.empty(network.nodes, dtype=np.int32)
    rank[np.asarray(order, dtype=np.int64)] = np.arange(network.nodes, dtype=np.int32)
    return rank


def _dissection(network: RoadNetwork, low: Int64Array, high: Int64Array) -> Int32Array:
    """Inertial flow, built in."""
    return dissect(network.node_lon, network.node_lat, low, high)


ORDERS: Final[dict[str, Callable[[RoadNetwork, Int64Array, Int64Array], Int32Array]]] = {
    "metis": _metis,
    "inertial": _inertial,
    "dissection": _dissection,
}
