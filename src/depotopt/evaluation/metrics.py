"""Metrics as plain functions of arrays; what each means is in their docstrings.

Weights are probabilities of road states or people; they need not sum to 1.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.errors import UsageError
from depotopt.units import FloatArray


@dataclass(frozen=True, slots=True)
class Spread:
    """A quantity over road states.

    Attributes
    ----------
    expected
        Weighted mean.
    half_width
        Half width of the 95 % confidence interval of the mean (normal approximation).
    cvar_95
        Mean of the worst 5 % of probability.
    worst
        Largest (or smallest, where less is worse) value.
    """

    expected: float
    half_width: float
    cvar_95: float
    worst: float


def weighted_mean(values: FloatArray, weights: FloatArray) -> float:
    """Weighted mean; 0 where all weights are 0."""
    total = float(weights.sum())
    return float((values * weights).sum() / total) if total > 0 else 0.0


def half_width_95(values: FloatArray, weights: FloatArray) -> float:
    """Half width of the 95 % confidence interval of a weighted mean.

    Uses the effective sample size ``(sum w)^2 / sum w^2`` (Kish 1965, Survey Sampling) and the
    normal quantile 1.96; 0 for a single value.
    """
    total = float(weights.sum())
    if total <= 0:
        return 0.0
    effective = total**2 / float((weights**2).sum())
    if effective <= 1.0 + 1e-12:
        return 0.0
    mean = weighted_mean(values, weights)
    variance = float((weights * (values - mean) ** 2).sum()) / total * effective / (effective - 1)
    return 1.96 * float(np.sqrt(variance / effective))


def cvar(values: FloatArray, weights: FloatArray, level: float = 0.95) -> float:
    """Conditional value at risk: mean of the worst (largest) ``1 - level`` of probability.

    Exact for discrete distributions: the value at the edge of the tail counts with the part of its
    weight that lies in the tail (Rockafellar and Uryasev 2002, Journal of Banking and Finance 26).
    """
    if not 0 <= level < 1:
        raise UsageError(f"level must be in [0, 1), found {level}")
    order = np.argsort(-values, kind="stable")
    sorted_weights = weights[order]
    tail = (1 - level) * float(weights.sum())
    before = np.cumsum(sorted_weights) - sorted_weights
    share = np.clip(tail - before, 0.0, sorted_weights)
    return float((values[order] * share).sum() / tail)


def spread(values: FloatArray, weights: FloatArray, *, more_is_worse: bool = True) -> Spread:
    """Mean with confidence, tail and worst value of a quantity over road states."""
    sign = 1.0 if more_is_worse else -1.0
    possible = weights > 0
    return Spread(
        expected=weighted_mean(values, weights),
        half_width=half_width_95(values, weights),
        cvar_95=sign * cvar(sign * values, weights),
        worst=sign * float((sign * values[possible]).max()),
    )


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


def jain(values: FloatArray, weights: FloatArray) -> float:
    """Jain's fairness index ``(sum w x)^2 / (sum w * sum w x^2)``: 1 all equal (Jain et al. 1984)."""
    square = float((weights * values**2).sum())
    return float((weights * values).sum()) ** 2 / (float(weights.sum()) * square) if square > 0 else 1.0


def worst_share_mean(values: FloatArray, weights: FloatArray, share: float = 0.1) -> float:
    """Mean of the smallest ``share`` of the weight (worst decile of a fill rate)."""
    return -cvar(-values, weights, 1 - share)


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
