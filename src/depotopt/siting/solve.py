"""`solve_siting`: the layout of a scenario, with its proof."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np

from depotopt.errors import EngineError, UsageError
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.plans import OpenSite, SitingPlan, StockLine
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.siting.assembly import build_problem
from depotopt.siting.outcome import Outcome
from depotopt.siting.problem import Layout, SitingProblem
from depotopt.siting.recourse import response_terms
from depotopt.solving import Monitor, SolveLimits, SolveResult, Status, relative_gap

EXTENSIVE_FLOWS = 20_000
"""Flow variables up to which the extensive form is handed to an engine in one piece."""
ENGINES = ("auto", "highs", "gscip", "cuts")
BOUND_TOLERANCE = 1e-6
"""Relative amount by which an engine's bound may exceed a recomputed objective (its own tolerances)."""


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
        Progress out, wish to stop in; a stopped solve returns its best layout.
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
    problem = build_problem(scenario, network, ensemble, engine=travel, nearest=nearest)
    spent_s = time.perf_counter() - started
    left = replace(limits, time_s=max(limits.time_s - spent_s, 0.1 * limits.time_s))
    result = solve_problem(problem, left, monitor, engine=engine)
    notes = (*result.notes, f"travel times and assembly took {spent_s:.1f} s")
    return replace(result, seconds=time.perf_counter() - started, notes=notes)


def solve_problem(
    problem: SitingProblem,
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    engine: str = "auto",
) -> SolveResult[SitingPlan]:
    """Solve an assembled problem; see `solve_siting`."""
    started = time.perf_counter()
    if engine == "auto":
        engine = "highs" if problem.flows <= EXTENSIVE_FLOWS else "cuts"
    outcome = _run(problem, limits, monitor, engine)
    name = engine_name(engine)
    if outcome.layout is None:
        conflicts: tuple[str, ...] = ()
        if outcome.status is Status.INFEASIBLE:
            from depotopt.siting.conflicts import conflicting_rules

            conflicts = conflicting_rules(problem, limits)
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
    terms = objective_terms(problem, outcome.layout, workers=limits.workers)
    objective = sum(terms.values())
    bound = sound_bound(name, objective, outcome.bound)
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
        notes=outcome.notes,
    )


def _run(problem: SitingProblem, limits: SolveLimits, monitor: Monitor | None, engine: str) -> Outcome:
    if engine == "cuts":
        from depotopt.siting.price_cuts import PriceCuts

        return PriceCuts(problem).solve(limits, monitor)
    from depotopt.siting.extensive import ExtensiveForm

    return ExtensiveForm(problem).solve(limits, monitor, engine=engine)


def objective_terms(problem: SitingProblem, layout: Layout, *, workers: int = 1) -> dict[str, float]:
    """Objective of a layout by terms, with exact recourse in every road state."""
    transport, unmet = response_terms(problem, layout.usable(problem), workers=workers)
    return {
        **layout.yearly_terms(problem),
        "transport": float(problem.state_weight @ transport),
        "unmet": float(problem.state_weight @ unmet),
    }


def sound_bound(engine: str, objective: float, bound: float | None) -> float | None:
    """The bound, held against the recomputed objective.

    Raises
    ------
    EngineError
        If the bound exceeds the objective by more than an engine's tolerances explain.
    """
    if bound is None or bound <= objective:
        return bound
    if bound > objective + BOUND_TOLERANCE * max(1.0, abs(objective)):
        raise EngineError(engine, f"its bound {bound:.9g} exceeds the value {objective:.9g} of its own plan")
    return objective


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
    )
    lines = [
        StockLine(problem.site_ids[j], problem.commodity_ids[k], float(layout.stock[j, k]))
        for j, k in np.argwhere(layout.stock > 0)
    ]
    sites = np.unique(o.site[layout.options])
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
        for n in range(len(o))
    }
    options = []
    for item in plan.open_sites:
        key = (item.site, item.tier, item.size_class)
        if key not in position:
            raise UsageError(f"site {item.site} may not be open in tier {item.tier}, class {item.size_class}")
        options.append(position[key])
    site = {ident: j for j, ident in enumerate(problem.site_ids)}
    commodity = {ident: k for k, ident in enumerate(problem.commodity_ids)}
    stock = np.zeros((problem.sites, problem.commodities))
    for line in plan.stock:
        if line.mode == "physical":
            stock[site[line.site], commodity[line.commodity]] += line.quantity
    return Layout(np.array(sorted(options), dtype=np.int32), stock)


def engine_name(engine: str) -> str:
    """Engine with the version that produced a result."""
    from importlib.metadata import version

    return f"{engine} (ortools {version('ortools')})"
