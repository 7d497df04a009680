"""`Trigger`: whether an event happens in a road state, drawn more often than it happens if asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.errors import UsageError


@dataclass(frozen=True, slots=True)
class Trigger:
    """A yes-or-no event with importance sampling.

    A rare event is drawn with probability ``sampled`` and every state carries the likelihood ratio
    ``probability / sampled`` (or that of the complements), so weighted means stay unbiased
    (Owen 2013, Monte Carlo theory, methods and examples, chapter 9).

    Attributes
    ----------
    probability
        Probability of the event.
    sampled
        Probability it is drawn with; ``None`` for ``probability`` itself.
    """

    probability: float = 1.0
    sampled: float | None = None

    def __post_init__(self) -> None:
        for value in (self.probability, self.sampled):
            if value is not None and not 0 <= value <= 1:
                raise UsageError(f"a probability lies in [0, 1], found {value}")
        if self.sampled is not None and (
            (self.sampled == 0 and self.probability > 0) or (self.sampled == 1 and self.probability < 1)
        ):
            raise UsageError("an event that may or may not happen must be sampled both ways")

    def draw(self, rng: np.random.Generator) -> tuple[bool, float]:
        """Whether it happens, and the weight of the draw."""
        sampled = self.probability if self.sampled is None else self.sampled
        if rng.random() < sampled:
            return True, self.probability / sampled
        return False, (1.0 - self.probability) / (1.0 - sampled)


CERTAIN = Trigger()
"""The event that always happens."""
