"""`WideSearch`: bound and layouts of problems too wide for exact prices at every turn.

Prices and first stage move together (`depotopt.siting.cuts.joint_steps`); now and then their running means
make cuts, and the master's relaxation of all cuts is the bound. A layout is rounded from the first stage
step by step, the steps going on under what is rounded already, and priced exactly once its stock has settled.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import replace

import numpy as np

from depotopt.siting.cuts.cut_master import MasterPoint
from depotopt.siting.cuts.cut_rounds import Rounds
from depotopt.siting.cuts.joint_steps import JointSteps
from depotopt.siting.cuts.nearest_layout import NearestLayout
from depotopt.siting.cuts.outcome import Memory, within_budgets
from depotopt.siting.cuts.rounding import AGAIN, Rounding
from depotopt.siting.cuts.tier_tree import TierTree
from depotopt.siting.engines import MilpEngine
from depotopt.siting.model.problem import Layout
from depotopt.solving import Status

BLOCK = 25
"""Sweeps between two relaxations."""
CLOSE = 0.15
"""A relaxation is close enough when a block raises its bound by less than this share of the gap asked for, or
when it is that near to what the steps are worth."""
EARLIEST = 100
"""Sweeps before that says anything: the first ones only find out where prices are, and their cuts little."""
SETTLE_BLOCK = 60
"""Sweeps for the stock of a rounded layout."""
RESERVE = 0.3
"""Share of the time limit kept for the first layout."""
KNOWN = 200
"""Steps from remembered prices are as long as after that many sweeps."""
SLICE = 0.1
"""Share of the time limit an integer master may take, or the tree of a tier."""
TIER_TURNS = 4
"""Trees of the dearest tier in a row, cuts from steps under its last answer between them."""


class WideSearch:
    """Search of one wide problem; what it finds stands in the `Search` of its rounds.

    Parameters
    ----------
    rounds
        Master, separation and search.
    engine
        Rounds layouts so that they keep the rules, and solves integer masters.
    pool
        Threads to sweep on.
    memory
        What an earlier solve of the same road states left: its prices make the first cuts.
    """

    def __init__(self, rounds: Rounds, engine: MilpEngine, pool: Executor, memory: Memory) -> None:
        self._rounds, self._engine = rounds, engine
        self._search, self._master, self._problem = rounds.search, rounds.master, rounds.problem
        self.steps = JointSteps(rounds.problem, rounds.master, pool, self._search.ended)
        self._tried: set[bytes] = set()
        self._memory = memory

    def run(self) -> MasterPoint | None:
        """Relax, round, and go on with integer masters; the last relaxed point."""
        search, memory = self._search, self._memory
        point = None
        if memory.price is not None and memory.inner is not None:
            self.steps.start(memory.price, memory.inner, KNOWN)
            if self._master.cuts or self._cut(None):
                point = self._proved(search.relax(self._master))
            if point is not None:
                self._dearest_whole(1)
            if point is not None and search.gap <= search.limits.gap:
                return point
        point = self._relax(self._reserve(), point)
        if point is None:
            return None
        kept = self.steps.state()
        memory.price, memory.inner = self.steps.prices.mean.copy(), self.steps.inner()
        self._round()
        self.steps.resume(kept)
        self._dearest_whole(TIER_TURNS)
        self.steps.resume(kept)
        while not search.over and search.gap > search.limits.gap:
            before = (search.bound, search.value)
            point = self._relax(0.0, point) or point
            kept = self.steps.state()
            self._dearest_whole(TIER_TURNS)
            if not search.over and search.gap > search.limits.gap:
                self._integer(point)
            self.steps.resume(kept)
            if before == (search.bound, search.value):
                break
        return point

    def _reserve(self) -> float:
        return RESERVE * self._search.limits.time_s

    def _relax(self, reserve_s: float, point: MasterPoint | None) -> MasterPoint | None:
        """Steps and relaxations in turns until the bound is close to what it can be."""
        search, steps, limits = self._search, self.steps, self._search.limits
        while search.left_s > reserve_s and steps.advance(self._block()):
            found = self._proved(search.relax(self._master)) if self._cut(point) else None
            if found is None:
                break
            before = -np.inf if point is None else point.bound
            point = found
            if search.gap <= limits.gap:
                break
            close = CLOSE * limits.gap * abs(point.bound)
            if steps.sweeps >= EARLIEST and min(point.bound - before, steps.value - point.bound) < close:
                break
        return point

    def _block(self) -> int:
        """Sweeps until the next relaxation: one early, for a bound; then none before prices say something."""
        sweeps = self.steps.sweeps
        return EARLIEST - sweeps if BLOCK <= sweeps < EARLIEST else BLOCK

    def _cut(self, point: MasterPoint | None) -> bool:
        """Add the cuts that the steps' prices make; ``False`` if the search ended before."""
        if not self.steps.cut_at(self._rounds.separation):
            return False
        self._rounds.add_violated(point)
        return True

    def _proved(self, point: MasterPoint | None) -> MasterPoint | None:
        """A relaxed point, its bound noted."""
        search = self._search
        if point is not None:
            search.bound = max(search.bound, min(point.bound, search.value))
            search.tell("cuts: joint steps")
        return point

    def _dearest_whole(self, turns: int) -> None:
        """The bound with the dearest of several tiers whole; in turns with cuts made under what it opens.

        Steps hold what the last tree opened when this ends.
        """
        search, steps, limits = self._search, self.steps, self._search.limits
        tier, cost = self._problem.options.tier, self._problem.options.cost
        tiers = np.unique(tier)
        mine = tier == max(tiers, key=lambda t: float(cost[tier == t].mean()))
        until_s = search.left_s - SLICE * limits.time_s
        last = -np.inf
        for turn in range(turns if len(tiers) > 1 else 0):
            if search.ended() or search.gap <= limits.gap:
                return
            bound, share = TierTree(self._rounds, mine).run(until_s)
            search.bound = max(search.bound, min(bound, search.value))
            search.tell("cuts: dearest tier whole")
            if share is None or turn + 1 == turns or bound - last < CLOSE * limits.gap * abs(bound):
                return
            last = bound
            steps.hold(np.where(mine, np.round(share), 0.0), mine, AGAIN)
            if not (steps.advance(BLOCK) and self._cut(None)):
                return

    def _round(self) -> None:
        """A layout by rounding, and its price."""
        nearest = NearestLayout(self._problem, self._engine, self._search.limits)
        found = Rounding(self._problem, self.steps, nearest).run()
        if found is not None:
            self._settle(Layout(found, np.zeros(self._problem.need.shape[1:])))

    def _settle(self, layout: Layout) -> None:
        """Best stock for a layout's sites by steps, then its exact price."""
        steps, search = self.steps, self._search
        key = np.sort(layout.options).tobytes()
        if key in self._tried:
            return
        opened = np.zeros(len(self._problem.options))
        opened[layout.options] = 1.0
        steps.hold(opened, np.ones(len(opened), dtype=np.bool_), AGAIN)
        done = steps.advance(SETTLE_BLOCK)
        unpriced = not np.isfinite(search.value)
        if not done and not unpriced:
            return
        self._tried.add(key)
        self._rounds.separation.price[:] = steps.prices.mean
        allowed = within_budgets(self._problem, steps.stock_of(layout))
        if allowed is not None:
            # Without time for a price it is still better than the first layout, which holds nothing.
            search.layout = allowed if unpriced else search.layout
            self._rounds.price(allowed)
            search.tell("cuts: layout priced")

    def _integer(self, point: MasterPoint) -> None:
        """An integer master: its bound, and its layout with the best stock."""
        search, master, limits = self._search, self._master, self._search.limits
        slice_s = max(0.1, min(search.left_s, limits.time_s * SLICE))
        master.hold(self._rounds.ruled_out(point))
        brief = replace(limits, gap=limits.gap / 4, time_s=slice_s)
        found, layout = master.integer_round(self._engine, brief, search.silent, search.layout)
        master.free()
        if found.bound is not None and found.status is not Status.INFEASIBLE:
            search.bound = max(search.bound, min(found.bound, search.value))
        search.tell("cuts: integer master")
        if layout is not None and not search.over:
            self._settle(layout)
