"""Free-flow speeds by road class and by legal zone, for roads whose data names no speed in figures."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from types import MappingProxyType


@dataclass(frozen=True, slots=True)
class RoadSpeed:
    """Speed of one road class.

    Attributes
    ----------
    road_class
        Class as OpenStreetMap spells it; ramps (``motorway_link``) have rows of their own.
    speed_kmh
        Free-flow speed, kilometres per hour.
    source
        Where the figure is from.
    mark
        ``v``: read in the source itself; ``s``: second hand.
    """

    road_class: str
    speed_kmh: float
    source: str
    mark: str


@dataclass(frozen=True, slots=True)
class ZoneSpeed:
    """Speed limit of a legal zone.

    Attributes
    ----------
    zone
        ``urban`` for any country, ``ru:urban`` where a country differs; lower case.
    speed_kmh
        Limit, kilometres per hour.
    source, mark
        As in `RoadSpeed`.
    """

    zone: str
    speed_kmh: float
    source: str
    mark: str


@cache
def road_speeds() -> MappingProxyType[str, RoadSpeed]:
    """Return speeds by road class."""
    rows = [RoadSpeed(*_fields(row, "road_class")) for row in _rows("road_speeds.csv")]
    return MappingProxyType({row.road_class: row for row in rows})


@cache
def zone_speeds() -> MappingProxyType[str, ZoneSpeed]:
    """Return limits by zone."""
    rows = [ZoneSpeed(*_fields(row, "zone")) for row in _rows("speed_zones.csv")]
    return MappingProxyType({row.zone: row for row in rows})


def _rows(name: str) -> list[dict[str, str]]:
    with Path(__file__).with_name(name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _fields(row: dict[str, str], key: str) -> tuple[str, float, str, str]:
    return row[key], float(row["speed_kmh"]), row["source"], row["mark"]
