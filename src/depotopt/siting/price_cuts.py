"""Price cuts: the two-stage model decomposed by road state and commodity, with closed-form strong cuts.

The idea: for any prices on stock and any values of demand points weak duality gives a valid lower bound on
a state's response cost that is linear in the first stage (`depotopt.siting.price_kernels`), so no
subproblem has to be solved to cut. Good prices come from a few subgradient steps that start where the last
round ended. The loop follows the usual order of a modern Benders code (Fischetti, Ljubic, Sinnl 2017,
Management Science 63, 2146-2162): relaxation with in-out separation, then integer rounds, with exact
recourse for every layout that is priced.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from depotopt.siting.cut_master import CutMaster, MasterPoint
from depotopt.siting.engines import MilpEngine
from depotopt.siting.engines.highs import HighsEngine
from depotopt.siting.first_stage import add_first_stage, fitted
from depotopt.siting.linear import LinearArrays
from depotopt.siting.outcome import Memory, Outcome
from depotopt.siting.problem import Layout, SitingProblem
from depotopt.siting.recourse import arc_cost, state_times
from depotopt.siting.search import Search
from depotopt.solving import Limit, Monitor, SolveLimits, Status
from depotopt.units import FloatArray

FIRST_STEPS, STEPS = 200, 40
STEP_SHARE = 0.1
"""First subgradient step as a share of the largest penalty per unit."""
VIOLATION = 0.1
"""Cuts whose violations together would move the bound by less than this share of the gap are not added."""
TAIL = 0.01
"""Eight relaxations that move the bound by less than this share of the gap still open end their turn."""
STALLS = 3
"""Integer rounds without progress after which the search gives up."""
IN_OUT = 0.5
HOPED = 0.5
"""Share of its useful stock that a closed site is supposed to hold when exact prices are completed."""
FAR = 1e3
"""Cost of the objective's scale that weighs as much as one option more or less in rounding."""
SETTLE_ROUNDS = 40
ROUNDED_AT = (6, 12, 25, 50, 100, 200)
"""Relaxations after which the nearest layout is priced, so that there is a plan early."""
MEMORY = 0.7
"""Weight of the old point in the moving average that in-out separation leans to."""


class PriceCuts:
    """Decomposition of a `SitingProblem`; state is kept between rounds, one use per object.

    Master
        min  first-stage cost + sum_sk weight[s] theta[s,k]
        s.t. first-stage rules and the cuts found so far
    Cut at ``(x, usable)`` with prices ``p`` and values ``v``
        theta[s,k] >= sum_i need v - sum_j p[j] share[s,j] (stock[j,k] + agreed[j,k] x[j])
                      - sum_j x[j] sum_i need max(0, v[i] - c[i,j] - p[j])
    """

    def __init__(
        self, problem: SitingProblem, engine: MilpEngine | None = None, memory: Memory | None = None
    ) -> None:
        self.problem = problem
        self.memory = memory or Memory()
        self.engine = engine or HighsEngine()
        shape = (problem.states, problem.commodities, problem.sites)
        self._price = np.zeros(shape)
        self._weight = np.zeros(shape)
        self._constant = np.zeros(shape[:2])
        self._need = np.ascontiguousarray(problem.need.transpose(0, 2, 1))
        self._penalty = np.ascontiguousarray(problem.penalty.T)
        self._rounds = 0

    def solve(self, limits: SolveLimits, monitor: Monitor | None = None) -> Outcome:
        """Solve within limits; see `depotopt.siting.solve.solve_siting`."""
        search = Search(limits, monitor, time.perf_counter())
        with search.interruption, ThreadPoolExecutor(limits.workers) as pool:
            return self._solve(search, pool)

    def _solve(self, search: Search, pool: ThreadPoolExecutor) -> Outcome:
        limits = search.limits
        master = CutMaster(self.problem, least_response(self.problem))
        layout = self.memory.layout
        if layout is None:
            first, layout = master.integer_round(
                self.engine,
                replace(limits, time_s=max(search.left_s, 0.1)),
                search.silent,
                None,
                np.empty(0, np.int64),
            )
            if layout is None:
                return Outcome(first.status, None, None, first.limit)
        if self.memory.price is not None and not search.asked_to_stop():
            self._remember(master, search, pool, self.memory.price)
        stalls = 0
        self._exact(master, search, pool, layout)
        last = self._relax(master, search, pool)
        self.memory.price = self._price.copy()
        while not search.over and not master.infeasible and search.gap > limits.gap and stalls < STALLS:
            before = (search.bound, search.value)
            self._integer_round(master, search, pool, last)
            # While no layout is known to keep the ceilings, every round adds cuts that were missing.
            stalled = search.layout is not None and before == (search.bound, search.value)
            stalls = stalls + 1 if stalled else 0
        self.memory.layout = search.layout
        bound = search.bound if np.isfinite(search.bound) else None
        if master.infeasible and search.layout is None:
            return Outcome(Status.INFEASIBLE, None, None)
        if search.layout is None:
            ended = Limit.STOPPED if search.asked_to_stop() else Limit.TIME
            return Outcome(Status.UNKNOWN, None, bound, ended)
        if search.gap <= limits.gap:
            return Outcome(Status.OPTIMAL, search.layout, bound)
        limit = Limit.ITERATIONS if stalls >= STALLS else Limit.TIME
        if search.asked_to_stop():
            limit = Limit.STOPPED
        return Outcome(Status.FEASIBLE, search.layout, bound, limit)

    def _remember(
        self, master: CutMaster, search: Search, pool: ThreadPoolExecutor, price: FloatArray
    ) -> None:
        """Start from cuts made of the prices of an earlier solve."""
        from depotopt.siting.price_kernels import cut

        problem, arcs, points = self.problem, self.problem.arcs, self.problem.points
        half_open = np.full(problem.sites, 0.5)
        self._price[:] = price

        def one(state: int) -> None:
            s, k = divmod(state, problem.commodities)
            first = arcs.first[s * points : (s + 1) * points + 1]
            need, penalty, price = self._need[s, k], self._penalty[k], self._price[s, k]
            given = (first, arcs.site, arcs.origin, arcs.time_ds, problem.rate[k], need, penalty)
            self._constant[s, k] = cut(*given, half_open, price, self._weight[s, k])

        list(pool.map(one, range(problem.states * problem.commodities)))
        self._add_violated(master, search, None)

    def _relax(self, master: CutMaster, search: Search, pool: ThreadPoolExecutor) -> MasterPoint | None:
        """Cut off the relaxation until its bound stops moving."""
        centre_x = np.full(self.problem.sites, 0.5)
        centre_stock = 0.3 * master.stage.unit
        bounds: list[float] = []
        point = None
        while not search.over:
            found = search.relax(master)
            if found is None:
                break
            point = found
            search.bound = max(search.bound, point.bound)
            bounds.append(point.bound)
            search.tell("cuts: relaxation")
            if len(bounds) in ROUNDED_AT:
                self._rounded(master, search, pool, point)
            # While integer rounds have most of the gap to close, the last digits of the relaxation can wait.
            least_move = max(0.1 * search.limits.gap, TAIL * min(search.gap, 1.0))
            if len(bounds) > 15 and bounds[-1] - bounds[-9] < least_move * abs(bounds[-1]):
                break
            pull = IN_OUT if len(bounds) > 1 else 0.0
            added = self._separate(
                master,
                search,
                pool,
                point,
                pull * point.x + (1 - pull) * centre_x,
                pull * point.stock + (1 - pull) * centre_stock,
            )
            centre_x = MEMORY * centre_x + (1 - MEMORY) * point.x
            centre_stock = MEMORY * centre_stock + (1 - MEMORY) * point.stock
            if not added and not self._separate(master, search, pool, point, point.x, point.stock):
                break
        return point

    def _separate(
        self,
        master: CutMaster,
        search: Search,
        pool: ThreadPoolExecutor,
        point: MasterPoint,
        x: FloatArray,
        stock: FloatArray,
    ) -> int:
        """Add cuts found at ``(x, stock)`` that the point violates; return how many."""
        from depotopt.siting.price_kernels import ascend, cut

        problem, arcs, points = self.problem, self.problem.arcs, self.problem.points
        steps = STEPS if self._rounds else FIRST_STEPS
        self._rounds += 1

        def one(state: int) -> None:
            if search.asked_to_stop():
                return
            s, k = divmod(state, problem.commodities)
            first = arcs.first[s * points : (s + 1) * points + 1]
            usable = problem.share[s] * (stock[:, k] + problem.agreed[:, k] * x)
            need, penalty, price = self._need[s, k], self._penalty[k], self._price[s, k]
            step = STEP_SHARE * float(penalty.max(initial=0.0))
            given = (first, arcs.site, arcs.origin, arcs.time_ds, problem.rate[k], need, penalty, x)
            ascend(*given, usable, price, steps, step)
            self._constant[s, k] = cut(*given, price, self._weight[s, k])

        list(pool.map(one, range(problem.states * problem.commodities)))
        if search.asked_to_stop():
            return 0
        return self._add_violated(master, search, point)

    def _add_violated(self, master: CutMaster, search: Search, point: MasterPoint | None) -> int:
        """Add those of the cuts at hand that the point violates (all without a point)."""
        problem = self.problem
        on_stock = self._price * problem.share[:, None, :]
        on_x = self._weight + on_stock * problem.agreed.T[None]
        chosen = np.einsum("sik,ik->sk", problem.need, problem.penalty) > 0
        if point is not None:
            value = self._constant - on_x @ point.x - np.einsum("skj,jk->sk", on_stock, point.stock)
            leverage = problem.events_per_year * problem.goal.leverage(problem.probability)
            moved = leverage[:, None] * (value - point.theta)
            chosen &= moved > VIOLATION * search.limits.gap * max(point.bound, 0.0) / value.size
            chosen &= value - point.theta > 1e-9 * master.unit
        for s, k in np.argwhere(chosen):
            master.add_cut(int(s), int(k), self._constant[s, k], on_stock[s, k], on_x[s, k])
        return int(chosen.sum())

    def _exact(
        self,
        master: CutMaster,
        search: Search,
        pool: ThreadPoolExecutor,
        layout: Layout,
        point: MasterPoint | None = None,
    ) -> float:
        """Exact objective of a layout, kept when it is the best; its exact prices become cuts."""
        if search.asked_to_stop():
            # Loading the kernels alone takes longer than a user who stops wants to wait.
            search.layout = search.layout or layout
            return np.inf
        from depotopt.siting.price_kernels import complete, cut
        from depotopt.siting.transport import solve_transport

        problem, arcs, points = self.problem, self.problem.arcs, self.problem.points
        x = layout.supplying(problem).astype(np.float64)
        usable = np.ascontiguousarray(layout.usable(problem).transpose(0, 2, 1))
        response = np.zeros(problem.states * problem.commodities)

        def one(state: int) -> None:
            if search.asked_to_stop():
                return
            s, k = divmod(state, problem.commodities)
            need, penalty, price = self._need[s, k], self._penalty[k], self._price[s, k]
            rows, wanted = np.flatnonzero(usable[s, k] > 0), np.flatnonzero(need > 0)
            times = state_times(problem, s, usable[s, k] > 0, x > 0)[np.ix_(rows, wanted)]
            cost = arc_cost(times, problem.rate[k])
            flow, exact = solve_transport(cost, need[wanted], usable[s, k, rows], penalty[wanted])
            response[state] = (np.where(flow[:-1] > 0, cost, 0.0) * flow[:-1]).sum()
            response[state] += penalty[wanted] @ flow[-1]
            price[:] = 0.0
            price[rows] = exact
            first = arcs.first[s * points : (s + 1) * points + 1]
            hoped = problem.share[s] * (HOPED * master.stage.unit[:, k] + problem.agreed[:, k])
            given = (first, arcs.site, arcs.origin, arcs.time_ds, problem.rate[k], need, penalty, x)
            complete(*given, usable[s, k], hoped, price)
            self._constant[s, k] = cut(*given, price, self._weight[s, k])

        list(pool.map(one, range(len(response))))
        if search.asked_to_stop():
            # Not priced to the end: kept only where there is no other.
            search.layout = search.layout or layout
            return np.inf
        goal = problem.goal
        per_state = response.reshape(problem.states, problem.commodities).sum(axis=1)
        value = goal.cost * sum(layout.yearly_terms(problem).values())
        value += problem.events_per_year * goal.risk(per_state, problem.probability)
        if goal.broken(per_state, problem.probability):
            value = np.inf
        if value < search.value:
            search.layout, search.value = layout, value
        self._add_violated(master, search, point)
        return value

    def _rounded(
        self, master: CutMaster, search: Search, pool: ThreadPoolExecutor, point: MasterPoint
    ) -> None:
        """Price the layout nearest to a relaxed one that keeps the rules."""
        arrays = LinearArrays()
        stage = add_first_stage(arrays, self.problem, cost_unit=master.scale * FAR)
        model = arrays.model("nearest layout")
        variables = list(model.variables())
        for column, value in zip(stage.open, point.open, strict=True):
            model.objective.set_linear_coefficient(
                variables[column], model.objective.get_linear_coefficient(variables[column]) + 1 - 2 * value
            )
        brief = replace(
            search.limits, gap=0.01, time_s=max(0.1, min(search.left_s, search.limits.time_s / 20))
        )
        found = self.engine.solve(model, brief, search.silent)
        if found.values is not None and not search.over:
            self._settle(master, search, pool, stage.layout(self.problem, found.values), rounds=6)
            search.tell("cuts: layout priced")

    def _integer_round(
        self, master: CutMaster, search: Search, pool: ThreadPoolExecutor, last: MasterPoint | None
    ) -> None:
        """One integer master, then its layout's stock settled and priced."""
        gap = max(search.limits.gap / 4, min(0.01, search.gap / 4))
        limits = replace(
            search.limits, gap=gap, time_s=max(0.1, min(search.left_s, search.limits.time_s / 4))
        )
        shut = np.empty(0, dtype=np.int64)
        if last is not None:
            # An option whose reduced cost lifts the relaxation above the best value is in no better layout.
            shut = np.flatnonzero(last.bound + last.reduced_cost > search.value * (1 + 1e-9))
            if search.layout is not None:
                shut = np.setdiff1d(shut, search.layout.options)
        known = search.layout is not None
        found, layout = master.integer_round(self.engine, limits, search.silent, search.layout, shut)
        master.infeasible = found.status is Status.INFEASIBLE and not known
        if found.bound is not None:
            search.bound = max(search.bound, min(found.bound, search.value))
        search.tell("cuts: integer master")
        if layout is not None and not search.over:
            self._settle(master, search, pool, layout)
            search.tell("cuts: layout priced")

    def _settle(
        self,
        master: CutMaster,
        search: Search,
        pool: ThreadPoolExecutor,
        layout: Layout,
        rounds: int = SETTLE_ROUNDS,
    ) -> None:
        """Best stock for fixed open sites: cuts by subgradient steps first, by exact prices to the end."""
        close = 0.2 * search.limits.gap
        master.fix(layout.options, search.limits.gap / 2)
        try:
            centre, best, exact = layout.stock, -np.inf, False
            for _ in range(rounds):
                point = search.relax(master)
                if point is None:
                    break
                layout = fitted(self.problem, Layout(layout.options, point.stock))
                exact = exact or point.bound - best < close * abs(point.bound)
                best = max(best, point.bound)
                if exact:
                    if self._exact(master, search, pool, layout, point) - best <= close * abs(best):
                        return
                    continue
                self._separate(master, search, pool, point, point.x, 0.5 * (point.stock + centre))
                centre = MEMORY * centre + (1 - MEMORY) * point.stock
        finally:
            master.fix(None)
        self._exact(master, search, pool, layout)


def least_response(problem: SitingProblem) -> FloatArray:
    """Response cost of one event with every site open and full, shape ``(S, K)``: a lower bound."""
    arcs, points = problem.arcs, problem.points
    nearest_ds = np.full(problem.states * points, np.inf)
    reached = np.flatnonzero(np.diff(arcs.first))
    nearest_ds[reached] = arcs.time_ds[arcs.first[reached]]
    cost = arc_cost(nearest_ds.reshape(problem.states, points, 1), problem.rate)
    least: FloatArray = (problem.need * np.minimum(cost, problem.penalty[None])).sum(axis=1)
    return least
