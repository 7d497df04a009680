"""Ruin and recreate across depots, part by part, under the exact clock."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Final

import numpy as np

from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.model.draft import Routes, make_trip, unhurried
from depotopt.dispatch.model.goal import Value, value_of
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search.arrival_search import sooner
from depotopt.dispatch.search.budget import ROUND, Budget, Guard
from depotopt.dispatch.search.candidates import arrival_first, insertion_order
from depotopt.dispatch.search.insertion import Inserter
from depotopt.dispatch.search.quantities import best_quantities
from depotopt.dispatch.search.quarters import Quarters
from depotopt.dispatch.search.repair import repair

DEVIATION: Final = 0.05
"""How much worse than the best, relative, a draft may be at first and still be walked on from."""
POLISH_EVERY: Final = 2
"""Rounds between exact optimisations of the quantities of drafts that are not better."""
STOPPED_S: Final = 2.0
"""Seconds that filling up a draft may take after the user asked to stop."""
THRIFTY_SHARE: Final = 0.5
"""Share of rounds that insert by what a vehicle brings per second."""
TRIP_RUIN_SHARE: Final = 0.25
"""Share of rounds that take out whole trips."""
ROUTE_RUIN_SHARE: Final = 0.4
"""Share of the other rounds that empty whole vehicles; the rest takes out neighbouring points."""
MOST_POINTS_RUINED: Final = 8
"""Neighbouring points taken out together."""
ROUNDS_PER_PART: Final = 20
"""Rounds in one part before the next is taken."""
QUIET_ROUNDS: Final = (20, 2)
"""Rounds in a row without a gain after which a search ends, and as many more per point and vehicle."""
QUIET_PARTS: Final = 12
"""Parts in a row without a gain, per depot, after which a search ends."""
LAST_TRIES: Final = 60
"""Candidates timed exactly per point when the last crumbs are swept up."""


def improve(
    problem: DispatchProblem,
    routes: Routes,
    *,
    budget: Budget,
    until: float,
    seed: int,
    stopped: Callable[[], bool],
    keeper: Callable[[Value, Routes], None] | None = None,
) -> Routes:
    """Take some stops out, put unmet need back in, keep what is better (Schrimpf et al. 2000; Shaw 1998).

    Small problems are worked on as a whole; in large ones a few neighbouring depots with their vehicles at
    a time (Taillard and Voss 2002), and what a part finds is kept if the whole draft still holds every rule.

    Parameters
    ----------
    problem, routes
        A draft that holds every rule.
    budget
        Operations to spend; the search ends before where it is long without a gain.
    until
        Moment of `time.perf_counter` after which no round is begun.
    seed
        Of the choice of what is taken out.
    stopped
        Asked before every round.
    keeper
        Given every better draft of the whole problem with its value.
    """
    rng = np.random.default_rng(seed)
    if stopped():
        # Who stops the search waits for the answer: only the quickest gains are still taken.
        return _filled(problem, routes, Guard(min(until, time.perf_counter() + STOPPED_S), lambda: False))
    guard = Guard(until, stopped)

    quarters = Quarters(problem)
    if not quarters.divided:
        return _search(problem, routes, None, budget, rng, guard, keeper)
    best, best_value, quiet = routes, value_of(problem, routes), 0
    while budget.left > 0 and not guard.over and quiet < QUIET_PARTS * len(problem.depots):
        quiet += 1
        part = quarters.next_part(best, rng)
        mine = part.routes(best)
        found = _search(part.problem, mine, ROUNDS_PER_PART, budget, rng, guard)
        if found is mine:
            continue
        candidate = part.put_back(problem, best, found)
        value = _kept_value(problem, candidate)
        if value is not None and value < best_value:
            best, best_value, quiet = candidate, value, 0
            if keeper is not None:
                keeper(best_value, best)
    return best


def search_part(
    problem: DispatchProblem,
    routes: Routes,
    rounds: int,
    seed: int,
    until: float,
    stopped: Callable[[], bool],
) -> Routes:
    """Ruin and recreate in one part by itself; the draft given is returned where none is better.

    Parameters
    ----------
    problem, routes
        A part and a draft of it that holds every rule.
    rounds
        How many.
    seed
        Of the choice of what is taken out.
    until, stopped
        As in `improve`.
    """
    guard = Guard(until, stopped)
    return _search(problem, routes, rounds, Budget(math.inf), np.random.default_rng(seed), guard)


def _kept_value(problem: DispatchProblem, routes: Routes) -> Value | None:
    """Value of a draft, ``None`` where it breaks a rule."""
    times = timetable(problem, routes)
    return value_of(problem, routes, times) if times.feasible else None


def _filled(problem: DispatchProblem, routes: Routes, guard: Guard, budget: Budget | None = None) -> Routes:
    """The draft with what still fits put in, and its quantities optimised."""
    work = Inserter(problem, routes, budget=budget)
    work.insert_all(insertion_order(problem, work.missing), guard.until)
    return best_quantities(problem, tuple(work.routes), guard.left_s, whole=False, budget=budget)


def _search(
    problem: DispatchProblem,
    routes: Routes,
    rounds: int | None,
    budget: Budget,
    rng: np.random.Generator,
    guard: Guard,
    keeper: Callable[[Value, Routes], None] | None = None,
) -> Routes:
    """The best draft of a walk from the given one, which is returned itself where none is better.

    A draft a little worse than the best is walked on from (record-to-record travel, Dueck 1993), the less so
    the later; the quantities of promising drafts are optimised exactly. Without a number of ``rounds`` it
    ends when the budget is spent or nothing has been gained for long.
    """
    early = arrival_first(problem)
    best, best_value = routes, value_of(problem, routes)
    current = _filled(problem, routes, guard, budget)
    if early:
        current = sooner(problem, current, guard.until)
    value = value_of(problem, current)
    if value < best_value:
        best, best_value = current, value
    patience = QUIET_ROUNDS[0] + QUIET_ROUNDS[1] * (len(problem.points) + len(problem.vehicles))
    quiet = number = 0
    while budget.left > 0 and quiet < patience and number != rounds:
        budget.spend(ROUND)
        ruined = None if guard.over else _ruin(problem, current, rng)
        if ruined is None:
            break
        candidate = _recreate(problem, ruined, number, rng, guard.until, budget)
        if early:
            candidate = sooner(problem, candidate, guard.until)
        value = value_of(problem, candidate)
        heat = budget.heat if rounds is None else 1.0 - number / rounds
        if value.near(best_value, DEVIATION * heat):
            if number % POLISH_EVERY == 0 or value < best_value:
                candidate = best_quantities(problem, candidate, guard.left_s, whole=False, budget=budget)
                value = value_of(problem, candidate)
            current = candidate
        number, quiet = number + 1, quiet + 1
        if value < best_value:
            best, best_value, quiet = candidate, value, 0
            if keeper is not None:
                keeper(best_value, best)
    return best


def sweep_up(problem: DispatchProblem, routes: Routes, until: float) -> Routes:
    """Optimise the quantities and put the last crumbs in: every point still short gets many tries.

    Parameters
    ----------
    problem, routes
        A draft that holds every rule.
    until
        Moment of `time.perf_counter` after which no insertion is begun.
    """
    quarters = Quarters(problem)
    if not quarters.divided:
        return _swept(problem, routes, until)
    # Depot by depot: a program over all trips of a large problem would not end in time.
    for depot in range(len(problem.depots)):
        if time.perf_counter() >= until:
            break
        part = quarters.part(routes, depot)
        mine = part.routes(routes)
        found = _swept(part.problem, mine, until)
        if found != mine:
            candidate = part.put_back(problem, routes, found)
            if timetable(problem, candidate).feasible:
                routes = candidate
    return routes


def _swept(problem: DispatchProblem, routes: Routes, until: float) -> Routes:
    routes = best_quantities(problem, routes, until - time.perf_counter())
    work = Inserter(problem, routes, tries=LAST_TRIES)
    work.insert_all(insertion_order(problem, work.missing), until)
    return tuple(work.routes)


def _recreate(
    problem: DispatchProblem,
    ruined: Routes,
    number: int,
    rng: np.random.Generator,
    until: float,
    budget: Budget,
) -> Routes:
    """Insert what is missing; waiting for turns at docks is dropped where nobody is late without it."""
    free = unhurried(ruined, problem.locked)
    if timetable(problem, free).feasible:
        ruined = free
    elif not timetable(problem, ruined).feasible:
        ruined = repair(problem, ruined)
    work = Inserter(problem, ruined, thrifty=bool(rng.random() < THRIFTY_SHARE), budget=budget)
    order = insertion_order(problem, work.missing)
    if number % 2:
        rng.shuffle(order)
    work.insert_all(order, until)
    return tuple(work.routes)


def _ruin(problem: DispatchProblem, routes: Routes, rng: np.random.Generator) -> Routes | None:
    """Take out whole trips, whole vehicles, or the stops near a random one."""
    free = [(v, n) for v, route in enumerate(routes) for n in range(len(route)) if v not in problem.locked]
    if not free:
        return None
    if rng.random() < TRIP_RUIN_SHARE:
        count = min(len(free), int(rng.integers(1, 4)))
        chosen = {free[n] for n in rng.choice(len(free), size=count, replace=False).tolist()}
        return tuple(
            tuple(trip for n, trip in enumerate(route) if (v, n) not in chosen)
            for v, route in enumerate(routes)
        )
    if rng.random() < ROUTE_RUIN_SHARE:
        busy = sorted({v for v, _ in free})
        emptied = set(rng.choice(busy, size=min(len(busy), int(rng.integers(1, 4))), replace=False).tolist())
        return tuple(() if v in emptied else route for v, route in enumerate(routes))
    v, n = free[int(rng.integers(len(free)))]
    centre = routes[v][n].stops[int(rng.integers(len(routes[v][n].stops)))]
    away = problem.travel[problem.vehicles[v].travel].seconds[problem.points[centre]][problem.points]
    near = np.argsort(away, kind="stable")
    taken = set(near[: int(rng.integers(1, min(len(near), MOST_POINTS_RUINED) + 1))].tolist())
    changed = []
    for route in routes:
        trips = []
        for trip in route:
            kept_whole = trip.vehicle in problem.locked
            stops = [j for j, point in enumerate(trip.stops) if kept_whole or point not in taken]
            if len(stops) == len(trip.stops):
                trips.append(trip)
            elif stops:
                kept = [trip.stops[j] for j in stops], [trip.loads[j] for j in stops]
                trips.append(make_trip(problem, trip.vehicle, trip.depot, *kept))
        changed.append(tuple(trips))
    return tuple(changed)
