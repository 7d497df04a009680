"""What shakes: `Rupture`, the shaking at places (`Motion`) and the seams where relations plug in."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final, Protocol

import numpy as np

from depotopt.hazards.shapes import degree_scale_m
from depotopt.units import FloatArray, great_circle_m

ROCK_M_S: Final = 760.0
"""Shear-wave velocity of rock."""


@dataclass(frozen=True, slots=True)
class Rupture:
    """An earthquake described by a few numbers.

    Attributes
    ----------
    magnitude
        Moment magnitude, or surface-wave magnitude where the relation asks for it.
    lon, lat
        Epicentre in degrees.
    depth_m
        Hypocentral depth; ``nan`` where unknown.
    strike_deg
        Direction of the fault, degrees from north; ``nan`` where unknown.
    vs30_m_s
        Shear-wave velocity of the ground, the same everywhere; 760 m/s is rock.
    """

    magnitude: float
    lon: float
    lat: float
    depth_m: float = math.nan
    strike_deg: float = math.nan
    vs30_m_s: float = ROCK_M_S


@dataclass(frozen=True, slots=True)
class Motion:
    """Shaking at places: medians, and standard deviations of residuals in logarithms.

    Attributes
    ----------
    ln_pga, ln_sa10
        Logarithm of the median peak ground acceleration and spectral acceleration at 1.0 s (g), shape
        ``(P,)``.
    tau_pga, tau_sa10
        Between-event standard deviations, shape ``(P,)``.
    phi_pga, phi_sa10
        Within-event standard deviations, shape ``(P,)``.
    """

    ln_pga: FloatArray
    ln_sa10: FloatArray
    tau_pga: FloatArray
    tau_sa10: FloatArray
    phi_pga: FloatArray
    phi_sa10: FloatArray


class MotionSource(Protocol):
    """Anything that tells the shaking at places."""

    def motion(self, lon: FloatArray, lat: FloatArray) -> Motion:
        """Shaking at positions in degrees."""
        ...


class Relation(Protocol):
    """A published relation of shaking, magnitude and distance."""

    def motion(self, rupture: Rupture, lon: FloatArray, lat: FloatArray) -> Motion:
        """Shaking at positions in degrees."""
        ...


def fault_axes_m(rupture: Rupture, lon: FloatArray, lat: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Distance from the epicentre along and across the strike (north where unknown)."""
    scale = degree_scale_m(rupture.lat)
    east, north = (lon - rupture.lon) * scale[0], (lat - rupture.lat) * scale[1]
    # Far from the epicentre the plane stretches; the length is taken on the sphere instead.
    plane = np.maximum(np.hypot(east, north), 1e-9)
    stretch = great_circle_m(rupture.lon, rupture.lat, lon, lat) / plane
    strike = math.radians(0.0 if math.isnan(rupture.strike_deg) else rupture.strike_deg)
    along = (east * math.sin(strike) + north * math.cos(strike)) * stretch
    across = (east * math.cos(strike) - north * math.sin(strike)) * stretch
    return along, across
