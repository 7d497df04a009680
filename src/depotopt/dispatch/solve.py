"""`solve_dispatch`: the best executable plan for one road state, and who it does not serve."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from depotopt.dispatch.bound.allocation import Allocation, allocate
from depotopt.dispatch.engines import routing_engine
from depotopt.dispatch.model.assembly import Assembly, assemble
from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.model.draft import Routes, remade, weighted_unmet
from depotopt.dispatch.model.goal import Value, checked_objectives, plan_terms, value_of
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.soundness import sound_bound
from depotopt.dispatch.publishing.publication import publish, with_driven_lengths
from depotopt.dispatch.routing import RoutingBudget, RoutingEngine
from depotopt.dispatch.search.budget import Budget
from depotopt.dispatch.search.construction import Construction
from depotopt.dispatch.search.departures import delayed
from depotopt.dispatch.search.effort import SEEDS, Effort
from depotopt.dispatch.search.improvement import improve, sweep_up
from depotopt.dispatch.search.repair import repair
from depotopt.dispatch.search.sector_search import improve_sectors, sectored, sweeps_for
from depotopt.dispatch.search.trunks import TrunkTrip, reachable_stock
from depotopt.dispatch.transshipment import Search, Transshipment, revised, transshipment
from depotopt.errors import EngineError
from depotopt.hazards.states import RoadState
from depotopt.plans import DispatchPlan, SitingPlan
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status

SMALL_SEARCHES = 1_000_000
"""Nodes times places up to which every search is Dijkstra's."""
SECTOR_SHARE = 0.8
"""Share of the search that very large problems spend in sectors; the rest looks across their borders."""
REVISION_SHARE = 0.3
"""Share of the search that is left for choosing trunk trips again, where there are hubs."""


@dataclass(frozen=True, slots=True)
class DispatchOptions:
    """How a dispatch plan is made.

    Attributes
    ----------
    engine
        Routing engine: ``"pyvrp"`` or ``"ortools"``.
    objectives
        In order, ``"unmet"`` among them; default: the scenario's.
    """

    engine: str = "pyvrp"
    objectives: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class Run:
    """One call of the solver: what it works on, with what, until when.

    Attributes
    ----------
    assembly
        Problem and legs.
    router
        Routing engine.
    limits, monitor, effort
        When to stop.
    begin
        Moment of `time.perf_counter` at which it began.
    trunks
        Trunk trips that are decided.
    legs
        Held by who looks up legs: they are found once and kept, by an engine for one thread at a time.
    """

    assembly: Assembly
    router: RoutingEngine
    limits: SolveLimits
    monitor: Monitor
    effort: Effort
    begin: float
    trunks: tuple[TrunkTrip, ...] = ()
    legs: threading.Lock = field(default_factory=threading.Lock)

    def plan(self, problem: DispatchProblem, routes: Routes) -> DispatchPlan:
        """A draft as a plan that can be driven; for other threads while the search goes on."""
        with self.legs:
            problem, routes = settle(self.assembly, problem, routes)
            return publish(self.assembly, problem, delayed(problem, routes), self.trunks, tested=False)

    def keep(self, problem: DispatchProblem, bound: float, value: Value, routes: Routes) -> None:
        """Hand a draft over to whoever keeps plans."""
        objective = problem.unmet_penalty * value.unmet + value.cost
        self.monitor.offer(lambda: self.plan(problem, routes), objective, min(bound, objective), value.ranked)

    @property
    def search(self) -> Search:
        """Makes last miles for trunk trips."""
        return Search(self.effort.until, self.limits.seed, lambda: self.monitor.stopped)

    def limit(self) -> Limit:
        """What ended the search."""
        if self.monitor.stopped:
            return Limit.STOPPED
        return Limit.TIME if time.perf_counter() >= self.effort.until else Limit.ITERATIONS


PYVRP: Final = DispatchOptions()
"""PyVRP for routing, the scenario's objectives."""


def solve_dispatch(
    scenario: Scenario,
    layout: SitingPlan | None,
    network: RoadNetwork,
    state: RoadState,
    *,
    at_s: float = 0.0,
    limits: SolveLimits | None = None,
    monitor: Monitor | None = None,
    options: DispatchOptions = PYVRP,
) -> SolveResult[DispatchPlan]:
    """Decide which vehicle carries what from where to whom over which roads.

    Reachability and a flow relaxation give direction and bound; consignments are routed depot by depot;
    with routes fixed the quantities are optimised exactly; ruin and recreate then works across depots.
    Plans are compared by the objectives in their order, by default priority-weighted unmet person-days, then
    operating cost. ``objective`` is ``unmet_penalty * weighted unmet + cost`` whatever the order; ``terms``
    holds every term by its name in ``docs/semantics.md``.

    Parameters
    ----------
    scenario, layout
        The planning case and the layout dispatched from; ``None`` for the depots that stand today.
    network
        Its roads with places.
    state
        What is lost.
    at_s
        Moment of the snapshot of the roads; nothing moves before it.
    limits
        Default: the scenario's. The search counts rounds derived from ``time_s`` and the size of the
        problem, so the same seed gives the same plan unless the machine is too slow for the time.
    monitor
        Receives progress; when stopped, the best plan so far is returned.
    options
        Routing engine and objectives.

    Returns
    -------
    SolveResult
        A plan always exists (serving nobody is one): its status is feasible, or optimal where the
        bound proves it.

    Raises
    ------
    UsageError
        If the engine or an objective is unknown, or layout, road state and scenario do not belong together.
    EngineError
        If a solver fails.
    """
    begin = time.perf_counter()
    limits, monitor = limits or scenario.dispatch_limits, monitor or Monitor()
    router = routing_engine(options.engine)
    if options.objectives is not None:
        scenario = replace(scenario, dispatch_objectives=checked_objectives(options.objectives))
    assembly = assemble(scenario, layout, network, state, at_s, travel_engine(network))
    problem = assembly.problem
    effort = Effort.of(limits, begin)
    run = Run(assembly, router, limits, monitor, effort, begin)
    notes = [*problem.excluded, *_remarks(problem)]
    stocked = bool(problem.lots) or bool(assembly.sources)
    if not problem.depots or not problem.vehicles or not len(problem.points) or not stocked:
        return _nothing_to_send(run, tuple(notes))
    monitor.report("allocation")
    hubs = transshipment(assembly, run.search)
    if hubs is not None:
        problem = hubs.problem
        run = replace(run, assembly=replace(assembly, problem=problem), trunks=hubs.trips)
    allocation = _allocated(run, assembly)
    routes = _improved(run, allocation, _first_routes(run, allocation), bool(assembly.sources))
    if assembly.sources:
        run, routes = _revised(run, assembly, routes)
        problem = run.assembly.problem
    if run.trunks:
        notes.append(f"{len(run.trunks)} trunk trips bring goods to hubs before the last mile")
    with run.legs:
        problem, routes = settle(run.assembly, problem, routes)
    routes = delayed(problem, routes)
    return _result(run, problem, routes, allocation.bound, notes)


def _allocated(run: Run, assembly: Assembly) -> Allocation:
    """The relaxation of what is left after trunk trips; ``assembly`` is the one before them."""
    found = allocate(run.assembly.problem, max(1.0, run.effort.left_s / 2))
    if not assembly.sources:
        return found
    # A bound on plans with trunk trips has to let all of their stock stand at the hubs.
    return replace(found, bound=allocate(reachable_stock(assembly), max(1.0, run.effort.left_s / 2)).bound)


def _revised(run: Run, assembly: Assembly, routes: Routes) -> tuple[Run, Routes]:
    """Trunk trips chosen again by what the last mile took and lacked; ``assembly`` is the one before them."""
    problem = run.assembly.problem
    if sectored(problem) or run.effort.left_s <= 0:
        return run, routes
    now = Transshipment(run.trunks, problem, routes)
    budget = Budget.of_seconds(REVISION_SHARE * run.effort.search_s)
    found = revised(assembly, now, run.search, budget)
    return replace(
        run, assembly=replace(run.assembly, problem=found.problem), trunks=found.trips
    ), found.routes


def _improved(run: Run, allocation: Allocation, routes: Routes, hubs: bool) -> Routes:
    """Ruin and recreate: in very large problems by sectors side by side first.

    Where there are ``hubs``, a share of the operations is left for choosing trunk trips again.
    """
    problem, monitor, effort = run.assembly.problem, run.monitor, run.effort
    value = value_of(problem, routes)
    _tell(monitor, problem, allocation, value, "routes")
    run.keep(problem, allocation.bound, value, routes)

    def keep(value: Value, draft: Routes) -> None:
        _tell(monitor, problem, allocation, value, "improvement")
        run.keep(problem, allocation.bound, value, draft)

    budget = Budget.of_seconds(effort.search_s * (1.0 - REVISION_SHARE if hubs else 1.0))
    if sectored(problem):
        budget = Budget.of_seconds((1.0 - SECTOR_SHARE) * effort.search_s)
        routes = improve_sectors(
            problem,
            routes,
            sweeps=sweeps_for(problem, SECTOR_SHARE * effort.search_s),
            until=effort.until,
            seed=run.limits.seed,
            workers=run.limits.workers,
            stopped=lambda: monitor.stopped,
            keeper=keep,
        )
    routes = improve(
        problem,
        routes,
        budget=budget,
        until=effort.until,
        seed=run.limits.seed,
        stopped=lambda: monitor.stopped,
        keeper=keep,
    )
    return sweep_up(problem, routes, effort.until) if effort.left_s > 0 else routes


def _first_routes(run: Run, allocation: Allocation) -> Routes:
    """Routes by list scheduling, or by the routing engine where there is time and they are better."""
    problem, monitor = run.assembly.problem, run.monitor
    construction = Construction(problem, allocation, run.effort.until)
    routes = construction.scheduled()
    value = value_of(problem, routes)
    _tell(monitor, problem, allocation, value, "first plan")
    run.keep(problem, allocation.bound, value, routes)
    # Sectors bring more in the time the routing engine would take for thousands of consignments.
    iterations = 0 if sectored(problem) else run.effort.routing(len(construction.pieces))
    if not iterations or monitor.stopped:
        return routes
    budget = RoutingBudget(
        iterations=iterations,
        time_s=max(0.1, run.effort.left_s / 2),
        seeds=tuple(run.limits.seed + n for n in range(SEEDS)),
        stopped=lambda: monitor.stopped,
    )
    return construction.routed(
        run.router, budget, routes, lambda text: monitor.report("routing", message=text)
    )


def settle(assembly: Assembly, problem: DispatchProblem, routes: Routes) -> tuple[DispatchProblem, Routes]:
    """Replace estimated lengths by driven ones until the draft holds every rule with them."""
    while True:
        problem = with_driven_lengths(assembly, problem, routes)
        routes = tuple(tuple(remade(problem, trip) for trip in route) for route in routes)
        if timetable(problem, routes).feasible:
            return problem, routes
        fewer = repair(problem, routes)
        if fewer == routes:
            raise EngineError("dispatch", "a draft breaks rules that dropping stops does not mend")
        routes = fewer


def travel_engine(network: RoadNetwork) -> TravelTimeEngine:
    """Engine for the searches of one road state: on small networks preparing a fast one takes longer."""
    from depotopt.roads.engines.registry import prepare_engine

    places = 0 if network.places is None else len(network.places.ident)
    small = network.nodes * places <= SMALL_SEARCHES
    return prepare_engine(network, "dijkstra" if small else "auto")


def _remarks(problem: DispatchProblem) -> list[str]:
    remarks = []
    if not len(problem.points):
        remarks.append("nobody needs anything in this road state")
    if not problem.depots:
        remarks.append("no dispatching depot is open")
    elif not problem.lots:
        remarks.append("no usable stock at any open depot in this road state")
    if not problem.vehicles:
        remarks.append("the fleet is empty: nothing can be sent")
    cut = int((~problem.reachable).sum())
    if cut and problem.vehicles:
        remarks.append(f"{cut} of {len(problem.points)} points with need cannot be reached")
    late = int((problem.deadline_s < problem.start_s).sum())
    if late:
        remarks.append(f"{late} points have a deadline that lies in the past")
    shut = 0 if problem.earliest_of is None else int((problem.earliest_s > problem.deadline_s).sum())
    if shut:
        remarks.append(f"{shut} points open only after their deadline")
    return remarks


def _nothing_to_send(run: Run, notes: tuple[str, ...]) -> SolveResult[DispatchPlan]:
    """The plan in which nothing moves, where nothing can or must move: proved best."""
    problem = run.assembly.problem
    routes: Routes = tuple(() for _ in problem.vehicles)
    return _result(run, problem, routes, problem.unmet_penalty * weighted_unmet(problem, routes), list(notes))


def _result(
    run: Run, problem: DispatchProblem, routes: Routes, bound: float, notes: list[str]
) -> SolveResult[DispatchPlan]:
    terms = plan_terms(problem, routes)
    value = problem.unmet_penalty * terms["unmet_person_days"] + terms["cost"]
    bound = sound_bound(problem, value, bound)
    proved = value - bound <= run.limits.gap * max(abs(value), 1e-9)
    # The bound speaks of unmet need and cost: what comes between or before them is not proved by it.
    moved = bool(run.trunks or timetable(problem, routes).trips)
    proved = proved and (problem.objectives == ("unmet", "cost") or not moved)
    with run.legs:
        plan = publish(run.assembly, problem, routes, run.trunks)
    return SolveResult(
        status=Status.OPTIMAL if proved else Status.FEASIBLE,
        plan=plan,
        objective=value,
        bound=bound,
        engine=run.router.version(),
        seconds=time.perf_counter() - run.begin,
        limit=None if proved else run.limit(),
        terms=terms,
        notes=tuple(notes),
    )


def _tell(
    monitor: Monitor, problem: DispatchProblem, allocation: Allocation, value: Value, stage: str
) -> None:
    objective = problem.unmet_penalty * value.unmet + value.cost
    monitor.report(stage, objective, min(allocation.bound, objective))
