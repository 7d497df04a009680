"""The master problem of the price cuts: first stage plus a cost estimate per road state and commodity."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from depotopt.errors import EngineError
from depotopt.siting.cuts.kept_cuts import KeptCuts
from depotopt.siting.cuts.outcome import as_layout_values
from depotopt.siting.cuts.separation import Separation
from depotopt.siting.cuts.state_groups import StateGroups
from depotopt.siting.engines import Answer, MilpEngine
from depotopt.siting.engines.relaxation import Relaxation
from depotopt.siting.model.first_stage import FirstStage, add_first_stage
from depotopt.siting.model.goal import add_goal
from depotopt.siting.model.linear import LinearArrays
from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.solving import Monitor, SolveLimits, Status
from depotopt.units import FloatArray, Int32Array, Int64Array

if TYPE_CHECKING:
    from ortools.math_opt.python import mathopt

IDLE_SOLVES, IDLE_HELD_SOLVES = 8, 25
"""A cut that was slack in that many relaxations in a row is dropped (the second: where sites are held)."""
KEPT_IDLE = 1
"""Cuts that were slack in no more relaxations in a row than that are kept for a later solve."""
SLACK = 1e-9
COEFFICIENT = 1e-10
"""Smaller coefficients are rounded up to this one: a weaker cut that is valid still."""
Held = dict[int, float | tuple[float, float]]
"""Columns held at a value, or between two."""


@dataclass(frozen=True, slots=True)
class MasterPoint:
    """A solution of the relaxation.

    Attributes
    ----------
    bound
        Its value: a lower bound on the siting objective under the holds in force.
    x
        How far each site is open in a tier whose stock counts, shape ``(J,)``.
    stock
        Units, shape ``(J, K)``.
    theta
        Estimated response cost of each group of states, shape ``(G,)``.
    values
        Value per column of the model.
    reduced_cost
        Per option, in cost of the objective.
    """

    bound: float
    x: FloatArray
    stock: FloatArray
    theta: FloatArray
    values: FloatArray
    reduced_cost: FloatArray


@dataclass(slots=True)
class _Cut:
    """A cut in units of the problem, see `KeptCuts`; and in how many relaxations it was slack.

    As a row it is ``sum value * column >= least``.
    """

    group: int
    constant: float
    on_x: FloatArray
    on_stock: FloatArray
    column: Int64Array
    value: FloatArray
    least: float
    idle: int = 0


class CutMaster:
    """First stage, estimates and cuts: a relaxation kept warm from solve to solve, and a MathOpt model of it.

    Costs are divided so that the least conceivable response (every site open and full) comes to about
    1,000, and each ``theta`` counts in units of its own group's least response, so that the engines'
    absolute tolerances mean little relative to the objective.

    Parameters
    ----------
    problem
        The siting problem.
    least
        Response cost of one event with every site open and full, shape ``(S, K)``.
    groups
        Which states and commodities share an estimate; ``None``: see `StateGroups.of`.
    """

    def __init__(self, problem: SitingProblem, least: FloatArray, groups: StateGroups | None = None) -> None:

        self.problem = problem
        self.groups = groups or StateGroups.of(problem)
        full = np.einsum("sik,ik->sk", problem.need, problem.penalty)
        unit = np.maximum(np.maximum(least, 1e-3 * full), 1e-9)
        self.unit = self.groups.total(unit)
        """Cost per unit of each ``theta`` column."""
        goal, cost = problem.goal, problem.events_per_year * self.groups.probability
        self.scale = max(float(cost @ self.unit), 1e-9) / 1e3
        arrays = LinearArrays()
        self.stage: FirstStage = add_first_stage(arrays, problem, weight=goal.cost, cost_unit=self.scale)
        self.opened = self._supply_columns(arrays)
        """Column telling how far each site is open, -1 where it cannot be."""
        whole = np.unique(self.opened[self.opened >= 0])
        self.branches: tuple[Int64Array, Int64Array] = (whole, np.setdiff1d(self.stage.open, whole))
        """Columns that are whole in a layout: how far sites are open, then their options."""
        self.system = arrays.system()
        """First-stage columns and rows without estimates; costs in units of `scale`."""
        self.theta = arrays.add_columns(
            self.groups.count,
            lower=self.groups.total(least) / self.unit,
            cost=goal.mean * cost * self.unit / self.scale,
        )
        ceilings: list[tuple[int, float]] = []
        if not goal.is_mean:
            shape = (problem.states, -1)
            per_cost = problem.events_per_year / self.scale
            unit = self.unit.reshape(shape)
            ceilings = add_goal(arrays, goal, problem.probability, self.theta.reshape(shape), unit, per_cost)
        self.counts = self._count_columns(arrays)
        """Columns that count open options, alike in tier and size class or in tier: whole in a layout."""
        self.columns = arrays.columns
        self._arrays, self._rows = arrays, arrays.rows
        system = arrays.system()
        self._ranges = {int(c): (float(system.lower[c]), float(system.upper[c])) for c in self.counts}
        self._relaxation = Relaxation(system.cost, system.lower, system.upper)
        rows = system.matrix
        self._relaxation.add_rows(system.row_lower, system.row_upper, rows.indptr, rows.indices, rows.data)
        self._cuts: list[_Cut] = []
        """Cuts in the order of their rows, which follow those of the first stage."""
        able, held = self.opened >= 0, self.stage.stock.T.ravel()
        self._places = (
            np.concatenate([np.where(able, self.opened, 0), held]),
            np.concatenate([able, np.where(held >= 0, self.stage.unit.T.ravel(), 0.0)]),
        )
        """Column and unit of each coefficient of a cut; a unit of 0 where there is no column."""
        self._ceilings, self._margin = ceilings, 0.0
        self._held: Held = {}
        self.infeasible = False
        """Whether the last relaxation was found to have no solution."""

    @property
    def cuts(self) -> int:
        """Cuts in the model now."""
        return len(self._cuts)

    def _supply_columns(self, arrays: LinearArrays) -> Int64Array:
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

    def _count_columns(self, arrays: LinearArrays) -> Int64Array:
        """Columns for how many options are open of each tier and size class, and of each tier.

        Where many sites would do nearly as well, the relaxation opens a bit of each: how many are open in all
        is then worth more to branch on than any one of them.
        """
        o = self.problem.options
        alike: dict[tuple[int, ...], Int64Array] = {}
        for tier, size_class in {(int(t), int(c)) for t, c in zip(o.tier, o.size_class, strict=True)}:
            alike[tier, size_class] = np.flatnonzero((o.tier == tier) & (o.size_class == size_class))
            alike[tier,] = np.flatnonzero(o.tier == tier)
        groups = {tuple(options.tolist()) for options in alike.values() if len(options) > 1}
        found = []
        for options in sorted(groups):
            column = arrays.add_columns(1, upper=float(len(options)))
            columns = np.concatenate([column, self.stage.open[list(options)]])
            values = np.concatenate([[1.0], -np.ones(len(options))])
            arrays.add_rows(0.0, 0.0, np.zeros(len(columns), dtype=np.int64), columns, values)
            found.append(int(column[0]))
        return np.array(found, dtype=np.int64)

    def add_cuts(self, separation: Separation, chosen: npt.NDArray[np.bool_]) -> None:
        """Add the cuts of some groups, shape ``(G,)``, as the separation has them now."""
        constant = self.groups.total(separation.constant)
        stock = self.groups.per_commodity(separation.on_stock)
        # Agreements that come later open with their site: one column for both.
        opener, sites = self.problem.opener, self.problem.sites
        on_x = self.groups.joined(separation.on_x)
        if len(self.problem.opened_with):
            on_x = np.stack([np.bincount(opener, weights=row, minlength=sites) for row in on_x])
        self._add([self._cut(int(g), float(constant[g]), on_x[g], stock[g]) for g in np.flatnonzero(chosen)])

    def _cut(self, group: int, constant: float, on_x: FloatArray, on_stock: FloatArray) -> _Cut:
        """A cut with its row."""
        columns, units = self._places
        cost = self.unit[group]
        values = np.concatenate([on_x, on_stock.ravel()]) * units / cost
        if not (np.isfinite(constant) and np.isfinite(values).all()):
            raise EngineError("cuts", f"made a cut that is not finite (estimate {group})")
        used = np.flatnonzero(values > 0)
        column = np.concatenate([[self.theta[group]], columns[used]])
        # Rounding a coefficient up only weakens the cut.
        value = np.concatenate([[1.0], np.maximum(values[used], COEFFICIENT)])
        return _Cut(group, constant, on_x, on_stock, column, value, constant / cost)

    def _add(self, cuts: list[_Cut]) -> None:
        """Add cuts as rows."""
        if cuts:
            least, first, column, value = _rows(cuts)
            self._relaxation.add_rows(least, np.full(len(cuts), np.inf), first, column, value)
            self._cuts += cuts

    def recall(self, kept: KeptCuts | None) -> bool:
        """Take over the cuts of an earlier solve; ``False`` where there are none that are valid here."""
        if kept is None or not kept.hold_for(self.problem, self.groups):
            return False
        each = zip(kept.group, kept.constant, kept.on_x, kept.on_stock, strict=True)
        self._add([self._cut(int(g), float(constant), x, stock) for g, constant, x, stock in each])
        return True

    def kept(self) -> KeptCuts:
        """The cuts that count now or did just before, for a later solve."""
        cuts = [cut for cut in self._cuts if cut.idle <= KEPT_IDLE]
        sites = self.problem.sites
        shape = (len(cuts), self.problem.commodities, sites)
        return KeptCuts(
            self.problem,
            self.groups,
            np.array([cut.group for cut in cuts], dtype=np.int64),
            np.array([cut.constant for cut in cuts]),
            np.array([cut.on_x for cut in cuts]).reshape(-1, sites),
            np.array([cut.on_stock for cut in cuts]).reshape(shape),
        )

    @property
    def constant(self) -> float:
        """What stands in every layout's value: the price of all people not covered."""
        return self._arrays.offset * self.scale

    def relax(
        self, time_s: float, stopped: Callable[[], bool] = lambda: False, *, ages: bool = True
    ) -> MasterPoint | None:
        """Solve the relaxation; ``None`` when it is infeasible, stopped or the time is up.

        Cuts that are slack for long are dropped, unless ``ages`` is ``False``.
        """
        status, found = self._relaxation.solve(time_s, stopped)
        self.infeasible = status is Status.INFEASIBLE
        if found is None:
            return None
        if ages:
            self._age(found.price[self._rows :])
        reduced = found.reduced_cost[self.stage.open] * self.scale
        return self._point(found.objective * self.scale + self.constant, found.values, reduced)

    def _point(self, bound: float, values: FloatArray, reduced: FloatArray) -> MasterPoint:
        stock = np.where(self.stage.stock >= 0, values[self.stage.stock] * self.stage.unit, 0.0)
        x = np.where(self.opened >= 0, np.clip(values[self.opened], 0.0, 1.0), 0.0)
        return MasterPoint(bound, x, np.maximum(stock, 0.0), values[self.theta] * self.unit, values, reduced)

    def _age(self, price: FloatArray) -> None:
        """Drop cuts whose price has been zero for long."""
        most = IDLE_HELD_SOLVES if self._held else IDLE_SOLVES
        for cut, binding in zip(self._cuts, (price > SLACK).tolist(), strict=True):
            cut.idle = 0 if binding else cut.idle + 1
        gone = np.array([cut.idle > most for cut in self._cuts], dtype=np.bool_)
        if gone.any():
            self._relaxation.delete_rows(self._rows + np.flatnonzero(gone))
            self._cuts = [cut for cut, out in zip(self._cuts, gone.tolist(), strict=True) if not out]

    def natural(self, column: int) -> tuple[float, float]:
        """What a column that can be held may be while it is free."""
        return self._ranges.get(column, (0.0, 1.0))

    def hold(self, held: Held) -> None:
        """Hold columns that tell what is open (or how much) at values or between them; free all others."""
        self._held = dict(held)
        self._relaxation.hold(self._between())

    def _between(self) -> dict[int, tuple[float, float]]:
        return {c: v if isinstance(v, tuple) else (v, v) for c, v in self._held.items()}

    def fix(self, options: Int32Array, margin: float = 0.0) -> None:
        """Hold the first stage at exactly these options, with ceilings lower by the relative ``margin``.

        Estimates of responses come from below, so stock that just keeps a ceiling in the master breaks it
        in truth. `free` undoes both.
        """
        self._lower_ceilings(margin)
        chosen = set(options.tolist())
        self.hold({int(column): float(n in chosen) for n, column in enumerate(self.stage.open)})

    def free(self) -> None:
        """Free what is held, and raise the ceilings to what they are."""
        self._lower_ceilings(0.0)
        self.hold({})

    def _lower_ceilings(self, margin: float) -> None:
        if margin != self._margin:
            self._margin = margin
            for row, amount in self._ceilings:
                self._relaxation.limit_row(row, -np.inf, amount * (1.0 - margin))

    def integer_round(
        self,
        engine: MilpEngine,
        limits: SolveLimits,
        monitor: Monitor | None,
        start: Layout | None,
    ) -> tuple[Answer, Layout | None]:
        """Solve the master with integer options, under the holds in force.

        Returns
        -------
        tuple
            The answer, its bound in cost of the objective, and the layout it chose.
        """
        hint = None if start is None else as_layout_values(self.problem, self.stage, start, self.columns)
        found = engine.solve(self._model(), limits, monitor, hint=hint, stage="cuts: integer master")
        bound = None if found.bound is None else found.bound * self.scale
        objective = None if found.objective is None else found.objective * self.scale
        layout = None if found.values is None else self.stage.layout(self.problem, found.values)
        if found.status is Status.INFEASIBLE:
            return replace(found, bound=None), None
        return replace(found, bound=bound, objective=objective), layout

    def _model(self) -> mathopt.Model:
        """First stage, estimates and cuts with whole options, under the holds in force."""
        least, first, column, value = _rows(self._cuts)
        arrays = self._arrays.copy()
        arrays.add_rows(least, np.inf, np.repeat(np.arange(len(least)), np.diff(first)), column, value)
        model = arrays.model("master")
        variables = list(model.variables()) if self._held else []
        for held, (low, high) in self._between().items():
            variables[held].lower_bound, variables[held].upper_bound = low, high
        return model


def _rows(cuts: list[_Cut]) -> tuple[FloatArray, Int64Array, Int64Array, FloatArray]:
    """Least value of each row, where its entries begin, their columns and values."""
    first = np.cumsum([0, *(len(cut.column) for cut in cuts)], dtype=np.int64)
    column = np.concatenate([np.empty(0, dtype=np.int64), *(cut.column for cut in cuts)])
    value = np.concatenate([np.empty(0), *(cut.value for cut in cuts)])
    return np.array([cut.least for cut in cuts]), first, column.astype(np.int64), value
