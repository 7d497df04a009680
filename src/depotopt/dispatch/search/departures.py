"""Departures: vehicles that would wait at their first stop are loaded and sent later, and paid for less."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from depotopt.dispatch.model.clock import TimedTrip, Timetable, timetable
from depotopt.dispatch.model.draft import Routes
from depotopt.dispatch.model.goal import value_of
from depotopt.dispatch.model.problem import DispatchProblem

LEAST_WAIT_S: Final = 1.0
"""Waiting below this is not worth another departure."""


def delayed(problem: DispatchProblem, routes: Routes) -> Routes:
    """The draft with first trips loaded as much later as their vehicles would wait at the first stop.

    No stop begins later by that, and docks are free for others meanwhile. Where it makes the draft worse,
    because a dock is then taken, half of the departures are tried, and half of these, down to single ones.

    Parameters
    ----------
    problem, routes
        A draft that holds every rule. Locked vehicles, and those on duty already, leave when they do.
    """
    times = timetable(problem, routes)
    waits = {
        record.trip.vehicle: record.load_start_s + wait
        for record in times.trips
        if (wait := _wait_s(problem, record)) > LEAST_WAIT_S
    }
    return _with_best(problem, routes, times, sorted(waits.items()))


def _wait_s(problem: DispatchProblem, record: TimedTrip) -> float:
    """How long a vehicle that can leave later waits at the first stop of its first trip."""
    trip = record.trip
    machine = problem.vehicles[trip.vehicle]
    bound = trip.vehicle in problem.locked or machine.duty_start_s is not None
    if bound or record.number > 1 or not trip.hold_s:
        return 0.0
    # Not beyond the last moment at which every stop is in time, however late the first one opens.
    arrives = record.depart_s + trip.arrive_s[0]
    return min(trip.hold_s[0] - arrives, trip.latest_s - record.depart_s)


def _with_best(
    problem: DispatchProblem, routes: Routes, times: Timetable, starts: list[tuple[int, float]]
) -> Routes:
    """The draft with those loading starts that make it better, put in together where that holds."""
    if not starts:
        return routes
    later = list(routes)
    for v, start_s in starts:
        first, *rest = routes[v]
        later[v] = (replace(first, not_before_s=max(first.not_before_s, start_s)), *rest)
    found = timetable(problem, tuple(later))
    if found.feasible and value_of(problem, tuple(later), found) < value_of(problem, routes, times):
        return tuple(later)
    if len(starts) == 1:
        return routes
    half = len(starts) // 2
    routes = _with_best(problem, routes, times, starts[:half])
    return _with_best(problem, routes, timetable(problem, routes), starts[half:])
