"""Whether trunk trips to hubs pay, and which: a plan without them against plans with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.bound.allocation import allocate
from depotopt.dispatch.model.assembly import Assembly
from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.model.draft import (
    DraftTrip,
    Routes,
    delivered,
    drawn,
    make_trip,
    unhurried,
    without_empty,
)
from depotopt.dispatch.model.goal import Value, value_of
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.publishing.publication import with_lengths
from depotopt.dispatch.search.budget import Budget
from depotopt.dispatch.search.construction import Construction
from depotopt.dispatch.search.improvement import improve
from depotopt.dispatch.search.repair import repair
from depotopt.dispatch.search.sector_search import sectored
from depotopt.dispatch.search.trunks import TrunkPlanner, TrunkTrip, after_trunks, first_wants, wants_after

ROUNDS: Final = 2
"""How often trunk trips are chosen again once a last mile says what they lacked and what was left over."""


REVISIONS: Final = 60
"""Changes of trunk trips that are tried at most once the last mile has been searched."""
QUIET_REVISIONS: Final = 12
"""Changes in a row without a gain after which no further one is tried."""
REVISION: Final = 2_000.0
"""Operations a change takes besides the search."""
DROP_SHARE: Final = 0.5
"""Share of the changes to less that take out one trip; the others take out a vehicle."""
ALL_SHARE: Final = 0.2
"""Share of the changes to more that let every vehicle drive trunk trips; the others one more."""


@dataclass(frozen=True, slots=True)
class Transshipment:
    """Trunk trips, and the last mile that is left once they are decided.

    Attributes
    ----------
    trips
        In the order they were decided.
    problem
        The last mile.
    routes
        A draft of it.
    """

    trips: tuple[TrunkTrip, ...]
    problem: DispatchProblem
    routes: Routes

    @property
    def value(self) -> Value:
        """What it is compared by."""
        return value_of(self.problem, self.routes)


@dataclass(frozen=True, slots=True)
class Search:
    """How drafts of the last mile are made.

    Attributes
    ----------
    until
        Moment of `time.perf_counter` after which nothing is begun.
    seed, stopped
        As for `depotopt.dispatch.search.improvement.improve`.
    """

    until: float
    seed: int
    stopped: Callable[[], bool]

    def improved(self, problem: DispatchProblem, routes: Routes, budget: Budget) -> Routes:
        """A draft made better with some operations."""
        return improve(problem, routes, budget=budget, until=self.until, seed=self.seed, stopped=self.stopped)

    def quick(self, problem: DispatchProblem) -> Routes:
        """A draft made from nothing."""
        routes: Routes = tuple(() for _ in problem.vehicles)
        if any(lot.units for lot in problem.lots):
            routes = Construction(problem, allocate(problem), self.until).scheduled()
            routes = self.improved(problem, routes, Budget(0.0))
        return routes


def transshipment(assembly: Assembly, search: Search) -> Transshipment | None:
    """Compare quick plans without trunk trips and with them; then choose the trips again by what they lacked.

    Parameters
    ----------
    assembly
        Problem and sources.
    search
        Makes the plans.

    Returns
    -------
    Transshipment
        ``None`` where no source feeds a hub or trunk trips do not pay.
    """
    if not assembly.sources:
        return None
    problem = assembly.problem
    routes = search.quick(problem)
    best: Transshipment | None = None
    best_value = value_of(problem, routes)
    wants = first_wants(assembly, problem.need - delivered(problem, routes))
    # The larger the fleet, the longer a plan takes: there the first choice has to do.
    for _ in range(1 if sectored(problem) else 1 + ROUNDS):
        found: Transshipment | None = None
        for crew in sorted({_idle(routes), tuple(range(len(problem.vehicles)))}, key=len):
            trips = () if search.stopped() else TrunkPlanner(assembly, wants, crew).trips()
            left = _left(assembly, trips) if trips else None
            if left is not None:
                tried = Transshipment(trips, left, search.quick(left))
                if found is None or tried.value < found.value:
                    found = tried
        if found is None or (best is not None and not found.value < best_value):
            break
        if found.value < best_value:
            best, best_value = found, found.value
        routes, wants = found.routes, wants_after(assembly, found.problem, found.routes)
    return best


def revised(assembly: Assembly, now: Transshipment, search: Search, budget: Budget) -> Transshipment:
    """Trunk trips chosen again and again once the last mile has been searched; what makes it better stays.

    What nobody took from a hub is left at home; trips are sent anew for what the last mile took and lacked,
    by idle vehicles and those that drove them before, by one more of the others or one less of these; single
    trips are taken out. The last mile goes on from what it was, mended and searched on.

    Parameters
    ----------
    assembly
        Problem and sources.
    now
        Trunk trips, perhaps none, and their last mile.
    search, budget
        Makes last miles, and how many operations that may take in all.
    """
    rng, quiet = np.random.default_rng(search.seed), 0
    for number in range(REVISIONS):
        if search.stopped() or quiet >= QUIET_REVISIONS or budget.left <= 0:
            break
        part = Budget(min(budget.left, budget.total / QUIET_REVISIONS))
        trips = _changed(assembly, now, number, rng)
        tried = None if trips == now.trips else _carried_on(assembly, trips, now, search, part)
        budget.spend(part.total - part.left + REVISION)
        quiet += 1
        if tried is not None and tried.value < now.value:
            now, quiet = tried, 0
    return now


def _changed(
    assembly: Assembly, now: Transshipment, number: int, rng: np.random.Generator
) -> tuple[TrunkTrip, ...]:
    """Other trunk trips: what is not taken is left at home, then trips are sent anew, by more and by less."""
    own = sorted({trip.vehicle for trip in now.trips})
    everybody = range(len(now.routes))
    wants = wants_after(assembly, now.problem, now.routes)
    if number == 0:
        return TrunkPlanner(assembly, wants, tuple(everybody)).repeated(_taken(assembly, now))
    crew = {v for v in everybody if not now.routes[v] or v in own}
    if number > 1 and number % 2:
        # One more of those that only make last miles, or all of them.
        others = sorted(set(everybody) - crew)
        more = others if not others or rng.random() < ALL_SHARE else rng.choice(others, 1).tolist()
        crew |= set(more)
    elif number > 1 and own:
        if rng.random() < DROP_SHARE:
            # One trip less, all others as they are.
            kept = _taken(assembly, now)
            del kept[int(rng.integers(len(kept)))]
            return TrunkPlanner(assembly, wants, tuple(everybody)).repeated(kept)
        crew -= {int(rng.choice(own))}
    return TrunkPlanner(assembly, wants, tuple(sorted(crew))).trips()


def added(assembly: Assembly, now: Transshipment, search: Search, budget: Budget) -> Transshipment:
    """The plan with further trunk trips by idle vehicles, between all that is decided, if that is better.

    Parameters
    ----------
    assembly
        Problem and sources; its problem is that of ``now``.
    now
        A last mile, its locked vehicles among it.
    search, budget
        Makes last miles, and how many operations that may take in all.
    """
    problem = assembly.problem
    wants = first_wants(assembly, problem.need - delivered(problem, now.routes))
    decided = timetable(problem, now.routes)
    for _ in range(ROUNDS):
        trips = TrunkPlanner(assembly, wants, _idle(now.routes), decided).trips()
        tried = _carried_on(assembly, trips, now, search, Budget(budget.total / ROUNDS)) if trips else None
        if tried is None:
            break
        if tried.value < now.value:
            return tried
        wants = wants_after(assembly, tried.problem, tried.routes)
    return now


def _idle(routes: Routes) -> tuple[int, ...]:
    return tuple(v for v, route in enumerate(routes) if not route)


def _left(assembly: Assembly, trips: tuple[TrunkTrip, ...]) -> DispatchProblem | None:
    """The last mile some trunk trips leave, with legs of their true lengths; ``None`` if one is too long."""
    measured = with_lengths(assembly, assembly.problem, _legs(assembly, trips))
    if _too_far(assembly, measured, trips):
        return None
    return after_trunks(replace(assembly, problem=measured), trips)


def _taken(assembly: Assembly, now: Transshipment) -> list[TrunkTrip]:
    """The trunk trips with no more than the last mile takes of what they bring."""
    used = drawn(now.problem, now.routes)
    p, trips = len(assembly.problem.lots), []
    for trip in now.trips:
        loads = []
        for lot, _ in trip.loads:
            if used[p] > 0:
                loads.append((lot, int(used[p])))
            p += 1
        trips.append(replace(trip, loads=tuple(loads)))
    return trips


def _carried_on(
    assembly: Assembly,
    trips: tuple[TrunkTrip, ...],
    now: Transshipment,
    search: Search,
    budget: Budget,
) -> Transshipment | None:
    """The last mile of ``now`` with other trunk trips: what they bring is loaded instead, the rest mended."""
    problem = _left(assembly, trips) if trips else assembly.problem
    if problem is None:
        return None
    routes = unhurried(_reloaded(assembly, now, problem), problem.locked)
    if not timetable(problem, routes).feasible:
        routes = repair(problem, _reloaded(assembly, now, problem))
    if any(_errands(routes[v]) != _errands(now.routes[v]) for v in problem.locked):
        return None
    return Transshipment(trips, problem, search.improved(problem, routes, budget))


def _errands(route: tuple[DraftTrip, ...]) -> list[tuple[object, ...]]:
    return [(trip.depot, trip.stops, trip.loads) for trip in route]


def _reloaded(assembly: Assembly, now: Transshipment, problem: DispatchProblem) -> Routes:
    """The routes of ``now`` with the lots of another last mile, as far as they are there."""
    known, free = len(assembly.problem.lots), problem.lot_units.copy()
    brought: dict[tuple[int, int], list[int]] = defaultdict(list)
    for p in sorted(range(known, len(problem.lots)), key=lambda p: (problem.lots[p].ready_s, p)):
        brought[problem.lots[p].depot, problem.lots[p].commodity].append(p)
    routes: list[list[DraftTrip]] = [[] for _ in problem.vehicles]
    for record in timetable(now.problem, now.routes).trips:
        trip, loads = record.trip, []
        for load in trip.loads:
            handed: dict[int, int] = defaultdict(int)
            for old, wanted in load:
                same = [old] if old < known else brought[trip.depot, now.problem.lots[old].commodity]
                for p in same:
                    units = min(wanted, int(free[p]))
                    handed[p] += units
                    free[p] -= units
                    wanted -= units
            loads.append(handed.items())
        made = make_trip(problem, trip.vehicle, trip.depot, trip.stops, loads)
        routes[trip.vehicle].append(replace(made, not_before_s=trip.not_before_s))
    return without_empty(problem, tuple(tuple(route) for route in routes))


def _legs(assembly: Assembly, trips: tuple[TrunkTrip, ...]) -> dict[int, set[tuple[int, int]]]:
    pairs: dict[int, set[tuple[int, int]]] = defaultdict(set)
    problem = assembly.problem
    for trip in trips:
        place = assembly.sources[trip.source].depot.place
        legs = {(trip.origin, place), (place, problem.depots[trip.hub].place)}
        pairs[problem.vehicles[trip.vehicle].travel] |= {(a, b) for a, b in legs if a != b}
    return pairs


def _too_far(assembly: Assembly, problem: DispatchProblem, trips: tuple[TrunkTrip, ...]) -> bool:
    """Whether a trip turns out longer than its vehicle's range."""
    for trip in trips:
        place = assembly.sources[trip.source].depot.place
        length = problem.metres(trip.vehicle, trip.origin, place)
        length += problem.metres(trip.vehicle, place, problem.depots[trip.hub].place)
        if length > problem.vehicles[trip.vehicle].kind.range_m:
            return True
    return False
