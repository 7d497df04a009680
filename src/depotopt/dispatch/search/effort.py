"""`Effort`: how much is searched, counted in operations."""

from __future__ import annotations

import time
from dataclasses import dataclass

from depotopt.dispatch.search.budget import Budget
from depotopt.solving import SolveLimits

ROUTING_SHARE = 0.2
"""Share of the time that the routing engine may take for the first routes."""
ROUTING_S = 1.5e-3
"""Seconds an iteration of the routing engine takes, about: turns time into iterations."""
MOST_ROUTING_ITERATIONS = 6
"""Routing iterations per job and seed, whatever the limit."""
SEARCH_SHARE = 0.6
"""Share of the time that ruin and recreate gets, counted in operations."""
CLOSING = 6.0
"""Time that writing the plan and checking it take, over that of assembling the problem, about and at most."""
CLOSING_SHARE = 0.25
"""Share of the time that is kept for it at most."""
SEEDS = 2
"""Seeds of the routing engine per depot; the best is taken."""


@dataclass(frozen=True, slots=True)
class Effort:
    """How much is searched: counted in operations, so that the same seed gives the same plan everywhere.

    Attributes
    ----------
    time_s
        Time the operations are derived from.
    search_s
        Seconds of one core that ruin and recreate may take, counted in operations.
    until
        Moment of `time.perf_counter` after which no step is begun: a guard for slow machines.
    """

    time_s: float
    search_s: float
    until: float

    @classmethod
    def of(cls, limits: SolveLimits, begin: float) -> Effort:
        """Derive the effort from the limits, as soon as the problem is assembled."""
        closing = closing_s(limits.time_s, time.perf_counter() - begin)
        return cls(limits.time_s, SEARCH_SHARE * limits.time_s, begin + limits.time_s - closing)

    def routing(self, jobs: int) -> int:
        """Iterations of the routing engine per job and seed; 0 where there is no time for it."""
        whole = ROUTING_SHARE * self.time_s / (SEEDS * ROUTING_S * max(jobs, 1))
        return int(min(MOST_ROUTING_ITERATIONS, whole))

    @property
    def budget(self) -> Budget:
        """Operations of ruin and recreate."""
        return Budget.of_seconds(self.search_s)

    @property
    def left_s(self) -> float:
        """Seconds until the guard."""
        return max(0.0, self.until - time.perf_counter())


def closing_s(time_s: float, assembled_s: float) -> float:
    """Seconds kept for what comes after the search: legs, moments and reasons of the plan, and its check.

    Parameters
    ----------
    time_s
        Time limit of the solve.
    assembled_s
        What assembling the problem took: the slower the machine was then, the more is kept.
    """
    return min(CLOSING * assembled_s, CLOSING_SHARE * time_s)
