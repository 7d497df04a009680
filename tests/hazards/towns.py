"""Small networks for hazards: a grid of streets, and a line with a bridge, a tunnel and a ford."""

from __future__ import annotations

import numpy as np

from depotopt.hazards.protocol import Exposure, PreparedHazard
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.network import RoadNetwork, StreetKind, StreetTable
from depotopt.units import FloatArray

STEP_DEG = 0.01


def grid(side: int = 5, lon: float = 10.0, lat: float = 0.0) -> RoadNetwork:
    """A square grid of two-way streets, 0.01 degrees (1.1 km at the equator) apart."""
    number = np.arange(side * side).reshape(side, side)
    a = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    b = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    y, x = np.divmod(np.arange(side * side), side)
    links = LinkArrays(np.r_[a, b], np.r_[b, a], np.full(2 * len(a), 1112.0), np.full(2 * len(a), 80.0))
    return build_network(lon + STEP_DEG * x, lat + STEP_DEG * y, links)


def line() -> RoadNetwork:
    """Nodes 0 - 1 - 2 - 3 - 4 along the equator: a street, a bridge, a tunnel, a ford, both ways."""
    tail, head = np.array([0, 1, 2, 3]), np.array([1, 2, 3, 4])
    streets = StreetTable(
        ("s1", "b1", "t1", "f1"),
        ("Long Road", "Old Bridge", "Long Road", ""),
        np.array([StreetKind.STREET, StreetKind.BRIDGE, StreetKind.TUNNEL, StreetKind.FORD], dtype=np.uint8),
    )
    links = LinkArrays(
        np.r_[tail, head],
        np.r_[head, tail],
        np.full(8, 1112.0),
        np.full(8, 80.0),
        road_class=np.tile([2, 2, 3, 9], 2),
        street=np.tile(np.arange(4), 2),
    )
    return build_network(10.0 + STEP_DEG * np.arange(5), np.zeros(5), links, streets)


def exposure(
    network: RoadNetwork,
    sites: tuple[tuple[float, float], ...] = ((10.0, 0.0),),
    points: tuple[tuple[float, float], ...] = ((10.04, 0.0),),
) -> Exposure:
    """What hazards can hit: sites and points by longitude and latitude."""
    site, point = (np.array(places, dtype=np.float64).reshape(-1, 2) for places in (sites, points))
    return Exposure(network, site[:, 0], site[:, 1], point[:, 0], point[:, 1])


def frequency(prepared: PreparedHazard, streets: int, draws: int = 4000) -> FloatArray:
    """Share of draws in which each street is hit."""
    rng = np.random.default_rng(0)
    counts = np.zeros(streets)
    for _ in range(draws):
        counts[np.unique(prepared.sample(rng).damage.street)] += 1
    return counts / draws
