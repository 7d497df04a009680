"""`summary`: what a network consists of, in kilometres of road."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.roads.network import ROAD_CLASSES, RoadNetwork, SpeedSource, StreetKind
from depotopt.units import KM_M, BoolArray


@dataclass(frozen=True, slots=True)
class NetworkSummary:
    """A network in figures. Kilometres count every road once, whether it leads one way or both.

    Attributes
    ----------
    nodes, links, streets
        Counts; links are directed.
    km
        Length of all roads.
    km_by_class
        Length by road class, classes that occur only.
    bridges, tunnels, fords
        Number of bridges, tunnels and fords as pieces that are lost together.
    bridge_km, tunnel_km, ford_km
        Their length.
    directed_bridge_km
        Length of bridges counted once per direction.
    limited_weight_km, limited_height_km
        Length of roads with a posted limit.
    speed_source_share
        Share of the length by origin of the speed (``tag``, ``class_table``, ``assumed``).
    dropped
        What the importer left out and why.
    source, attribution
        Where the roads come from and the notice their licence asks for.
    """

    nodes: int
    links: int
    streets: int
    km: float
    km_by_class: dict[str, float]
    bridges: int
    tunnels: int
    fords: int
    bridge_km: float
    tunnel_km: float
    ford_km: float
    directed_bridge_km: float
    limited_weight_km: float
    limited_height_km: float
    speed_source_share: dict[str, float]
    dropped: dict[str, float]
    source: str
    attribution: str


def roads_once(network: RoadNetwork) -> BoolArray:
    """Mask that picks one link of every road: roads of both directions share their polyline."""
    mask = np.zeros(network.links, dtype=np.bool_)
    mask[np.unique(network.geometry_of, return_index=True)[1]] = True
    return mask


def summary(network: RoadNetwork) -> NetworkSummary:
    """Sum up a network."""
    once = roads_once(network)
    km = network.length_m[once] / KM_M

    def total(flag: BoolArray) -> float:
        return float(km[flag[once]].sum())

    by_class = np.bincount(network.road_class[once], weights=km, minlength=len(ROAD_CLASSES))
    by_source = np.bincount(network.speed_source[once], weights=km, minlength=len(SpeedSource))
    kinds = np.bincount(network.streets.kind, minlength=len(StreetKind)).tolist()
    return NetworkSummary(
        nodes=network.nodes,
        links=network.links,
        streets=len(network.streets),
        km=float(km.sum()),
        km_by_class={
            name: float(length) for name, length in zip(ROAD_CLASSES, by_class, strict=True) if length
        },
        bridges=kinds[StreetKind.BRIDGE],
        tunnels=kinds[StreetKind.TUNNEL],
        fords=kinds[StreetKind.FORD],
        bridge_km=total(network.bridge),
        tunnel_km=total(network.tunnel),
        ford_km=total(network.ford),
        directed_bridge_km=float(network.length_m[network.bridge].sum()) / KM_M,
        limited_weight_km=total(np.isfinite(network.max_weight_kg)),
        limited_height_km=total(np.isfinite(network.max_height_m)),
        speed_source_share={
            source.name.lower(): float(by_source[source]) / max(float(km.sum()), 1e-12)
            for source in SpeedSource
        },
        dropped=dict(network.dropped),
        source=network.source,
        attribution=network.attribution,
    )
