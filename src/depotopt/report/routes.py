"""Legs of trips with their geometry: which pieces of road, in which direction, when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from depotopt.plans import Trip
from depotopt.report.content import ReportContent
from depotopt.report.handovers import handovers
from depotopt.report.pieces import RoadPieces
from depotopt.scenario import Scenario
from depotopt.units import FloatArray, Int64Array

Purpose = Literal["approach", "delivery", "return"]
Drive = tuple[Purpose, str, str, float, float, tuple[int, ...], float]
"""Purpose, origin, destination, start, end, links and length of a leg."""


@dataclass(frozen=True, slots=True)
class Leg:
    """One drive between two places.

    Attributes
    ----------
    vehicle, vehicle_type, trip
        Whose leg it is.
    number
        Position in the trip, from 0.
    purpose
        Empty to the depot, loaded to a stop or hub, or back.
    origin, destination
        Identifiers of the places.
    start_s, end_s
        Seconds from the scenario's start.
    distance_m
        Length.
    piece
        Pieces driven, in order; ``-1 - p`` where piece ``p`` is driven against its line. Empty in the air.
    lonlat
        Vertices including both places, shape ``(n, 2)``, ``n >= 2``.
    """

    vehicle: str
    vehicle_type: str
    trip: int
    number: int
    purpose: Purpose
    origin: str
    destination: str
    start_s: float
    end_s: float
    distance_m: float
    piece: Int64Array
    lonlat: FloatArray


def trip_legs(content: ReportContent, pieces: RoadPieces) -> list[Leg]:
    """All legs of the dispatch plan, in the order of its trips; legs that go nowhere are left out."""
    scenario = content.scenario
    where = {point.ident: (point.lon, point.lat) for point in scenario.demand_points}
    where |= {site.ident: (site.lon, site.lat) for site in scenario.sites}
    legs: list[Leg] = []
    stands: dict[str, str] = {}
    for trip in content.plan.trips if content.plan is not None else ():
        stood = stands.get(trip.vehicle) or _home(content, trip)
        drives = [drive for drive in _drives(scenario, trip, stood) if drive[1] != drive[2] or drive[5]]
        for number, (purpose, origin, destination, start_s, end_s, links, distance_m) in enumerate(drives):
            driven = _pieces_of(links, pieces)
            vertices = _vertices(driven, pieces, where[origin], where[destination])
            whose, places = (trip.vehicle, trip.vehicle_type, trip.number), (origin, destination)
            legs.append(Leg(*whose, number, purpose, *places, start_s, end_s, distance_m, driven, vertices))
        stands[trip.vehicle] = trip.end_site
    return legs


def _drives(scenario: Scenario, trip: Trip, stood: str) -> Iterator[Drive]:
    if trip.approach_start_s is not None:
        # The plan tells when the approach starts and loading starts; waiting in between counts as driving.
        ends_s = trip.load_start_s
        links, distance_m = trip.approach_links, trip.approach_distance_m
        yield "approach", stood, trip.start_site, trip.approach_start_s, ends_s, links, distance_m
    place, leaves_s = trip.start_site, trip.depart_s
    for stop in handovers(scenario, trip):
        yield "delivery", place, stop.place, leaves_s, stop.arrive_s, stop.links, stop.distance_m
        place, leaves_s = stop.place, stop.depart_s
    links, distance_m = trip.return_links, trip.return_distance_m
    yield "return", place, trip.end_site, leaves_s, trip.return_s, links, distance_m


def _home(content: ReportContent, trip: Trip) -> str:
    """Home site of a trip's vehicle, read from its identifier (``TYPE-SITE-NUMBER``)."""
    for entry in content.scenario.fleet:
        if trip.vehicle.startswith(f"{entry.vehicle_type}-{entry.site}-"):
            return entry.site
    return trip.start_site


def _pieces_of(links: tuple[int, ...], pieces: RoadPieces) -> Int64Array:
    index = np.array(links, dtype=np.int64)
    piece = pieces.of_link[index]
    return np.where(pieces.against[index], -1 - piece, piece)


def _vertices(
    driven: Int64Array, pieces: RoadPieces, begin: tuple[float, float], end: tuple[float, float]
) -> FloatArray:
    parts = [np.array([begin])]
    for code in driven:
        piece = int(code) if code >= 0 else -1 - int(code)
        line = pieces.lonlat[pieces.first[piece] : pieces.first[piece + 1]]
        parts.append(line if code >= 0 else line[::-1])
    parts.append(np.array([end]))
    vertices = np.concatenate(parts)
    # Pieces meet at nodes: drop the doubled vertices, but keep two in any case.
    moved = np.concatenate([[True], (np.diff(vertices, axis=0) != 0).any(axis=1)])
    kept = vertices[moved]
    return kept if len(kept) > 1 else vertices[[0, -1]]
