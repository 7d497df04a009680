"""Whether trunk trips to hubs pay, and which: a plan without them against plans with them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace

from depotopt.dispatch.allocation import allocate
from depotopt.dispatch.assembly import Assembly
from depotopt.dispatch.budget import Budget
from depotopt.dispatch.construction import Construction
from depotopt.dispatch.draft import Routes, delivered
from depotopt.dispatch.goal import Value, value_of
from depotopt.dispatch.improvement import improve
from depotopt.dispatch.problem import DispatchProblem
from depotopt.dispatch.publication import with_lengths
from depotopt.dispatch.trunks import TrunkPlanner, TrunkTrip, after_trunks


@dataclass(frozen=True, slots=True)
class Transshipment:
    """Trunk trips, and the last mile that is left once they are decided.

    Attributes
    ----------
    trips
        None where they do not pay.
    problem
        The last mile.
    routes
        A quick draft of it.
    """

    trips: tuple[TrunkTrip, ...]
    problem: DispatchProblem
    routes: Routes


def transshipment(
    assembly: Assembly, until: float, seed: int, stopped: Callable[[], bool]
) -> Transshipment | None:
    """Compare quick plans without trunk trips, with idle vehicles on them, and with any vehicle on them.

    Parameters
    ----------
    assembly
        Problem and sources.
    until
        Moment of `time.perf_counter` after which nothing is begun.
    seed, stopped
        As for `depotopt.dispatch.improvement.improve`.

    Returns
    -------
    Transshipment
        ``None`` where no source feeds a hub or trunk trips do not pay.
    """
    if not assembly.sources:
        return None
    problem = assembly.problem

    def quick(case: DispatchProblem) -> tuple[Routes, Value]:
        routes: Routes = tuple(() for _ in case.vehicles)
        if any(lot.units for lot in case.lots):
            routes = Construction(case, allocate(case), until).scheduled()
            routes = improve(case, routes, budget=Budget(0.0), until=until, seed=seed, stopped=stopped)
        return routes, value_of(case, routes)

    alone, best_value = quick(problem)
    missing = problem.need - delivered(problem, alone)
    idle = tuple(v for v, route in enumerate(alone) if not route)
    best: Transshipment | None = None
    for crew in (idle, tuple(range(len(problem.vehicles)))):
        trips = TrunkPlanner(assembly, missing, crew).trips()
        if not trips or stopped():
            continue
        measured = with_lengths(assembly, problem, _legs(assembly, trips))
        if _too_far(assembly, measured, trips):
            continue
        left = after_trunks(replace(assembly, problem=measured), trips)
        routes, value = quick(left)
        if value < best_value:
            best, best_value = Transshipment(trips, left, routes), value
    return best


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
