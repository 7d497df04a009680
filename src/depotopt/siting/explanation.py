"""Why each site is open, and what each rule costs: exact re-solves with one thing changed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from depotopt.plans import SitingPlan
from depotopt.siting.cuts.outcome import Memory
from depotopt.siting.model.problem import (
    BudgetRule,
    CountLimit,
    CoverageRule,
    EvennessRule,
    Rule,
    SitingProblem,
    SupportRule,
)
from depotopt.siting.naming import as_layout
from depotopt.siting.solve import solve_problem
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status

BUDGET_STEP = 0.1
"""A budget's price is what 10 % more of it gains."""


@dataclass(frozen=True, slots=True)
class Change:
    """What the optimal objective does when one thing changes, as far as it is proved.

    Attributes
    ----------
    subject
        What was changed, as a phrase.
    least, most
        Proved interval of the change of the optimal objective (positive: worse); ``None`` where the
        re-solve ended without the bound or plan it takes.
    terms
        Change of each part of the objective between the two best plans found (fixed, holding,
        purchase, transport, unmet).
    opened, closed
        Sites the changed optimum opens and closes, as far as found.
    status
        How the re-solve ended; ``INFEASIBLE``: without it the rules cannot hold.
    conflicts
        For ``INFEASIBLE``: the rules that need it.
    """

    subject: str
    least: float | None
    most: float | None
    terms: dict[str, float]
    opened: tuple[str, ...]
    closed: tuple[str, ...]
    status: Status
    conflicts: tuple[str, ...] = ()


def explain_sites(
    problem: SitingProblem,
    result: SolveResult[SitingPlan],
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    engine: str = "auto",
) -> Iterator[tuple[str, Change]]:
    """Solve again with each opened site closed; yield what gets worse, site by site.

    Parameters
    ----------
    problem
        The siting problem.
    result
        Its solve result, with a plan.
    limits
        For each re-solve.
    monitor
        A stop ends the explanation after the re-solve under way.
    engine
        As in `depotopt.siting.solve.solve_siting`.
    """
    if result.plan is None:
        return
    site_of, memory = np.array(problem.site_ids, dtype=object)[problem.options.site], _memory(problem, result)
    for opened in result.plan.open_sites:
        if monitor is not None and monitor.stopped:
            return
        mine = np.flatnonzero(site_of == opened.site).astype(np.int32)
        shut = CountLimit(f"site {opened.site} closed for comparison", mine, None, 0)
        changed = replace(problem, rules=(*problem.rules, shut))
        again = solve_problem(changed, limits, monitor, engine=engine, memory=memory)
        change = _change(f"without {opened.site}", result, again)
        if change.least is not None:
            # Fewer layouts are allowed, so the best of them is no better.
            change = replace(change, least=max(change.least, 0.0))
        own = tuple(name for name in change.conflicts if name != shut.name)
        yield opened.site, replace(change, conflicts=own)


def explain_rules(
    problem: SitingProblem,
    result: SolveResult[SitingPlan],
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    engine: str = "auto",
) -> Iterator[tuple[str, Change]]:
    """Solve again with each rule relaxed by one step; yield what that gains (a change below 0).

    A count is relaxed by one site, a budget by a tenth; coverage and support rules are dropped.
    Rules that name single sites (must be open, may not open) are dropped. Counts that no layout could
    break cost nothing, without a solve.
    """
    if result.plan is None:
        return
    memory = _memory(problem, result)
    start = memory.layout
    for position, rule in enumerate(problem.rules):
        if monitor is not None and monitor.stopped:
            return
        if isinstance(rule, CountLimit) and rule.given:
            continue
        what, relaxed = _relaxed(problem, rule)
        if isinstance(rule, CountLimit) and _idle(problem, rule):
            yield rule.name, Change(what, 0.0, 0.0, {}, (), (), result.status)
            continue
        rules = (
            *problem.rules[:position],
            *(() if relaxed is None else (relaxed,)),
            *problem.rules[position + 1 :],
        )
        # The layout keeps the relaxed rules, too.
        memory.layout = start
        again = solve_problem(replace(problem, rules=rules), limits, monitor, engine=engine, memory=memory)
        change = _change(what, result, again)
        if change.most is not None and change.least is not None:
            # More layouts are allowed, so the best of them is no worse.
            most = min(change.most, 0.0)
            change = replace(change, least=min(change.least, most), most=most)
        yield rule.name, change


def _memory(problem: SitingProblem, result: SolveResult[SitingPlan]) -> Memory:
    """What the re-solves of an explanation share: cuts hold whatever sites and counts are allowed."""
    if result.plan is None:
        return Memory()
    return Memory(layout=as_layout(problem, result.plan), problem=problem)


def _sites(problem: SitingProblem, rule: CountLimit) -> int:
    return len(np.unique(problem.options.site[rule.options]))


def _idle(problem: SitingProblem, rule: CountLimit) -> bool:
    """Whether every layout keeps a count: a site is open in one option at most."""
    return (rule.minimum or 0) <= 0 and (rule.maximum is None or rule.maximum >= _sites(problem, rule))


def _relaxed(problem: SitingProblem, rule: Rule) -> tuple[str, Rule | None]:
    if isinstance(rule, BudgetRule):
        return f"{BUDGET_STEP:.0%} more budget", replace(rule, amount=(1 + BUDGET_STEP) * rule.amount)
    if isinstance(rule, CountLimit) and _sites(problem, rule) > 1:
        fewest = None if rule.minimum is None else max(0, rule.minimum - 1)
        most = None if rule.maximum is None else rule.maximum + 1
        return "one more or fewer", replace(rule, minimum=fewest, maximum=most)
    if isinstance(rule, CoverageRule | SupportRule | CountLimit | EvennessRule):
        return "without the rule", None
    raise AssertionError(f"a rule of unknown kind: {rule!r}")


def _change(subject: str, before: SolveResult[SitingPlan], after: SolveResult[SitingPlan]) -> Change:
    if before.plan is None or before.objective is None:
        raise AssertionError("only a solve with a plan is explained")
    if after.plan is None or after.objective is None:
        return Change(subject, None, None, {}, (), (), after.status, after.conflicts)
    status = after.status
    if after.limit is Limit.STOPPED:
        status = Status.FEASIBLE
    was, now = ({o.site for o in plan.open_sites} for plan in (before.plan, after.plan))
    return Change(
        subject,
        least=None if after.bound is None else after.bound - before.objective,
        most=None if before.bound is None else after.objective - before.bound,
        terms={name: after.terms[name] - value for name, value in before.terms.items()},
        opened=tuple(sorted(now - was)),
        closed=tuple(sorted(was - now)),
        status=status,
    )
