"""Routing engines behind one seam; each is imported when it is asked for."""

from __future__ import annotations

from depotopt.dispatch.routing import RoutingEngine
from depotopt.errors import UsageError

ENGINES = ("pyvrp", "ortools")


def routing_engine(name: str) -> RoutingEngine:
    """Return a routing engine by name.

    Raises
    ------
    UsageError
        If there is no such engine.
    """
    if name == "pyvrp":
        from depotopt.dispatch.engines.pyvrp_engine import PyvrpEngine

        return PyvrpEngine()
    if name == "ortools":
        from depotopt.dispatch.engines.ortools_engine import OrtoolsEngine

        return OrtoolsEngine()
    raise UsageError(f"no dispatch engine '{name}', expected one of {', '.join(ENGINES)}")
