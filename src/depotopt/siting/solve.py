"""`solve_siting`: the layout of a scenario, with its proof."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.plans import OpenSite, SitingPlan, StockLine
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.siting.assembly import build_problem
from depotopt.siting.farthest import Farthest, farthest, within_rule
from depotopt.siting.goal import FARTHEST, Ceiling, told
from depotopt.siting.inputs import travel_engine
from depotopt.siting.offering import Offering
from depotopt.siting.outcome import Memory, Outcome
from depotopt.siting.problem import BudgetRule, Layout, SitingProblem
from depotopt.siting.recourse import layout_response
from depotopt.siting.soundness import BOUND_TOLERANCE, sound_bound, undelivered_value
from depotopt.siting.stoppable_travel import AssemblyStopped, StoppableTravel
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status, relative_gap
from depotopt.units import MINUTE_S, FloatArray

EXTENSIVE_FLOWS = 20_000
"""Flow variables up to which the extensive form is handed to an engine in one piece."""
ENGINES = ("auto", "highs", "gscip", "cuts")


def solve_siting(
    scenario: Scenario,
    network: RoadNetwork,
    ensemble: RoadLossEnsemble,
    *,
    limits: SolveLimits | None = None,
    monitor: Monitor | None = None,
    engine: str = "auto",
    travel: TravelTimeEngine | None = None,
    nearest: int = 0,
) -> SolveResult[SitingPlan]:
    """Choose the layout with the least yearly and expected response cost over an ensemble.

    Parameters
    ----------
    scenario, network
        The planning case and its roads with places.
    ensemble
        Road states to choose on; judge the plan on another one.
    limits
        ``None`` for the scenario's own; the time includes computing travel times.
    monitor
        Progress out, wish to stop in; a stopped solve returns its best layout with its bound (no layout
        while travel times are still being computed).
    engine
        ``"highs"`` or ``"gscip"`` solve the extensive form, ``"cuts"`` decomposes it by road state,
        ``"auto"`` takes HiGHS where the extensive form is small and cuts elsewhere.
    travel
        Travel-time engine; ``None`` prepares the fastest one.
    nearest
        Keep only that many sites per point and state; see `depotopt.siting.assembly.build_problem`.

    Returns
    -------
    SolveResult
        Objective, bound and the terms ``fixed``, ``holding``, ``purchase``, ``transport``, ``unmet``;
        for ``INFEASIBLE`` the rules that cannot hold together.

    Raises
    ------
    UsageError
        If there is no such engine.
    EngineError
        If an engine fails or contradicts itself.
    """
    if engine not in ENGINES:
        raise UsageError(f"no siting engine '{engine}': choose one of {', '.join(ENGINES)}")
    started = time.perf_counter()
    limits = limits or scenario.siting_limits
    if monitor is not None:
        travel = StoppableTravel(travel or travel_engine(network), monitor)
    try:
        problem = build_problem(scenario, network, ensemble, engine=travel, nearest=nearest)
    except AssemblyStopped:
        # Without travel times no layout has a value; all costs are >= 0.
        note = "stopped while travel times were computed: no layout has a value yet"
        spent_s = time.perf_counter() - started
        name = engine_name(engine)
        return SolveResult(Status.UNKNOWN, None, None, 0.0, name, spent_s, Limit.STOPPED, notes=(note,))
    spent_s = time.perf_counter() - started
    if monitor is not None:
        # Told, not kept: a note with a clock time would make equal runs differ.
        monitor.report("assembly", message=f"travel times and assembly took {spent_s:.1f} s")
    left = replace(limits, time_s=max(limits.time_s - spent_s, 0.1 * limits.time_s))
    result = solve_problem(problem, left, monitor, engine=engine)
    return replace(result, seconds=time.perf_counter() - started)


def solve_problem(
    problem: SitingProblem,
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    engine: str = "auto",
    memory: Memory | None = None,
) -> SolveResult[SitingPlan]:
    """Solve an assembled problem; see `solve_siting`.

    ``memory`` is what an earlier solve left (cuts use it) and is brought up to date.
    """
    if problem.goal.order:
        return _in_order(problem, limits, monitor, engine)
    return _solve_once(problem, limits, monitor, engine, memory)


def _in_order(
    problem: SitingProblem, limits: SolveLimits, monitor: Monitor | None, engine: str
) -> SolveResult[SitingPlan]:
    """Minimise one measure after the other; each stays near its best while the next is minimised."""
    started = time.perf_counter()
    goal = problem.goal
    notes: list[str] = []
    proved = True
    step, result = problem, None
    order = goal.order
    if order[0] == FARTHEST:
        first = farthest(problem, replace(limits, time_s=limits.time_s / len(order)), monitor or Monitor())
        if first is not None:
            notes.append(_told_farthest(first, goal.tolerance))
            proved, order = first.proved, order[1:]
            limit_s = (1.0 + goal.tolerance) * first.time_s
            step = replace(step, rules=(*step.rules, within_rule(problem, limit_s)))
        else:
            notes.append(
                "the farthest person is left as it comes: no layout reaches everybody, or no time was left"
            )
            proved, order = False, order[1:]
    for n, measure in enumerate(order):
        left_s = limits.time_s - (time.perf_counter() - started)
        share = replace(limits, time_s=max(left_s, 0.1 * limits.time_s) / (len(order) - n))
        alone = goal.alone(measure, step.goal.ceilings)
        step = replace(step, goal=alone)
        found = _solve_once(step, share, monitor, engine)
        if found.plan is None and result is not None:
            notes.append(f"no time was left to minimise {', '.join(order[n:])}")
            proved, result = False, _valued(problem, result, order[-1], limits.workers)
            break
        if found.plan is None or found.objective is None:
            return replace(found, seconds=time.perf_counter() - started)
        result = found
        proved = proved and found.status is Status.OPTIMAL
        layout = as_layout(problem, found.plan)
        value = measured(problem, layout, measure, workers=limits.workers)
        if n + 1 < len(order):
            bound = "" if found.gap is None else f", gap {found.gap:.2%}"
            notes.append(f"{measure} {told(measure, value)}{bound}; kept within {goal.tolerance:.2%} of that")
            step = _kept(step, measure, (1.0 + goal.tolerance) * value)
    assert result is not None
    limit = result.limit or (None if proved else Limit.TIME)
    return replace(
        result,
        status=Status.OPTIMAL if proved else Status.FEASIBLE,
        limit=limit,
        seconds=time.perf_counter() - started,
        notes=(*result.notes, *notes),
    )


def _valued(
    problem: SitingProblem, found: SolveResult[SitingPlan], measure: str, workers: int
) -> SolveResult[SitingPlan]:
    """A layout found for an earlier measure as an answer for the last one: its value, nothing proved."""
    from depotopt.siting.price_cuts import trivial_bound

    assert found.plan is not None
    last = replace(problem, goal=problem.goal.alone(measure, ()))
    terms = objective_terms(last, as_layout(problem, found.plan), workers=workers)
    objective = sum(terms.values())
    bound = min(trivial_bound(last), objective)
    return replace(found, objective=objective, bound=bound, terms=terms, limit=found.limit or Limit.TIME)


def _told_farthest(first: Farthest, tolerance: float) -> str:
    """What was found for the farthest person, as a remark."""
    found = f"farthest person {first.time_s / MINUTE_S:.1f} min from an open site"
    proof = "" if first.proved else f" (at least {first.bound_s / MINUTE_S:.1f} min)"
    return f"{found}{proof}, kept within {tolerance:.2%}; points no site can reach: {first.unreachable}"


def _kept(problem: SitingProblem, measure: str, amount: float) -> SitingProblem:
    """The problem with a measure bounded."""
    name = f"{measure} at most {told(measure, amount)} (minimised before)"
    if measure == "cost":
        return replace(problem, rules=(*problem.rules, BudgetRule(name, amount, with_services=True)))
    ceilings = (*problem.goal.ceilings, Ceiling(name, measure, amount))
    return replace(problem, goal=replace(problem.goal, ceilings=ceilings))


def measured(problem: SitingProblem, layout: Layout, measure: str, *, workers: int = 1) -> float:
    """Yearly cost, or mean, tail or worst response cost of one event."""
    if measure == "cost":
        return sum(layout.yearly_terms(problem).values())
    transport, unmet = layout_response(problem, layout, workers=workers)
    return problem.goal.measure(measure, transport + unmet, problem.probability)


def _solve_once(
    problem: SitingProblem,
    limits: SolveLimits,
    monitor: Monitor | None,
    engine: str,
    memory: Memory | None = None,
) -> SolveResult[SitingPlan]:
    started = time.perf_counter()
    if engine == "auto":
        engine = "highs" if problem.flows <= EXTENSIVE_FLOWS else "cuts"
    outcome = _run(problem, limits, monitor, engine, memory)
    if outcome.bound is None and outcome.status is not Status.INFEASIBLE:
        from depotopt.siting.price_cuts import trivial_bound

        outcome = replace(outcome, bound=trivial_bound(problem))
    name = engine_name(engine)
    if outcome.layout is None:
        conflicts: tuple[str, ...] = ()
        if outcome.status is Status.INFEASIBLE:
            from depotopt.siting.conflicts import conflicting_rules

            conflicts = conflicting_rules(problem, limits) or _low_ceilings(problem, limits, monitor, engine)
        return SolveResult(
            outcome.status,
            None,
            None,
            outcome.bound,
            name,
            time.perf_counter() - started,
            outcome.limit,
            conflicts,
            notes=outcome.notes,
        )
    response = layout_response(problem, outcome.layout, workers=limits.workers)
    broken = problem.goal.broken(response[0] + response[1], problem.probability)
    if broken:
        # Only a stop hands over a layout that was not priced: it may miss a ceiling, so it is no answer.
        names = tuple(f"the best layout found breaks: {one.name}" for one in broken)
        seconds = time.perf_counter() - started
        limit = outcome.limit or Limit.TIME
        return SolveResult(Status.UNKNOWN, None, None, outcome.bound, name, seconds, limit, notes=names)
    terms = _terms(problem, outcome.layout, *response)
    objective = sum(terms.values())
    bound = sound_bound(name, objective, outcome.bound, scale=undelivered_value(problem))
    gap = relative_gap(objective, bound)
    proved = gap is not None and gap <= limits.gap + BOUND_TOLERANCE
    return SolveResult(
        Status.OPTIMAL if proved else Status.FEASIBLE,
        as_plan(problem, outcome.layout),
        objective,
        bound,
        name,
        time.perf_counter() - started,
        None if proved else outcome.limit,
        terms=terms,
        notes=(*outcome.notes, *_relaxed_bound(problem, engine)),
    )


def _relaxed_bound(problem: SitingProblem, engine: str) -> tuple[str, ...]:
    """What the bound leaves out that the value counts in."""
    notes: tuple[str, ...] = ()
    if problem.single_source and engine == "cuts":
        notes = ("single source: the value has one depot per point, the bound allows several",)
    return notes


def _run(
    problem: SitingProblem,
    limits: SolveLimits,
    monitor: Monitor | None,
    engine: str,
    memory: Memory | None,
) -> Outcome:
    if monitor is not None:
        monitor = Offering(monitor, lambda layout: as_plan(problem, layout))
    if engine == "cuts":
        from depotopt.siting.price_cuts import PriceCuts

        return PriceCuts(problem, memory=memory).solve(limits, monitor)
    from depotopt.siting.extensive import ExtensiveForm

    return ExtensiveForm(problem).solve(limits, monitor, engine=engine)


def objective_terms(problem: SitingProblem, layout: Layout, *, workers: int = 1) -> dict[str, float]:
    """Objective of a layout by terms, with exact recourse in every road state.

    ``transport`` and ``unmet`` are parts of the mean response; ``cvar`` and ``worst`` stand where the goal
    weighs them.
    """
    return _terms(problem, layout, *layout_response(problem, layout, workers=workers))


def _terms(
    problem: SitingProblem, layout: Layout, transport: FloatArray, unmet: FloatArray
) -> dict[str, float]:
    goal, weight = problem.goal, problem.state_weight
    terms = {name: goal.cost * value for name, value in layout.yearly_terms(problem).items()}
    terms["transport"] = goal.mean * float(weight @ transport)
    terms["unmet"] = goal.mean * float(weight @ unmet)
    for measure, share in (("cvar", goal.cvar), ("worst", goal.worst), ("fraction", goal.fraction)):
        if share:
            value = goal.measure(measure, transport + unmet, problem.probability)
            terms[measure] = share * problem.events_per_year * value
    return terms


def _low_ceilings(
    problem: SitingProblem, limits: SolveLimits, monitor: Monitor | None, engine: str
) -> tuple[str, ...]:
    """Ceilings that no layout keeps, each with the proved least; all of them where only together."""
    low = []
    for ceiling in problem.goal.ceilings:
        goal = problem.goal.alone(ceiling.measure, ())
        least = _solve_once(replace(problem, goal=goal), limits, monitor, engine).bound
        per_event = None if least is None else least / max(problem.events_per_year, 1e-12)
        if per_event is not None and per_event > ceiling.amount:
            low.append(
                f"{ceiling.name}: no layout under the rules gets below {told(ceiling.measure, per_event)}"
            )
    return tuple(low) or tuple(one.name for one in problem.goal.ceilings)


def as_plan(problem: SitingProblem, layout: Layout) -> SitingPlan:
    """A layout by identifiers; opened sites keep the agreements of the stock table."""
    o = problem.options
    opened = sorted(
        OpenSite(
            problem.site_ids[o.site[option]],
            problem.tier_ids[o.tier[option]],
            problem.class_ids[o.tier[option]][o.size_class[option]],
        )
        for option in layout.options
        if o.size_class[option] >= 0
    )
    lines = [
        StockLine(problem.site_ids[j], problem.commodity_ids[k], float(layout.stock[j, k]))
        for j, k in np.argwhere(layout.stock > 0)
    ]
    sites = np.unique(o.site[layout.options[o.size_class[layout.options] >= 0]])
    for j in sites:
        for k in np.flatnonzero(problem.storable[j] & (problem.table_agreements[j] > 0)):
            quantity = float(problem.table_agreements[j, k])
            lines.append(StockLine(problem.site_ids[j], problem.commodity_ids[k], quantity, "agreement"))
    return SitingPlan(tuple(opened), tuple(sorted(lines)))


def as_layout(problem: SitingProblem, plan: SitingPlan) -> Layout:
    """A plan by positions; agreement lines stand in the problem already.

    Raises
    ------
    UsageError
        If the plan opens a site in a way the problem does not allow.
    """
    o = problem.options
    position = {
        (
            problem.site_ids[o.site[n]],
            problem.tier_ids[o.tier[n]],
            problem.class_ids[o.tier[n]][o.size_class[n]],
        ): n
        for n in np.flatnonzero(o.size_class >= 0).tolist()
    }
    # Helpers outside the plan are always there.
    options: list[int] = np.flatnonzero(o.size_class < 0).tolist()
    home = {}
    for item in plan.open_sites:
        key = (item.site, item.tier, item.size_class)
        if key not in position:
            raise UsageError(f"site {item.site} may not be open in tier {item.tier}, class {item.size_class}")
        options.append(position[key])
        home[item.site] = int(o.site[position[key]])
    commodity = {ident: k for k, ident in enumerate(problem.commodity_ids)}
    stock = np.zeros((problem.sites, problem.commodities))
    for line in plan.stock:
        if line.mode == "physical" and line.site in home:
            stock[home[line.site], commodity[line.commodity]] += line.quantity
    return Layout(np.array(sorted(options), dtype=np.int32), stock)


def engine_name(engine: str) -> str:
    """Engine with the version that produced a result."""
    from importlib.metadata import version

    return f"{engine} (ortools {version('ortools')})"
