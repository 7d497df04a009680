"""`GateSearch`: a quick search for one depot per point, before or instead of a proof.

A generalized assignment problem with several commodities: a point's whole need comes over its one depot from
the stocks behind it, and what does not fit stays unmet. Points are first assigned by regret (how much a
point loses without its best depot) at the prices of stock that free flows have; then shifts of one point and
swaps of two are made as long as they save something, from every start; then kicks move a few points at
random and the same follows (iterated local search: Lourenço, Martin and Stützle 2003). Values are those of
exact flows at every step.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.siting.recourse.arcs import Arcs, Prices
from depotopt.units import FloatArray, Int64Array
from depotopt.working_time import working_s

MOVED = 3
"""Points a kick moves."""
KICKS, BATCH = 10, 20
"""Kicks at most per point, and how many between two looks at the clock."""
STEPS = 40_000_000
"""Steps over ways and pairs at most: what ends a search of a large road state, the same on every machine."""
MATTERS = 1e-9
"""Share of what all needs are worth that a move has to save."""


@dataclass(frozen=True, slots=True)
class Found:
    """Depot of each point (-1: none), shape ``(I,)``, and what its flows save against delivering nothing."""

    gates: Int64Array
    saved: float


class GateSearch:
    """Searches depots of the points of one road state.

    Parameters
    ----------
    arcs
        Ways in time.
    usable, need
        Units, shapes ``(R, K)`` and ``(I, K)``.
    prices
        What moving and not serving cost.
    """

    def __init__(self, arcs: Arcs, usable: FloatArray, need: FloatArray, prices: Prices) -> None:
        from depotopt.siting.recourse.gate_pairs import gate_pairs

        self.pairs, self._label = gate_pairs(arcs, usable, need, prices)
        self._least = MATTERS * max(float((need * prices.penalty).sum()), 1e-9)
        self._work = np.zeros(1, dtype=np.int64)

    def best(
        self, starts: list[Int64Array], stock_price: FloatArray, enough: float, *, time_s: float, seed: int
    ) -> Found:
        """The best depots found from several starts and by regret.

        Parameters
        ----------
        starts
            Depots of the points, each of shape ``(I,)``; the answer saves no less than any of them.
        stock_price
            Price of a unit of stock, shape ``(R, K)``.
        enough
            What saves that much ends the search.
        time_s
            Time the kicks may take; the first descent from each start is not cut short by it.
        seed
            Of the kicks.
        """
        from depotopt.siting.recourse.gate_kernels import kick

        if not len(self.pairs.point):
            return Found(np.full(len(self.pairs.need), -1, dtype=np.int64), 0.0)
        until = working_s() + time_s
        rng = np.random.default_rng(seed)
        none = np.empty((0, 2 * MOVED))
        known = [self._by_regret(stock_price), *(self._pairs_of(gates) for gates in starts)]
        best, most = known[0], -np.inf
        for chosen in known:
            value = self.values(chosen)
            kick(none, self.pairs, chosen, value, self._least, self._work, STEPS)
            if value.sum() > most:
                best, worth, most = chosen, value, float(value.sum())
        for _ in range(0, KICKS * len(best), BATCH):
            if most >= enough or working_s() > until or self._work[0] > STEPS:
                break
            kick(rng.random((BATCH, 2 * MOVED)), self.pairs, best, worth, self._least, self._work, STEPS)
            most = float(worth.sum())
        return Found(self._gates_of(best), most)

    def values(self, chosen: Int64Array) -> FloatArray:
        """What each pool saves for the pairs chosen."""
        from depotopt.siting.recourse.gate_kernels import pool_value

        pools = range(len(self.pairs.begin) - 1)
        return np.array([pool_value(q, chosen, self.pairs, self._work) for q in pools], dtype=np.float64)

    def _by_regret(self, stock_price: FloatArray) -> Int64Array:
        """Points assigned in the order of what they lose without their best depot, at prices of stock."""
        from depotopt.siting.recourse.gate_kernels import insert

        pairs = self.pairs
        worth = np.zeros(len(pairs.point))
        owner = np.repeat(np.arange(len(pairs.point)), np.diff(pairs.way))
        for k, rate in enumerate(pairs.rate):
            each = pairs.penalty[pairs.point[owner], k] - rate * pairs.time_ds - stock_price[pairs.row, k]
            each[pairs.usable[pairs.row, k] <= 0.0] = 0.0
            gain = np.zeros(len(worth))
            np.maximum.at(gain, owner, each)
            worth += gain * pairs.need[pairs.point, k]
        table = np.zeros((len(pairs.need), pairs.at.shape[1] + 1))
        table[pairs.point, pairs.gate] = worth
        table = np.sort(table, axis=1)
        regret = table[:, -1] - table[:, -2]
        chosen = np.full(len(pairs.need), -1, dtype=np.int64)
        value = np.zeros(len(pairs.begin) - 1)
        insert(np.argsort(-regret, kind="stable"), worth, pairs, chosen, value, self._work)
        return chosen

    def _pairs_of(self, gates: Int64Array) -> Int64Array:
        """Pairs of depots chosen; -1 where a point has no way over its depot."""
        chosen = np.full(len(gates), -1, dtype=np.int64)
        mine = np.flatnonzero(self._label[self.pairs.gate] == gates[self.pairs.point])
        chosen[self.pairs.point[mine]] = mine
        return chosen

    def _gates_of(self, chosen: Int64Array) -> Int64Array:
        gates = np.full(len(chosen), -1, dtype=np.int64)
        some = chosen >= 0
        gates[some] = self._label[self.pairs.gate[chosen[some]]]
        return gates
