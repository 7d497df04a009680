"""Balance of a stock: what serving costs with this placement over the best placement of the same stock."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from depotopt.errors import EngineError, UsageError
from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.siting.recourse.recourse import arc_cost, state_times
from depotopt.solving import Monitor
from depotopt.units import BoolArray, FloatArray, Int64Array

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt

GROUPS: Final = 20
"""States are cut in so many groups: finer cuts need fewer rounds, coarser ones smaller programs."""
ROUNDS: Final = 120
KEPT_COSTS: Final = 20_000_000
"""Costs of a commodity kept for all road states, 160 MB; beyond that they are made anew, state by state."""


@dataclass(frozen=True, slots=True)
class Balance:
    """Placement of one commodity's stock, measured.

    Attributes
    ----------
    commodity
        Position in the scenario.
    value
        Expected response cost of an event with this placement.
    best
        The least found by moving the same stock among the open depots.
    bound
        Proved lower bound on it.
    placement
        Units per site of the best placement found, shape ``(J,)``.
    """

    commodity: int
    value: float
    best: float
    bound: float
    placement: FloatArray

    @property
    def ratio(self) -> float:
        """``V(A) / V(A*)`` as far as found: 1 where nothing is gained by moving stock."""
        return self.value / self.best if self.best > 0 else 1.0


def balance(
    problem: SitingProblem,
    opened: BoolArray,
    stock: FloatArray,
    agreed: FloatArray | None = None,
    *,
    gap: float = 0.005,
    monitor: Monitor | None = None,
) -> tuple[Balance, ...]:
    """Measure how well a stock lies, commodity by commodity.

    Sets J open depots that may store the commodity, S road states
    Parameters as in `SitingProblem`; total = sum_j stock[j]; agreed[j] stays
    Variables z[j] >= 0 units at depot j; response[s]

    ::

        min  sum_s prob[s] response[s]
        s.t. sum_j z[j] = total
             response[s] >= sum_i need v - sum_j price[j] share[s,j] (z[j] + agreed[j])
                         for every dual solution of state s

    The rows are added as they are violated (Kelley 1960), grouped over states, at the program's solution and
    between it and the best placement so far. Storage limits are left out, as in the metric's definition.

    Parameters
    ----------
    problem
        The siting problem with the road states to measure on.
    opened
        Which sites are open and dispatch, shape ``(J,)``.
    stock
        Units held that could lie elsewhere, shape ``(J, K)``.
    agreed
        Expected units of agreements, which stay where their suppliers are, shape ``(J, K)``; ``None``
        for none.
    gap
        Relative gap between best placement and bound at which a commodity is done.
    monitor
        A stop ends the search; bounds stay valid.

    References
    ----------
    Acimovic and Goentzel (2016), Journal of Operations Management 45, 77-91.
    """
    if stock.shape != (problem.sites, problem.commodities) or opened.shape != (problem.sites,):
        raise UsageError("stock and open sites do not belong to the siting problem")
    found = []
    fixed = np.zeros_like(stock) if agreed is None else np.where(opened[:, None], agreed, 0.0)
    for k in range(problem.commodities):
        sites = np.flatnonzero(opened & (problem.storable[:, k] | (fixed[:, k] > 0)))
        total = float(stock[sites, k].sum())
        if total > 0 and problem.need[:, :, k].any():
            search = _Search(problem, k, sites, opened, fixed[sites, k])
            found.append(search.run(stock[sites, k], gap, monitor or Monitor()))
    return tuple(found)


def layout_balance(
    problem: SitingProblem, layout: Layout, *, monitor: Monitor | None = None
) -> tuple[Balance, ...]:
    """Measure a layout of a siting problem; see `balance`."""
    opened = layout.supplying(problem)
    return balance(
        problem, opened, np.where(opened[:, None], layout.stock, 0.0), problem.agreed, monitor=monitor
    )


class _Search:
    """Kelley's method for one commodity."""

    def __init__(
        self, problem: SitingProblem, commodity: int, sites: Int64Array, opened: BoolArray, fixed: FloatArray
    ) -> None:
        self.problem, self.commodity, self.sites, self.fixed = problem, commodity, sites, fixed
        self._opened, self._holds = opened, np.zeros(problem.sites, dtype=np.bool_)
        self._holds[sites] = True
        # Tables of open depots are five times as fast as arcs where stock is short, but grow with states.
        few = len(sites) * problem.points * problem.states <= KEPT_COSTS
        self._costs = [self._cost(s) for s in range(problem.states)] if few else []
        self.group = np.arange(problem.states) % min(GROUPS, problem.states)

    def _cost(self, s: int) -> FloatArray:
        """Cost per unit from the depots to the points in one road state, ``(J', I)``."""
        time_ds = state_times(self.problem, s, self._holds, self._opened)[self.sites]
        return arc_cost(time_ds, self.problem.rate[self.commodity])

    def run(self, stock: FloatArray, gap: float, monitor: Monitor) -> Balance:
        """Search from the stock as it lies."""
        value, cuts = self._cuts(stock)
        movable = self.problem.storable[self.sites, self.commodity]
        master = _Master(movable, float(stock.sum()), int(self.group.max()) + 1)
        best, placement, bound = value, stock, 0.0
        master.add(cuts)
        for _ in range(ROUNDS):
            if best - bound <= gap * max(best, 1e-12) or monitor.stopped:
                break
            bound, centre = master.solve(bound)
            between = 0.5 * (centre + placement)
            for point in (between, centre):
                cost, cuts = self._cuts(point)
                master.add(cuts)
                if cost < best:
                    best, placement = cost, point
        full = np.zeros(self.problem.sites)
        full[self.sites] = placement
        return Balance(self.commodity, value, best, min(bound, best), full)

    def _cuts(self, stock: FloatArray) -> tuple[float, FloatArray]:
        """Expected response, and per group the cut ``constant, slopes`` over placements, ``(G, 1 + J')``."""
        from depotopt.siting.prices.transport import solve_transport

        problem, k = self.problem, self.commodity
        cuts = np.zeros((int(self.group.max()) + 1, 1 + len(self.sites)))
        total = 0.0
        for s in range(problem.states):
            cost = self._costs[s] if self._costs else self._cost(s)
            need, penalty = problem.need[s, :, k], problem.penalty[:, k]
            share = problem.share[s, self.sites]
            supply = share * (stock + self.fixed)
            _, price = solve_transport(cost, need, supply, penalty)
            held = supply > 0
            worth = np.minimum(penalty, (cost + price[:, None])[held].min(axis=0, initial=np.inf))
            # A depot that holds nothing has no price of its own: the least that keeps the values feasible.
            wanted = need > 0
            gain = worth[None, wanted] - cost[:, wanted]
            price = np.maximum(gain.max(axis=1, initial=0.0), 0.0)
            slopes = -price * share
            constant = float(need @ worth + slopes @ self.fixed)
            row = problem.probability[s] * np.concatenate([[constant], slopes])
            cuts[self.group[s]] += row
            total += float(row[0] + row[1:] @ stock)
        return total, cuts


class _Master:
    """The program over placements, kept between rounds by GLOP."""

    def __init__(self, movable: BoolArray, total: float, groups: int) -> None:
        from ortools.math_opt.python import mathopt

        self.model = mathopt.Model(name="balance")
        self.stock = [
            self.model.add_variable(lb=0.0, ub=total if may else 0.0, name=f"z{j}")
            for j, may in enumerate(movable)
        ]
        self.response = [self.model.add_variable(lb=0.0, name=f"r{g}") for g in range(groups)]
        self.model.add_linear_constraint(mathopt.fast_sum(self.stock) == total)
        self.model.minimize(mathopt.fast_sum(self.response))
        self._solver = mathopt.IncrementalSolver(self.model, mathopt.SolverType.GLOP)

    def add(self, cuts: FloatArray) -> None:
        """One row per group."""
        for response, cut in zip(self.response, cuts, strict=True):
            row = self.model.add_linear_constraint(lb=float(cut[0]))
            row.set_coefficient(response, 1.0)
            for variable, slope in zip(self.stock, cut[1:], strict=True):
                if slope:
                    row.set_coefficient(variable, -float(slope))

    def solve(self, bound: float) -> tuple[float, FloatArray]:
        """Bound and placement of the program; the bound never falls."""
        from ortools.math_opt.python import mathopt

        result: mathopt.SolveResult = self._solver.solve()
        if result.termination.reason is not mathopt.TerminationReason.OPTIMAL:
            raise EngineError("glop", f"ended with {result.termination.reason.name} on a placement of stock")
        values = np.array(result.variable_values(self.stock))
        return max(bound, result.termination.objective_bounds.dual_bound), values
