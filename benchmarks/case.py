"""What a suite hands to the frame: `Case` before the run, `Job` during it, `Measurement` after it."""

from __future__ import annotations

import resource
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any


class Sense(StrEnum):
    """Which values are better than the reference."""

    MIN = "min"
    MAX = "max"
    EQUAL = "equal"


@dataclass(frozen=True, slots=True)
class Reference:
    """What a value is held against.

    Attributes
    ----------
    value
        Best known value, proved optimum, or true value.
    proved
        Whether nothing better can exist.
    sense
        Which side is better.
    tolerance
        Relative shortfall that does not fail the run (a heuristic with a short time limit).
    rounding
        Absolute error of the published number (0.005 for two decimals).
    """

    value: float
    proved: bool = False
    sense: Sense = Sense.MIN
    tolerance: float = 0.0
    rounding: float = 0.0


@dataclass(frozen=True, slots=True)
class Targets:
    """What a measured run may cost at most; ``None`` where there is no target.

    Missing one fails the run, except with ``--smoke``: a busy CI machine proves nothing about speed.
    """

    cpu_s: float | None = None
    wall_s: float | None = None
    peak_mb: float | None = None


@dataclass(frozen=True, slots=True)
class Plan:
    """What the caller asked of a suite.

    Attributes
    ----------
    data
        Folder laid out like the benchmark data of the suite; may not exist.
    smoke
        Only what finishes in seconds.
    seed
        Seed of the run.
    """

    data: Path
    smoke: bool
    seed: int


@dataclass(frozen=True, slots=True)
class Job:
    """What a run function gets, in a fresh process.

    Attributes
    ----------
    case, engine
        Names of the case.
    data
        Data folder.
    seed
        Seed of every random choice.
    smoke
        Whether this is a smoke run.
    time_s
        Time limit to hand to solvers.
    arguments
        ``Case.arguments`` as given.
    """

    case: str
    engine: str
    data: Path
    seed: int
    smoke: bool
    time_s: float
    arguments: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Measurement:
    """What one run found; becomes one result row.

    Attributes
    ----------
    value
        Objective or figure; ``None`` without an answer.
    status
        ``optimal``, ``feasible``, ``infeasible`` or ``unknown`` for solves; ``measured`` for figures;
        ``skipped`` with the reason in ``note``.
    bound
        Proved bound on the value.
    metric
        Name of the figure with its unit (``"bridge_km"``) where a run yields several rows.
    reference
        Replaces the case's reference when the truth is only known after reading the data.
    cpu_s, wall_s
        Time of the part that counts; the whole run function when left out (see `stopwatch`).
    note
        A remark for the reader.
    details
        Further figures, written to the JSON line only.
    """

    value: float | None
    status: str = "measured"
    bound: float | None = None
    metric: str = ""
    reference: Reference | None = None
    cpu_s: float | None = None
    wall_s: float | None = None
    note: str = ""
    details: dict[str, Any] = field(default_factory=dict)


RunFunction = Callable[[Job], "Measurement | Iterable[Measurement]"]


@dataclass(frozen=True, slots=True)
class Case:
    """One thing to measure with one engine.

    Attributes
    ----------
    name
        Name of the case, without the engine (``"porto"``); several engines share it.
    engine
        Engine or peer that runs it.
    run
        Function at the top of a module; called in a fresh process, where it does its own imports.
    arguments
        Passed on in the `Job`; must survive JSON.
    files
        Files it needs, relative to the data folder; missing ones skip the case.
    packages
        Import names it needs beyond depotopt's own; missing ones skip the case, present ones have
        their versions in the row.
    reference
        What the value is held against.
    targets
        What the run may cost.
    time_s
        Time limit to hand to solvers.
    timeout_s
        The process is ended after this long, which fails the case.
    optimality_gap
        A row that says ``optimal`` needs a bound this close.
    peer
        Somebody else's program: its shortfalls are shown, not failures of ours.
    """

    name: str
    engine: str
    run: RunFunction
    arguments: dict[str, Any] = field(default_factory=dict)
    files: tuple[str, ...] = ()
    packages: tuple[str, ...] = ()
    reference: Reference | None = None
    targets: Targets = field(default_factory=Targets)
    time_s: float = 60.0
    timeout_s: float = 900.0
    optimality_gap: float = 1e-3
    peer: bool = False


@dataclass(slots=True)
class Clock:
    """CPU and wall seconds of a stretch of code, filled in when it ends."""

    cpu_s: float = 0.0
    wall_s: float = 0.0


def cpu_seconds() -> float:
    """CPU seconds of this process and its finished children so far."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


@contextmanager
def stopwatch() -> Iterator[Clock]:
    """Time the part of a run that counts: ``with stopwatch() as clock: ...``."""
    clock = Clock()
    cpu, wall = cpu_seconds(), time.perf_counter()
    try:
        yield clock
    finally:
        clock.cpu_s, clock.wall_s = cpu_seconds() - cpu, time.perf_counter() - wall
