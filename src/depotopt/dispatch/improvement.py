"""Ruin and recreate across depots, and repair of drafts that break rules; both under the exact clock."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from depotopt.dispatch.draft import (
    DraftTrip,
    Routes,
    TimedTrip,
    make_trip,
    timetable,
    weighted_unmet,
    without_empty,
)
from depotopt.dispatch.insertion import Inserter
from depotopt.dispatch.problem import DispatchProblem


@dataclass(frozen=True, slots=True, order=True)
class Value:
    """Value of a draft, compared in order: weighted unmet person-days, then cost."""

    unmet: float
    cost: float


def value_of(problem: DispatchProblem, routes: Routes) -> Value:
    """Value of a draft that holds every rule."""
    # Rounded, so that two ways of adding up the same sum compare as equal.
    return Value(round(weighted_unmet(problem, routes), 6), round(timetable(problem, routes).cost, 6))


def repair(problem: DispatchProblem, routes: Routes, frozen: tuple[int, ...] | None = None) -> Routes:
    """Drop stops until every rule holds; the cheapest loss first.

    Parameters
    ----------
    problem, routes
        A draft that may break rules.
    frozen
        Trips per vehicle, from the first, that may not change.
    """
    keep = frozen or (0,) * len(routes)
    current = list(without_empty(problem, routes))
    while True:
        times = timetable(problem, tuple(current))
        if times.feasible:
            return tuple(current)
        blamed = _blamed(problem, times.trips, times.faulty, keep)
        if blamed is None:
            return tuple(current)
        v, number, stop = blamed
        current[v] = _without(problem, current[v], number, {stop})


def _blamed(
    problem: DispatchProblem,
    trips: tuple[TimedTrip, ...],
    faulty: frozenset[int],
    keep: tuple[int, ...],
) -> tuple[int, int, int] | None:
    """Stop to drop: among the stops of the first vehicle at fault the one worth least per second."""
    choices = []
    for record in trips:
        trip = record.trip
        if trip.vehicle not in faulty or record.number <= keep[trip.vehicle]:
            continue
        late = any(at > problem.deadline_s[i] for i, at in zip(trip.stops, record.arrive_s, strict=True))
        for j, (point, load) in enumerate(zip(trip.stops, trip.loads, strict=True)):
            worth = sum(u * float(problem.weight[point, problem.lots[p].commodity]) for p, u in load)
            choices.append((not late, worth, trip.vehicle, record.number - 1, j))
    if not choices:
        return None
    _, _, v, number, stop = min(choices)
    return v, number, stop


def _without(
    problem: DispatchProblem, route: tuple[DraftTrip, ...], number: int, stops: set[int]
) -> tuple[DraftTrip, ...]:
    """A route with some stops of one trip taken out."""
    trip = route[number]
    kept = [j for j in range(len(trip.stops)) if j not in stops]
    changed = list(route)
    if kept:
        changed[number] = make_trip(
            problem, trip.vehicle, trip.depot, [trip.stops[j] for j in kept], [trip.loads[j] for j in kept]
        )
    else:
        del changed[number]
    return tuple(changed)


def insertion_order(
    problem: DispatchProblem, unmet: np.ndarray[tuple[int, ...], np.dtype[np.int64]]
) -> list[int]:
    """Points with unmet need, the worthiest per kilogram first."""
    worth = (unmet * problem.weight).sum(axis=1)
    kg = unmet @ problem.kg
    points = np.flatnonzero(unmet.sum(axis=1) > 0)
    return sorted(points.tolist(), key=lambda i: (-worth[i] / max(kg[i], 1e-9), i))


def improve(
    problem: DispatchProblem,
    routes: Routes,
    *,
    iterations: int,
    until: float,
    seed: int,
    stopped: Callable[[], bool],
    frozen: tuple[int, ...] | None = None,
    listener: Callable[[Value], None] | None = None,
) -> Routes:
    """Take some stops out, put unmet need back in, keep what is better (Schrimpf et al. 2000; Shaw 1998).

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
    frozen
        Trips per vehicle, from the first, that may not change.
    listener
        Told every better value.
    """
    rng = np.random.default_rng(seed)
    keep = frozen or (0,) * len(routes)
    first = Inserter(problem, routes, keep)
    first.insert_all(insertion_order(problem, first.need))
    best = tuple(first.routes)
    best_value = value_of(problem, best)
    current, current_value = best, best_value
    for number in range(iterations):
        if stopped() or time.perf_counter() >= until:
            break
        ruined = _ruin(problem, current, keep, rng)
        if ruined is None:
            break
        if not timetable(problem, ruined).feasible:
            ruined = repair(problem, ruined, keep)
        work = Inserter(problem, ruined, keep)
        order = insertion_order(problem, work.need)
        if number % 2:
            rng.shuffle(order)
        work.insert_all(order)
        candidate = tuple(work.routes)
        if not work.times.feasible:
            continue
        value = value_of(problem, candidate)
        # A little worse in cost is let through now and then, to leave a valley.
        if value.unmet <= current_value.unmet and value.cost <= current_value.cost * (
            1 + 0.01 * rng.random()
        ):
            current, current_value = candidate, value
        if value < best_value:
            best, best_value = candidate, value
            current, current_value = candidate, value
            if listener is not None:
                listener(best_value)
    return best


def _ruin(
    problem: DispatchProblem, routes: Routes, keep: tuple[int, ...], rng: np.random.Generator
) -> Routes | None:
    """Take out the stops near a random point, or whole trips."""
    free = [(v, n) for v, route in enumerate(routes) for n in range(keep[v], len(route))]
    if not free:
        return None
    changed = [list(route) for route in routes]
    if rng.random() < 0.5:
        count = min(len(free), int(rng.integers(1, 4)))
        chosen = {free[n] for n in rng.choice(len(free), size=count, replace=False).tolist()}
        return tuple(
            tuple(trip for n, trip in enumerate(route) if (v, n) not in chosen)
            for v, route in enumerate(changed)
        )
    v, n = free[int(rng.integers(len(free)))]
    centre = routes[v][n].stops[int(rng.integers(len(routes[v][n].stops)))]
    travel = problem.travel[problem.vehicles[v].travel].seconds
    near = np.argsort(travel[problem.points[centre]][problem.points], kind="stable")
    taken = set(near[: int(rng.integers(1, min(len(near), 12) + 1))].tolist())
    for w, number in free:
        trip = changed[w][number]
        stops = [j for j, point in enumerate(trip.stops) if point not in taken]
        if len(stops) < len(trip.stops):
            changed[w][number] = make_trip(
                problem, w, trip.depot, [trip.stops[j] for j in stops], [trip.loads[j] for j in stops]
            )
    return tuple(tuple(trip for trip in route if trip.stops) for route in changed)
