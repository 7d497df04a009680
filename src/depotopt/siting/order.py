"""One measure after the other: each is minimised while the ones before stay near their best."""

from __future__ import annotations

from dataclasses import replace

from depotopt.plans import SitingPlan
from depotopt.siting import attempt
from depotopt.siting.attempt import measured, objective_terms
from depotopt.siting.cuts.outcome import Memory
from depotopt.siting.farthest import Farthest, farthest, within_rule
from depotopt.siting.inequality import even_rule, least_inequality
from depotopt.siting.model.goal import FARTHEST, INEQUALITY, Ceiling, told
from depotopt.siting.model.problem import BudgetRule, Rule, SitingProblem
from depotopt.siting.naming import as_layout
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status
from depotopt.units import HOUR_S, MINUTE_S
from depotopt.working_time import working_s

ROUNDING = 1e-6
"""Added to every tolerance: what engines' own tolerances and recomputing may move a measure."""


def solve_in_order(
    problem: SitingProblem, limits: SolveLimits, monitor: Monitor | None, engine: str
) -> SolveResult[SitingPlan]:
    """Minimise one measure after the other; each stays near its best while the next is minimised.

    The layout of each step keeps what the next step demands, so the next one starts from it.
    """
    started = working_s()
    order = problem.goal.order
    step, proved, notes = problem, True, []
    if order[0] in _FIRST:
        share = replace(limits, time_s=limits.time_s / len(order))
        rule, proved, note = _FIRST[order[0]](problem, share, monitor or Monitor())
        notes.append(note)
        order = order[1:]
        if rule is not None:
            step = replace(step, rules=(*step.rules, rule))
    memory, result = Memory(), None
    for n, measure in enumerate(order):
        left_s = limits.time_s - (working_s() - started)
        share = replace(limits, time_s=max(left_s, 0.1 * limits.time_s) / (len(order) - n))
        step = replace(step, goal=problem.goal.alone(measure, step.goal.ceilings))
        found = attempt.solve_once(step, share, monitor, engine, memory)
        if found.plan is None and result is not None:
            notes.append(_left_out(order[n:], found.limit))
            proved, result = False, _valued(problem, result, order[-1], limits.workers)
            break
        if found.plan is None or found.objective is None:
            return replace(found, seconds=working_s() - started)
        result = found
        proved = proved and found.status is Status.OPTIMAL
        layout = as_layout(problem, found.plan)
        # Prices serve any goal, cuts those that look at states alike, and this layout keeps what is demanded.
        memory = Memory(price=memory.price, layout=layout, inner=memory.inner, cuts=memory.cuts)
        value = measured(problem, layout, measure, workers=limits.workers)
        if n + 1 < len(order):
            notes.append(_told_kept(found, measure, value, problem.goal.tolerance))
            step = _kept(step, measure, (1.0 + problem.goal.tolerance) * value)
    assert result is not None
    limit = result.limit or (None if proved else Limit.TIME)
    return replace(
        result,
        status=Status.OPTIMAL if proved else Status.FEASIBLE,
        limit=limit,
        seconds=working_s() - started,
        notes=(*result.notes, *notes),
    )


def _left_out(measures: tuple[str, ...], limit: Limit | None) -> str:
    """Why the measures of the steps left were not minimised."""
    names = ", ".join(measures)
    if limit is Limit.STOPPED:
        return f"{names} not minimised: the search was stopped"
    return f"{names} not minimised: no layout was found in its share of the time"


def _told_kept(found: SolveResult[SitingPlan], measure: str, value: float, tolerance: float) -> str:
    """What a step found for its measure, and how near the next ones stay."""
    bound = "" if found.gap is None else f", gap {found.gap:.2%}"
    return f"{measure} {told(measure, value)}{bound}; kept within {tolerance:.2%} of that"


def _valued(
    problem: SitingProblem, found: SolveResult[SitingPlan], measure: str, workers: int
) -> SolveResult[SitingPlan]:
    """A layout found for an earlier measure as an answer for the last one: its value, nothing proved."""
    from depotopt.siting.cuts.price_cuts import trivial_bound

    assert found.plan is not None
    last = replace(problem, goal=problem.goal.alone(measure, ()))
    terms = objective_terms(last, as_layout(problem, found.plan), workers=workers)
    objective = sum(terms.values())
    bound = min(trivial_bound(last), objective)
    return replace(found, objective=objective, bound=bound, terms=terms, limit=found.limit or Limit.TIME)


def _farthest_first(
    problem: SitingProblem, limits: SolveLimits, monitor: Monitor
) -> tuple[Rule | None, bool, str]:
    """What keeps the farthest person near the least, whether that is proved, and what to say."""
    first = farthest(problem, limits, monitor)
    if first is None:
        text = "the farthest person is left as it comes: no layout reaches everybody, or no time was left"
        return None, False, text
    rule = within_rule(problem, (1.0 + problem.goal.tolerance) * first.time_s)
    return rule, first.proved, _told_farthest(first, problem.goal.tolerance)


def _evenest_first(
    problem: SitingProblem, limits: SolveLimits, monitor: Monitor
) -> tuple[Rule | None, bool, str]:
    """What keeps travel times nearly as alike as they can be, whether that is proved, and what to say."""
    first = least_inequality(problem, limits, monitor)
    if first is None:
        text = "inequality is left as it comes: no layout reaches everybody, or no time was left"
        return None, False, text
    tolerance = problem.goal.tolerance
    least = "" if first.proved else f" (at least {first.bound_s / MINUTE_S:.1f} min)"
    text = (
        f"travel times of two people {first.time_s / MINUTE_S:.1f} min apart on average{least}, "
        f"kept within {tolerance:.2%}"
    )
    most_s = (1.0 + tolerance) * first.time_s + ROUNDING * HOUR_S
    return even_rule(problem, most_s), first.proved, text


_FIRST = {FARTHEST: _farthest_first, INEQUALITY: _evenest_first}
"""Measures of where sites stand, by the name an order begins with."""


def _told_farthest(first: Farthest, tolerance: float) -> str:
    """What was found for the farthest person, as a remark."""
    found = f"farthest person {first.time_s / MINUTE_S:.1f} min from an open site"
    proof = "" if first.proved else f" (at least {first.bound_s / MINUTE_S:.1f} min)"
    return f"{found}{proof}, kept within {tolerance:.2%}; points no site can reach: {first.unreachable}"


def _kept(problem: SitingProblem, measure: str, amount: float) -> SitingProblem:
    """The problem with a measure bounded."""
    name = f"{measure} at most {told(measure, amount)} (minimised before)"
    amount += ROUNDING * max(abs(amount), 1.0)
    if measure == "cost":
        return replace(problem, rules=(*problem.rules, BudgetRule(name, amount, with_services=True)))
    ceilings = (*problem.goal.ceilings, Ceiling(name, measure, amount))
    return replace(problem, goal=replace(problem.goal, ceilings=ceilings))
