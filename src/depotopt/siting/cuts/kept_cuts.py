"""`KeptCuts`: the cuts one solve made, for the next solve of a problem with the same second stage.

A cut speaks of responses alone: what sites cost, how many may open and what a budget allows stand in the
master's other rows. So cuts outlive every edit of the first stage, and none of what a response depends on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.siting.cuts.state_groups import StateGroups
from depotopt.siting.model.problem import SitingProblem
from depotopt.units import FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class KeptCuts:
    """Cuts ``amount of group[n] >= constant[n] - on_x[n] . x - sum_jk on_stock[n,k,j] stock[j,k]``.

    Attributes
    ----------
    problem, groups
        What they were made for.
    group, constant
        Shape ``(N,)``.
    on_x, on_stock
        In cost per site opened and per unit of stock, shapes ``(N, J)`` and ``(N, K, J)``.
    """

    problem: SitingProblem
    groups: StateGroups
    group: Int64Array
    constant: FloatArray
    on_x: FloatArray
    on_stock: FloatArray

    def __len__(self) -> int:
        return len(self.group)

    def hold_for(self, problem: SitingProblem, groups: StateGroups) -> bool:
        """Whether they are valid for a problem and its groups: its responses are those of theirs."""
        mine = self.groups
        pairs = (
            (mine.index, groups.index),
            (mine.weight, groups.weight),
            (mine.probability, groups.probability),
        )
        return same_responses(self.problem, problem) and all(_same(a, b) for a, b in pairs)


def same_responses(one: SitingProblem, other: SitingProblem) -> bool:
    """Whether every first stage has the same response in every road state of two problems."""
    pairs = [(getattr(one.arcs, name), getattr(other.arcs, name)) for name in one.arcs.__slots__]
    names = ("need", "penalty", "rate", "share", "agreed", "opened_with", "probability")
    pairs += [(getattr(one, name), getattr(other, name)) for name in names]
    alike = one.sites == other.sites and one.single_source == other.single_source
    return alike and all(_same(a, b) for a, b in pairs)


def _same(one: np.typing.NDArray[np.generic], other: np.typing.NDArray[np.generic]) -> bool:
    return one is other or (one.shape == other.shape and bool((one == other).all()))
