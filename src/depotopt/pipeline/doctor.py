"""`examine`: what this installation has and whether it can do its work."""

from __future__ import annotations

import importlib.util
import os
from pathlib import Path
from typing import Any

from depotopt.cache import cache_folder
from depotopt.executor import available_workers
from depotopt.pipeline.options import versions

EXTRAS: dict[str, tuple[str, str]] = {
    "raster": ("rasterio", "flood depth rasters (GeoTIFF)"),
    "order": ("pymetis", "faster preparation of large road networks"),
    "pdf": ("typst", "route sheets as PDF without a Chromium"),
}
"""Import and purpose of each optional extra."""


def examine() -> dict[str, Any]:
    """Look at versions, engines, extras and the cache.

    Returns
    -------
    dict
        ``versions``, ``engines`` (name to whether it works), ``extras`` (name to
        installed or not, with purpose), ``cache`` and ``usable``: whether the chain can run.
    """
    engines = {"highs": _solves("highs"), "gscip": _solves("gscip"), "pyvrp": _routes()}
    extras = {
        name: {"installed": importlib.util.find_spec(module) is not None, "for": purpose}
        for name, (module, purpose) in EXTRAS.items()
    }
    folder = cache_folder()
    cache = {"folder": str(folder) if folder else None, "writable": folder is not None and _writable(folder)}
    return {
        "versions": versions(),
        "cores": available_workers(),
        "engines": engines,
        "extras": extras,
        "cache": cache,
        "usable": engines["highs"] and engines["pyvrp"],
    }


def _solves(name: str) -> bool:
    from ortools.math_opt.python import mathopt

    model = mathopt.Model()
    x = model.add_binary_variable()
    model.maximize(x)
    solver = {"highs": mathopt.SolverType.HIGHS, "gscip": mathopt.SolverType.GSCIP}[name]
    result = mathopt.solve(model, solver)
    return result.termination.reason is mathopt.TerminationReason.OPTIMAL and result.objective_value() == 1


def _routes() -> bool:
    return importlib.util.find_spec("pyvrp") is not None


def _writable(folder: Path) -> bool:
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)
