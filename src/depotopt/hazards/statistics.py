"""Means and tails over weighted road states, with confidence intervals."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.units import FloatArray


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure estimated from road states.

    Attributes
    ----------
    value
        The estimate.
    half_width
        Half the width of its confidence interval.
    level
        Confidence of the interval.
    """

    value: float
    half_width: float
    level: float

    @property
    def low(self) -> float:
        """Lower end of the interval."""
        return self.value - self.half_width

    @property
    def high(self) -> float:
        """Upper end of the interval."""
        return self.value + self.half_width


def weighted_mean(values: npt.ArrayLike, probability: npt.ArrayLike, level: float = 0.95) -> Estimate:
    """Mean over road states.

    The interval is that of a self-normalised importance sample (Owen 2013, chapter 9.2): variance
    ``sum w_s^2 (x_s - mean)^2``, normal quantile; with equal weights it is the usual one.

    Parameters
    ----------
    values
        One figure per road state.
    probability
        Weights of the road states, summing to 1.
    level
        Confidence.
    """
    x, w = _checked(values, probability, level)
    return _mean(x, w, level)


def weighted_cvar(
    values: npt.ArrayLike, probability: npt.ArrayLike, tail: float = 0.95, level: float = 0.95
) -> Estimate:
    """Mean of the worst ``1 - tail`` of road states (conditional value at risk).

    ``CVaR = q + E[max(x - q, 0)] / (1 - tail)`` at the ``tail`` quantile ``q`` (Rockafellar and Uryasev
    2000, Journal of Risk 2, 21-41); the state the quantile falls on counts in part. To first order the
    error of ``q`` does not matter, so the interval is that of the mean of the bracketed figure
    (Manistre and Hancock 2005, North American Actuarial Journal 9, 129-156).

    Parameters
    ----------
    values
        One figure per road state; large is bad.
    probability
        Weights of the road states, summing to 1.
    tail
        Share of road states left out, in ``[0, 1)``.
    level
        Confidence of the interval.
    """
    x, w = _checked(values, probability, level)
    if not 0 <= tail < 1:
        raise UsageError(f"the tail of a CVaR lies in [0, 1), found {tail}")
    quantile = weighted_quantile(x, w, tail)
    return _mean(quantile + np.maximum(x - quantile, 0.0) / (1.0 - tail), w, level)


def weighted_quantile(values: npt.ArrayLike, probability: npt.ArrayLike, share: float) -> float:
    """Least value that at least ``share`` of the probability does not exceed."""
    x, w = np.asarray(values, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    order = np.argsort(x, kind="stable")
    total = np.cumsum(w[order])
    # The small step keeps rounding from moving on to the next value.
    position = int(np.searchsorted(total, share * total[-1] - 1e-12))
    return float(x[order[min(position, len(x) - 1)]])


def effective_size(probability: npt.ArrayLike) -> float:
    """Number of equally weighted states that tell as much (Kish 1965): ``1 / sum w^2``."""
    w = np.asarray(probability, dtype=np.float64)
    return float(w.sum() ** 2 / (w**2).sum())


def _mean(x: FloatArray, w: FloatArray, level: float) -> Estimate:
    from scipy.special import ndtri

    mean = float((w * x).sum())
    size = effective_size(w)
    # As with equal weights, the spread around the estimated mean is a little too small.
    correction = size / (size - 1.0) if size > 1.0 + 1e-9 else np.inf
    variance = float((w**2 * (x - mean) ** 2).sum()) * correction if np.ptp(x) > 0 else 0.0
    return Estimate(mean, float(ndtri((1.0 + level) / 2)) * float(np.sqrt(variance)), level)


def _checked(
    values: npt.ArrayLike, probability: npt.ArrayLike, level: float
) -> tuple[FloatArray, FloatArray]:
    x, w = np.asarray(values, dtype=np.float64), np.asarray(probability, dtype=np.float64)
    if x.shape != w.shape or x.ndim != 1 or not len(x):
        raise UsageError("values and probabilities must be lists of the same length, not empty")
    if not np.isfinite(x).all():
        raise UsageError("values of road states must be finite: report states without answer apart")
    if (w < 0).any() or not np.isclose(w.sum(), 1.0):
        raise UsageError("probabilities of road states are >= 0 and sum to 1")
    if not 0 < level < 1:
        raise UsageError(f"a confidence lies between 0 and 1, found {level}")
    return x, w
