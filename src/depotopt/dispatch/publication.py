"""A draft becomes a `DispatchPlan`: exact legs, moments, loads and everybody who is not served."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from itertools import pairwise

from depotopt.dispatch.assembly import Assembly
from depotopt.dispatch.clock import TimedTrip, timetable
from depotopt.dispatch.draft import Routes
from depotopt.dispatch.problem import DispatchProblem
from depotopt.dispatch.reasons import point_states, unmet_lines
from depotopt.plans import DispatchPlan, Load, Stop, Trip


def with_driven_lengths(assembly: Assembly, problem: DispatchProblem, routes: Routes) -> DispatchProblem:
    """The problem with the true lengths of all legs a draft drives (estimates elsewhere stay)."""
    pairs: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for record in timetable(problem, routes).trips:
        pairs[problem.vehicles[record.trip.vehicle].travel].update(_pairs(problem, record))
    travel = list(problem.travel)
    for profile, wanted in sorted(pairs.items()):
        if travel[profile].exact:
            continue
        assembly.legs[profile].find(sorted(wanted))
        metres = travel[profile].metres.copy()
        for a, b in wanted:
            metres[a, b] = assembly.legs[profile].leg(a, b).metres
        travel[profile] = replace(travel[profile], metres=metres)
    return replace(problem, travel=tuple(travel))


def _pairs(problem: DispatchProblem, record: TimedTrip) -> list[tuple[int, int]]:
    depot = problem.depots[record.trip.depot].place
    places = [record.origin, depot, *(int(problem.points[i]) for i in record.trip.stops), record.end]
    return [(a, b) for a, b in pairwise(places) if a != b]


def publish(assembly: Assembly, problem: DispatchProblem, routes: Routes) -> DispatchPlan:
    """Write a draft as a plan.

    Parameters
    ----------
    assembly
        The problem as it was assembled, with its legs.
    problem
        The problem the draft was timed with.
    routes
        A draft that holds every rule.
    """
    times = timetable(problem, routes)
    trips = sorted((_trip(assembly, problem, record) for record in times.trips), key=_by_vehicle)
    return DispatchPlan(
        road_state=problem.road_state,
        at_s=problem.start_s,
        trips=tuple(trips),
        unmet=unmet_lines(problem, routes, times),
        point_state=point_states(problem, routes),
        objectives=problem.objectives,
    )


def _by_vehicle(trip: Trip) -> tuple[str, int]:
    return trip.vehicle, trip.number


def _trip(assembly: Assembly, problem: DispatchProblem, record: TimedTrip) -> Trip:
    vehicle = problem.vehicles[record.trip.vehicle]
    legs, depot = assembly.legs[vehicle.travel], problem.depots[record.trip.depot]
    legs.find(_pairs(problem, record))
    stops, here = [], depot.place
    for j, point in enumerate(record.trip.stops):
        place = int(problem.points[point])
        leg = legs.leg(here, place)
        loads = sorted(
            (
                Load(problem.commodity_idents[problem.lots[p].commodity], problem.lots[p].ident, float(units))
                for p, units in record.trip.loads[j]
            ),
            key=lambda load: (load.commodity, load.lot),
        )
        stops.append(
            Stop(
                point=problem.point_idents[point],
                arrive_s=record.arrive_s[j],
                depart_s=record.leave_s[j],
                loads=tuple(loads),
                links=leg.links,
                distance_m=leg.metres,
            )
        )
        here = place
    back, approach = legs.leg(here, record.end), legs.leg(record.origin, depot.place)
    stands = record.origin == depot.place
    return Trip(
        vehicle=vehicle.ident,
        vehicle_type=vehicle.kind.ident,
        number=record.number,
        start_site=depot.ident,
        end_site=problem.places[record.end],
        load_start_s=record.load_start_s,
        depart_s=record.depart_s,
        return_s=record.return_s,
        stops=tuple(stops),
        return_links=back.links,
        return_distance_m=back.metres,
        approach_links=approach.links,
        approach_distance_m=approach.metres,
        approach_start_s=None if stands else record.approach_start_s,
    )
