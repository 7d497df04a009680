"""Price cuts: the two-stage model decomposed by road state and commodity, with closed-form strong cuts.

The idea: for any prices on stock and any values of demand points weak duality gives a valid lower bound on
a state's response cost that is linear in the first stage (`depotopt.siting.prices.price_kernels`). The
prices come from exact transportation problems that start where the last ones ended
(`depotopt.siting.prices.price_equilibrium`). The loop follows the usual order of a modern Benders code
(Fischetti, Ljubic, Sinnl 2017, Management Science 63, 2146-2162): relaxation with in-out separation and
layouts priced on the way, then a tree whose nodes add cuts where they need them
(`depotopt.siting.cuts.cut_tree`).
"""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from depotopt.siting.cuts.cut_master import CutMaster, MasterPoint
from depotopt.siting.cuts.cut_rounds import Rounds
from depotopt.siting.cuts.cut_tree import CutTree
from depotopt.siting.cuts.outcome import Memory, Outcome, within_budgets
from depotopt.siting.cuts.search import Search
from depotopt.siting.cuts.separation import Separation
from depotopt.siting.cuts.wide_search import WideSearch
from depotopt.siting.engines import MilpEngine
from depotopt.siting.engines.highs import HighsEngine
from depotopt.siting.model.first_stage import fitted
from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.siting.recourse.recourse import arc_cost
from depotopt.solving import Limit, Monitor, SolveLimits, Status
from depotopt.units import FloatArray
from depotopt.working_time import working_s

TAIL = 0.05
"""The relaxation ends this close to its own optimum, as a share of the gap still open (`LOOSE` at most)."""
STILL = 30
"""Relaxations that move the bound by next to nothing before they end."""
INTEGER_ROUNDS = 40
LOOSE = 0.005
"""Gap of an integer master that is close enough to find a layout."""
SLICE = 0.1
"""Share of the time limit an integer master may take."""
SPENT = 0.25
"""Share of the time spent so far that it may take: where it needs more, the tree does better ..."""
NEAR = 0.05
"""... once there is a layout this close to the bound."""
LEAST_S = 0.5
"""What an integer master may take in any case: small ones end in less, so that equal runs stay equal."""
STOCKED = (1.0, 0.3)
"""Shares of what is useful at most that the first layout is tried with."""
EARLY_AT = (25, 60, 120)
"""Relaxations after which an integer master finds a layout, so that there is a good plan early."""


class PriceCuts:
    """Decomposition of a `SitingProblem`; one use per object.

    Master
        min  first-stage cost + goal of the estimates theta[g]
        s.t. first-stage rules and the cuts found so far
    Cut of group ``g`` of states and commodities, made at ``(x, stock)`` with prices ``p`` and values ``v``
        theta[g] >= sum_{sk in g} weight[s,k] (sum_i need v
                      - sum_j p[j] share[s,j] (stock[j,k] + agreed[j,k] x[j])
                      - sum_g x[g] sum_i need max(0, max_a v[i] - c[a] - p[j(a)]))
    """

    def __init__(
        self, problem: SitingProblem, engine: MilpEngine | None = None, memory: Memory | None = None
    ) -> None:
        self.problem = problem
        self.memory = memory or Memory()
        self.engine = engine or HighsEngine()

    def solve(self, limits: SolveLimits, monitor: Monitor | None = None) -> Outcome:
        """Solve within limits; see `depotopt.siting.solve.solve_siting`."""
        search = Search(limits, monitor, working_s())
        with ThreadPoolExecutor(limits.workers) as pool:
            return self._solve(search, pool)

    def _solve(self, search: Search, pool: Executor) -> Outcome:
        problem = self.problem
        least = least_response(problem)
        # Every cost is >= 0 and every response at least what it costs with all sites open and full.
        search.bound = trivial_bound(problem, least)
        proof = None if self.memory.proof is None else self.memory.proof.brought(problem)
        if proof is not None:
            search.bound = max(search.bound, proof.value)
        search.tell("cuts: start")
        master = CutMaster(problem, least)
        master.recall(self.memory.cuts)
        separation = Separation(problem, master.stage.unit, pool, search.asked_to_stop, search.ended)
        rounds = Rounds(problem, master, separation, search)
        rounds.judged = self.memory.judged
        layout = self.memory.layout
        if layout is None:
            brief = replace(search.limits, time_s=max(search.left_s, 0.1))
            first, layout = master.integer_round(self.engine, brief, search.silent, None)
            if layout is None:
                bound = None if first.status is Status.INFEASIBLE else search.bound
                return Outcome(first.status, None, bound, first.limit)
            # Without stock its price would tell nothing of a wide problem, and take long.
            search.layout = layout if separation.wide else None
        if search.layout is None:
            rounds.price(layout)
            search.tell("cuts: layout priced")
            if self.memory.layout is None:
                self._stocked(rounds, layout)
        point = None
        if separation.wide and search.gap > search.limits.gap:
            point = WideSearch(rounds, self.engine, pool, self.memory).run()
        infeasible = False
        searched = not search.over and search.gap > search.limits.gap
        if searched:
            infeasible = self._narrow(rounds, point)
        if not separation.wide and (searched or self.memory.price is None):
            self.memory.price, self.memory.inner = separation.price.copy(), rounds.inner
        known = np.isfinite(search.value) or not problem.goal.ceilings
        self.memory.layout, self.memory.cuts = search.layout if known else None, master.kept()
        return self._outcome(search, infeasible)

    def _stocked(self, rounds: Rounds, layout: Layout) -> None:
        """Price the cheapest layout with stock in it, so that who stops early has something to send."""
        problem, unit = self.problem, rounds.master.stage.unit
        for share in STOCKED:
            allowed = within_budgets(problem, fitted(problem, Layout(layout.options, share * unit)))
            if allowed is not None and not rounds.search.over:
                rounds.price(allowed)
                rounds.search.tell("cuts: layout priced")

    def _narrow(self, rounds: Rounds, point: MasterPoint | None) -> bool:
        """Exact prices at every turn, integer masters, a tree; ``True`` if no layout keeps the rules."""
        search, separation, master = rounds.search, rounds.separation, rounds.master
        rounds.inner, rounds.inner_value = self.memory.inner, np.inf
        if self.memory.price is not None and not search.over:
            separation.price[:] = self.memory.price
            half = np.full(self.problem.sites, 0.5)
            if separation.at(half, 0.3 * master.stage.unit, improve=False):
                rounds.add_violated(None)
        point = self._relax(rounds) or point
        if point is None:
            return master.infeasible and not np.isfinite(search.value)
        self._integer_rounds(rounds, point)
        if not search.over and search.gap > search.limits.gap:
            return CutTree(rounds, point).run()
        return False

    def _outcome(self, search: Search, infeasible: bool) -> Outcome:
        if infeasible:
            return Outcome(Status.INFEASIBLE, None, None)
        stopped = Limit.STOPPED if search.asked_to_stop() else Limit.TIME
        bound = min(search.bound, search.value)
        if search.layout is None:
            return Outcome(Status.UNKNOWN, None, bound, stopped)
        if search.gap <= search.limits.gap:
            return Outcome(Status.OPTIMAL, search.layout, bound)
        ended = stopped if search.over else Limit.ITERATIONS
        return Outcome(Status.FEASIBLE, search.layout, bound, ended)

    def _relax(self, rounds: Rounds) -> MasterPoint | None:
        """Cut off the relaxation until its bound stops moving."""
        search, master = rounds.search, rounds.master
        bounds: list[float] = []
        point = None
        while not search.over:
            found = search.relax(master)
            if found is None:
                break
            point = found
            search.bound = max(search.bound, min(point.bound, search.value))
            bounds.append(point.bound)
            search.tell("cuts: relaxation")
            if search.gap <= search.limits.gap:
                break
            if len(bounds) in EARLY_AT:
                self._integer_rounds(rounds, point, most=1, share=SLICE / 4)
            # While the tree has most of the gap to close, the last digits of the relaxation can wait.
            open_still = min(rounds.inner_value, search.value) - point.bound
            if open_still <= max(0.05 * search.limits.gap, TAIL * min(search.gap, LOOSE)) * abs(point.bound):
                break
            if len(bounds) > STILL and bounds[-1] - bounds[-STILL] < 1e-3 * open_still:
                break
            if not rounds.between(point) and not rounds.separate(point, point.x, point.stock):
                break
        return point

    def _integer_rounds(
        self, rounds: Rounds, root: MasterPoint, *, most: int = INTEGER_ROUNDS, share: float = SLICE
    ) -> None:
        """Integer masters, each layout with its best stock, as long as they end in time and help.

        With the relaxation's cuts an engine of its own finds good layouts at once; to raise the bound
        beyond the cuts there are, the tree does better.
        """
        search, master, limits = rounds.search, rounds.master, rounds.search.limits
        least = limits.gap / 4
        gap = max(least, min(LOOSE, search.gap / 4))
        for _ in range(most):
            if search.over or search.gap <= limits.gap:
                return
            before = (search.bound, search.value, search.gap)
            spent_s = limits.time_s - search.left_s
            most_s = limits.time_s * share
            if search.gap <= NEAR:
                most_s = min(most_s, max(SPENT * spent_s, LEAST_S))
            slice_s = max(0.1, min(search.left_s, most_s))
            master.hold(rounds.ruled_out(root))
            brief = replace(limits, gap=gap, time_s=slice_s)
            found, layout = master.integer_round(self.engine, brief, search.silent, search.layout)
            master.free()
            if found.bound is not None:
                search.bound = max(search.bound, min(found.bound, search.value))
            search.tell("cuts: integer master")
            if layout is not None and not search.over:
                rounds.settle(layout)
                search.tell("cuts: layout priced")
            still = before == (search.bound, search.value, search.gap)
            if found.status is not Status.OPTIMAL or (still and gap <= least):
                return
            if search.gap > 0.7 * before[2]:
                gap = max(least, gap / 4)


def least_response(problem: SitingProblem) -> FloatArray:
    """Response cost of one event with every site open and full, shape ``(S, K)``: a lower bound."""
    arcs, points = problem.arcs, problem.points
    nearest_ds = np.full(problem.states * points, np.inf)
    reached = np.flatnonzero(np.diff(arcs.first))
    nearest_ds[reached] = arcs.time_ds[arcs.first[reached]]
    cost = arc_cost(nearest_ds.reshape(problem.states, points, 1), problem.rate)
    least: FloatArray = (problem.need * np.minimum(cost, problem.penalty[None])).sum(axis=1)
    return least


def trivial_bound(problem: SitingProblem, least: FloatArray | None = None) -> float:
    """What no layout can beat, without solving anything: no yearly cost and all sites open and full."""
    least = least_response(problem) if least is None else least
    return problem.events_per_year * problem.goal.risk(least.sum(axis=1), problem.probability)
