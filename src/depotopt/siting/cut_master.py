"""The master problem of the price cuts: first stage plus a cost estimate per road state and commodity."""

from __future__ import annotations

import datetime
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from depotopt.errors import EngineError
from depotopt.siting.engines import Answer, MilpEngine
from depotopt.siting.engines.answers import call
from depotopt.siting.first_stage import FirstStage, add_first_stage
from depotopt.siting.goal import add_goal
from depotopt.siting.linear import LinearArrays
from depotopt.siting.outcome import as_layout_values
from depotopt.siting.problem import Layout, SitingProblem
from depotopt.solving import Monitor, SolveLimits, Status
from depotopt.units import FloatArray, Int32Array, Int64Array

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt
    from ortools.util.python.solve_interrupter import SolveInterrupter

IDLE_SOLVES = 15
"""A cut that was slack in that many relaxations in a row is dropped."""
SLACK = 1e-9
COEFFICIENT = 1e-10
"""Smaller coefficients are rounded up to this one: a weaker cut that is valid still."""


@dataclass(frozen=True, slots=True)
class MasterPoint:
    """A solution of the relaxation.

    Attributes
    ----------
    bound
        Its value: a lower bound on the siting objective while nothing is fixed.
    x
        How far each site is open in a tier whose stock counts, shape ``(J,)``.
    stock
        Units, shape ``(J, K)``.
    theta
        Estimated response cost of one event, shape ``(S, K)``.
    open
        Value per option, shape ``(O,)``.
    reduced_cost
        Per option, in cost of the objective.
    """

    bound: float
    x: FloatArray
    stock: FloatArray
    theta: FloatArray
    open: FloatArray
    reduced_cost: FloatArray


class CutMaster:
    """A MathOpt model kept incremental: GLOP's dual simplex between rounds, HiGHS for integer rounds.

    GLOP keeps its basis when rows are added; HiGHS through MathOpt starts anew (100 sites x 500 points
    x 50 states: 36 relaxations in 4.1 s by GLOP, 19.8 s by HiGHS), so relaxations go to GLOP.

    Costs are divided so that the least conceivable response (every site open and full) comes to about
    1,000, and each ``theta`` counts in units of its own state's least response, so that the engines'
    absolute tolerances mean little relative to the objective.

    Parameters
    ----------
    problem
        The siting problem.
    least
        Response cost of one event with every site open and full, shape ``(S, K)``.
    """

    def __init__(self, problem: SitingProblem, least: FloatArray) -> None:
        from ortools.math_opt.python import mathopt

        self.problem = problem
        weight = problem.state_weight[:, None]
        full = np.einsum("sik,ik->sk", problem.need, problem.penalty)
        self.unit = np.maximum(np.maximum(least, 1e-3 * full), 1e-9)
        """Cost per unit of each ``theta`` column."""
        goal = problem.goal
        self.scale = max(float((weight * self.unit).sum()), 1e-9) / 1e3
        arrays = LinearArrays()
        self.stage: FirstStage = add_first_stage(arrays, problem, weight=goal.cost, cost_unit=self.scale)
        self._x = self._dispatch_columns(arrays)
        theta = arrays.add_columns(
            least.size,
            lower=(least / self.unit).ravel(),
            cost=goal.mean * (weight * self.unit).ravel() / self.scale,
        )
        self.theta = theta.reshape(problem.states, problem.commodities)
        per_cost = problem.events_per_year / self.scale
        ceilings = add_goal(arrays, goal, problem.probability, self.theta, self.unit, per_cost)
        self.columns = arrays.columns
        self.model = arrays.model("master")
        self._variables = list(self.model.variables())
        self._integer(False)
        self._solver = mathopt.IncrementalSolver(self.model, mathopt.SolverType.GLOP)
        self._cuts: dict[mathopt.LinearConstraint, int] = {}
        self._ceilings = [(self.model.get_linear_constraint(row), amount) for row, amount in ceilings]
        self._fixed = False
        self.infeasible = False
        """Whether the relaxation, with nothing fixed, was found to have no solution."""

    @property
    def cuts(self) -> int:
        """Cuts in the model now."""
        return len(self._cuts)

    def _dispatch_columns(self, arrays: LinearArrays) -> Int64Array:
        """Column telling whether a site's stock counts, -1 where it cannot; one option is its own."""
        o = self.problem.options
        able = np.flatnonzero(o.supplies)
        column = np.full(self.problem.sites, -1, dtype=np.int64)
        count = np.bincount(o.site[able], minlength=self.problem.sites)
        for j in np.flatnonzero(count):
            options = able[o.site[able] == j]
            if len(options) == 1:
                column[j] = self.stage.open[options[0]]
                continue
            column[j] = arrays.add_columns(1, upper=1.0)[0]
            columns = np.concatenate([[column[j]], self.stage.open[options]])
            values = np.concatenate([[1.0], -np.ones(len(options))])
            arrays.add_rows(0.0, 0.0, np.zeros(len(columns), dtype=np.int64), columns, values)
        opened: Int64Array = column[self.problem.opener]
        return opened

    def _integer(self, integer: bool) -> None:
        for column in self.stage.open:
            self._variables[column].integer = integer

    def add_cut(self, s: int, k: int, constant: float, on_stock: FloatArray, on_x: FloatArray) -> None:
        """Add ``cost[s,k] >= constant - on_stock . stock[:,k] - on_x . x`` (cost of one event)."""
        cost = self.unit[s, k]
        row = self.model.add_linear_constraint(lb=constant / cost)
        row.set_coefficient(self._variables[self.theta[s, k]], 1.0)
        column, unit = self.stage.stock[:, k], self.stage.unit[:, k]
        stock = np.where(column >= 0, on_stock * unit / cost, 0.0)
        for j in np.flatnonzero(stock > 0):
            # Rounding a coefficient up only weakens the cut.
            row.set_coefficient(self._variables[column[j]], max(stock[j], COEFFICIENT))
        # Agreements that come later open with their site: one column for both.
        together = np.bincount(self.problem.opener, weights=on_x, minlength=self.problem.sites)
        opened = np.where(self._x >= 0, together / cost, 0.0)
        for j in np.flatnonzero(opened > 0):
            row.set_coefficient(self._variables[self._x[j]], max(opened[j], COEFFICIENT))
        self._cuts[row] = 0

    def relax(self, time_s: float, interrupter: SolveInterrupter | None = None) -> MasterPoint | None:
        """Solve the relaxation; ``None`` when it is infeasible, interrupted or the time is up."""
        from ortools.math_opt.python import mathopt

        result = self._relaxed(time_s, interrupter)
        reason = result.termination.reason
        if reason is mathopt.TerminationReason.INFEASIBLE and not self._fixed:
            self.infeasible = True
        if reason is not mathopt.TerminationReason.OPTIMAL:
            return None
        values = np.array(result.variable_values(self._variables))
        reduced = np.array(result.reduced_costs([self._variables[c] for c in self.stage.open]))
        if not self._fixed:
            self._age(result)
        return self._point(result.objective_value() * self.scale, values, reduced * self.scale)

    def _relaxed(self, time_s: float, interrupter: SolveInterrupter | None) -> mathopt.SolveResult:
        """GLOP from its last basis; where that fails numerically, HiGHS from scratch."""
        from ortools.math_opt.python import mathopt

        limit = datetime.timedelta(seconds=max(time_s, 0.01))
        warm = mathopt.SolveParameters(
            presolve=mathopt.Emphasis.OFF,
            lp_algorithm=mathopt.LPAlgorithm.DUAL_SIMPLEX,
            time_limit=limit,
        )
        try:
            result = call("glop", lambda: self._solver.solve(params=warm, interrupter=interrupter))
            if result.termination.reason in (
                mathopt.TerminationReason.OPTIMAL,
                mathopt.TerminationReason.FEASIBLE,
                mathopt.TerminationReason.NO_SOLUTION_FOUND,
            ):
                return result
        except EngineError:
            # "Unexpected GLOP termination reason: ABNORMAL" was met on long runs of near-parallel cuts.
            pass
        self._solver = mathopt.IncrementalSolver(self.model, mathopt.SolverType.GLOP)
        cold = mathopt.SolveParameters(time_limit=limit)
        return call("highs", lambda: mathopt.solve(self.model, mathopt.SolverType.HIGHS, params=cold))

    def _point(self, bound: float, values: FloatArray, reduced: FloatArray) -> MasterPoint:
        stock = np.where(self.stage.stock >= 0, values[self.stage.stock] * self.stage.unit, 0.0)
        x = np.where(self._x >= 0, np.clip(values[self._x], 0.0, 1.0), 0.0)
        return MasterPoint(
            bound, x, np.maximum(stock, 0.0), values[self.theta] * self.unit, values[self.stage.open], reduced
        )

    def _age(self, result: mathopt.SolveResult) -> None:
        """Drop cuts whose price has been zero for long."""
        rows = list(self._cuts)
        for row, price in zip(rows, result.dual_values(rows), strict=True):
            self._cuts[row] = 0 if price > SLACK else self._cuts[row] + 1
            if self._cuts[row] > IDLE_SOLVES:
                del self._cuts[row]
                self.model.delete_linear_constraint(row)

    def fix(self, options: Int32Array | None, margin: float = 0.0) -> None:
        """Fix the first stage to exactly these options; ``None`` frees it again.

        While fixed, ceilings are lower by the relative ``margin``: estimates of responses come from below,
        so stock that just keeps a ceiling in the master breaks it in truth.
        """
        self._fixed = options is not None
        for row, amount in self._ceilings:
            row.upper_bound = amount * (1.0 - margin) if self._fixed else amount
        for n, column in enumerate(self.stage.open):
            variable = self._variables[column]
            variable.lower_bound = 0.0 if options is None else float(n in options)
            variable.upper_bound = 1.0 if options is None else float(n in options)

    def integer_round(
        self,
        engine: MilpEngine,
        limits: SolveLimits,
        monitor: Monitor | None,
        start: Layout | None,
        shut: Int64Array,
    ) -> tuple[Answer, Layout | None]:
        """Solve the master with integer options; options in ``shut`` stay closed.

        Returns
        -------
        tuple
            The answer, its bound in cost of the objective, and the layout it chose.
        """
        for n in shut:
            self._variables[self.stage.open[n]].upper_bound = 0.0
        self._integer(True)
        hint = None if start is None else as_layout_values(self.problem, self.stage, start, self.columns)
        try:
            found = engine.solve(self.model, limits, monitor, hint=hint, stage="cuts: integer master")
        finally:
            self._integer(False)
            for n in shut:
                self._variables[self.stage.open[n]].upper_bound = 1.0
        bound = None if found.bound is None else found.bound * self.scale
        objective = None if found.objective is None else found.objective * self.scale
        layout = None if found.values is None else self.stage.layout(self.problem, found.values)
        if found.status is Status.INFEASIBLE:
            return replace(found, bound=None), None
        return replace(found, bound=bound, objective=objective), layout
