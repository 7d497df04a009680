"""The shipped scenarios and their build scripts, as the tests see them."""

from __future__ import annotations

import csv
import importlib.util
import os
from functools import cache
from pathlib import Path
from types import ModuleType

from depotopt.pipeline.stages import Case, open_case

ROOT = Path(__file__).resolve().parents[2]
SCENARIOS = ROOT / "scenarios"
REAL = ("wushi-2024", "shanghai-5-8-11-n")


@cache
def shipped(name: str, *overrides: str) -> Case:
    """A shipped scenario with its roads."""
    return open_case(SCENARIOS / name, overrides)


def build_script(name: str) -> ModuleType:
    """The module ``build.py`` of a scenario."""
    path = SCENARIOS / name / "build.py"
    spec = importlib.util.spec_from_file_location(f"build_{name.replace('-', '_')}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def road_data() -> Path:
    """The road data the scenarios were built from, as an array file of the benchmarks."""
    base = os.environ.get("DEPOTOPT_BENCHDATA")
    folder = Path(base) if base else ROOT.parent / "shared" / "benchdata"
    return folder / "roads" / "china_highways_scgraph.npz"


def rows(path: Path) -> list[dict[str, str]]:
    """Rows of a CSV file."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))
