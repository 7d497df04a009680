"""One solve of an assembled problem for a single goal: an engine is chosen, run, and its layout priced."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from depotopt.plans import SitingPlan
from depotopt.siting.cuts.kept_bound import KeptBound
from depotopt.siting.cuts.outcome import Judged, Memory, Outcome
from depotopt.siting.engines.interruption import Silent
from depotopt.siting.model.goal import CEILING_TOLERANCE
from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.siting.naming import as_plan
from depotopt.siting.offering import Offering
from depotopt.siting.recourse.recourse import layout_response
from depotopt.siting.soundness import BOUND_TOLERANCE, SCALE_TOLERANCE, sound_bound, undelivered_value
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status, relative_gap
from depotopt.units import FloatArray
from depotopt.working_time import working_s

EXTENSIVE_FLOWS = 20_000
"""Flow variables up to which the extensive form is handed to an engine in one piece."""
CEILING_SHARE, CEILING_GAP = 0.15, 0.02
"""Share of the time, and gap, for finding a first layout that keeps the goal's ceilings."""


def solve_once(
    problem: SitingProblem,
    limits: SolveLimits,
    monitor: Monitor | None,
    engine: str,
    memory: Memory | None = None,
) -> SolveResult[SitingPlan]:
    """Solve for the problem's weighted goal, leaving its order aside.

    A layout in ``memory`` keeps all rules and ceilings, so the solve never ends with less than it. Where what
    was proved before an edit still proves it, nothing is searched.
    """
    started = working_s()
    method = _method(problem, engine)
    memory = memory or Memory()
    memory.bring(problem)
    name, start = engine_name(method), memory.layout
    known = _known(problem, limits, memory, name)
    if known is not None:
        return replace(known, seconds=working_s() - started, notes=_relaxed_bound(problem, engine))
    if start is None and method == "cuts" and problem.goal.ceilings:
        start = memory.layout = _within_ceilings(problem, limits, monitor, memory)
    left_s = limits.time_s - (working_s() - started)
    outcome = _run(problem, replace(limits, time_s=max(left_s, 0.1)), monitor, engine, method, memory)
    if outcome.bound is None and outcome.status is not Status.INFEASIBLE:
        from depotopt.siting.cuts.price_cuts import trivial_bound

        outcome = replace(outcome, bound=trivial_bound(problem))
    if memory.proof is not None and outcome.bound is not None:
        outcome = replace(outcome, bound=max(outcome.bound, memory.proof.value))
    if outcome.status is Status.INFEASIBLE and start is None:
        found = _impossible(problem, outcome, limits, monitor, engine)
    else:
        outcome = replace(outcome, notes=(*outcome.notes, *_relaxed_bound(problem, engine)))
        best = _best(problem, outcome, start, name, limits, memory)
        found = best or _nothing(problem, outcome, limits)
    return replace(found, engine=name, seconds=working_s() - started)


def _method(problem: SitingProblem, engine: str) -> str:
    """The engine that ``auto`` stands for."""
    if engine != "auto":
        return engine
    return "highs" if problem.flows <= EXTENSIVE_FLOWS and not problem.single_source else "cuts"


def _impossible(
    problem: SitingProblem, outcome: Outcome, limits: SolveLimits, monitor: Monitor | None, engine: str
) -> SolveResult[SitingPlan]:
    """No layout keeps the rules and ceilings: which of them cannot hold together."""
    from depotopt.siting.conflicts import ceiling_sentences, conflict_sentences

    def least(other: SitingProblem, within: SolveLimits) -> float | None:
        return solve_once(other, within, monitor, engine).bound

    conflicts = conflict_sentences(problem, limits) or ceiling_sentences(problem, limits, least)
    return SolveResult(
        Status.INFEASIBLE, None, None, outcome.bound, engine, 0.0, None, conflicts, notes=outcome.notes
    )


def _best(
    problem: SitingProblem,
    outcome: Outcome,
    start: Layout | None,
    name: str,
    limits: SolveLimits,
    memory: Memory,
) -> SolveResult[SitingPlan] | None:
    """The better of the layout found and, unless that is proved, the start; ``None`` where ceilings break."""
    # Rounding may make a start that just keeps its ceilings look impossible: then it is the answer.
    bound = None if outcome.status is Status.INFEASIBLE else outcome.bound
    both = [outcome.layout] if outcome.status is Status.OPTIMAL else [outcome.layout, start]
    judged = [_judged(problem, layout, limits, memory) for layout in both if layout is not None]
    priced = [(_result(problem, one, bound, name, limits), one) for one in judged]
    found, memory.judged = min(
        ((one, layout) for one, layout in priced if one is not None),
        key=lambda pair: _objective(pair[0]),
        default=(None, None),
    )
    if found is None:
        return None
    if found.bound is not None:
        memory.proof = KeptBound(problem, found.bound)
    limit = None if found.status is Status.OPTIMAL else outcome.limit or Limit.ITERATIONS
    return replace(found, limit=limit, notes=outcome.notes)


def _nothing(problem: SitingProblem, outcome: Outcome, limits: SolveLimits) -> SolveResult[SitingPlan]:
    """Stopped, or out of time, without an answer: what was found, if anything, misses a ceiling."""
    notes = outcome.notes
    if outcome.layout is not None:
        notes = (*notes, *_broken(problem, outcome.layout, limits))
    limit = outcome.limit or Limit.TIME
    return SolveResult(Status.UNKNOWN, None, None, outcome.bound, "", 0.0, limit, notes=notes)


def _known(
    problem: SitingProblem, limits: SolveLimits, memory: Memory, engine: str
) -> SolveResult[SitingPlan] | None:
    """The remembered layout as the answer, where what is known of it and the kept bound prove the gap."""
    layout, judged, proof = memory.layout, memory.judged, memory.proof
    if layout is None or judged is None or proof is None or not judged.is_of(layout):
        return None
    found = _result(problem, judged, proof.value, engine, limits)
    if found is None or found.status is not Status.OPTIMAL or found.bound is None:
        return None
    memory.proof = KeptBound(problem, found.bound)
    return found


def plan_result(
    problem: SitingProblem, layout: Layout, bound: float | None, engine: str, limits: SolveLimits
) -> SolveResult[SitingPlan] | None:
    """A layout priced by exact recourse, as a result; ``None`` where it breaks a ceiling."""
    return _result(problem, _judged(problem, layout, limits, Memory()), bound, engine, limits)


def _judged(problem: SitingProblem, layout: Layout, limits: SolveLimits, memory: Memory) -> Judged:
    """A layout with its exact responses: those remembered where it was judged before."""
    if memory.judged is not None and memory.judged.is_of(layout):
        return memory.judged
    return Judged(layout, *layout_response(problem, layout, workers=limits.workers))


def _result(
    problem: SitingProblem, judged: Judged, bound: float | None, engine: str, limits: SolveLimits
) -> SolveResult[SitingPlan] | None:
    layout = judged.layout
    if problem.goal.broken(judged.transport + judged.unmet, problem.probability):
        return None
    terms = _terms(problem, layout, judged.transport, judged.unmet)
    objective = sum(terms.values())
    scale = undelivered_value(problem)
    if problem.goal.ceilings:
        # A layout may exceed a ceiling by as much, and what that saves lowers its value below the bound.
        scale = max(scale, CEILING_TOLERANCE / SCALE_TOLERANCE * abs(objective))
    bound = sound_bound(engine, objective, bound, scale=scale)
    gap = relative_gap(objective, bound)
    proved = gap is not None and gap <= limits.gap + BOUND_TOLERANCE
    status = Status.OPTIMAL if proved else Status.FEASIBLE
    return SolveResult(status, as_plan(problem, layout), objective, bound, engine, 0.0, terms=terms)


def _objective(found: SolveResult[SitingPlan]) -> float:
    assert found.objective is not None
    return found.objective


def _broken(problem: SitingProblem, layout: Layout, limits: SolveLimits) -> tuple[str, ...]:
    response = np.add(*layout_response(problem, layout, workers=limits.workers))
    broken = problem.goal.broken(response, problem.probability)
    return tuple(f"the best layout found breaks: {one.name}" for one in broken)


def _within_ceilings(
    problem: SitingProblem, limits: SolveLimits, monitor: Monitor | None, memory: Memory
) -> Layout | None:
    """A layout that keeps all ceilings, if pressing the measures they bound finds one soon."""
    from depotopt.siting.cuts.price_cuts import PriceCuts

    goal = problem.goal
    pressed = replace(goal.alone("mean", ()), mean=0.0)
    for ceiling in goal.ceilings:
        weight = getattr(pressed, ceiling.measure) + 1.0 / max(ceiling.amount, 1e-6)
        pressed = replace(pressed, **{ceiling.measure: weight})
    brief = replace(limits, time_s=CEILING_SHARE * limits.time_s, gap=max(limits.gap, CEILING_GAP))
    quiet = None if monitor is None else Silent(monitor)
    aside = replace(problem, goal=pressed, single_source=False)
    own = Memory(price=memory.price, cuts=memory.cuts)
    outcome = PriceCuts(aside, memory=own).solve(brief, quiet)
    memory.price, memory.cuts = own.price, own.cuts
    if outcome.layout is None or outcome.limit is Limit.STOPPED:
        return None
    response = np.add(*layout_response(problem, outcome.layout, workers=limits.workers))
    return None if goal.broken(response, problem.probability) else outcome.layout


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
    method: str,
    memory: Memory,
) -> Outcome:
    if monitor is not None:
        monitor = Offering(monitor, lambda layout: as_plan(problem, layout))
    if method == "cuts" and problem.single_source:
        from depotopt.siting.depot_choice import DepotChoice

        return DepotChoice(problem, memory, extensive=engine == "auto").solve(limits, monitor)
    if method == "cuts":
        from depotopt.siting.cuts.price_cuts import PriceCuts

        return PriceCuts(problem, memory=memory).solve(limits, monitor)
    from depotopt.siting.extensive import ExtensiveForm

    return ExtensiveForm(problem).solve(limits, monitor, engine=method, start=memory.layout)


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


def measured(problem: SitingProblem, layout: Layout, measure: str, *, workers: int = 1) -> float:
    """Yearly cost, or mean, tail or worst response cost of one event."""
    if measure == "cost":
        return sum(layout.yearly_terms(problem).values())
    transport, unmet = layout_response(problem, layout, workers=workers)
    return problem.goal.measure(measure, transport + unmet, problem.probability)


def engine_name(engine: str) -> str:
    """Engine with the version that produced a result."""
    from importlib.metadata import version

    return f"{engine} (ortools {version('ortools')})"
