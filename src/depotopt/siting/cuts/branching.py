"""`Branching`: what a node of the tree is split on, and what such splits have been worth so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.siting.cuts.cut_master import CutMaster, Held, MasterPoint
from depotopt.siting.cuts.search import Search
from depotopt.units import Int64Array

STRONG = 8
"""Candidates of a node whose two children are solved before one is chosen, where nothing is known of them."""
LOOKAHEAD = 2
"""Candidates solved in a row without finding a better one before a node is content."""
STRONG_SOLVES = 400
INTEGRAL = 1e-6
CLEAR = 0.01
"""A child whose bound moves by less than this share of the gap is worth next to nothing."""


@dataclass(frozen=True, slots=True)
class Split:
    """A column whose value in the relaxation lies between two whole numbers."""

    column: int
    value: float
    range: tuple[float, float]
    """What the node allows it to be."""

    @property
    def below(self) -> float:
        """The whole number below."""
        return float(np.floor(self.value))

    def step(self, side: float) -> float:
        """How far the value has to move, down (0) or up (1)."""
        return self.value - self.below if side == 0.0 else self.below + 1.0 - self.value

    def held(self, side: float) -> dict[int, float | tuple[float, float]]:
        """What the child below (0) or above (1) holds the column at."""
        low, high = (self.range[0], self.below) if side == 0.0 else (self.below + 1.0, self.range[1])
        return {self.column: low if low == high else (low, high)}


class Branching:
    """Splits by pseudocosts, learnt from children and, where nothing is known, from solving both at once.

    Counts, sites and options compete: whichever promises to raise both children's bounds most (Achterberg,
    Koch, Martin 2005, Operations Research Letters 33, 42-54).

    Parameters
    ----------
    master, search
        The master whose relaxations are branched on, and the search with its best value.
    """

    def __init__(self, master: CutMaster, search: Search) -> None:
        self._master, self._search = master, search
        self._sum: dict[tuple[int, float], float] = {}
        self._times: dict[tuple[int, float], int] = {}
        self._all, self._alls, self._solves = 0.0, 0, 0

    def learn(self, column: int, side: float, gain: float) -> None:
        """Note what one child gained, per unit that the column had to move."""
        key = (column, side)
        self._sum[key] = self._sum.get(key, 0.0) + gain
        self._times[key] = self._times.get(key, 0) + 1
        self._all, self._alls = self._all + gain, self._alls + 1

    def choose(self, held: Held, point: MasterPoint) -> Split | None:
        """The most promising split of a node; ``None`` once the search is over, or where all is whole.

        Parameters
        ----------
        held
            What the node holds.
        point
            Its relaxation.
        """
        splits = self._splits(held, point)
        limit = self._search.value if np.isfinite(self._search.value) else 2.0 * point.bound
        least = max(CLEAR * (limit - point.bound), 1e-9)
        best = max(
            (self._promise(split, least) for split in splits if self._known(split.column)), default=0.0
        )
        tried = since = 0
        for split in splits:
            if self._known(split.column):
                continue
            if self._solves >= STRONG_SOLVES or tried >= STRONG or since >= LOOKAHEAD:
                break
            tried += 1
            for side in (0.0, 1.0):
                self._solves += 1
                self._master.hold(held | split.held(side))
                child = self._search.relax(self._master)
                if self._search.over:
                    return None
                bound = limit if child is None else min(child.bound, limit)
                self.learn(split.column, side, max(bound - point.bound, 0.0) / split.step(side))
            promise = self._promise(split, least)
            since = 0 if promise > best else since + 1
            best = max(best, promise)
        return max(splits, key=lambda split: self._promise(split, least), default=None)

    def _splits(self, held: Held, point: MasterPoint) -> list[Split]:
        """What can be split, the likeliest first: counts, then what is neither open nor closed."""
        found = []
        for columns in (self._master.counts, np.concatenate(self._master.branches)):
            away = np.abs(point.values[columns] - np.round(point.values[columns]))
            between: Int64Array = columns[away > INTEGRAL]
            order = np.argsort(-away[away > INTEGRAL], kind="stable")
            for column in between[order].tolist():
                allowed = held.get(column, self._master.natural(column))
                given = allowed if isinstance(allowed, tuple) else (allowed, allowed)
                found.append(Split(column, float(point.values[column]), given))
        return found

    def _known(self, column: int) -> bool:
        return (column, 0.0) in self._sum and (column, 1.0) in self._sum

    def _promise(self, split: Split, least: float) -> float:
        down, up = (max(self._expected(split.column, s) * split.step(s), least) for s in (0.0, 1.0))
        return down * up

    def _expected(self, column: int, side: float) -> float:
        key = (column, side)
        if key in self._sum:
            return self._sum[key] / self._times[key]
        return self._all / self._alls if self._alls else 1.0
