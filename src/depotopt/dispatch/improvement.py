"""Ruin and recreate across depots, and repair of drafts that break rules; both under the exact clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.dispatch.draft import (
    Routes,
    make_trip,
    timetable,
    unhurried,
    weighted_unmet,
)
from depotopt.dispatch.insertion import Inserter, insertion_order
from depotopt.dispatch.problem import DispatchProblem
from depotopt.dispatch.quantities import best_quantities
from depotopt.dispatch.repair import repair

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


@dataclass(frozen=True, slots=True, order=True)
class Value:
    """Value of a draft, compared in order: weighted unmet person-days, then cost."""

    unmet: float
    cost: float


def value_of(problem: DispatchProblem, routes: Routes) -> Value:
    """Value of a draft that holds every rule."""
    cost = timetable(problem, routes).cost + changed_cost(problem, routes)
    # Rounded, so that two ways of adding up the same sum compare as equal.
    return Value(round(weighted_unmet(problem, routes), 6), round(cost, 6))


def changed_cost(problem: DispatchProblem, routes: Routes) -> float:
    """Price of the stops another vehicle makes than in the plan in force."""
    if not problem.served_by or problem.change_cost == 0.0:
        return 0.0
    moved = {
        (v, point)
        for v, route in enumerate(routes)
        for trip in route
        for point in trip.stops
        if problem.served_by[point] and v not in problem.served_by[point]
    }
    return problem.change_cost * len(moved)


def improve(
    problem: DispatchProblem,
    routes: Routes,
    *,
    iterations: int,
    until: float,
    seed: int,
    stopped: Callable[[], bool],
    listener: Callable[[Value], None] | None = None,
) -> Routes:
    """Take some stops out, put unmet need back in, keep what is better (Schrimpf et al. 2000; Shaw 1998).

    A draft a little worse than the best is walked on from (record-to-record travel, Dueck 1993), the
    less so the later; the quantities of promising drafts are optimised exactly.

    Parameters
    ----------
    problem, routes
        A draft that holds every rule.
    iterations, until
        Rounds, and the moment (of `time.perf_counter`) after which none is begun.
    seed
        Of the choice of what is taken out.
    stopped
        Asked before every round.
    listener
        Told every better value.
    """
    rng = np.random.default_rng(seed)
    if stopped():
        # Who stops the search waits for the answer: only the quickest gains are still taken.
        until = min(until, time.perf_counter() + STOPPED_S)
    first = Inserter(problem, routes)
    first.insert_all(insertion_order(problem, first.need), until)
    worth = first.worth

    def score(value: Value) -> float:
        return worth * value.unmet + value.cost

    best = best_quantities(problem, tuple(first.routes), until - time.perf_counter(), whole=False)
    best_value = value_of(problem, best)
    current = best
    for number in range(iterations):
        if stopped() or time.perf_counter() >= until:
            break
        ruined = _ruin(problem, current, rng)
        if ruined is None:
            break
        candidate, value = _recreate(problem, ruined, number, rng, until)
        deviation = DEVIATION * (1 - number / iterations) * score(best_value)
        if score(value) < score(best_value) + deviation:
            if number % POLISH_EVERY == 0 or value < best_value:
                candidate = best_quantities(problem, candidate, until - time.perf_counter(), whole=False)
                value = value_of(problem, candidate)
            current = candidate
        if value < best_value:
            best, best_value = candidate, value
            if listener is not None:
                listener(best_value)
    return best


def _recreate(
    problem: DispatchProblem, ruined: Routes, number: int, rng: np.random.Generator, until: float
) -> tuple[Routes, Value]:
    """Insert what is missing; waiting for turns at docks is dropped where nobody is late without it."""
    free = unhurried(ruined)
    if timetable(problem, free).feasible:
        ruined = free
    elif not timetable(problem, ruined).feasible:
        ruined = repair(problem, ruined)
    work = Inserter(problem, ruined, thrifty=bool(rng.random() < THRIFTY_SHARE))
    order = insertion_order(problem, work.need)
    if number % 2:
        rng.shuffle(order)
    work.insert_all(order, until)
    candidate = tuple(work.routes)
    return candidate, value_of(problem, candidate)


def _ruin(problem: DispatchProblem, routes: Routes, rng: np.random.Generator) -> Routes | None:
    """Take out whole trips, whole vehicles, or the stops near a random one."""
    free = [(v, n) for v, route in enumerate(routes) for n in range(len(route))]
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
        busy = [v for v, route in enumerate(routes) if route]
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
            stops = [j for j, point in enumerate(trip.stops) if point not in taken]
            if len(stops) == len(trip.stops):
                trips.append(trip)
            elif stops:
                kept = [trip.stops[j] for j in stops], [trip.loads[j] for j in stops]
                trips.append(make_trip(problem, trip.vehicle, trip.depot, *kept))
        changed.append(tuple(trips))
    return tuple(changed)
