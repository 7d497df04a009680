"""`Budget`: work that is counted, so that equal seeds give equal plans however fast the machine is."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

OPERATIONS_PER_S: Final = 200_000.0
"""Operations a core does in a second. The figures here are least squares over the processor seconds of 14
searches on cases of 8 to 250 points and 4 to 208 vehicles; each search is met within a quarter."""
TIMED: Final = 1.0
"""Timing one trip of a draft anew."""
LOOKED_AT: Final = 0.27
"""Looking at one trip for a place for a unit."""
ROUND: Final = 630.0
"""What a round of ruin and recreate takes besides."""
ENTRY: Final = 5.0
"""One entry of a linear program that is solved."""


@dataclass(frozen=True, slots=True)
class Guard:
    """When to stop whatever the count says.

    Attributes
    ----------
    until
        Moment of `time.perf_counter` after which nothing is begun.
    stopped
        Asked before every round.
    """

    until: float
    stopped: Callable[[], bool]

    @property
    def left_s(self) -> float:
        """Seconds left."""
        return max(0.0, self.until - time.perf_counter())

    @property
    def over(self) -> bool:
        """Whether to stop now."""
        return self.stopped() or time.perf_counter() >= self.until


@dataclass(slots=True)
class Budget:
    """Operations that may be spent.

    Attributes
    ----------
    total, left
        All of them, and those that are not spent.
    """

    total: float
    left: float = field(init=False)

    def __post_init__(self) -> None:
        self.left = self.total

    @classmethod
    def of_seconds(cls, seconds: float) -> Budget:
        """As many operations as a core does in some seconds, about."""
        return cls(OPERATIONS_PER_S * seconds)

    def spend(self, operations: float) -> None:
        """Take off what was done."""
        self.left -= operations

    @property
    def heat(self) -> float:
        """Share that is left."""
        if math.isinf(self.total):
            return 1.0
        return max(0.0, self.left / self.total) if self.total > 0 else 0.0
