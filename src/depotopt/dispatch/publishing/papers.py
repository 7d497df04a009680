"""Which vehicles need new papers when one plan takes the place of another."""

from __future__ import annotations

from collections import defaultdict
from typing import Final

from depotopt.plans import DispatchPlan, Trip

SAME_TIME_S: Final = 300.0
"""A moment on a driver's papers that shifts by less needs no new papers."""


def changed_vehicles(before: DispatchPlan, after: DispatchPlan) -> tuple[str, ...]:
    """Vehicles whose papers of one plan do not tell what they do in another, sorted.

    Papers tell stops, loads and roads; moments may shift by `SAME_TIME_S` before they are written anew.
    """
    old, now = _routes_of(before), _routes_of(after)
    return tuple(v for v in sorted({*old, *now}) if not _same_papers(old[v], now[v]))


def _routes_of(plan: DispatchPlan) -> dict[str, list[Trip]]:
    """Trips per vehicle in order; drives without an errand stand on nobody's papers."""
    routes: dict[str, list[Trip]] = defaultdict(list)
    for trip in sorted(plan.trips, key=lambda trip: trip.number):
        if trip.loads or trip.stranded:
            routes[trip.vehicle].append(trip)
    return routes


def _same_papers(old: list[Trip], now: list[Trip]) -> bool:
    return len(old) == len(now) and all(
        _errand(a) == _errand(b)
        and all(abs(s - t) <= SAME_TIME_S for s, t in zip(_moments(a), _moments(b), strict=True))
        for a, b in zip(old, now, strict=True)
    )


def _errand(trip: Trip) -> tuple[object, ...]:
    """What a trip's papers say, moments aside."""
    brought = (
        None if trip.transfer is None else (trip.transfer.site, trip.transfer.links, trip.transfer.loads)
    )
    stops = tuple((stop.point, stop.loads, stop.links) for stop in trip.stops)
    return (
        trip.start_site,
        trip.end_site,
        trip.approach_links,
        stops,
        brought,
        trip.return_links,
        trip.stranded,
    )


def _moments(trip: Trip) -> list[float]:
    return [trip.load_start_s, trip.depart_s, *(stop.arrive_s for stop in trip.stops), trip.return_s]


def kept_share(untouched: tuple[Trip, ...], driven: set[tuple[str, str]]) -> tuple[float, int]:
    """Share of the stops planned that stay with their vehicle, and how many do not."""
    planned = {(trip.vehicle, stop.point) for trip in untouched for stop in trip.stops}
    if not planned:
        return 1.0, 0
    return len(planned & driven) / len(planned), len(planned - driven)
