"""Which rules cannot hold together: a smallest conflicting set, by name and by what it would take."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np

from depotopt.siting.engines import MilpEngine
from depotopt.siting.engines.highs import HighsEngine
from depotopt.siting.model.cover import add_cover
from depotopt.siting.model.first_stage import add_first_stage, budget_row
from depotopt.siting.model.goal import Ceiling, told
from depotopt.siting.model.linear import LinearArrays
from depotopt.siting.model.problem import (
    BudgetRule,
    CountLimit,
    CoverageRule,
    Rule,
    SitingProblem,
    SupportRule,
)
from depotopt.solving import SolveLimits, Status

Least = Callable[[SitingProblem, SolveLimits], float | None]
"""What a problem's only goal is at least, as far as it is proved in the limits given."""


def conflicting_rules(
    problem: SitingProblem, limits: SolveLimits, engine: MilpEngine | None = None
) -> tuple[Rule, ...]:
    """Rules that contradict one another; leaving out any one of them would end the conflict.

    Recourse is complete, so only the first stage can be infeasible. Rules are dropped one after the
    other; one whose absence leaves the rest infeasible is not needed to explain the conflict (deletion
    filter: Chinneck and Dravnieks 1991, ORSA Journal on Computing 3, 157-168). What takes thinking to follow
    (coverage, support) is dropped before what is plain (a site must be open). What follows from
    the nature of things (`CountLimit.given`) stays and is never named.

    Parameters
    ----------
    problem
        The siting problem.
    limits
        For each of the small feasibility problems.
    engine
        Engine; HiGHS by default.

    Returns
    -------
    tuple
        In the order of the problem's rules; empty where the rules can hold together.
    """
    chosen = engine or HighsEngine()
    nature = tuple(rule for rule in problem.rules if isinstance(rule, CountLimit) and rule.given)
    decided = [rule for rule in problem.rules if not (isinstance(rule, CountLimit) and rule.given)]

    def conflict(rules: Sequence[Rule]) -> bool:
        return _infeasible(problem, (*nature, *rules), limits, chosen)

    if not conflict(decided):
        return ()
    kept = _smallest(sorted(decided, key=_plainness), conflict)
    return tuple(rule for rule in decided if any(rule is one for one in kept))


def conflict_sentences(
    problem: SitingProblem, limits: SolveLimits, engine: MilpEngine | None = None
) -> tuple[str, ...]:
    """`conflicting_rules` as sentences; of budgets and coverage also what the other rules leave possible."""
    chosen = engine or HighsEngine()
    named = conflicting_rules(problem, limits, chosen)
    nature = tuple(rule for rule in problem.rules if isinstance(rule, CountLimit) and rule.given)
    return tuple(
        _sentence(problem, rule, (*nature, *(one for one in named if one is not rule)), limits, chosen)
        for rule in named
    )


def ceiling_sentences(problem: SitingProblem, limits: SolveLimits, least: Least) -> tuple[str, ...]:
    """Ceilings of the goal that no layout keeps, each with the proved least and the rules it takes.

    All ceilings where only several of them together cannot be kept. Rules are dropped as in
    `conflicting_rules`, each time with a solve, until the time is over: then more may be named than needed.

    Parameters
    ----------
    problem
        The siting problem; its rules can hold together.
    limits
        For each ceiling's least value, and once more for finding the rules it takes.
    least
        Proves what the only measure of a goal is at least, in money a year.
    """
    events = max(problem.events_per_year, 1e-12)
    low: list[str] = []
    for ceiling in problem.goal.ceilings:
        alone = replace(problem, goal=problem.goal.alone(ceiling.measure, ()))
        proved = least(alone, limits)
        if proved is None or proved / events <= ceiling.amount:
            continue
        low.append(
            f"{ceiling.name}: no layout under the rules gets below {told(ceiling.measure, proved / events)}"
        )
        for rule in _rules_behind(alone, ceiling, limits, least):
            if rule.name not in low:
                low.append(rule.name)
    return tuple(low) or tuple(one.name for one in problem.goal.ceilings)


def _rules_behind(problem: SitingProblem, ceiling: Ceiling, limits: SolveLimits, least: Least) -> list[Rule]:
    """Rules without which some layout might keep the ceiling."""
    ends = time.perf_counter() + limits.time_s
    nature = tuple(rule for rule in problem.rules if isinstance(rule, CountLimit) and rule.given)

    def too_high(rules: Sequence[Rule]) -> bool:
        left_s = ends - time.perf_counter()
        if left_s <= 0:
            return False
        proved = least(
            replace(problem, rules=(*nature, *rules)), replace(limits, time_s=min(left_s, limits.time_s))
        )
        return proved is not None and proved / max(problem.events_per_year, 1e-12) > ceiling.amount

    decided = [rule for rule in problem.rules if not (isinstance(rule, CountLimit) and rule.given)]
    # Mostly the penalty alone is to blame, or one budget: ask for these before anything is halved.
    if too_high(()):
        return []
    kept = _smallest(sorted(decided, key=_plainness), too_high)
    return [rule for rule in decided if any(rule is one for one in kept)]


def _smallest(rules: list[Rule], conflict: Callable[[Sequence[Rule]], bool]) -> list[Rule]:
    """Rules left when those not needed for a conflict are dropped, first ones first."""
    needed = list(rules)
    block = max(1, len(needed) // 2)
    # Whole blocks first: with a thousand rules most drop out in a few solves.
    while block >= 1:
        start = 0
        while start < len(needed):
            trial = needed[:start] + needed[start + block :]
            if conflict(trial):
                needed = trial
            else:
                start += block
        block //= 2
    return needed


def _plainness(rule: Rule) -> int:
    """How directly a rule speaks of what is open: the plainer of two explanations is kept."""
    if isinstance(rule, CoverageRule):
        return 0
    if isinstance(rule, SupportRule):
        return 1
    if isinstance(rule, CountLimit):
        return 3 if len(rule.options) > 1 else 4
    return 2


def _sentence(
    problem: SitingProblem, rule: Rule, others: tuple[Rule, ...], limits: SolveLimits, engine: MilpEngine
) -> str:
    """A rule in conflict, with what the others leave possible where that is an amount."""
    arrays = LinearArrays()
    stage = add_first_stage(arrays, problem, others, weight=0.0)
    if isinstance(rule, BudgetRule):
        columns, values, _ = budget_row(problem, stage, rule)
        cost = arrays.add_columns(1, lower=-np.inf, cost=1.0)
        row = np.zeros(len(columns) + 1, dtype=np.int64)
        arrays.add_rows(0.0, np.inf, row, np.concatenate([cost, columns]), np.concatenate([[1.0], -values]))
        found = engine.solve(arrays.model("least_cost"), limits)
        # Engines leave what is not in the objective as it comes: only the bound tells.
        if found.bound is not None and found.bound > rule.amount:
            return f"{rule.name}: the other rules named cost at least {found.bound:,.0f}"
    elif isinstance(rule, CoverageRule):
        covered = add_cover(arrays, stage.open, rule.cover, cost=0.0)
        total = max(rule.cover.total, 1e-12)
        share = arrays.add_columns(1, cost=-1.0)
        row = np.zeros(len(covered) + 1, dtype=np.int64)
        arrays.add_rows(
            0.0, np.inf, row, np.concatenate([share, covered]),
            np.concatenate([[-1.0], rule.cover.weight / total]),
        )  # fmt: skip
        found = engine.solve(arrays.model("most_cover"), limits)
        if found.bound is not None and -found.bound < rule.required / total:
            return f"{rule.name}: at most {abs(found.bound):.1%} can be covered"
    return rule.name


def _infeasible(
    problem: SitingProblem, rules: tuple[Rule, ...], limits: SolveLimits, engine: MilpEngine
) -> bool:
    arrays = LinearArrays()
    add_first_stage(arrays, problem, rules)
    return engine.solve(arrays.model("rules"), limits).status is Status.INFEASIBLE
