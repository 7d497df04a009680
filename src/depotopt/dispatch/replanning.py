"""`replan`: a new plan when roads close while vehicles are under way, close to the plan in force."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Final

from depotopt.dispatch.bound.allocation import allocate
from depotopt.dispatch.model.assembly import Assembly, assemble
from depotopt.dispatch.model.draft import Routes, weighted_unmet
from depotopt.dispatch.model.goal import Value, value_of
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.soundness import sound_bound
from depotopt.dispatch.publishing.papers import changed_vehicles, kept_share
from depotopt.dispatch.replan.changing_roads import ChangingRoads
from depotopt.dispatch.replan.cold_start import COLD_FROM_S, ColdProcess
from depotopt.dispatch.replan.rebuilding import Rebuilding
from depotopt.dispatch.replan.remaining import Remaining, first_draft, remaining_work
from depotopt.dispatch.replan.underway import KeptTrip, Underway
from depotopt.dispatch.search.budget import Budget
from depotopt.dispatch.search.departures import delayed
from depotopt.dispatch.search.effort import Effort
from depotopt.dispatch.search.improvement import improve
from depotopt.dispatch.search.trunks import lots_of, reachable_stock
from depotopt.dispatch.solve import settle, travel_engine
from depotopt.dispatch.transshipment import Search, Transshipment, added
from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState
from depotopt.language.speech import S_
from depotopt.plans import DispatchPlan, SitingPlan
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.solving import Limit, Monitor, SolveLimits, SolveResult, Status

ON_TRIP: Final = S_("vehicle {vehicle} on trip {number}")
"""Who a remark is about."""
KEPT_SHARE: Final = 0.9
"""Share of the stops the loss does not touch that a plan from nothing must leave with their vehicle."""
TRUNK_SHARE: Final = 0.1
"""Share of the time that new trunk trips get, counted in operations."""
WARM_SHARE: Final = 0.7
"""Share of the time that ruin and recreate gets from the plan in force, counted in operations."""
BOUND_SHARE: Final = 0.25
"""Share of the time that must be left for proving a bound where no search from nothing does it."""


@dataclass(frozen=True, slots=True)
class InForce:
    """A plan being carried out and the road state it was made for."""

    plan: DispatchPlan
    state: RoadState


@dataclass(frozen=True, slots=True)
class Replanning:
    """A new plan and what it changes.

    Attributes
    ----------
    result
        The whole new plan: trips under way first, then what is planned anew. Its ``terms`` hold
        ``unmet_person_days``, ``cost`` and ``changed_stops``.
    under_way
        Trips that had begun, as they are carried on.
    changed_vehicles
        Vehicles whose route sheet is not the old one, sorted: only these get new papers.
    kept_share
        Share of the stops not yet begun of vehicles whose way the loss does not touch that stay with their
        vehicle.
    first_plan_s
        Seconds until a plan that keeps every rule was there.
    remarks
        What cannot be handed over, who is stranded.
    """

    result: SolveResult[DispatchPlan]
    under_way: tuple[KeptTrip, ...]
    changed_vehicles: tuple[str, ...]
    kept_share: float
    first_plan_s: float
    remarks: tuple[str, ...]


def replan(
    scenario: Scenario,
    layout: SitingPlan | None,
    network: RoadNetwork,
    in_force: InForce,
    after: RoadState,
    *,
    at_s: float,
    limits: SolveLimits | None = None,
    monitor: Monitor | None = None,
) -> Replanning:
    """Plan anew from a moment on, keeping what is loaded and driven.

    Trips whose loading has begun are frozen: they are carried on, led round roads that are lost. Trips that
    have not begun are the start of the new plan; stops that move to another vehicle have a price in the
    search, so the plan changes no more than the loss asks for.

    Parameters
    ----------
    scenario, layout, network
        As for `depotopt.dispatch.solve.solve_dispatch`.
    in_force
        The plan in force and the road state it was made for.
    after
        The road state now.
    at_s
        Now, seconds from the scenario's start.
    limits, monitor
        As for `depotopt.dispatch.solve.solve_dispatch`; a stop returns the first plan that keeps every rule.

    Raises
    ------
    UsageError
        If the moment lies before the plan's own, or network and scenario do not belong together.
    """
    begin, plan = time.perf_counter(), in_force.plan
    limits, monitor = limits or scenario.dispatch_limits, monitor or Monitor()
    if at_s < plan.at_s:
        raise UsageError(
            f"the plan in force was made for {plan.at_s:g} s, replanning at {at_s:g} s is before it"
        )
    left = interrupted(scenario, layout, network, in_force, after, at_s)
    effort = Effort.of(limits, begin)
    with _beside(left.problem, limits, effort) as cold:
        run = _Run(scenario, left, limits, monitor, effort, begin)
        problem, routes = settle(left.assembly, left.problem, first_draft(left))
        run = replace(run, first_plan_s=time.perf_counter() - begin)
        monitor.report("first plan", message=f"after {run.first_plan_s:.2f} s")
        run.keep(problem, value_of(problem, routes), routes)
        return run.finish(problem, routes, cold)


def interrupted(
    scenario: Scenario,
    layout: SitingPlan | None,
    network: RoadNetwork,
    in_force: InForce,
    after: RoadState,
    at_s: float,
) -> Remaining:
    """What a plan in force leaves to do at a moment, on the roads of now.

    Parameters
    ----------
    scenario, layout, network, in_force, after, at_s
        As for `replan`.
    """
    if network.places is None:
        raise UsageError("the road network has no places: load it with load_network")
    engine = travel_engine(network)
    assembly = assemble(scenario, layout, network, after, at_s, engine)
    problem = assembly.problem
    depots = tuple(depot.ident for depot in problem.depots)
    ends = {vehicle.ident: (problem.places[vehicle.home], *depots) for vehicle in problem.vehicles}
    roads = ChangingRoads(network, network.places, in_force.state, in_force.plan.at_s, after, at_s, engine)
    underway = Underway(scenario, roads, ends)
    return remaining_work(assembly, underway, in_force.plan)


@contextmanager
def _beside(problem: DispatchProblem, limits: SolveLimits, effort: Effort) -> Iterator[ColdProcess | None]:
    """A search from nothing beside this one, where there is time for it and something to plan."""
    if limits.time_s < COLD_FROM_S or not _something_left(problem):
        yield None
        return
    with ColdProcess(problem, limits, effort.until) as cold:
        yield cold


def _to_bring(assembly: Assembly) -> bool:
    """Whether sources have anything to bring to hubs."""
    lots = (lot for source in assembly.sources for lot in lots_of(assembly.problem, source))
    return any(lot.units > 0 for lot in lots)


def _something_left(problem: DispatchProblem) -> bool:
    """Whether there is anything to bring, from somewhere, by somebody."""
    return bool(problem.depots and problem.vehicles and problem.need.any() and problem.lot_units.any())


@dataclass(frozen=True, slots=True)
class _Run:
    """One replanning."""

    scenario: Scenario
    left: Remaining
    limits: SolveLimits
    monitor: Monitor
    effort: Effort
    begin: float
    first_plan_s: float = 0.0
    legs: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, problem: DispatchProblem, value: Value, routes: Routes) -> None:
        """Hand a draft of what is left over to whoever keeps plans, as a whole plan."""
        carried = self.left.cost(self.left.carried)
        objective = problem.unmet_penalty * value.unmet + value.cost + carried
        self.monitor.offer(lambda: self._whole(problem, routes), objective, None, value.ranked)

    def _whole(self, problem: DispatchProblem, routes: Routes) -> DispatchPlan:
        """The whole plan with a draft; for other threads while the search goes on."""
        with self.legs:
            return self.left.published(*settle(self.left.assembly, problem, routes))[0]

    def finish(self, problem: DispatchProblem, routes: Routes, cold: ColdProcess | None) -> Replanning:
        """Improve the first plan, hear what was found from nothing, and take the better one."""
        if _something_left(problem):
            routes = self._improved(problem, routes)
        with self.legs:
            problem, routes = settle(self.left.assembly, problem, routes)
        best = self._with_trunks(Transshipment((), problem, routes))
        rest = self._rest(best.problem, best.routes, cold)
        found = None if cold is None else cold.answer(self.monitor)
        notes = [] if cold is None else [*cold.notes]
        engine = "depotopt ruin and recreate from the plan in force"
        if found is not None:
            if rest is None and not _to_bring(replace(self.left.assembly, problem=self.left.problem)):
                # From nothing no trunk trip is sent, so that bound speaks only where there is none to send.
                rest = found.bound
            with self.legs:
                known, other = settle(self.left.assembly, problem, found.routes)
            if value_of(known, other) < best.value:
                share = self._kept(known, other)
                if share >= KEPT_SHARE:
                    best, engine = Transshipment((), known, other), "depotopt ruin and recreate from nothing"
                else:
                    gain = weighted_unmet(best.problem, best.routes) - weighted_unmet(known, other)
                    notes.append(
                        f"a plan from nothing would leave {gain:.0f} weighted person-days less unmet, "
                        f"but only {share:.0%} of the stops the loss does not touch with their vehicle"
                    )
        notes += self.left.assembly.problem.excluded
        if best.trips:
            notes.append(f"{len(best.trips)} new trunk trips bring goods to hubs")
        if self.monitor.stopped:
            notes.append("stopped before the end: this is the best plan found until then")
        bound = None if rest is None else self.left.bound(rest)
        best = replace(best, routes=self._delayed(best))
        with self.legs:
            return self._replanning(best, engine, bound, tuple(notes))

    def _delayed(self, best: Transshipment) -> Routes:
        """Departures as late as nothing is lost, of vehicles that get new papers anyhow."""
        locked = self._unchanged(best.problem, best.routes)
        return delayed(replace(best.problem, locked=locked), best.routes)

    def _with_trunks(self, now: Transshipment) -> Transshipment:
        """The plan with new trunk trips by idle vehicles, where sources have something and that is better."""
        assembly, problem = replace(self.left.assembly, problem=now.problem), now.problem
        if not _to_bring(assembly) or self.monitor.stopped or self.effort.left_s <= 0:
            return now
        locked = frozenset(v for v, route in enumerate(now.routes) if route) & self._unchanged(
            problem, now.routes
        )
        held = replace(problem, locked=locked)
        search = Search(self.effort.until, self.limits.seed, lambda: self.monitor.stopped)
        budget = Budget.of_seconds(TRUNK_SHARE * self.effort.time_s)
        found = added(replace(assembly, problem=held), Transshipment((), held, now.routes), search, budget)
        if not found.trips:
            return now
        with self.legs:
            settled = settle(self.left.assembly, replace(found.problem, locked=frozenset()), found.routes)
        better = Transshipment(found.trips, *settled)
        return better if better.value < now.value else now

    def _rest(self, problem: DispatchProblem, routes: Routes, cold: ColdProcess | None) -> float | None:
        """A bound on what is left to do, where the search from nothing does not prove it."""
        relaxed = self.left.problem
        left = replace(self.left.assembly, problem=relaxed)
        if _to_bring(left):
            # A bound on plans with new trunk trips has to let all that sources have stand at the hubs.
            relaxed = reachable_stock(left)
        elif cold is not None:
            return None
        if not _something_left(relaxed):
            # Nothing can be sent any more, so what is missing stays missing.
            return problem.unmet_penalty * weighted_unmet(problem, routes)
        if self.monitor.stopped or self.effort.left_s < BOUND_SHARE * self.effort.time_s:
            return None
        return allocate(relaxed, self.effort.left_s).bound

    def _improved(self, problem: DispatchProblem, routes: Routes) -> Routes:
        """Send anew who is hit, then whoever can help, then search with all of them."""
        locked = replace(problem, locked=self._unchanged(problem, routes))
        depots = {depot.ident: d for d, depot in enumerate(problem.depots)}
        number = {vehicle.ident: v for v, vehicle in enumerate(problem.vehicles)}
        first: dict[int, int] = {}
        for trip in sorted(self.left.waiting, key=lambda trip: trip.number):
            if trip.start_site in depots:
                first.setdefault(number[trip.vehicle], depots[trip.start_site])
        budget = Budget.of_seconds(WARM_SHARE * self.effort.time_s)

        def keep(value: Value, draft: Routes) -> None:
            self._tell(problem, value)
            self.keep(problem, value, draft)

        if not self.monitor.stopped:
            routes = Rebuilding(locked, first, self.effort.until, budget).best(routes)
            keep(value_of(problem, routes), routes)
            locked, routes = Rebuilding(locked, first, self.effort.until, budget).helped(routes)
        routes = improve(
            locked,
            routes,
            budget=budget,
            until=self.effort.until,
            seed=self.limits.seed,
            stopped=lambda: self.monitor.stopped,
            keeper=keep,
        )
        if not self.monitor.stopped and self.effort.left_s > 0:
            _, routes = Rebuilding(locked, first, self.effort.until, budget).helped(routes)
        return routes

    def _unchanged(self, problem: DispatchProblem, routes: Routes) -> frozenset[int]:
        """Vehicles with work whose papers still hold in the first plan."""
        with self.legs:
            plan, _ = self.left.published(problem, routes)
        changed = set(changed_vehicles(self.left.plan, plan))
        return frozenset(
            v
            for v, (vehicle, route) in enumerate(zip(problem.vehicles, routes, strict=True))
            if route and vehicle.ident not in changed
        )

    def _kept(self, problem: DispatchProblem, routes: Routes) -> float:
        driven = {
            (problem.vehicles[trip.vehicle].ident, problem.point_idents[point])
            for route in routes
            for trip in route
            for point in trip.stops
        }
        return kept_share(self.left.untouched, driven)[0]

    def _tell(self, problem: DispatchProblem, value: Value) -> None:
        self.monitor.report("improvement", problem.unmet_penalty * value.unmet + value.cost)

    def _replanning(
        self, best: Transshipment, engine: str, bound: float | None, notes: tuple[str, ...]
    ) -> Replanning:
        """Put kept and new trips together, and say what changed."""
        problem, routes = best.problem, best.routes
        plan, new = self.left.published(problem, routes, best.trips, tested=True)
        unmet, cost = weighted_unmet(problem, routes), self.left.cost(plan.trips)
        objective = problem.unmet_penalty * unmet + cost
        share, moved = kept_share(
            self.left.untouched, {(trip.vehicle, stop.point) for trip in new for stop in trip.stops}
        )
        bound = None if bound is None else sound_bound(self.left.assembly.problem, objective, bound)
        proved = (
            bound is not None
            and problem.objectives == ("unmet", "cost")
            and objective - bound <= self.limits.gap * max(abs(objective), 1e-9)
        )
        limit = Limit.TIME if time.perf_counter() >= self.effort.until else Limit.ITERATIONS
        if self.monitor.stopped:
            limit = Limit.STOPPED
        result = SolveResult(
            status=Status.OPTIMAL if proved else Status.FEASIBLE,
            plan=plan,
            objective=objective,
            bound=bound,
            engine=engine,
            seconds=time.perf_counter() - self.begin,
            limit=None if proved else limit,
            terms={"unmet_person_days": unmet, "cost": cost, "changed_stops": float(moved)},
            notes=notes,
        )
        return Replanning(
            result,
            self.left.kept,
            changed_vehicles(self.left.plan, plan),
            share,
            self.first_plan_s,
            _remarks(self.scenario, self.left.kept),
        )


def _remarks(scenario: Scenario, kept: tuple[KeptTrip, ...]) -> tuple[str, ...]:
    remarks = []
    for item in kept:
        who = ON_TRIP.format(vehicle=item.trip.vehicle, number=item.trip.number)
        if item.undelivered:
            names = ", ".join(
                scenario.demand_points[scenario.point_index[ident]].name for ident in item.undelivered
            )
            remarks.append(f"{who} cannot reach {names} in time: that load stays on board")
        if item.stranded:
            remarks.append(f"{who} finds no open road back to {item.trip.end_site}")
        elif item.rerouted:
            remarks.append(f"{who} takes another road from where it is now")
    return tuple(remarks)
