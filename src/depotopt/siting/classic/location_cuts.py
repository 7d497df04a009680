"""`LocationCuts`: the linear relaxation by closed-form Benders cuts on the sites a `Reduction` leaves."""

from __future__ import annotations

import datetime

import numpy as np
from ortools.math_opt.python import mathopt

from depotopt.siting.classic.location import LocationProblem
from depotopt.siting.classic.location_kernels import critical
from depotopt.siting.classic.location_patterns import Lists, LocalCut, Relaxed, local_cuts, relaxed
from depotopt.siting.classic.location_prices import Reduction
from depotopt.siting.engines.answers import call
from depotopt.siting.model.linear import LinearArrays
from depotopt.units import FloatArray

VIOLATION = 1e-5
IDLE_SOLVES = 10
FEW = 0.02
"""Local cuts are looked for once no more than this share of the points has a violated cut of its own."""
SHARE, LONGER = 0.4, 1.0
"""Share of the time limit that the relaxation may take, and how many times as long as all before it: a quick
tree needs no better prices than good ones."""
LOCAL_SHARE = 0.25
"""The same for local cuts."""
PATIENCE, PROGRESS = 0.05, 0.04
"""Rounds of cuts go on while this share of the time limit closes that share of the gap."""


class LocationCuts:
    """Master over sites and one distance estimate per point.

    Master
        min  sum_j f[j] y[j] + sum_i weight[i] theta[i]
        s.t. least <= sum_j y[j] <= most, and the cuts found so far
    Cut of point ``i`` with critical distance ``v``
        theta[i] >= v - sum_{j: d[i,j] < v} (v - d[i,j]) y[j]

    ``v`` is the distance within which a fractional ``y`` adds up to one site; no other ``v`` gives a cut
    that is violated more. The prices of the Lagrangean bound are such distances too: with their cuts the
    first relaxation already reaches its bound. Where they are all kept, local cuts see several points at once
    (`local_cuts`).
    """

    def __init__(self, problem: LocationProblem, reduction: Reduction) -> None:
        self.problem, self.reduction = problem, reduction
        self._sites = np.flatnonzero(~reduction.shut)
        self._column = np.full(problem.sites, -1, dtype=np.int64)
        self._neighbour, self._distance = self._core_lists()
        arrays = LinearArrays()
        lower = reduction.kept[self._sites].astype(np.float64)
        opening = problem.arrays.opening[self._sites]
        self._y = arrays.add_columns(len(self._sites), lower=lower, upper=1.0, cost=opening)
        self._column[self._sites] = self._y
        weight = problem.arrays.weight
        self._theta = arrays.add_columns(problem.points, lower=self._distance[:, 0], cost=weight)
        arrays.add_rows(problem.least, problem.most, np.zeros(len(self._y), dtype=np.int64), self._y, 1.0)
        self.model = arrays.model("location")
        self._variables = list(self.model.variables())
        self._solver = mathopt.IncrementalSolver(self.model, mathopt.SolverType.GLOP)
        self._cuts: dict[mathopt.LinearConstraint, int] = {}
        self._origin: dict[mathopt.LinearConstraint, tuple[int, float]] = {}
        self._local: dict[mathopt.LinearConstraint, LocalCut] = {}
        self._mark = (0.0, 0.0)

    def _core_lists(self) -> tuple[np.ndarray[tuple[int, int], np.dtype[np.int32]], FloatArray]:
        """Neighbour lists without closed sites, padded with their last distance."""
        keep = ~self.reduction.shut[self.problem.arrays.neighbour]
        count = keep.sum(axis=1)
        widest = int(count.max(initial=1))
        order = np.argsort(~keep, axis=1, kind="stable")[:, :widest]
        neighbour = np.take_along_axis(self.problem.arrays.neighbour, order, 1)
        distance = np.take_along_axis(self.problem.arrays.distance, order, 1)
        # Beyond its own count a row repeats the farthest distance known: a valid place to stop a cut.
        beyond = np.arange(widest)[None, :] >= count[:, None]
        last = self.problem.arrays.distance[:, -1][:, None]
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

    def run(self) -> None:
        """Improve bound and solution of the reduction."""
        for i in range(self.problem.points):
            # The next listed distance at or above the price: the same line of the lower envelope.
            a = min(
                int(np.searchsorted(self._distance[i], self.reduction.price[i], "left")),
                self._distance.shape[1] - 1,
            )
            self._add(i, float(self._distance[i, a]))
        limit_s = self.reduction.limits.time_s
        self._relax(min(SHARE * limit_s, LONGER * self.reduction.spent_s))

    def strengthen(self) -> bool:
        """Add local cuts; whether they closed a good part of the gap."""
        before = self.reduction.bound
        self._relax(LOCAL_SHARE * self.reduction.limits.time_s, local=True)
        return self.reduction.bound - before > PROGRESS * (self.reduction.value - before)

    def _relax(self, seconds: float, *, local: bool = False) -> None:
        """Cut off the relaxation until it is at its optimum or proves the best known, or stands still."""
        reduction = self.reduction
        self._mark, stalls = (reduction.spent_s, reduction.bound), 0
        until_s = max(reduction.left_s - seconds, 0.0)
        while not reduction.over and reduction.left_s > until_s:
            parameters = mathopt.SolveParameters(
                presolve=mathopt.Emphasis.OFF,
                lp_algorithm=mathopt.LPAlgorithm.DUAL_SIMPLEX,
                time_limit=datetime.timedelta(seconds=max(reduction.left_s - until_s, 0.01)),
            )
            result = call("glop", lambda p=parameters: self._solver.solve(params=p))  # type: ignore[misc]
            if result.termination.reason is not mathopt.TerminationReason.OPTIMAL:
                break
            values = np.array(result.variable_values(self._variables))
            costs = self._costs(result)
            # The bound is evaluated at the prices, not read from the engine: no tolerance enters the proof.
            reduction.observe(self._prices(result, costs), costs)
            reduction.tell("relaxation")
            self._round(values[self._y])
            self._fix()
            if reduction.proved:
                break
            self._age(result)
            added = self._separate(values)
            stalled = self._stalled()
            stalls += stalled
            if local and (added <= FEW * self.problem.points or stalled):
                added += self._look_around(values)
            # Where cuts of single points stand still local ones get their turn.
            if not added or stalls > int(local):
                break

    def _round(self, y: FloatArray) -> None:
        """Offer the most open sites when they differ from what is known."""
        count = min(max(round(float(y.sum())), self.problem.least, 1), self.problem.most)
        chosen = self._sites[np.argsort(-y, kind="stable")[:count]]
        value = self.problem.serve(chosen)[1]
        if value < self.reduction.value * (1 + 1e-3):
            self.reduction.offer(chosen.astype(np.int32), sweeps=2)

    def _separate(self, values: FloatArray) -> int:
        y = self._openness(values)
        value, violation = critical(self._neighbour, self._distance, y, values[self._theta])
        scale = max(1.0, float(value.mean()))
        chosen = np.flatnonzero(violation > VIOLATION * scale)
        for i in chosen:
            self._add(int(i), float(value[i]))
        return len(chosen)

    def _look_around(self, values: FloatArray) -> int:
        """Add local cuts."""
        y = self._openness(values)
        lists = Lists(self._neighbour, self._distance, self.problem.arrays.weight)
        cuts = local_cuts(self.problem.arrays, lists, y, values[self._theta])
        for _gain, cut in cuts:
            row = self.model.add_linear_constraint(lb=cut.least)
            for i in cut.points:
                row.set_coefficient(self._variables[self._theta[i]], float(lists.weight[i]))
            for j, coefficient in zip(self._column[cut.sites], cut.coefficient, strict=True):
                row.set_coefficient(self._variables[self._y[j]], float(coefficient))
            self._cuts[row] = 0
            self._local[row] = cut
        return len(cuts)

    def _stalled(self) -> bool:
        """Whether cuts close too little of the gap for the time they take."""
        reduction, (since_s, before) = self.reduction, self._mark
        if reduction.spent_s - since_s < PATIENCE * reduction.limits.time_s:
            return False
        self._mark = (reduction.spent_s, reduction.bound)
        return reduction.bound - before < PROGRESS * (reduction.value - before)

    def _openness(self, values: FloatArray) -> FloatArray:
        """How open every site is; 0 where the master does not have it."""
        y = np.zeros(self.problem.sites)
        y[self._sites] = np.clip(values[self._y], 0.0, 1.0)
        return y

    def _age(self, result: mathopt.SolveResult) -> None:
        rows = list(self._cuts)
        for row, price in zip(rows, result.dual_values(rows), strict=True):
            self._cuts[row] = 0 if price > 1e-9 else self._cuts[row] + 1
            if self._cuts[row] > IDLE_SOLVES:
                del self._cuts[row]
                self._origin.pop(row, None)
                self._local.pop(row, None)
                self.model.delete_linear_constraint(row)

    def _fix(self) -> None:
        """Pass on to the master what the reduction has fixed."""
        for n, j in enumerate(self._sites):
            variable = self._variables[self._y[n]]
            if self.reduction.shut[j] and variable.upper_bound > 0.0:
                variable.upper_bound = 0.0
            elif self.reduction.kept[j] and variable.lower_bound < 1.0:
                variable.lower_bound = 1.0

    def _costs(self, result: mathopt.SolveResult) -> Relaxed:
        """The costs less what the local cuts say."""
        rows = list(self._local)
        duals = result.dual_values(rows) if rows else []
        return relaxed(
            self.problem.arrays,
            [(self._local[row], dual) for row, dual in zip(rows, duals, strict=True) if dual > 0.0],
        )

    def _prices(self, result: mathopt.SolveResult, costs: Relaxed) -> FloatArray:
        """Prices whose Lagrangean bound is at least that of the relaxation.

        The duals of a point's own cuts add up to its weight; their mean critical distance is its price (the
        cut's coefficients are convex in ``v``, so the mean does no worse than the mix).
        """
        rows = list(self._origin)
        price = self._distance[:, 0].copy()
        for row, dual in zip(rows, result.dual_values(rows), strict=True):
            i, value = self._origin[row]
            weight = costs.weight[i]
            if dual > 0 and weight > 1e-9 * self.problem.arrays.weight[i]:
                price[i] += min(dual / weight, 1.0) * (value - self._distance[i, 0])
        return price
