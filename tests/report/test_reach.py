from __future__ import annotations

import dataclasses

import numpy as np

from depotopt.hazards.states import Damage, intact
from depotopt.plans import PointState
from depotopt.report.content import ReportContent
from depotopt.report.ledger import draw_ledger
from depotopt.report.pieces import road_pieces
from depotopt.report.reach import BANDS_S, NOT_REACHED, depot_nodes, point_cuts, reach_bands
from depotopt.roads.cuts import reachable
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.travel import link_times_ds
from depotopt.units import UNREACHABLE_DS, BoolArray


def around(content: ReportContent, point: int) -> BoolArray:
    """Streets that end at the node of a demand point."""
    network, places = content.network, content.network.places
    assert places is not None
    node = places.node[len(content.scenario.sites) + point]
    touching = np.zeros(len(network.streets), dtype=np.bool_)
    touching[network.street[(network.tail == node) | (network.head == node)]] = True
    return touching


def cut_off(content: ReportContent, point: int) -> ReportContent:
    """The region with only the streets around one point lost, and the point isolated."""
    scenario, plan = content.scenario, content.dispatch
    assert plan is not None
    assert plan.plan is not None
    state = dataclasses.replace(
        intact(len(scenario.sites), len(scenario.demand_points)),
        damage=Damage.of(np.flatnonzero(around(content, point)), 0.0),
        causes=("slide",),
    )
    ident = scenario.demand_points[point].ident
    states = plan.plan.point_state | {ident: PointState.ISOLATED}
    dispatch = dataclasses.replace(plan, plan=dataclasses.replace(plan.plan, point_state=states))
    return dataclasses.replace(content, road_state=state, dispatch=dispatch)


def test_bands_hold_the_times_the_oracle_finds(content: ReportContent) -> None:
    network, places = content.network, content.network.places
    assert places is not None
    pieces = road_pieces(network)
    bands = reach_bands(content, pieces)
    link_ds = link_times_ds(network, content.road_state, at_s=content.at_s)
    depots = depot_nodes(content).astype(np.int32)
    access_s = np.array([places.access_s[list(places.node).index(node)] for node in depots])
    everywhere = np.arange(network.nodes, dtype=np.int32)
    times = DijkstraEngine(network).many_to_many(link_ds[:, None], depots, everywhere)[0].astype(float)
    node_s = np.where(times < UNREACHABLE_DS, times / 10 + access_s[:, None], np.inf).min(axis=0)
    seen = set()
    for piece in range(0, len(pieces), 3):
        links = np.flatnonzero((pieces.of_link == piece) & (link_ds < UNREACHABLE_DS))
        ends = np.concatenate([network.tail[links], network.head[links]])
        near = node_s[ends].min(initial=np.inf)
        band = NOT_REACHED if np.isinf(near) else int(np.searchsorted(BANDS_S, near))
        assert bands[piece] == band
        seen.add(band)
    assert len(seen) > 2


def test_the_cut_of_a_point_isolates_it_and_none_of_it_can_be_spared(content: ReportContent) -> None:
    point = draw_ledger(content).state.index("served")
    isolated = cut_off(content, point)
    cuts = point_cuts(isolated, draw_ledger(isolated))
    assert set(cuts) == {point}
    network, places = isolated.network, isolated.network.places
    assert places is not None
    node = places.node[len(content.scenario.sites) + point]
    sources = depot_nodes(isolated)
    cut = list(cuts[point])
    assert not reachable(network, sources, ~np.isin(network.street, cut))[node]
    for street in cut:
        rest = [item for item in cut if item != street]
        assert reachable(network, sources, ~np.isin(network.street, rest))[node]


def test_a_point_some_vehicle_reaches_has_no_cut(content: ReportContent) -> None:
    open_roads = dataclasses.replace(
        content, road_state=intact(len(content.scenario.sites), len(content.scenario.demand_points))
    )
    assert point_cuts(open_roads, draw_ledger(open_roads)) == {}
