"""`TravelProfile`: what a kind of vehicle can drive, and how fast."""

from __future__ import annotations

import math
from dataclasses import dataclass
from enum import StrEnum

from depotopt.errors import UsageError


class Mode(StrEnum):
    """How a vehicle moves."""

    ROAD = "road"
    AIR = "air"
    WATER = "water"


@dataclass(frozen=True, slots=True)
class TravelProfile:
    """Limits and speed of a kind of vehicle.

    Attributes
    ----------
    mode
        Road vehicles use the network; air and water go in a straight line at ``cruise_kmh``.
    speed_factor
        Multiplies free-flow speed on roads.
    weight_kg, height_m
        Gross weight and height, compared with the limits of links; 0 means *not limited*.
    wading_depth_m
        Deepest water the vehicle drives through.
    cruise_kmh
        Speed in a straight line for air and water modes.
    """

    mode: Mode = Mode.ROAD
    speed_factor: float = 1.0
    weight_kg: float = 0.0
    height_m: float = 0.0
    wading_depth_m: float = 0.3
    cruise_kmh: float = 0.0

    def __post_init__(self) -> None:
        if not (self.speed_factor > 0 and math.isfinite(self.speed_factor)):
            raise UsageError(f"speed factor must be positive, found {self.speed_factor}")
        if min(self.weight_kg, self.height_m, self.wading_depth_m, self.cruise_kmh) < 0:
            raise UsageError("limits of a travel profile must be >= 0")
        if self.mode is not Mode.ROAD and self.cruise_kmh <= 0:
            raise UsageError(f"mode {self.mode} needs a cruise speed")


ANY_TRUCK = TravelProfile()
"""A truck no posted limit stops, at free-flow speed."""
