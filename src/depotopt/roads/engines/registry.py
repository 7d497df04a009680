"""Which travel-time engines there are, and how to prepare one by name."""

from __future__ import annotations

from typing import Final

from depotopt.errors import UsageError
from depotopt.roads.engines import EngineFactory, TravelTimeEngine
from depotopt.roads.network import RoadNetwork


def prepare_engine(network: RoadNetwork, name: str = "auto") -> TravelTimeEngine:
    """Prepare a travel-time engine for a network.

    Parameters
    ----------
    network
        Roads.
    name
        ``"hierarchy"``, ``"dijkstra"``, or ``"auto"``: the hierarchy, or Dijkstra's algorithm where numba
        cannot be imported. All engines give the same times to the last digit.

    Raises
    ------
    UsageError
        If there is no engine of that name.
    """
    if name == "auto":
        try:
            return _hierarchy(network)
        except ImportError:
            return _dijkstra(network)
    if name not in ENGINES:
        raise UsageError(f"there is no travel-time engine '{name}': choose from {', '.join(ENGINES)}")
    return ENGINES[name](network)


# Engines are imported when asked for: numba alone takes half a second.
def _dijkstra(network: RoadNetwork) -> TravelTimeEngine:
    from depotopt.roads.engines.dijkstra import DijkstraEngine

    return DijkstraEngine(network)


def _hierarchy(network: RoadNetwork) -> TravelTimeEngine:
    from depotopt.roads.engines.hierarchy.engine import HierarchyEngine

    return HierarchyEngine(network)


ENGINES: Final[dict[str, EngineFactory]] = {"dijkstra": _dijkstra, "hierarchy": _hierarchy}
"""Engines by name."""
