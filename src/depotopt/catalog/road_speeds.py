"""Free-flow speeds by road class, for roads whose data has no speed of its own."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from functools import lru_cache
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


@lru_cache(maxsize=1)
def road_speeds() -> MappingProxyType[str, RoadSpeed]:
    """Return the table by road class."""
    with Path(__file__).with_suffix(".csv").open(encoding="utf-8", newline="") as file:
        rows = [
            RoadSpeed(row["road_class"], float(row["speed_kmh"]), row["source"], row["mark"])
            for row in csv.DictReader(file)
        ]
    return MappingProxyType({row.road_class: row for row in rows})
