"""What the map needs to know, packed: roads as varint deltas, everything else as compact JSON."""

from __future__ import annotations

import json
import math
from typing import Final

import numpy as np

from depotopt.io.overrides import override_name
from depotopt.plans import Trip
from depotopt.report.content import ReportContent
from depotopt.report.contours import travel_contours
from depotopt.report.ledger import Ledger
from depotopt.report.packing import pack_lines, pack_names, to_text, varints, zigzag
from depotopt.report.pieces import CLASS_RANK, RoadPieces
from depotopt.report.reach import BANDS_S, point_cuts, reach_bands
from depotopt.report.routes import trip_legs
from depotopt.report.summary import Figure
from depotopt.report.trip_tables import weight_and_volume
from depotopt.roads.network import ROAD_CLASSES, RoadNetwork, StreetKind
from depotopt.roads.profiles import ANY_TRUCK
from depotopt.units import Int64Array

FORMAT: Final = 2
"""Version of the packed data; the front end refuses another."""

Json = dict[str, object]


def pack_map(
    content: ReportContent, ledger: Ledger, pieces: RoadPieces, figures: tuple[Figure, ...]
) -> dict[str, str]:
    """Packed blocks of text by the identifier of their element in ``map.html``.

    ``roads`` holds the lines, ``attributes`` a class byte and a flag byte per piece followed by the name of
    each as a varint, ``reach`` the travel-time band of each piece, ``paths`` the pieces of each leg,
    ``contours`` the band of each ring after their number, ``rings`` their lines, ``patterns`` and
    ``streets`` the identifiers of the streets (see `pack_names`) with the street of each piece as zigzag
    deltas after them, ``plan`` the rest as JSON.
    """
    names, name_of = _names(content.network, pieces)
    legs, paths = _legs(content, pieces)
    plan: Json = {
        "format": FORMAT,
        "meta": _meta(content),
        "figures": [[figure.key, figure.value, figure.unit] for figure in figures],
        "tiers": [[tier.ident, tier.title] for tier in content.scenario.tiers],
        "commodities": [
            [item.ident, item.name, item.unit, item.kg_per_unit, item.m3_per_unit]
            for item in content.scenario.commodities
        ],
        "types": {
            vehicle.ident: [vehicle.name, vehicle.payload_kg, vehicle.volume_m3, vehicle.mode.value]
            for vehicle in content.scenario.vehicle_types
        },
        "causes": list(content.road_state.causes),
        "wading_m": ANY_TRUCK.wading_depth_m,
        "names": names,
        "losses": _losses(content, pieces),
        "sites": _sites(content, ledger),
        "points": _points(content, ledger),
        "cuts": {
            str(i): [content.network.streets.ident[s] for s in cut]
            for i, cut in point_cuts(content, ledger).items()
        },
        "trips": _trips(content, legs),
    }
    flags = (
        pieces.bridge.astype(np.uint8)
        | (pieces.tunnel.astype(np.uint8) << 1)
        | (pieces.ford.astype(np.uint8) << 2)
        | ((pieces.directions == 1).astype(np.uint8) << 3)
    )
    rank = np.array([CLASS_RANK.index(name) for name in ROAD_CLASSES], dtype=np.uint8)[pieces.road_class]
    attributes = rank.tobytes() + flags.tobytes() + varints(name_of)
    contours = travel_contours(content, pieces)
    used, street = np.unique(pieces.street, return_inverse=True)
    patterns, idents = pack_names([content.network.streets.ident[s] for s in used.tolist()])
    text = json.dumps(plan, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return {
        "roads": to_text(pack_lines(pieces.first, pieces.lonlat)),
        "attributes": to_text(attributes),
        "reach": to_text(reach_bands(content, pieces).tobytes()),
        "paths": to_text(varints(paths)),
        "contours": to_text(varints(np.concatenate([[len(contours.band)], contours.band]))),
        "rings": to_text(pack_lines(contours.first, contours.lonlat)),
        "streets": to_text(varints(np.concatenate([idents, zigzag(np.diff(street, prepend=0))]))),
        "patterns": to_text(patterns.encode("utf-8")),
        "plan": to_text(text.encode("utf-8")),
    }


def _meta(content: ReportContent) -> Json:
    scenario, network = content.scenario, content.network
    return {
        "id": scenario.ident,
        "title": scenario.title,
        "description": scenario.description,
        "start": scenario.start.replace(tzinfo=None).isoformat(timespec="seconds"),
        "at_s": content.at_s,
        "state": content.road_state.index,
        "overrides": [override_name(name) for name in scenario.overrides],
        "attribution": network.attribution,
        "source": network.source,
        "classes": list(CLASS_RANK),
        "response_s": scenario.rules.response_s,
        "bands_s": list(BANDS_S),
        "solves": [
            [stage, result.status.value, result.limit and result.limit.value, result.gap, result.engine]
            for stage, result in (("siting", content.siting), ("dispatch", content.dispatch))
            if result is not None
        ],
        "dispatched": content.plan is not None,
    }


def _names(network: RoadNetwork, pieces: RoadPieces) -> tuple[list[str], Int64Array]:
    """Distinct street names (the empty one first) and the name of each piece."""
    position: dict[str, int] = {"": 0}
    of_street = [position.setdefault(name, len(position)) for name in network.streets.name]
    return list(position), np.array(of_street, dtype=np.int64)[pieces.street]


def _losses(content: ReportContent, pieces: RoadPieces) -> Json:
    """Every damage entry as columns, whether it holds at the moment shown or at another."""
    damage, streets = content.road_state.damage, content.network.streets
    order = np.argsort(pieces.street, kind="stable")
    first = np.searchsorted(pieces.street[order], np.arange(len(streets) + 1))
    hit = damage.street.astype(np.int64)
    return {
        "street": [streets.ident[street] for street in hit],
        "kind": [StreetKind(int(kind)).name.lower() for kind in streets.kind[hit]],
        "pieces": [order[first[street] : first[street + 1]].tolist() for street in hit],
        "factor": np.round(damage.speed_factor, 4).tolist(),
        "depth": np.round(damage.depth_m, 3).tolist(),
        "from": damage.from_s.tolist(),
        "until": [until_s if math.isfinite(until_s) else None for until_s in damage.until_s.tolist()],
        "cause": damage.cause.tolist(),
    }


def _sites(content: ReportContent, ledger: Ledger) -> list[Json]:
    scenario, state = content.scenario, content.road_state
    stock: dict[str, list[list[object]]] = {}
    for entry in ledger.stock:
        line: list[object] = [
            scenario.commodity_index[entry.commodity],
            entry.mode,
            entry.planned,
            entry.held,
        ]
        stock.setdefault(entry.site, []).append(line)
    sites: list[Json] = []
    for depot in ledger.depots:
        site = scenario.sites[depot.site]
        sites.append(
            {
                "id": site.ident,
                "name": site.name,
                "lon": round(site.lon, 6),
                "lat": round(site.lat, 6),
                "open": depot.is_open,
                "tier": scenario.tier_index.get(depot.tier, 0),
                "size": depot.size_class,
                "kind": site.kind,
                "zone": site.zone,
                "owner": site.owner,
                "survival": round(float(state.site_survival[depot.site]), 4),
                "power": bool(state.site_power[depot.site]),
                "ready_s": site.readiness_s,
                "stock": stock.get(site.ident, []) if depot.is_open else [],
            }
        )
    return sites


def _points(content: ReportContent, ledger: Ledger) -> list[Json]:
    scenario = content.scenario
    unmet: dict[str, list[list[object]]] = {}
    for line in content.plan.unmet if content.plan is not None else ():
        entry: list[object] = [
            scenario.commodity_index[line.commodity],
            line.quantity,
            line.reason.value,
            line.explanation,
        ]
        unmet.setdefault(line.point, []).append(entry)
    points: list[Json] = []
    for i, point in enumerate(scenario.demand_points):
        points.append(
            {
                "id": point.ident,
                "name": point.name,
                "lon": round(point.lon, 6),
                "lat": round(point.lat, 6),
                "zone": point.zone,
                "kind": point.kind.value,
                "people": point.people,
                "affected": round(float(ledger.people[i]), 1),
                "state": ledger.state[i],
                "first": _finite(ledger.first_arrival_s[i]),
                "last": _finite(ledger.last_arrival_s[i]),
                "deadline": scenario.rules.response_s if point.deadline_s is None else point.deadline_s,
                "need": [
                    [k, float(ledger.need[i, k]), float(ledger.delivered[i, k])]
                    for k in range(len(scenario.commodities))
                    if ledger.need[i, k] > 0
                ],
                "unmet": unmet.get(point.ident, []),
            }
        )
    return points


def _legs(
    content: ReportContent, pieces: RoadPieces
) -> tuple[dict[tuple[str, int], list[list[object]]], Int64Array]:
    """Legs by vehicle and trip, and the pieces of all legs: counts first, then zigzag deltas."""
    by_trip: dict[tuple[str, int], list[list[object]]] = {}
    legs = trip_legs(content, pieces)
    for number, leg in enumerate(legs):
        where = [leg.purpose, leg.origin, leg.destination, round(leg.start_s, 1), round(leg.end_s, 1)]
        by_trip.setdefault((leg.vehicle, leg.trip), []).append([*where, round(leg.distance_m, 1), number])
    counts = np.array([len(legs), *(len(leg.piece) for leg in legs)], dtype=np.int64)
    driven = np.concatenate([np.empty(0, dtype=np.int64), *(leg.piece for leg in legs)])
    return by_trip, np.concatenate([counts, zigzag(np.diff(driven, prepend=0))])


def _trips(content: ReportContent, legs: dict[tuple[str, int], list[list[object]]]) -> list[Json]:
    scenario = content.scenario
    trips: list[Json] = []
    for trip in content.plan.trips if content.plan is not None else ():
        kg, m3 = weight_and_volume(content, trip.loads)
        stops = [
            [
                scenario.point_index[stop.point],
                round(stop.arrive_s, 1),
                round(stop.depart_s, 1),
                [[scenario.commodity_index[load.commodity], load.lot, load.quantity] for load in stop.loads],
            ]
            for stop in trip.stops
        ]
        trips.append(
            {
                "vehicle": trip.vehicle,
                "type": trip.vehicle_type,
                "number": trip.number,
                "from": scenario.site_index[trip.start_site],
                "to": scenario.site_index[trip.end_site],
                "load_s": round(trip.load_start_s, 1),
                "depart_s": round(trip.depart_s, 1),
                "return_s": round(trip.return_s, 1),
                "m": round(trip.distance_m, 1),
                "kg": round(kg, 3),
                "m3": round(m3, 4),
                "stops": stops,
                "hub": _hub(content, trip),
                "legs": legs.get((trip.vehicle, trip.number), []),
            }
        )
    return trips


def _hub(content: ReportContent, trip: Trip) -> list[object] | None:
    """Where a trunk trip hands over: site, arrival, departure, loads; ``None`` for other trips."""
    scenario, brought = content.scenario, trip.transfer
    if brought is None:
        return None
    loads = [[scenario.commodity_index[load.commodity], load.lot, load.quantity] for load in brought.loads]
    times = [round(brought.arrive_s, 1), round(brought.depart_s, 1)]
    return [scenario.site_index[brought.site], *times, loads]


def _finite(seconds: float) -> float | None:
    return round(float(seconds), 1) if math.isfinite(seconds) else None
