"""Metrics as plain functions of arrays; what each means is in their docstrings.

Weights are probabilities of road states or people; they need not sum to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards import statistics
from depotopt.units import FloatArray


@dataclass(frozen=True, slots=True)
class Spread:
    """A quantity over road states.

    Attributes
    ----------
    expected
        Weighted mean.
    half_width
        Half width of the 95 % confidence interval of the mean; ``None`` where one state cannot tell.
    cvar_95, cvar_half_width
        Mean of the worst 5 % of probability, and its confidence.
    worst
        Largest (or smallest, where less is worse) value.
    """

    expected: float
    half_width: float | None
    cvar_95: float
    cvar_half_width: float | None
    worst: float


def weighted_mean(values: FloatArray, weights: FloatArray) -> float:
    """Weighted mean; 0 where all weights are 0."""
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total > 0 else 0.0


def spread(values: FloatArray, weights: FloatArray, *, more_is_worse: bool = True) -> Spread:
    """Mean and tail with confidence, and the worst value, of a quantity over road states."""
    sign = 1.0 if more_is_worse else -1.0
    probability = weights / weights.sum()
    mean = statistics.weighted_mean(values, probability)
    tail = statistics.weighted_cvar(sign * values, probability)
    # Adding 0 turns -0.0 into 0.0: a turned sign of nothing is nothing.
    return Spread(
        expected=mean.value,
        half_width=_known(mean.half_width),
        cvar_95=sign * tail.value + 0.0,
        cvar_half_width=_known(tail.half_width),
        worst=sign * float((sign * values[probability > 0]).max()) + 0.0,
    )


def _known(half_width: float) -> float | None:
    return half_width if np.isfinite(half_width) else None


def gini(values: FloatArray, weights: FloatArray) -> float:
    """Gini coefficient of a non-negative quantity: 0 all equal, towards 1 all in one hand.

    Weighted form of the area between the Lorenz curve and the diagonal; 0 where nothing is shared out.
    """
    if (values < 0).any():
        raise UsageError("the Gini coefficient needs values >= 0")
    total = float((values * weights).sum())
    if total <= 0:
        return 0.0
    order = np.argsort(values, kind="stable")
    w, x = weights[order], values[order]
    lorenz = np.concatenate([[0.0], np.cumsum(w * x) / total])
    people = np.concatenate([[0.0], np.cumsum(w) / w.sum()])
    area = float(((lorenz[1:] + lorenz[:-1]) / 2 * np.diff(people)).sum())
    return max(0.0, 1.0 - 2.0 * area)


def mean_difference(values: FloatArray, weights: FloatArray) -> float:
    """Mean absolute difference between any two, ``sum_ij w_i w_j |x_i - x_j| / (sum w)^2``: 0 all equal.

    Twice the mean times the Gini coefficient, so it takes a sort and no look at pairs.
    """
    return 2.0 * gini(values, weights) * weighted_mean(values, weights)


def jain(values: FloatArray, weights: FloatArray) -> float:
    """Jain's fairness index ``(sum w x)^2 / (sum w * sum w x^2)``: 1 all equal (Jain et al. 1984)."""
    square = float((weights * values**2).sum())
    return float((weights * values).sum()) ** 2 / (float(weights.sum()) * square) if square > 0 else 1.0


def worst_share_mean(values: FloatArray, weights: FloatArray, share: float = 0.1) -> float:
    """Mean of the smallest ``share`` of the weight (worst decile of a fill rate)."""
    return -statistics.weighted_cvar(-values, weights / weights.sum(), 1 - share).value


def time_to_fulfil(arrive_s: FloatArray, amount: FloatArray, total: float, share: float) -> float | None:
    """Seconds until ``share`` of ``total`` has arrived; ``None`` where it never does.

    Parameters
    ----------
    arrive_s, amount
        When what arrives.
    total
        What is needed in all (not only what arrives).
    """
    if total <= 0:
        return 0.0
    order = np.argsort(arrive_s, kind="stable")
    reached = np.cumsum(amount[order]) >= share * total * (1 - 1e-9)
    return float(arrive_s[order][np.argmax(reached)]) if reached.any() else None
