"""`Goal`: what a layout is chosen by: its yearly cost and the mean, tail and worst of its responses."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.errors import UsageError
from depotopt.siting.model.linear import LinearArrays
from depotopt.units import FloatArray, Int64Array

RESPONSE_MEASURES = ("mean", "cvar", "worst", "fraction")
MEASURES = ("cost", *RESPONSE_MEASURES)
FARTHEST = "farthest"
"""Travel time of the farthest person to an open site, no road lost: only ever the first of an order."""
INEQUALITY = "inequality"
"""Mean absolute difference of travel times to the nearest open site: only ever the first of an order."""
CEILING_TOLERANCE = 1e-4
"""Relative amount by which a recomputed response may exceed its ceiling (engines' tolerances)."""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A measure of the response cost of one event is at most ``amount``.

    Attributes
    ----------
    name
        The rule as a sentence.
    measure
        One of `RESPONSE_MEASURES`.
    amount
        Cost of one event.
    """

    name: str
    measure: str
    amount: float


@dataclass(frozen=True, slots=True)
class Goal:
    """Weights of the yearly cost and of measures of the response cost ``r[s]`` of one event.

    Model
        min  cost * yearly + e (mean * sum_s prob[s] r[s] + cvar * CVaR(r) + worst * max_s r[s]
                                + fraction * max_s r[s] / undelivered[s])
        CVaR(r) = min_eta eta + sum_s prob[s] max(0, r[s] - eta) / (1 - level)
        each ceiling: its measure <= its amount

    All measures grow with every ``r[s]``, so each road state is still answered at its own least cost.

    Attributes
    ----------
    cost, mean, cvar, worst, fraction
        Weights.
    level
        Share of probability outside the tail; 0 makes the tail everything.
    ceilings
        Bounds on measures.
    order
        Measures (of `MEASURES`, the first may be `FARTHEST`) to minimise one after the other instead of the
        weighted sum; each later one within ``1 + tolerance`` of the best value of those before.
    undelivered
        Response cost per road state where nothing is delivered at all; what ``fraction`` divides by.

    References
    ----------
    Rockafellar and Uryasev (2000), Journal of Risk 2(3), 21-41.
    """

    cost: float = 1.0
    mean: float = 1.0
    cvar: float = 0.0
    worst: float = 0.0
    fraction: float = 0.0
    level: float = 0.95
    ceilings: tuple[Ceiling, ...] = ()
    order: tuple[str, ...] = ()
    tolerance: float = 0.01
    undelivered: tuple[float, ...] = ()

    @property
    def is_mean(self) -> bool:
        """Whether states matter by their probability alone."""
        return not (self.cvar or self.worst or self.fraction or self.ceilings)

    def alone(self, measure: str, ceilings: tuple[Ceiling, ...]) -> Goal:
        """The goal of minimising one measure (of `MEASURES`) under ceilings."""
        cost, mean, cvar, worst, fraction = (float(name == measure) for name in MEASURES)
        return Goal(cost, mean, cvar, worst, fraction, self.level, ceilings, undelivered=self.undelivered)

    def measure(self, name: str, response: FloatArray, probability: FloatArray) -> float:
        """Mean, tail mean, worst or largest fraction of the response costs, shape ``(S,)``."""
        if name == "mean":
            return float(probability @ response)
        if name == "cvar":
            return tail_mean(response, probability, self.level)
        if name == "worst":
            return float(response.max(initial=0.0))
        if name == "fraction":
            return float((response * self.per_undelivered).max(initial=0.0))
        raise UsageError(f"no measure '{name}': choose one of {', '.join(RESPONSE_MEASURES)}")

    @property
    def per_undelivered(self) -> FloatArray:
        """What a unit of response cost adds to the fraction of its state, shape ``(S,)``; 0 without need."""
        full = np.array(self.undelivered, dtype=np.float64)
        return np.divide(1.0, full, out=np.zeros_like(full), where=full > 0)

    def risk(self, response: FloatArray, probability: FloatArray) -> float:
        """Weighted measures of one event."""
        weights = {"mean": self.mean, "cvar": self.cvar, "worst": self.worst, "fraction": self.fraction}
        return sum(w * self.measure(name, response, probability) for name, w in weights.items() if w)

    def broken(self, response: FloatArray, probability: FloatArray) -> tuple[Ceiling, ...]:
        """Ceilings the responses exceed by more than rounding."""
        return tuple(
            one
            for one in self.ceilings
            if self.measure(one.measure, response, probability)
            > one.amount + CEILING_TOLERANCE * max(1.0, one.amount)
        )

    def slope(self, response: FloatArray, probability: FloatArray) -> FloatArray:
        """What a unit more of each state's response adds to the measures, ceilings apart, shape ``(S,)``."""
        order = np.argsort(-response, kind="stable")
        above = np.concatenate([[0.0], np.cumsum(probability[order])[:-1]])
        tail = np.zeros_like(probability)
        tail[order] = np.clip(1.0 - self.level - above, 0.0, probability[order]) / (1.0 - self.level)
        slope: FloatArray = self.mean * probability + self.cvar * tail
        if len(response):
            slope[order[0]] += self.worst
            largest = int(np.argmax(response * self.per_undelivered)) if self.fraction else 0
            slope[largest] += self.fraction * (self.per_undelivered[largest] if self.fraction else 0.0)
        return slope

    def leverage(self, probability: FloatArray) -> FloatArray:
        """Most that one unit more of response in a state can move the objective, per event."""
        capped = [one.measure for one in self.ceilings]
        tail = np.minimum(1.0, probability / (1.0 - self.level))
        moved: FloatArray = (
            (self.mean + ("mean" in capped)) * probability
            + (self.cvar + ("cvar" in capped)) * tail
            + (self.worst + ("worst" in capped))
        )
        if self.fraction or "fraction" in capped:
            moved = moved + (self.fraction + ("fraction" in capped)) * self.per_undelivered
        return moved


def told(measure: str, value: float) -> str:
    """A value of a measure in words: a fraction in percent, else an amount."""
    return f"{value:.2%}" if measure == "fraction" else f"{value:,.0f}"


def tail_mean(values: FloatArray, probability: FloatArray, level: float) -> float:
    """Mean of the worst ``1 - level`` of probability (CVaR), a value on the edge counted in part."""
    order = np.argsort(-values, kind="stable")
    tail = 1.0 - level
    above = np.concatenate([[0.0], np.cumsum(probability[order])[:-1]])
    share = np.clip(tail - above, 0.0, probability[order])
    # Probabilities sum to 1 up to rounding; the divisor is what was counted.
    return float(values[order] @ share / share.sum()) if share.sum() > 0 else 0.0


def add_goal(
    arrays: LinearArrays,
    goal: Goal,
    probability: FloatArray,
    columns: Int64Array,
    unit: FloatArray,
    per_cost: float,
) -> list[tuple[int, float]]:
    """Add tail and worst columns with their costs, and the ceilings.

    Parameters
    ----------
    arrays
        Model to add to.
    goal
        What is minimised; the mean's weight is the caller's to put on ``columns``.
    probability
        Per state, shape ``(S,)``.
    columns, unit
        Response cost of state ``s`` is ``sum_c unit[s,c] columns[s,c]``; both of shape ``(S, C)``.
    per_cost
        Cost in the model's objective of one unit of measure (events per year over the cost unit).

    Returns
    -------
    list
        Row and upper bound of each ceiling row.
    """
    scale = max(float(unit.sum(axis=1).max(initial=0.0)), 1e-9)
    measures = _Measures(arrays, goal.level, probability, columns, unit / scale)
    if goal.cvar:
        measures.tail(goal.cvar * per_cost * scale)
    if goal.worst:
        measures.worst(goal.worst * per_cost * scale)
    if goal.fraction:
        measures.worst(goal.fraction * per_cost, scale * goal.per_undelivered)
    rows: list[tuple[int, float]] = []
    for ceiling in goal.ceilings:
        amount = ceiling.amount / scale
        if ceiling.measure == "mean":
            terms = (columns.ravel(), (probability[:, None] * unit / scale).ravel())
        elif ceiling.measure == "cvar":
            terms = measures.tail(0.0)
        elif ceiling.measure == "worst":
            terms = measures.worst(0.0)
        else:
            terms, amount = measures.worst(0.0, scale * goal.per_undelivered), ceiling.amount
        rows.append((arrays.rows, amount))
        arrays.add_rows(-np.inf, amount, np.zeros(len(terms[0]), dtype=np.int64), *terms)
    return rows


@dataclass(frozen=True, slots=True)
class _Measures:
    """Adds columns for measures, in units of a scaled response."""

    arrays: LinearArrays
    level: float
    probability: FloatArray
    columns: Int64Array
    unit: FloatArray

    def tail(self, cost: float) -> tuple[Int64Array, FloatArray]:
        """``eta + sum prob z / (1 - level)`` with ``z[s] + eta >= r[s]``: its columns and values."""
        states, parts = self.columns.shape
        each = self.probability / (1.0 - self.level)
        eta = self.arrays.add_columns(1, cost=cost)
        beyond = self.arrays.add_columns(states, cost=cost * each)
        row = np.arange(states)
        self.arrays.add_rows(
            np.zeros(states),
            np.inf,
            np.concatenate([row, row, np.repeat(row, parts)]),
            np.concatenate([beyond, np.repeat(eta, states), self.columns.ravel()]),
            np.concatenate([np.ones(2 * states), -self.unit.ravel()]),
        )
        return np.concatenate([eta, beyond]), np.concatenate([[1.0], each])

    def worst(self, cost: float, weight: FloatArray | None = None) -> tuple[Int64Array, FloatArray]:
        """``w >= weight[s] r[s]`` for all states (weights 1 where none are given): its column and value."""
        states, parts = self.columns.shape
        unit = self.unit if weight is None else self.unit * weight[:, None]
        worst = self.arrays.add_columns(1, cost=cost)
        row = np.arange(states)
        self.arrays.add_rows(
            np.zeros(states),
            np.inf,
            np.concatenate([row, np.repeat(row, parts)]),
            np.concatenate([np.repeat(worst, states), self.columns.ravel()]),
            np.concatenate([np.ones(states), -unit.ravel()]),
        )
        return worst, np.ones(1)
