"""`RoadSource` and `Connector`: where a scenario's roads come from, and what is added to them by hand."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Connector:
    """A declared link from a place to the network that the road data does not have.

    Attributes
    ----------
    place
        Site or demand point.
    lon, lat
        Where it meets the network (the nearest link is split there).
    length_m, speed_kmh
        Length and speed, both assumptions.
    note
        Why it is assumed.
    """

    place: str
    lon: float
    lat: float
    length_m: float
    speed_kmh: float
    note: str = ""


@dataclass(frozen=True, slots=True)
class RoadSource:
    """Where the roads come from and how places are tied to them.

    Attributes
    ----------
    path
        File with roads (``.osm.pbf``, ``.graphml``, ``.gpkg``, ``.npz`` or a folder with
        ``nodes.csv`` and ``links.csv``).
    snap_limit_m
        Farthest a place may lie from a link; beyond it is a fault.
    access_speed_kmh
        Speed between a place and the link it is snapped to.
    default_speed_kmh
        Speed of links without class and speed limit.
    """

    path: Path
    snap_limit_m: float = 5_000.0
    access_speed_kmh: float = 20.0
    default_speed_kmh: float = 60.0
