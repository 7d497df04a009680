"""A draft becomes a `DispatchPlan`: exact legs, moments, loads and everybody who is not served."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import replace
from itertools import pairwise

from depotopt.dispatch.model.assembly import Assembly
from depotopt.dispatch.model.clock import TimedTrip, timetable
from depotopt.dispatch.model.draft import Routes
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.publishing.reasons import point_states, unmet_lines
from depotopt.dispatch.search.trunks import TrunkTrip
from depotopt.plans import DispatchPlan, Load, Stop, Transfer, Trip


def with_driven_lengths(assembly: Assembly, problem: DispatchProblem, routes: Routes) -> DispatchProblem:
    """The problem with the true lengths of all legs a draft drives (estimates elsewhere stay)."""
    pairs: dict[int, set[tuple[int, int]]] = defaultdict(set)
    for record in timetable(problem, routes).trips:
        pairs[problem.vehicles[record.trip.vehicle].travel].update(_pairs(problem, record))
    return with_lengths(assembly, problem, pairs)


def with_lengths(
    assembly: Assembly, problem: DispatchProblem, pairs: Mapping[int, Iterable[tuple[int, int]]]
) -> DispatchProblem:
    """The problem with the true lengths of some legs, given by travel profile."""
    travel = list(problem.travel)
    for profile, wanted in sorted(pairs.items()):
        if travel[profile].exact:
            continue
        wanted = sorted(wanted)
        assembly.legs[profile].find(wanted)
        metres = travel[profile].metres.copy()
        for a, b in wanted:
            metres[a, b] = assembly.legs[profile].leg(a, b).metres
        travel[profile] = replace(travel[profile], metres=metres)
    return replace(problem, travel=tuple(travel))


def _pairs(problem: DispatchProblem, record: TimedTrip) -> list[tuple[int, int]]:
    depot = problem.depots[record.trip.depot].place
    places = [record.origin, depot, *(int(problem.points[i]) for i in record.trip.stops), record.end]
    return [(a, b) for a, b in pairwise(places) if a != b]


def publish(
    assembly: Assembly,
    problem: DispatchProblem,
    routes: Routes,
    trunks: tuple[TrunkTrip, ...] = (),
    *,
    tested: bool = True,
) -> DispatchPlan:
    """Write a draft as a plan.

    Parameters
    ----------
    assembly
        The problem as it was assembled, with its legs.
    problem
        The problem the draft was timed with.
    routes
        A draft that holds every rule.
    trunks
        Trunk trips decided before it; each comes before the other trips of its vehicle.
    tested
        Whether reasons are tested, see `depotopt.dispatch.publishing.reasons.unmet_lines`; drafts need not.
    """
    times = timetable(problem, routes)
    before: Counter[str] = Counter()
    trips = []
    for trunk in trunks:
        ident = problem.vehicles[trunk.vehicle].ident
        before[ident] += 1
        trips.append(_trunk_trip(assembly, problem, trunk, before[ident]))
    for record in times.trips:
        trip = _trip(assembly, problem, record)
        trips.append(replace(trip, number=trip.number + before[trip.vehicle]))
    trips.sort(key=_by_vehicle)
    return DispatchPlan(
        road_state=problem.road_state,
        at_s=problem.start_s,
        trips=tuple(trips),
        unmet=unmet_lines(problem, routes, times, tested=tested),
        point_state=point_states(problem, routes),
        objectives=problem.objectives,
    )


def _by_vehicle(trip: Trip) -> tuple[str, int]:
    return trip.vehicle, trip.number


def _trunk_trip(assembly: Assembly, problem: DispatchProblem, trunk: TrunkTrip, number: int) -> Trip:
    vehicle = problem.vehicles[trunk.vehicle]
    source, hub = assembly.sources[trunk.source].depot, problem.depots[trunk.hub]
    legs = assembly.legs[vehicle.travel]
    leg, approach = legs.leg(source.place, hub.place), legs.leg(trunk.origin, source.place)
    stands = trunk.origin == source.place
    away_s = problem.seconds(trunk.vehicle, trunk.origin, source.place)
    loads = sorted(
        (
            Load(problem.commodity_idents[lot.commodity], lot.ident, float(units))
            for lot, units in trunk.loads
        ),
        key=lambda load: (load.commodity, load.lot),
    )
    return Trip(
        vehicle=vehicle.ident,
        vehicle_type=vehicle.kind.ident,
        number=number,
        start_site=source.ident,
        end_site=hub.ident,
        load_start_s=trunk.load_start_s,
        depart_s=trunk.depart_s,
        return_s=trunk.end_s,
        stops=(),
        return_links=(),
        return_distance_m=0.0,
        approach_links=approach.links,
        approach_distance_m=approach.metres,
        approach_start_s=None if stands else trunk.load_start_s - away_s,
        transfer=Transfer(
            hub.ident, trunk.arrive_s, trunk.unload_s, trunk.end_s, tuple(loads), leg.links, leg.metres
        ),
    )


def _trip(assembly: Assembly, problem: DispatchProblem, record: TimedTrip) -> Trip:
    vehicle = problem.vehicles[record.trip.vehicle]
    legs, depot = assembly.legs[vehicle.travel], problem.depots[record.trip.depot]
    legs.find(_pairs(problem, record))
    stops, here, clock = [], depot.place, record.depart_s
    v = record.trip.vehicle
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
                arrive_s=problem.begin_s(v, here, place, clock) + problem.seconds(v, here, place),
                depart_s=record.leave_s[j],
                loads=tuple(loads),
                links=leg.links,
                distance_m=leg.metres,
            )
        )
        here, clock = place, record.leave_s[j]
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
