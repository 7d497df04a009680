"""`provenance.json`: from every file of a report back to its inputs, versions and proofs."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path
from typing import Any, Final

from depotopt.report.content import ReportContent
from depotopt.solving import SolveResult

PACKAGES: Final = (
    "depotopt",
    "duckdb",
    "networkx",
    "numba",
    "numpy",
    "ortools",
    "osmium",
    "pandas",
    "pyogrio",
    "pyvrp",
    "scipy",
    "shapely",
    "xlsxwriter",
)
"""Packages whose version can change an answer or a file."""


def provenance(content: ReportContent, files: Mapping[str, Path], language: str) -> dict[str, object]:
    """Collect what a reader needs to make the same report again.

    Nothing that differs between equal runs (clock times, durations, host) is included.

    Parameters
    ----------
    content
        What is told.
    files
        Files already written, by path relative to the folder; their hashes are listed.
    language
        Language of the report.
    """
    scenario, network, state = content.scenario, content.network, content.road_state
    return {
        "scenario": scenario.ident,
        "title": scenario.title,
        "start": scenario.start.isoformat(),
        "overrides": list(scenario.overrides),
        "input_hashes": dict(sorted(scenario.input_hashes.items())),
        "roads": {
            "source": network.source,
            "attribution": network.attribution,
            "nodes": network.nodes,
            "links": network.links,
            "dropped": dict(sorted(network.dropped.items())),
        },
        "road_state": {
            "index": state.index,
            "probability": state.probability,
            "at_s": content.at_s,
            "causes": list(state.causes),
        },
        "seeds": {
            "design_ensemble": scenario.ensemble.design_seed,
            "unseen_ensemble": scenario.ensemble.unseen_seed,
            "siting": scenario.siting_limits.seed,
            "dispatch": scenario.dispatch_limits.seed,
        },
        "siting": _solve(content.siting),
        "dispatch": _solve(content.dispatch),
        "language": language,
        "versions": {"python": platform.python_version(), **_versions()},
        "run": dict(content.provenance),
        "files": {name: _hash(path) for name, path in sorted(files.items())},
    }


def write_provenance(path: Path, record: Mapping[str, object]) -> None:
    """Write a record as JSON with sorted keys; values JSON does not know become text."""
    text = json.dumps(record, indent=2, ensure_ascii=False, sort_keys=True, allow_nan=False, default=str)
    path.write_text(text + "\n", encoding="utf-8")


def _solve(result: SolveResult[Any] | None) -> dict[str, object] | None:
    if result is None:
        return None
    return {
        "status": result.status.value,
        "limit": None if result.limit is None else result.limit.value,
        "objective": result.objective,
        "bound": result.bound,
        "gap": result.gap,
        "engine": result.engine,
        "terms": dict(result.terms),
        "conflicts": list(result.conflicts),
        "notes": list(result.notes),
    }


def _versions() -> dict[str, str]:
    found = {}
    for name in PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
