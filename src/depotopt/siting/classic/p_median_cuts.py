"""`PMedianCuts`: the linear relaxation by closed-form Benders cuts on the sites a `Reduction` leaves."""

from __future__ import annotations

import datetime

import numpy as np
from ortools.math_opt.python import mathopt

from depotopt.siting.classic.p_median_kernels import critical
from depotopt.siting.classic.p_median_lagrangean import Reduction
from depotopt.siting.classic.p_median_problem import PMedianProblem
from depotopt.siting.engines.answers import call
from depotopt.siting.linear import LinearArrays
from depotopt.units import FloatArray

VIOLATION = 1e-5
IDLE_SOLVES = 10
FIXING = 1e-7
"""Margin of reduced-cost fixing, relative to the objective."""


class PMedianCuts:
    """Master over sites and one distance estimate per point.

    Master
        min  sum_i weight[i] theta[i]
        s.t. sum_j y[j] = p, and the cuts found so far
    Cut of point ``i`` with critical distance ``v``
        theta[i] >= v - sum_{j: d[i,j] < v} (v - d[i,j]) y[j]

    ``v`` is the distance within which a fractional ``y`` adds up to one site; no other ``v`` gives a cut
    that is violated more. The prices of the Lagrangean bound are such distances too: with their cuts the
    first relaxation already reaches its bound.
    """

    def __init__(self, problem: PMedianProblem, reduction: Reduction) -> None:
        self.problem, self.reduction = problem, reduction
        self._sites = np.flatnonzero(~reduction.shut)
        self._column = np.full(problem.places, -1, dtype=np.int64)
        self._neighbour, self._distance = self._core_lists()
        arrays = LinearArrays()
        lower = reduction.kept[self._sites].astype(np.float64)
        self._y = arrays.add_columns(len(self._sites), lower=lower, upper=1.0, integer=False)
        self._column[self._sites] = self._y
        self._theta = arrays.add_columns(problem.places, lower=self._distance[:, 0], cost=problem.weight)
        arrays.add_rows(problem.p, problem.p, np.zeros(len(self._y), dtype=np.int64), self._y, 1.0)
        self.model = arrays.model("p-median")
        self._variables = list(self.model.variables())
        self._solver = mathopt.IncrementalSolver(self.model, mathopt.SolverType.GLOP)
        self._cuts: dict[mathopt.LinearConstraint, int] = {}
        self._origin: dict[mathopt.LinearConstraint, tuple[int, float]] = {}

    def _core_lists(self) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int32]], FloatArray]:
        """Neighbour lists without closed sites, padded with their last distance."""
        keep = ~self.reduction.shut[self.problem.neighbour]
        count = keep.sum(axis=1)
        widest = int(count.max(initial=1))
        order = np.argsort(~keep, axis=1, kind="stable")[:, :widest]
        neighbour = np.take_along_axis(self.problem.neighbour, order, 1)
        distance = np.take_along_axis(self.problem.distance, order, 1)
        # Beyond its own count a row repeats the farthest distance known: a valid place to stop a cut.
        beyond = np.arange(widest)[None, :] >= count[:, None]
        last = self.problem.distance[:, -1][:, None]
        distance = np.where(beyond, np.broadcast_to(last, distance.shape), distance)
        return np.ascontiguousarray(neighbour), np.ascontiguousarray(distance)

    def _add(self, i: int, value: float) -> None:
        """Add the cut of a point at a distance."""
        row = self.model.add_linear_constraint(lb=value)
        row.set_coefficient(self._variables[self._theta[i]], 1.0)
        nearer = int(np.searchsorted(self._distance[i], value, "left"))
        for a in range(nearer):
            column = self._column[self._neighbour[i, a]]
            row.set_coefficient(self._variables[column], float(value - self._distance[i, a]))
        self._cuts[row] = 0
        self._origin[row] = (i, value)

    def run(self) -> FloatArray:
        """Improve bound and solution of the reduction; return the prices of the last relaxation."""
        for i in range(self.problem.places):
            # The next listed distance at or above the price: the same line of the lower envelope.
            a = min(
                int(np.searchsorted(self._distance[i], self.reduction.price[i], "left")),
                self._distance.shape[1] - 1,
            )
            self._add(i, float(self._distance[i, a]))
        return self._relax()

    def _relax(self) -> FloatArray:
        """Cut off the relaxation until it is at its optimum or proves the best known."""
        reduction = self.reduction
        price = reduction.price
        while not reduction.over:
            parameters = mathopt.SolveParameters(
                presolve=mathopt.Emphasis.OFF,
                lp_algorithm=mathopt.LPAlgorithm.DUAL_SIMPLEX,
                time_limit=datetime.timedelta(seconds=max(reduction.left_s, 0.01)),
            )
            result = call("glop", lambda p=parameters: self._solver.solve(params=p))  # type: ignore[misc]
            if result.termination.reason is not mathopt.TerminationReason.OPTIMAL:
                break
            reduction.bound = max(reduction.bound, result.objective_value())
            values = np.array(result.variable_values(self._variables))
            self._fix(result)
            reduction.tell("p-median: relaxation")
            self._round(values[self._y])
            price = self._prices(result)
            if reduction.proved:
                break
            self._age(result)
            if not self._separate(values):
                break
        return price

    def _round(self, y: FloatArray) -> None:
        """Offer the most open sites when they differ from what is known."""
        chosen = self._sites[np.argsort(-y, kind="stable")[: self.problem.p]]
        value = self.problem.serve(chosen)[1]
        if value < self.reduction.value * (1 + 1e-3):
            self.reduction.offer(chosen.astype(np.int32), swaps=2)

    def _separate(self, values: FloatArray) -> int:
        value, violation = np.empty(self.problem.places), np.empty(self.problem.places)
        y = np.zeros(self.problem.places)
        y[self._sites] = np.clip(values[self._y], 0.0, 1.0)
        critical(self._neighbour, self._distance, y, value, violation, values[self._theta])
        scale = max(1.0, float(value.mean()))
        chosen = np.flatnonzero(violation > VIOLATION * scale)
        for i in chosen:
            self._add(int(i), float(value[i]))
        return len(chosen)

    def _age(self, result: mathopt.SolveResult) -> None:
        rows = list(self._cuts)
        for row, price in zip(rows, result.dual_values(rows), strict=True):
            self._cuts[row] = 0 if price > 1e-9 else self._cuts[row] + 1
            if self._cuts[row] > IDLE_SOLVES:
                del self._cuts[row]
                self.model.delete_linear_constraint(row)

    def _fix(self, result: mathopt.SolveResult) -> None:
        """Fix sites whose reduced cost passes the gap."""
        reduction = self.reduction
        variables = [self._variables[c] for c in self._y]
        reduced = np.array(result.reduced_costs(variables))
        limit = max(reduction.value - reduction.resolution - result.objective_value(), 0.0)
        # A reduced cost is as exact as the engine's tolerances; a fixed variable's says nothing.
        limit += FIXING * reduction.value
        for n in np.flatnonzero(np.abs(reduced) > limit):
            if variables[n].lower_bound == variables[n].upper_bound:
                continue
            if reduced[n] > 0:
                variables[n].upper_bound = 0.0
                reduction.shut[self._sites[n]] = True
            else:
                variables[n].lower_bound = 1.0
                reduction.kept[self._sites[n]] = True

    def _prices(self, result: mathopt.SolveResult) -> FloatArray:
        """Prices whose Lagrangean bound is at least that of the relaxation.

        The duals of a point's cuts add up to its weight; their mean critical distance is its price (the
        cut's coefficients are convex in ``v``, so the mean does no worse than the mix).
        """
        rows = list(self._cuts)
        price = self._distance[:, 0].copy()
        for row, dual in zip(rows, result.dual_values(rows), strict=True):
            i, value = self._origin[row]
            weight = self.problem.weight[i]
            if dual > 0 and weight > 0:
                price[i] += min(dual / weight, 1.0) * (value - self._distance[i, 0])
        return price
