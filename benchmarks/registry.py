"""Finding suites, their cases and their data."""

from __future__ import annotations

import importlib
import os
import pkgutil
import traceback
from collections.abc import Iterator
from pathlib import Path

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

    Raises
    ------
    UnknownSuiteError
        If there is no such suite.
    """
    modules = suite_modules()
    if suite not in modules:
        raise UnknownSuiteError(f"no suite '{suite}'; there are {', '.join(modules) or 'none'}")
    for name in modules[suite]:
        plan = Plan(data or default_data(suite), smoke, seed)
        # One module that cannot list its cases is a row that fails, not the end of all the others.
        try:
            module = importlib.import_module(name)
            plan = Plan(data or default_data(getattr(module, "DATA", suite)), smoke, seed)
            index = getattr(module, "INDEX", "")
            if index and not (plan.data / index).exists():
                yield Case(_last(name), "-", _never, files=(index,)), plan
                continue
            for case in module.cases(plan):
                yield case, plan
        except Exception:
            text = traceback.format_exc(limit=-3)
            yield Case(_last(name), "-", _broken, arguments={"error": text}), plan


def _last(module: str) -> str:
    return module.rpartition(".")[2]


def _broken(job: Job) -> Measurement:
    """Stands in for the cases of a module that could not list them; it always fails."""
    raise RuntimeError(job.arguments["error"])


def _never(job: Job) -> Measurement:
    """Stands in for the cases of a data folder that is not there; it is always skipped."""
    return Measurement(None, status="skipped", note=f"{job.data} is not there")


def default_data(folder: str) -> Path:
    """Where benchmark data of a suite lies: ``$DEPOTOPT_BENCHDATA`` or beside the checkout."""
    base = os.environ.get(DATA_VARIABLE)
    return (Path(base) if base else ROOT.parent / "shared" / "benchdata") / folder
