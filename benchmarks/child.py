"""Runs one case in this process: ``python -m benchmarks.child JOB.json ROWS.json``."""

from __future__ import annotations

import importlib
import json
import platform
import sys
import time
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from benchmarks.case import Job, Measurement, cpu_seconds

_WATCHED = ("depotopt", "numpy", "numba", "scipy", "ortools", "pyvrp", "highspy", "osmium", "networkx")


def peak_megabytes() -> float:
    """Most memory this process ever held, in megabytes (10**6 bytes).

    Linux hands ``ru_maxrss`` down from the process that started this one, so its own high-water mark
    is read where the system offers it.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text(encoding="ascii", errors="replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if sys.platform == "darwin" else peak * 1024 / 1e6


def package_versions(packages: list[str]) -> dict[str, str]:
    """Versions of the packages in use: those imported by now among the watched ones, and the given."""
    versions = {"python": platform.python_version()}
    distributions = metadata.packages_distributions()
    for name in dict.fromkeys((*_WATCHED, *packages)):
        if name in packages or name in sys.modules:
            for distribution in distributions.get(name, [name])[:1]:
                try:
                    versions[name] = metadata.version(distribution)
                except metadata.PackageNotFoundError:
                    versions[name] = "unknown"
    return versions


def run(order: dict[str, Any]) -> dict[str, Any]:
    """Run the function the order names and describe what it found and what it cost."""
    function = getattr(importlib.import_module(order["module"]), order["function"])
    fields = order["job"]
    job = Job(**{**fields, "data": Path(fields["data"])})
    cpu, wall = cpu_seconds(), time.perf_counter()
    outcome = function(job)
    measurements = [outcome] if isinstance(outcome, Measurement) else list(outcome)
    return {
        "measurements": [asdict(measurement) for measurement in measurements],
        "cpu_s": cpu_seconds() - cpu,
        "wall_s": time.perf_counter() - wall,
        "peak_mb": peak_megabytes(),
        "versions": package_versions(order["packages"]),
    }


def main(arguments: list[str]) -> None:
    """Read the order, run it, write the answer."""
    order, answer = Path(arguments[0]), Path(arguments[1])
    found = run(json.loads(order.read_text(encoding="utf-8")))
    answer.write_text(json.dumps(found), encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
