"""`solve_siting`: the layout of a scenario, with its proof."""

from __future__ import annotations

import time
from dataclasses import replace

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.plans import SitingPlan
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.siting.attempt import engine_name, plan_result, solve_once
from depotopt.siting.cuts.outcome import Memory, keeps_rules
from depotopt.siting.model.assembly import build_problem
from depotopt.siting.model.inputs import travel_engine
from depotopt.siting.model.problem import SitingProblem
from depotopt.siting.naming import as_layout
from depotopt.siting.order import solve_in_order
from depotopt.siting.recourse.recourse import existing_layout
from depotopt.siting.stoppable_travel import AssemblyStopped, StoppableTravel
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status
from depotopt.working_time import working_s

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
        Keep only that many sites per point and state; see `depotopt.siting.model.assembly.build_problem`.

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
    started, began = time.perf_counter(), working_s()
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
    left = replace(limits, time_s=max(limits.time_s - (working_s() - began), 0.1 * limits.time_s))
    result = solve_problem(problem, left, monitor, engine=engine)
    if result.plan is None and result.status is Status.UNKNOWN and result.limit is not Limit.STOPPED:
        result = _with_today(problem, scenario, result, limits)
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
        return solve_in_order(problem, limits, monitor, engine)
    return solve_once(problem, limits, monitor, engine, memory)


def _with_today(
    problem: SitingProblem, scenario: Scenario, found: SolveResult[SitingPlan], limits: SolveLimits
) -> SolveResult[SitingPlan]:
    """Today's layout, where nothing was found and it keeps the rules; else what was found."""
    try:
        layout = as_layout(problem, existing_layout(scenario))
    except UsageError:
        return found
    if not keeps_rules(problem, layout):
        return found
    last = problem
    if problem.goal.order:
        last = replace(problem, goal=problem.goal.alone(problem.goal.order[-1], ()))
    # A measure of an order has no bound of its own before those above it are settled.
    bound = None if problem.goal.order else found.bound
    today = plan_result(last, layout, bound, found.engine, limits)
    if today is None:
        return found
    return replace(
        today,
        limit=found.limit or Limit.TIME,
        notes=(*found.notes, "nothing better than today's layout was found"),
    )
