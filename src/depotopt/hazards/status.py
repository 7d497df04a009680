"""What is lost in one road state, as plain data: streets, bridges, kilometres, sites, points, cuts."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from depotopt.hazards.independent import street_length_and_class
from depotopt.hazards.states import RoadState
from depotopt.roads.cuts import minimal_cuts
from depotopt.roads.network import ROAD_CLASSES, RoadNetwork, StreetKind
from depotopt.roads.profiles import ANY_TRUCK, TravelProfile
from depotopt.roads.weights import base_link_s
from depotopt.units import KM_M, BoolArray, FloatArray, Int32Array, Int64Array


class PointStatus(StrEnum):
    """What a road state does to a demand point."""

    AS_BEFORE = "as before"
    """Reached as fast as with nothing lost."""
    SLOWED = "slowed"
    """Reached, but later."""
    FLOODED = "flooded"
    """Stands in the hazard, and nothing reaches it."""
    ISOLATED = "isolated"
    """No path leads there, and one did before."""
    NEVER_REACHED = "never reached"
    """No path leads there, nor did one with nothing lost."""


@dataclass(frozen=True, slots=True)
class Loss:
    """A street hit in a road state.

    Attributes
    ----------
    street
        Index in the network.
    ident, name
        Of the street.
    kind
        Street, bridge, tunnel or ford.
    road_class
        Of its first link.
    length_m
        Both directions counted once.
    speed_factor
        Share of free-flow speed left; 0 means lost.
    depth_m
        Deepest water.
    until_s
        When the last damage ends.
    causes
        Hazards that hit it.
    """

    street: int
    ident: str
    name: str
    kind: StreetKind
    road_class: str
    length_m: float
    speed_factor: float
    depth_m: float
    until_s: float
    causes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class StateStatus:
    """What a road state means for one vehicle at one moment.

    Attributes
    ----------
    index
        Road state.
    lost
        Streets and bridges the vehicle cannot pass.
    slowed
        Those it passes more slowly.
    lost_km_by_class
        Kilometres lost by road class, bridges included.
    sites_hit
        Positions of sites that lose stock.
    sites_without_power
        Positions of sites without power.
    points_flooded
        Positions of demand points that stand in the hazard.
    """

    index: int
    lost: tuple[Loss, ...]
    slowed: tuple[Loss, ...]
    lost_km_by_class: dict[str, float]
    sites_hit: tuple[int, ...]
    sites_without_power: tuple[int, ...]
    points_flooded: tuple[int, ...]

    @property
    def lost_streets(self) -> Int32Array:
        """Indices of all lost streets and bridges."""
        return np.array([loss.street for loss in self.lost], dtype=np.int32)

    @property
    def bridges_lost(self) -> tuple[Loss, ...]:
        """Lost bridges only."""
        return tuple(loss for loss in self.lost if loss.kind is StreetKind.BRIDGE)


def state_status(
    network: RoadNetwork, state: RoadState, profile: TravelProfile = ANY_TRUCK, at_s: float = 0.0
) -> StateStatus:
    """Name what is lost in a road state.

    Parameters
    ----------
    network
        Roads.
    state
        Road state.
    profile
        Vehicle: water deeper than it wades is a loss.
    at_s
        Moment: damage that has ended or not begun does not count.
    """
    active = state.damage.active(at_s)
    entries = np.flatnonzero(active)
    length, road_class = street_length_and_class(network)
    lost, slowed = [], []
    order = entries[np.argsort(state.damage.street[entries], kind="stable")]
    streets, first = np.unique(state.damage.street[order], return_index=True)
    parts = np.split(order, first[1:]) if len(streets) else []
    for street, part in zip(streets, parts, strict=True):
        depth = float(state.damage.depth_m[part].max())
        factor = float(state.damage.speed_factor[part].min())
        passable = factor > 0 and not (depth > 0 and depth >= profile.wading_depth_m)
        loss = Loss(
            int(street),
            network.streets.ident[street],
            network.streets.name[street],
            StreetKind(int(network.streets.kind[street])),
            ROAD_CLASSES[road_class[street]],
            float(length[street]),
            factor if passable else 0.0,
            depth,
            float(state.damage.until_s[part].max()),
            tuple(dict.fromkeys(state.causes[cause] for cause in state.damage.cause[part])),
        )
        if not passable:
            lost.append(loss)
        elif factor < 1 or depth > 0:
            slowed.append(loss)
    by_class: dict[str, float] = {}
    for loss in lost:
        by_class[loss.road_class] = by_class.get(loss.road_class, 0.0) + loss.length_m / KM_M
    return StateStatus(
        state.index,
        tuple(lost),
        tuple(slowed),
        dict(sorted(by_class.items(), key=lambda item: (-item[1], item[0]))),
        tuple(np.flatnonzero(state.site_survival < 1).tolist()),
        tuple(np.flatnonzero(~state.site_power).tolist()),
        tuple(np.flatnonzero(state.point_flooded).tolist()),
    )


def point_statuses(before_s: FloatArray, after_s: FloatArray, flooded: BoolArray) -> list[PointStatus]:
    """What a road state does to each demand point.

    Parameters
    ----------
    before_s, after_s
        Travel times from the open depots with nothing lost and in the road state, shape ``(O, I)``;
        ``inf`` where no path leads.
    flooded
        Points that stand in the hazard, shape ``(I,)``.
    """
    best_before, best_after = before_s.min(axis=0, initial=np.inf), after_s.min(axis=0, initial=np.inf)
    statuses = []
    for before, after, wet in zip(best_before, best_after, flooded, strict=True):
        if np.isinf(after):
            status = (
                PointStatus.FLOODED
                if wet
                else PointStatus.ISOLATED
                if np.isfinite(before)
                else PointStatus.NEVER_REACHED
            )
        else:
            status = PointStatus.SLOWED if after > before else PointStatus.AS_BEFORE
        statuses.append(status)
    return statuses


def isolating_cuts(
    network: RoadNetwork,
    status: StateStatus,
    depot_nodes: Int64Array,
    point_nodes: dict[int, int],
    profile: TravelProfile = ANY_TRUCK,
) -> dict[int, tuple[Loss, ...]]:
    """The lost streets and bridges that cut off each isolated point.

    Parameters
    ----------
    network
        Roads.
    status
        What is lost.
    depot_nodes
        Nodes of the open depots.
    point_nodes
        Node of each isolated point, by its position; points that are reached are refused by
        `depotopt.roads.cuts.minimal_cut`.
    profile
        Vehicle; roads it may never use are no way out.

    Returns
    -------
    dict
        Losses by position of the point.
    """
    by_street = {loss.street: loss for loss in status.lost}
    nodes = sorted(set(point_nodes.values()))
    passable = np.isfinite(base_link_s(network, profile))
    found = minimal_cuts(network, status.lost_streets, depot_nodes, nodes, passable)
    cuts = dict(zip(nodes, found, strict=True))
    return {
        point: tuple(by_street[int(street)] for street in cuts[node]) for point, node in point_nodes.items()
    }
