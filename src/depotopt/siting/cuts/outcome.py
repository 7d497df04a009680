"""`Outcome`: what a siting engine hands back, before it is priced and turned into a plan."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.siting.cuts.kept_bound import KeptBound
from depotopt.siting.cuts.kept_cuts import KeptCuts, same_responses
from depotopt.siting.model.first_stage import FirstStage, add_first_stage, fitted
from depotopt.siting.model.linear import LinearArrays
from depotopt.siting.model.problem import BudgetRule, Layout, SitingProblem
from depotopt.solving import Limit, SolveLimits, Status
from depotopt.units import FloatArray


@dataclass(frozen=True, slots=True)
class Judged:
    """A layout with what answering each road state costs it: transport and unmet need, each ``(S,)``."""

    layout: Layout
    transport: FloatArray
    unmet: FloatArray

    def is_of(self, layout: Layout) -> bool:
        """Whether it tells of that very layout."""
        mine = self.layout
        return mine is layout or (
            np.array_equal(mine.options, layout.options) and np.array_equal(mine.stock, layout.stock)
        )


@dataclass(slots=True)
class Memory:
    """What one solve leaves for the next one after an edit.

    Everything in it may be of no use to the next problem: `bring` keeps what is.

    Attributes
    ----------
    price
        Prices of usable stock, shape ``(S, K, J)``: cuts made of them are valid whatever was edited.
    layout
        Best layout; the next problem's rules and ceilings must allow it.
    inner
        Best fractional first stage: share of each option, of each site, and stock.
    cuts
        Cuts of the master, valid where the second stage is as it was.
    problem
        What was solved.
    judged
        The best layout's exact responses, valid as long as cuts are.
    proof
        The bound of the last solve.
    """

    price: FloatArray | None = None
    layout: Layout | None = None
    inner: tuple[FloatArray, FloatArray, FloatArray] | None = None
    cuts: KeptCuts | None = None
    problem: SitingProblem | None = None
    judged: Judged | None = None
    proof: KeptBound | None = None

    def bring(self, problem: SitingProblem) -> None:
        """Let go of what is wrong for a problem: sizes, responses, a layout that breaks its rules.

        The bound is let go, or lowered by what the edit may have made cheaper.
        """
        last, self.problem = self.problem, problem
        self.proof = None if self.proof is None else self.proof.brought(problem)
        if last is None or last is problem:
            return
        if self.judged is not None and not same_responses(last, problem):
            self.judged = None
        shape = (problem.states, problem.commodities, problem.sites)
        options = len(problem.options)
        if self.price is not None and self.price.shape != shape:
            self.price = None
        stock = (problem.sites, problem.commodities)
        if self.inner is not None and (len(self.inner[0]) != options or self.inner[2].shape != stock):
            self.inner = None
        before, now = last.options, problem.options
        same = last.site_ids == problem.site_ids and all(
            np.array_equal(getattr(before, name), getattr(now, name))
            for name in ("site", "tier", "size_class")
        )
        if self.layout is not None and not (
            same and last.commodity_ids == problem.commodity_ids and keeps_rules(problem, self.layout)
        ):
            self.layout = None
        if self.layout is not None and problem.goal.ceilings and self._breaks_ceilings(problem):
            self.layout = None

    def _breaks_ceilings(self, problem: SitingProblem) -> bool:
        """Whether the best layout's responses to a problem exceed a ceiling of its goal."""
        from depotopt.siting.recourse.recourse import layout_response

        assert self.layout is not None
        if self.judged is not None and self.judged.is_of(self.layout):
            response = self.judged.transport + self.judged.unmet
        else:
            response = np.add(*layout_response(problem, self.layout))
        return bool(problem.goal.broken(response, problem.probability))


@dataclass(frozen=True, slots=True)
class Outcome:
    """Status, best layout, proved bound, and what ended the search early."""

    status: Status
    layout: Layout | None
    bound: float | None
    limit: Limit | None = None
    notes: tuple[str, ...] = ()


def as_layout_values(problem: SitingProblem, stage: FirstStage, layout: Layout, columns: int) -> FloatArray:
    """A layout as a starting solution: first-stage columns set, all others ``nan``."""
    values = np.full(columns, np.nan)
    values[stage.open] = 0.0
    values[stage.open[layout.options]] = 1.0
    held = stage.stock >= 0
    values[stage.stock[held]] = np.minimum(layout.stock[held] / stage.unit[held], 1.0)
    bought = stage.bought >= 0
    values[stage.bought[bought]] = np.maximum(layout.stock - problem.held, 0.0)[bought] / stage.unit[bought]
    return values


def keeps_rules(problem: SitingProblem, layout: Layout) -> bool:
    """Whether a layout keeps storage and all first-stage rules of a problem."""
    from depotopt.siting.engines.highs import HighsEngine

    if np.abs(fitted(problem, layout).stock - layout.stock).max(initial=0.0) > 1e-2:
        return False
    arrays = LinearArrays()
    stage = add_first_stage(arrays, problem, weight=0.0)
    values = as_layout_values(problem, stage, layout, arrays.columns)
    fixed = np.concatenate([stage.open, stage.stock[stage.stock >= 0]])
    # What a site holds beyond use is no breach: it stands in no column.
    arrays.add_rows(values[fixed] - 1e-9, values[fixed] + 1e-9, np.arange(len(fixed)), fixed, 1.0)
    found = HighsEngine().solve(arrays.model("rules"), SolveLimits(time_s=10.0))
    return found.values is not None


def within_budgets(problem: SitingProblem, layout: Layout) -> Layout | None:
    """As much of a layout's stock as its budgets allow; ``None`` if its options alone are too dear.

    What a unit is worth at most, its penalty, says which stock goes last.
    """
    from depotopt.siting.engines.highs import HighsEngine

    if not any(isinstance(rule, BudgetRule) for rule in problem.rules):
        return layout
    arrays = LinearArrays()
    stage = add_first_stage(arrays, problem, weight=0.0)
    values = as_layout_values(problem, stage, layout, arrays.columns)
    held = stage.stock >= 0
    columns = np.concatenate([stage.open, stage.stock[held]])
    low = np.concatenate([values[stage.open], np.zeros(int(held.sum()))])
    arrays.add_rows(low, values[columns], np.arange(len(columns)), columns, 1.0)
    model = arrays.model("stock within budgets")
    worth = problem.penalty.max(axis=0, initial=0.0) * stage.unit
    variables = list(model.variables())
    for column, value in zip(stage.stock[held], worth[held] / max(worth.max(initial=0.0), 1e-9), strict=True):
        model.objective.set_linear_coefficient(variables[column], -float(value))
    found = HighsEngine().solve(model, SolveLimits(time_s=30.0)).values
    return None if found is None else Layout(layout.options, stage.layout(problem, found).stock)
