"""Finding suites, their cases and their data."""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import benchmarks.suites
from benchmarks.case import Case, Job, Measurement, Plan

ROOT = Path(__file__).parents[1]
DATA_VARIABLE = "DEPOTOPT_BENCHDATA"


class UnknownSuiteError(Exception):
    """No module of `benchmarks.suites` belongs to the suite asked for."""


def suite_modules() -> dict[str, tuple[str, ...]]:
    """Module names per suite, both sorted.

    The suite is the word before the first underscore of the file name, so that several people can
    add to one suite and a module half written breaks no other suite.
    """
    found: dict[str, list[str]] = {}
    for module in pkgutil.iter_modules(benchmarks.suites.__path__):
        found.setdefault(module.name.partition("_")[0], []).append(f"benchmarks.suites.{module.name}")
    return {suite: tuple(sorted(names)) for suite, names in sorted(found.items())}


def load_suite(suite: str) -> tuple[ModuleType, ...]:
    """Import the modules of a suite.

    Raises
    ------
    UnknownSuiteError
        If there is none.
    """
    modules = suite_modules()
    if suite not in modules:
        raise UnknownSuiteError(f"no suite '{suite}'; there are {', '.join(modules) or 'none'}")
    return tuple(importlib.import_module(name) for name in modules[suite])


def suite_cases(suite: str, data: Path | None, *, smoke: bool, seed: int) -> Iterator[tuple[Case, Plan]]:
    """Cases of all modules of a suite, each with the plan that names its data folder.

    Parameters
    ----------
    suite
        Name of the suite.
    data
        Folder to read instead of the default one of each module.
    smoke, seed
        See `benchmarks.case.Plan`.
    """
    for module in load_suite(suite):
        folder = data or default_data(getattr(module, "DATA", suite))
        plan = Plan(folder, smoke, seed)
        index = getattr(module, "INDEX", "")
        if index and not (folder / index).exists():
            name = module.__name__.rpartition(".")[2]
            yield Case(name, "-", _never, files=(index,)), plan
            continue
        for case in module.cases(plan):
            yield case, plan


def _never(job: Job) -> Measurement:
    """Stands in for the cases of a data folder that is not there; it is always skipped."""
    return Measurement(None, status="skipped", note=f"{job.data} is not there")


def default_data(folder: str) -> Path:
    """Where benchmark data of a suite lies: ``$DEPOTOPT_BENCHDATA`` or beside the checkout."""
    base = os.environ.get(DATA_VARIABLE)
    return (Path(base) if base else ROOT.parent / "shared" / "benchdata") / folder
