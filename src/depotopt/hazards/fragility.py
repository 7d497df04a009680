"""Pieces that shaking can damage, and the damage state each falls into."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from depotopt.catalog.seismic import Fragility
from depotopt.units import BoolArray, FloatArray, Int64Array

MOST_STATES = 4


@dataclass(frozen=True, slots=True)
class Components:
    """Pieces with lognormal fragility.

    A piece reaches damage state ``k`` where ``ln demand >= ln median[k] + beta[k] z``, ``z`` standard
    normal, one draw per piece, so that ``P(state >= k) = Phi((ln demand - ln median[k]) / beta[k])``.

    Attributes
    ----------
    ln_median, beta
        Shape ``(P, 4)``; ``ln_median`` is ``inf`` for damage states the class does not have.
    """

    ln_median: FloatArray
    beta: FloatArray

    @classmethod
    def of(cls, classes: Sequence[Fragility], which: Int64Array) -> Self:
        """Pieces whose classes are ``classes[which]``."""
        ln_median = np.full((len(classes), MOST_STATES), np.inf)
        beta = np.ones((len(classes), MOST_STATES))
        for row, item in enumerate(classes):
            ln_median[row, : len(item.median)] = np.log(item.median)
            beta[row, : len(item.beta)] = item.beta
        return cls(ln_median[which], beta[which])

    def __len__(self) -> int:
        return len(self.ln_median)

    def states(self, ln_demand: FloatArray, z: FloatArray) -> Int64Array:
        """Damage state per piece, 0 for none to 4 for complete."""
        reached = ln_demand[:, None] >= self.ln_median + self.beta * z[:, None]
        # Where betas differ, curves can cross: the worst state reached counts.
        rank = np.arange(1, MOST_STATES + 1)
        worst: Int64Array = np.where(reached, rank, 0).max(axis=1)
        return worst

    def probability(self, ln_median_demand: FloatArray, sigma: FloatArray) -> FloatArray:
        """Probability of each damage state or worse where demand is lognormal, shape ``(P, 4)``.

        Closed form: ``Phi((mu - ln median) / sqrt(sigma^2 + beta^2))``.
        """
        from scipy.special import ndtr

        spread = np.hypot(sigma[:, None], self.beta)
        with np.errstate(invalid="ignore"):
            result: FloatArray = ndtr((ln_median_demand[:, None] - self.ln_median) / spread)
        return np.where(np.isnan(result), 0.0, result)

    def take(self, keep: BoolArray | Int64Array) -> Components:
        """The pieces marked or numbered."""
        return Components(self.ln_median[keep], self.beta[keep])


def newmark_displacement_m(pga_g: FloatArray, critical_g: FloatArray, magnitude: float) -> FloatArray:
    """Median displacement of a slope, metres; 0 where the acceleration stays below the critical one.

    Jibson (2007), Engineering Geology 91, 209-218, equation 7: ``log10 D = -2.710 +
    log10[(1 - ac/a)^2.335 (ac/a)^-1.478] + 0.424 M``, ``D`` in centimetres.

    Parameters
    ----------
    pga_g
        Peak ground acceleration.
    critical_g
        Acceleration at which the slope begins to move.
    magnitude
        Moment magnitude.
    """
    ratio = critical_g / np.maximum(pga_g, 1e-300)
    moving = ratio < 1.0
    safe = np.where(moving, ratio, 0.5)
    cm = 10.0 ** (-2.710 + 0.424 * magnitude) * (1.0 - safe) ** 2.335 * safe**-1.478
    return np.where(moving, cm / 100.0, 0.0)


def landslide_probability(displacement_m: FloatArray) -> FloatArray:
    """Probability that a slope displaced so far comes down.

    Jibson, Harp and Michael (2000), Engineering Geology 58, 271-289: ``0.335 [1 - exp(-0.048 D^1.565)]``,
    ``D`` in centimetres, calibrated on the landslides of the 1994 Northridge earthquake.
    """
    probability: FloatArray = 0.335 * (1.0 - np.exp(-0.048 * (displacement_m * 100.0) ** 1.565))
    return probability
