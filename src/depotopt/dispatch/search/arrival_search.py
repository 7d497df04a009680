"""`sooner`: the same deliveries earlier, for objectives that depend on arrivals."""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Final

from depotopt.dispatch.model.clock import retimed, timetable
from depotopt.dispatch.model.draft import DraftTrip, Routes, make_trip
from depotopt.dispatch.model.goal import value_of
from depotopt.dispatch.model.problem import DispatchProblem

MOST_ROUNDS: Final = 3
"""Sweeps over all vehicles."""


def sooner(problem: DispatchProblem, routes: Routes, until: float) -> Routes:
    """Reorder stops within trips and trips within vehicles as long as the value gets better.

    Quantities and vehicles stay. Every change is timed exactly, docks included; first improvement, vehicles
    in order.

    Parameters
    ----------
    problem, routes
        A draft that holds every rule.
    until
        Moment of `time.perf_counter` after which no change is tried.
    """
    times, value = timetable(problem, routes), value_of(problem, routes)
    current = list(routes)
    for _ in range(MOST_ROUNDS):
        changed = False
        for v in range(len(current)):
            place = len(_orders(problem, current[v])) if v in problem.locked else 0
            while place < len(others := _orders(problem, current[v])):
                if time.perf_counter() >= until:
                    return tuple(current)
                trial = [*current[:v], others[place], *current[v + 1 :]]
                timed = retimed(problem, tuple(trial), times, v)
                better = None if timed is None else value_of(problem, tuple(trial), timed)
                if timed is not None and better is not None and better < value:
                    current, times, value, changed, place = trial, timed, better, True, 0
                else:
                    place += 1
        if not changed:
            break
    return tuple(current)


def _orders(problem: DispatchProblem, route: tuple[DraftTrip, ...]) -> list[tuple[DraftTrip, ...]]:
    """The route with one stop moved within its trip, or two trips exchanged."""
    found = []
    for n, trip in enumerate(route):
        for a in range(len(trip.stops)):
            for b in range(len(trip.stops)):
                if b not in (a, a + 1):
                    order = [j for j in range(len(trip.stops)) if j != a]
                    order.insert(b, a)
                    moved = make_trip(
                        problem,
                        trip.vehicle,
                        trip.depot,
                        [trip.stops[j] for j in order],
                        [trip.loads[j] for j in order],
                    )
                    moved = replace(moved, not_before_s=trip.not_before_s)
                    found.append((*route[:n], moved, *route[n + 1 :]))
    for a in range(len(route)):
        for b in range(a + 1, len(route)):
            swapped = list(route)
            swapped[a], swapped[b] = route[b], route[a]
            found.append(tuple(swapped))
    return found
