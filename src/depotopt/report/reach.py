"""How far open depots reach in the road state shown, and which losses cut places off."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from depotopt.dispatch.model.usable import open_dispatching
from depotopt.plans import PointState
from depotopt.report.content import ReportContent
from depotopt.report.ledger import Ledger
from depotopt.report.pieces import RoadPieces
from depotopt.roads.cuts import minimal_cuts, reachable
from depotopt.roads.network import RoadNetwork, Uint8Array
from depotopt.roads.profiles import ANY_TRUCK, Mode, TravelProfile
from depotopt.roads.weights import base_link_s
from depotopt.travel import link_times_ds
from depotopt.units import UNREACHABLE_DS, BoolArray, FloatArray, Int32Array, Int64Array, ds_to_seconds

BANDS_S: Final = (900.0, 1800.0, 3600.0, 7200.0, 14_400.0, 28_800.0)
"""Upper ends of the travel-time bands: from the 15-minute circle to the 8 hours of a city depot."""

NOT_REACHED: Final = len(BANDS_S) + 1
"""Band of roads no open depot reaches."""

MOST_CUTS: Final = 50
"""Cuts looked for, where most people are in need first: each is a maximum flow (70 ms at 90,000 nodes)."""


def depot_nodes(content: ReportContent) -> Int64Array:
    """Nodes of the depots that vehicles leave from."""
    places = content.network.places
    assert places is not None  # checked by ReportContent
    return places.node[places.index(open_dispatching(content.scenario, content.layout))].astype(np.int64)


def reach_bands(content: ReportContent, pieces: RoadPieces) -> Uint8Array:
    """Travel-time band of each piece of road from the nearest open depot, shape ``(P,)``.

    Seconds of driving to the nearer end of the piece, for the scenario's siting vehicle (else a truck no
    posted limit stops), in the road state and at the moment shown; readiness and loading are not counted.
    Band ``b`` ends at ``BANDS_S[b]``, the one after the last has no end, `NOT_REACHED` has no path.
    """
    network = content.network
    link_ds, node_s = nearest_depot_s(content)
    near = np.full(len(pieces), np.inf)
    passable = link_ds < UNREACHABLE_DS
    ends = np.minimum(node_s[network.tail], node_s[network.head])
    np.minimum.at(near, pieces.of_link[passable], ends[passable])
    bands = np.searchsorted(np.array(BANDS_S), near)
    bands[np.isinf(near)] = NOT_REACHED
    return bands.astype(np.uint8)


def nearest_depot_s(content: ReportContent) -> tuple[Int32Array, FloatArray]:
    """Deciseconds of each link, and seconds of driving from the nearest open depot to each node.

    As for `reach_bands`; ``UNREACHABLE_DS`` for lost links, infinite where no path leads.
    """
    link_ds = link_times_ds(content.network, content.road_state, _siting_profile(content), content.at_s)
    return link_ds, _node_seconds(content, link_ds)


def point_cuts(content: ReportContent, ledger: Ledger) -> dict[int, tuple[int, ...]]:
    """Lost streets and bridges that cut each isolated or flooded point off, by position of the point.

    See `depotopt.roads.cuts.minimal_cut`: the fewest losses that alone would isolate the point for every
    road vehicle of the fleet. Points that reach one another over open roads share their cut. Points some
    vehicle reaches, and those beyond the first `MOST_CUTS` cuts, are left out.
    """
    network, state = content.network, content.road_state
    profiles = _fleet_profiles(content)
    if not profiles:
        return {}
    usable = np.zeros(network.links, dtype=np.bool_)
    for profile in profiles:
        usable |= np.isfinite(base_link_s(network, profile))
    deepest_m = max(profile.wading_depth_m for profile in profiles)
    damage, active = state.damage, state.damage.active(content.at_s)
    shut = active & ((damage.speed_factor <= 0) | ((damage.depth_m > 0) & (damage.depth_m >= deepest_m)))
    lost = np.unique(damage.street[shut])
    sources = depot_nodes(content)
    if not len(lost) or not len(sources):
        return {}
    open_links = usable & ~np.isin(network.street, lost)
    supplied = reachable(network, sources, open_links)
    places = network.places
    assert places is not None
    cut_off = (PointState.ISOLATED.value, PointState.FLOODED.value)
    node = places.node[places.index(tuple(point.ident for point in content.scenario.demand_points))]
    points = [i for i, name in enumerate(ledger.state) if name in cut_off and not supplied[node[i]]]
    pocket = _pockets(network, open_links)[node]
    # One point stands for all of its pocket, the one with most people in need.
    chosen: dict[int, int] = {}
    for i in sorted(points, key=lambda i: (-ledger.people[i], i)):
        if len(chosen) < MOST_CUTS:
            chosen.setdefault(int(pocket[i]), int(node[i]))
    found = minimal_cuts(network, lost, sources, list(chosen.values()), usable)
    cuts = {where: tuple(cut.tolist()) for where, cut in zip(chosen, found, strict=True) if len(cut)}
    return {i: cuts[int(pocket[i])] for i in points if int(pocket[i]) in cuts}


def _pockets(network: RoadNetwork, open_links: BoolArray) -> Int32Array:
    """Number of the strongly connected part each node belongs to."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import connected_components

    tail, head = network.tail[open_links], network.head[open_links]
    graph = csr_array((np.ones(len(tail), dtype=np.int8), (tail, head)), shape=(network.nodes, network.nodes))
    parts: Int32Array = connected_components(graph, directed=True, connection="strong")[1]
    return parts


def _node_seconds(content: ReportContent, link_ds: Int32Array) -> FloatArray:
    """Seconds from the nearest open depot to each node."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    network, places = content.network, content.network.places
    assert places is not None
    index = places.index(open_dispatching(content.scenario, content.layout))
    open_links = link_ds < UNREACHABLE_DS
    # One more node leads to all depots, so that one search does.
    root = network.nodes
    rows = np.concatenate([network.tail[open_links], np.full(len(index), root)])
    columns = np.concatenate([network.head[open_links], places.node[index]])
    weights = np.concatenate([ds_to_seconds(link_ds[open_links]), places.access_s[index]])
    # scipy adds up parallel links and drops zeros: keep the fastest of each pair, a microsecond at least.
    order = np.lexsort((weights, columns, rows))
    rows, columns, weights = rows[order], columns[order], np.maximum(weights[order], 1e-6)
    single = np.ones(len(rows), dtype=np.bool_)
    single[1:] = (np.diff(rows) != 0) | (np.diff(columns) != 0)
    graph: Any = csr_array((weights[single], (rows[single], columns[single])), shape=(root + 1, root + 1))
    found: FloatArray = dijkstra(graph, indices=np.array([root]))[0, :root]
    return found


def _siting_profile(content: ReportContent) -> TravelProfile:
    wanted = content.scenario.rules.siting_vehicle
    for vehicle in content.scenario.vehicle_types:
        if vehicle.ident == wanted and vehicle.mode is Mode.ROAD:
            return vehicle.profile
    return ANY_TRUCK


def _fleet_profiles(content: ReportContent) -> list[TravelProfile]:
    present = {entry.vehicle_type for entry in content.scenario.fleet if entry.count > 0}
    vehicles = content.scenario.vehicle_types
    return [v.profile for v in vehicles if v.ident in present and v.mode is Mode.ROAD]
