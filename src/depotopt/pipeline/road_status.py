"""`road_status`: what one road state takes from a scenario, and what cuts off whom."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState, intact
from depotopt.hazards.status import (
    Loss,
    PointStatus,
    StateStatus,
    isolating_cuts,
    point_statuses,
    state_status,
)
from depotopt.pipeline.stages import Case, existing_layout, require_moment
from depotopt.plans import SitingPlan
from depotopt.roads.engines.registry import prepare_engine
from depotopt.travel import TravelTimes


@dataclass(frozen=True, slots=True)
class PointView:
    """One demand point in a road state.

    Attributes
    ----------
    point, name
        Which.
    people
        Who lives there.
    status
        What the road state does to it.
    before_s, after_s
        Travel time from the nearest open depot with nothing lost and in the road state; ``None``
        where no path leads.
    cut
        For isolated points: the fewest lost streets and bridges that isolate it.
    """

    point: str
    name: str
    people: float
    status: PointStatus
    before_s: float | None
    after_s: float | None
    cut: tuple[Loss, ...]


@dataclass(frozen=True, slots=True)
class RoadStatus:
    """What a road state takes.

    Attributes
    ----------
    state
        Streets and bridges lost or slowed, sites hit.
    depots
        Open dispatching depots the travel times start from.
    points
        Every demand point, in scenario order.
    """

    state: StateStatus
    depots: tuple[str, ...]
    points: tuple[PointView, ...]


def road_status(
    case: Case, state: RoadState, *, at_s: float = 0.0, layout: SitingPlan | None = None
) -> RoadStatus:
    """Look at a road state from the open depots.

    Parameters
    ----------
    case
        Scenario and roads.
    state
        Road state.
    at_s
        Moment of the snapshot, seconds from the scenario's start.
    layout
        Depots that are open; ``None`` for today's.
    """
    require_moment(at_s)
    scenario, network = case.scenario, case.network
    if network.places is None:
        raise UsageError("the road network has no places: load it with load_network")
    opened = (layout or existing_layout(scenario)).open_sites
    depots = tuple(item.site for item in opened if scenario.tiers[scenario.tier_index[item.tier]].dispatches)
    points = tuple(point.ident for point in scenario.demand_points)
    times = TravelTimes(network, prepare_engine(network), depots, points, at_s=at_s)
    before = times.of_state(intact(len(scenario.sites), len(points)))
    after = times.of_state(state)
    status = state_status(network, state, at_s=at_s)
    statuses = point_statuses(before, after, state.point_flooded)
    node = network.places.node
    place = network.places.index(points)
    isolated = {i: int(node[place[i]]) for i, found in enumerate(statuses) if found is PointStatus.ISOLATED}
    cuts = isolating_cuts(network, status, node[network.places.index(depots)].astype(np.int64), isolated)
    nearest_before, nearest_after = before.min(axis=0, initial=np.inf), after.min(axis=0, initial=np.inf)
    views = tuple(
        PointView(
            point.ident,
            point.name,
            point.people,
            statuses[i],
            float(nearest_before[i]) if np.isfinite(nearest_before[i]) else None,
            float(nearest_after[i]) if np.isfinite(nearest_after[i]) else None,
            cuts.get(i, ()),
        )
        for i, point in enumerate(scenario.demand_points)
    )
    return RoadStatus(status, depots, views)
