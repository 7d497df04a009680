"""What every solver seam shares: limits in, status, bound and gap out, progress and stop between."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Generic, TypeVar

from depotopt.errors import UsageError

PlanT = TypeVar("PlanT")


class Status(StrEnum):
    """How a solve ended. A time-limited answer is never ``OPTIMAL``."""

    OPTIMAL = "optimal"
    """A plan, proved within the requested gap."""
    FEASIBLE = "feasible"
    """A plan, not proved within the requested gap; see `SolveResult.limit` for why it ended."""
    INFEASIBLE = "infeasible"
    """Proved that no plan exists; `SolveResult.conflicts` names the rules."""
    UNKNOWN = "unknown"
    """Ended by a limit without a plan and without a proof."""


class Limit(StrEnum):
    """What ended a solve before its proof."""

    TIME = "time limit"
    STOPPED = "stopped by the user"
    ITERATIONS = "iteration limit"


@dataclass(frozen=True, slots=True)
class SolveLimits:
    """When to stop.

    Attributes
    ----------
    time_s
        Wall-clock seconds for the whole solve. In siting, loops that a fresh installation still has to
        compile do not count.
    gap
        Relative gap at which a plan counts as proved.
    seed
        Seed of every random choice.
    workers
        Threads an engine may use; part of the answer's identity for engines that depend on it.
    """

    time_s: float = 60.0
    gap: float = 0.001
    seed: int = 1
    workers: int = 1

    def __post_init__(self) -> None:
        if not 0 < self.time_s < math.inf:
            raise UsageError(f"time limit must be positive and finite, found {self.time_s}")
        if not 0 <= self.gap < 1:
            raise UsageError(f"gap must be in [0, 1), found {self.gap}")
        if self.workers < 1:
            raise UsageError(f"workers must be at least 1, found {self.workers}")


@dataclass(frozen=True, slots=True)
class Progress:
    """One line of a live solve; ``None`` where the engine does not know yet."""

    stage: str
    elapsed_s: float
    objective: float | None = None
    bound: float | None = None
    message: str = ""

    @property
    def gap(self) -> float | None:
        """Relative gap, or ``None`` while objective or bound is missing."""
        return relative_gap(self.objective, self.bound)


@dataclass(frozen=True, slots=True)
class Incumbent:
    """The best plan a running solve has; made only if somebody wants it.

    Attributes
    ----------
    plan
        Makes the plan; may be called from another thread, once, while the solve goes on.
    objective, bound
        Its value and what is proved so far.
    ranked
        What incumbents are compared by, first to last and smaller is better; empty for the objective alone.
    """

    plan: Callable[[], object]
    objective: float
    bound: float | None = None
    ranked: tuple[float, ...] = ()

    def better_than(self, other: Incumbent) -> bool:
        """Whether it comes before another one of the same solve."""
        return (self.ranked or (self.objective,)) < (other.ranked or (other.objective,))


class Monitor:
    """Carries progress and incumbents out of a solve and the wish to stop into it (thread-safe).

    Parameters
    ----------
    listener
        Called with every `Progress`; exceptions it raises end the solve.

    Attributes
    ----------
    keeper
        Called with every `Incumbent`; ``None`` where nobody keeps them.
    """

    def __init__(self, listener: Callable[[Progress], None] | None = None) -> None:
        self._listener = listener
        self.keeper: Callable[[Incumbent], None] | None = None
        self._stop = threading.Event()
        self._started = time.perf_counter()

    @property
    def stopped(self) -> bool:
        """Whether the user asked to stop: engines return their best plan so far."""
        return self._stop.is_set()

    def stop(self) -> None:
        """Ask every engine that watches this monitor to stop."""
        self._stop.set()

    @property
    def elapsed_s(self) -> float:
        """Wall-clock seconds since the monitor was made."""
        return time.perf_counter() - self._started

    @property
    def keeping(self) -> bool:
        """Whether somebody keeps incumbents; where nobody does, engines need not ask solvers for them."""
        return self.keeper is not None

    def offer(
        self,
        plan: Callable[[], object],
        objective: float,
        bound: float | None = None,
        ranked: tuple[float, ...] = (),
    ) -> None:
        """Hand over the best plan so far to whoever keeps it; see `Incumbent`."""
        if self.keeper is not None:
            self.keeper(Incumbent(plan, objective, bound, ranked))

    def report(
        self, stage: str, objective: float | None = None, bound: float | None = None, message: str = ""
    ) -> None:
        """Send one `Progress` to the listener."""
        if self._listener is not None:
            self._listener(Progress(stage, self.elapsed_s, objective, bound, message))


@dataclass(frozen=True, slots=True)
class SolveResult(Generic[PlanT]):
    """What a solve knows: plan and proof, as values.

    Attributes
    ----------
    status
        How it ended.
    plan
        The best plan, or ``None`` (status infeasible or unknown).
    objective
        Value of the plan (minimised), or ``None`` without a plan.
    bound
        Proved lower bound on any plan's value, or ``None`` where nothing was proved.
    limit
        What ended the solve early, if anything did.
    engine
        Engine that produced the plan, with its version.
    seconds
        Wall-clock seconds spent.
    conflicts
        For ``INFEASIBLE``: the rules that cannot hold together, as sentences with their numbers.
    terms
        Parts of the objective by name (cost, expected unmet need, ...).
    notes
        Remarks a user should see (assumptions made, fallbacks taken).
    """

    status: Status
    plan: PlanT | None
    objective: float | None
    bound: float | None
    engine: str
    seconds: float
    limit: Limit | None = None
    conflicts: tuple[str, ...] = ()
    terms: dict[str, float] = field(default_factory=dict)
    notes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        has_plan = self.status in (Status.OPTIMAL, Status.FEASIBLE)
        if has_plan != (self.plan is not None) or has_plan != (self.objective is not None):
            raise UsageError(f"status {self.status} does not go with plan and objective given")
        for value in (self.objective, self.bound):
            if value is not None and not math.isfinite(value):
                raise UsageError("objective and bound are finite numbers or None")

    @property
    def gap(self) -> float | None:
        """Relative gap between objective and bound, ``None`` where either is missing."""
        return relative_gap(self.objective, self.bound)


def relative_gap(objective: float | None, bound: float | None) -> float | None:
    """``(objective - bound) / |objective|`` for a minimisation, 0 when both are 0, else ``None``."""
    if objective is None or bound is None:
        return None
    difference = objective - bound
    if abs(difference) <= 1e-9 * max(1.0, abs(objective)):
        return 0.0
    return difference / max(abs(objective), 1e-12)
