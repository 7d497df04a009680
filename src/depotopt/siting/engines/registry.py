"""The engines by name."""

from __future__ import annotations

from depotopt.errors import UsageError
from depotopt.siting.engines import MilpEngine
from depotopt.siting.engines.gscip import GscipEngine
from depotopt.siting.engines.highs import HighsEngine

ENGINES: dict[str, type[MilpEngine]] = {"gscip": GscipEngine, "highs": HighsEngine}


def milp_engine(name: str) -> MilpEngine:
    """The engine of that name.

    Raises
    ------
    depotopt.errors.UsageError
        If there is no such engine.
    """
    if name not in ENGINES:
        raise UsageError(f"no MILP engine '{name}': choose one of {', '.join(sorted(ENGINES))}")
    return ENGINES[name]()
