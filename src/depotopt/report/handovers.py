"""`Handover`: a place where a vehicle hands goods over, be it a demand point or the hub of a trunk trip."""

from __future__ import annotations

from dataclasses import dataclass

from depotopt.plans import Load, Trip
from depotopt.scenario import Scenario


@dataclass(frozen=True, slots=True)
class Handover:
    """One stop of a trip, or the hub a trunk trip brings its goods to.

    Attributes
    ----------
    number
        Position in the trip, from 1.
    place, name, lon, lat
        Where.
    arrive_s, depart_s
        When the vehicle is there, seconds from the scenario's start.
    latest_s
        Latest arrival that counts; at a hub the planned one, as others wait for it.
    opens_s
        When the place opens; ``None`` where it is open always.
    loads
        What is handed over.
    links, distance_m
        The leg that leads there.
    """

    number: int
    place: str
    name: str
    lon: float
    lat: float
    arrive_s: float
    depart_s: float
    latest_s: float
    opens_s: float | None
    loads: tuple[Load, ...]
    links: tuple[int, ...]
    distance_m: float


def handovers(scenario: Scenario, trip: Trip) -> list[Handover]:
    """Where a trip hands goods over, in driving order."""
    if trip.transfer is not None:
        hub, site = trip.transfer, scenario.sites[scenario.site_index[trip.transfer.site]]
        where = (hub.site, site.name, site.lon, site.lat)
        times = (hub.arrive_s, hub.depart_s, hub.arrive_s)
        return [Handover(1, *where, *times, None, hub.loads, hub.links, hub.distance_m)]
    found = []
    for number, stop in enumerate(trip.stops, start=1):
        point = scenario.demand_points[scenario.point_index[stop.point]]
        deadline_s = scenario.rules.response_s if point.deadline_s is None else point.deadline_s
        latest_s = max(stop.arrive_s, deadline_s)
        where = (stop.point, point.name, point.lon, point.lat)
        times = (stop.arrive_s, stop.depart_s, latest_s)
        opens_s = point.earliest_s or None
        found.append(Handover(number, *where, *times, opens_s, stop.loads, stop.links, stop.distance_m))
    return found
