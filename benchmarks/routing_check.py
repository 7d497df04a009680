"""Routes held against an instance: its own arithmetic, nothing of the solver."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass

from benchmarks.readers.vehicle_routing import Instance

TOLERANCE = 1e-6


@dataclass(frozen=True)
class CheckedTrip:
    """A trip of a vehicle: customers in order with what each receives."""

    stops: tuple[tuple[int, float], ...]


@dataclass(frozen=True)
class CheckedRoute:
    """Trips of one vehicle of a fleet."""

    fleet: int
    trips: tuple[CheckedTrip, ...]


def check_routes(instance: Instance, routes: list[CheckedRoute]) -> tuple[float, list[str]]:
    """Cost of the routes and everything that is wrong with them."""
    wrong: list[str] = []
    cost = 0.0
    got: dict[int, float] = defaultdict(float)
    visits: dict[int, int] = defaultdict(int)
    used: dict[int, int] = defaultdict(int)
    drawn: dict[int, float] = defaultdict(float)
    for number, route in enumerate(routes):
        fleet = instance.fleets[route.fleet]
        used[route.fleet] += 1
        driven, faults = _drive(instance, route)
        cost += driven if instance.cumulative else fleet.fixed + driven * fleet.per_distance
        wrong += [f"route {number}: {fault}" for fault in faults]
        if len(route.trips) > 1 and not instance.reload:
            wrong.append(f"route {number}: {len(route.trips)} trips")
        for trip in route.trips:
            load = sum(units for _, units in trip.stops)
            drawn[fleet.depot] += load
            if load > fleet.capacity + TOLERANCE:
                wrong.append(f"route {number}: {load:g} loaded, capacity {fleet.capacity:g}")
            for customer, units in trip.stops:
                got[customer] += units
                visits[customer] += 1
                allowed = instance.customers[customer].fleets
                if allowed and route.fleet not in allowed:
                    wrong.append(f"route {number}: fleet {route.fleet} may not come to customer {customer}")
                if units <= 0:
                    wrong.append(f"route {number}: nothing for customer {customer}")
    for customer, who in enumerate(instance.customers):
        if abs(got[customer] - who.demand) > TOLERANCE:
            wrong.append(f"customer {customer}: {got[customer]:g} of {who.demand:g}")
        if visits[customer] != 1 and not instance.split:
            wrong.append(f"customer {customer}: {visits[customer]} visits")
    for n, fleet in enumerate(instance.fleets):
        if used[n] > fleet.count:
            wrong.append(f"fleet {n}: {used[n]} vehicles of {fleet.count}")
    if len(routes) > instance.most_vehicles:
        wrong.append(f"{len(routes)} vehicles of {instance.most_vehicles}")
    for depot, stock in enumerate(instance.stock):
        if drawn[depot] > stock + 1e-4:
            wrong.append(f"depot {depot}: {drawn[depot]:g} drawn of {stock:g}")
    return cost, wrong


def _drive(instance: Instance, route: CheckedRoute) -> tuple[float, list[str]]:
    """Length of a route, or the sum of its arrival times, and what is wrong with its times."""
    fleet = instance.fleets[route.fleet]
    depot = instance.depots[fleet.depot]
    people = instance.customers
    opens, closes = instance.depot_window
    wrong: list[str] = []
    length, clock, arrivals = 0.0, opens, 0.0
    # Per leg: the latest moment its work may begin, and how long until the next work may.
    legs: list[tuple[float, float]] = []
    for trip in route.trips:
        clock = max([clock, *(people[customer].release for customer, _ in trip.stops)])
        here, latest, busy = depot, closes, 0.0
        for customer, _ in trip.stops:
            who = people[customer]
            leg = instance.length(here, (who.x, who.y))
            length += leg
            legs.append((latest, busy + leg))
            clock = max(clock + leg, who.earliest)
            arrivals += clock
            if clock > who.latest + TOLERANCE:
                wrong.append(f"customer {customer} at {clock:g}, latest {who.latest:g}")
            clock += who.service
            here, latest, busy = (who.x, who.y), who.latest, who.service
        back = instance.length(here, depot)
        length += back
        clock += back
        legs.append((latest, busy + back))
    if clock > closes + TOLERANCE and not instance.cumulative:
        wrong.append(f"back at {clock:g}, closes {closes:g}")
    # The least duration ends as early as possible and leaves as late as that allows.
    latest = clock
    for last, taken in reversed(legs):
        latest = min(last, latest - taken)
    if clock - latest > fleet.longest + 1e-3:
        wrong.append(f"{clock - latest:g} long, at most {fleet.longest:g}")
    return arrivals if instance.cumulative else length, wrong
