"""Whether an event happens in a road state, or which of several; rare ones drawn more often if asked."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.errors import UsageError

_SLACK = 1e-9


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


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Events that exclude one another, with importance sampling; with what is left, none happens.

    Attributes
    ----------
    probability
        Probability of each event; they sum to at most 1.
    sampled
        Probability each is drawn with; the draw weighs ``probability / sampled``.
    """

    probability: tuple[float, ...]
    sampled: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.probability) != len(self.sampled):
            raise UsageError("every event has a probability and one it is sampled with")
        for values in (self.probability, self.sampled):
            if min(values, default=0.0) < 0 or sum(values) > 1 + _SLACK:
                raise UsageError("events that exclude one another have probabilities that sum to at most 1")
        pairs = [*zip(self.probability, self.sampled, strict=True), (self._none, self._none_sampled)]
        if any(happens > _SLACK and sampled <= _SLACK for happens, sampled in pairs):
            raise UsageError("whatever may happen, nothing included, must be sampled")

    @property
    def _none(self) -> float:
        return max(0.0, 1.0 - sum(self.probability))

    @property
    def _none_sampled(self) -> float:
        return max(0.0, 1.0 - sum(self.sampled))

    def draw(self, rng: np.random.Generator) -> tuple[int | None, float]:
        """Position of the event that happens, ``None`` for none, and the weight of the draw."""
        left = rng.random()
        for position, sampled in enumerate(self.sampled):
            if left < sampled:
                return position, self.probability[position] / sampled
            left -= sampled
        if self._none_sampled > _SLACK:
            return None, self._none / self._none_sampled
        # Rounding let the draw slip past the last event.
        last = max(number for number, sampled in enumerate(self.sampled) if sampled > 0)
        return last, self.probability[last] / self.sampled[last]
