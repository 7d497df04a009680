"""`StateGroups`: which road states and commodities share one cost estimate in the master."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from depotopt.siting.model.problem import SitingProblem
from depotopt.units import FloatArray, Int64Array

MOST_GROUPS = 150
"""Estimates the master of a mean goal may have: more make each relaxation slower than they make it better."""
MOST_COEFFICIENTS = 60_000
"""Coefficients that a cut of every estimate may bring into the master: two per site and estimate."""
MOST_PARTS = 400
"""Estimates up to which, for other goals, each commodity of a state has its own."""


@dataclass(frozen=True, slots=True)
class StateGroups:
    """A partition of pairs of state and commodity; a sum of valid cuts is a valid cut of the sum.

    Only the mean lets states share an estimate: tails and ceilings look at each state's own response.

    Attributes
    ----------
    index, weight
        Group of each pair, and what its response counts in the group's amount; shape ``(S, K)``.
    probability
        Probability of a group's amount in the mean, shape ``(G,)``: 1 where ``weight`` holds it already.
    """

    index: Int64Array
    weight: FloatArray
    probability: FloatArray

    @classmethod
    def of(cls, problem: SitingProblem, most: int = MOST_GROUPS) -> StateGroups:
        """Groups that suit the goal and the size of a problem."""
        states, commodities = problem.states, problem.commodities
        state, commodity = np.indices((states, commodities))
        if not problem.goal.is_mean:
            parts = commodities if states * commodities <= MOST_PARTS else 1
            index = state * parts + np.minimum(commodity, parts - 1)
            return cls(index, np.ones(index.shape), np.repeat(problem.probability, parts))
        most = min(most, MOST_COEFFICIENTS // (2 * max(problem.sites, 1)))
        if states * commodities <= most:
            index = state * commodities + commodity
            return cls(index, np.ones(index.shape), np.repeat(problem.probability, commodities))
        blocks = max(1, most // commodities)
        index = commodity * blocks + state % blocks
        weight = np.repeat(problem.probability[:, None], commodities, axis=1)
        return cls(index, weight, np.ones(blocks * commodities))

    @property
    def count(self) -> int:
        """Number of groups."""
        return len(self.probability)

    def total(self, values: FloatArray) -> FloatArray:
        """Amount per group of values per pair, shape ``(G,)``."""
        flat = (self.weight * values).ravel().astype(np.float64)
        return np.bincount(self.index.ravel(), weights=flat, minlength=self.count).astype(np.float64)

    def joined(self, values: FloatArray) -> FloatArray:
        """Amounts per group of values of shape ``(S, K, J)``, shape ``(G, J)``."""
        flat = values.reshape(-1, values.shape[2])
        amounts: FloatArray = self._sum(slice(None)) @ flat
        return amounts

    def per_commodity(self, values: FloatArray) -> FloatArray:
        """The same, commodities kept apart: shape ``(G, K, J)``."""
        commodities = self.index.shape[1]
        return np.stack([self._sum(k) @ values[:, k] for k in range(commodities)], axis=1)

    def _sum(self, commodity: int | slice) -> Any:
        from scipy.sparse import csr_array

        index, weight = self.index[:, commodity].ravel(), self.weight[:, commodity].ravel()
        return csr_array((weight, (index, np.arange(len(index)))), shape=(self.count, len(index)))
