"""Ground motion by Boore and Atkinson (2008)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.hazards.motion import ROCK_M_S, Motion, Rupture, fault_axes_m
from depotopt.units import KM_M, FloatArray

# Boore and Atkinson (2008), Earthquake Spectra 24, 99-138: tables 3, 6, 7 and 8, unspecified mechanism.
COEFFICIENTS: Final[Mapping[str, Mapping[str, float]]] = {
    "pga": {
        "c1": -0.66050, "c2": 0.11970, "c3": -0.01151, "h": 1.35, "e1": -0.53804, "e5": 0.28805,
        "e6": -0.10164, "e7": 0.0, "mh": 6.75, "blin": -0.36, "b1": -0.64, "b2": -0.14,
        "phi": 0.502, "tau": 0.260,
    },
    "sa10": {
        "c1": -0.81830, "c2": 0.10270, "c3": -0.00334, "h": 2.54, "e1": -0.46896, "e5": 0.67880,
        "e6": -0.18257, "e7": 0.05393, "mh": 6.75, "blin": -0.70, "b1": -0.44, "b2": 0.0,
        "phi": 0.573, "tau": 0.302,
    },
}  # fmt: skip
_TAU2, _PHI2 = COEFFICIENTS["sa10"]["tau"] ** 2, COEFFICIENTS["sa10"]["phi"] ** 2
BETWEEN_SHARE: Final = _TAU2 / (_TAU2 + _PHI2)
"""Share of the variance that is between events, where a source gives the total only (assumption)."""


@dataclass(frozen=True, slots=True)
class BooreAtkinson2008:
    """Boore and Atkinson (2008): active shallow crust, M 5 to 8, within 200 km.

    Distance is to the surface projection of the rupture: a line along the strike of the length Wells
    and Coppersmith (1994, BSSA 84, 974-1002, all slip types: ``log10 L = -2.44 + 0.59 M`` km) expect,
    centred at the epicentre, or the epicentre itself where no strike is given. Standard deviations are
    those for known mechanisms (table 8), the between-event term being 0.26 and 0.30.
    """

    def motion(self, rupture: Rupture, lon: FloatArray, lat: FloatArray) -> Motion:
        """See `Relation.motion`."""
        known = not math.isnan(rupture.strike_deg)
        length_m = KM_M * float(10 ** (-2.44 + 0.59 * rupture.magnitude)) if known else 0.0
        along, across = fault_axes_m(rupture, lon, lat)
        r_km = np.hypot(np.maximum(np.abs(along) - length_m / 2, 0.0), across) / KM_M
        rock = self._on_rock(COEFFICIENTS["pga"], rupture.magnitude, r_km)
        ln = {}
        for measure, c in COEFFICIENTS.items():
            base = rock if measure == "pga" else self._on_rock(c, rupture.magnitude, r_km)
            ln[measure] = base + self._site(c, rupture.vs30_m_s, np.exp(rock))
        full = np.ones(len(lon))
        return Motion(
            ln["pga"],
            ln["sa10"],
            COEFFICIENTS["pga"]["tau"] * full,
            COEFFICIENTS["sa10"]["tau"] * full,
            COEFFICIENTS["pga"]["phi"] * full,
            COEFFICIENTS["sa10"]["phi"] * full,
        )

    @staticmethod
    def _on_rock(c: Mapping[str, float], magnitude: float, r_km: FloatArray) -> FloatArray:
        """Equations 3 to 5: logarithm of the median on rock."""
        distance = np.hypot(r_km, c["h"])
        beyond = magnitude - c["mh"]
        scaling = c["e1"] + (c["e5"] * beyond + c["e6"] * beyond**2 if beyond <= 0 else c["e7"] * beyond)
        result: FloatArray = (
            scaling + (c["c1"] + c["c2"] * (magnitude - 4.5)) * np.log(distance) + c["c3"] * (distance - 1.0)
        )
        return result

    @staticmethod
    def _site(c: Mapping[str, float], vs30: float, rock_pga: FloatArray) -> FloatArray:
        """Equations 6 to 13: linear and nonlinear amplification of the ground."""
        if vs30 <= 180.0:
            slope = c["b1"]
        elif vs30 <= 300.0:
            slope = (c["b1"] - c["b2"]) * math.log(vs30 / 300.0) / math.log(180.0 / 300.0) + c["b2"]
        elif vs30 < ROCK_M_S:
            slope = c["b2"] * math.log(vs30 / ROCK_M_S) / math.log(300.0 / ROCK_M_S)
        else:
            slope = 0.0
        a1, a2, low = 0.03, 0.09, 0.06
        dx, dy = math.log(a2 / a1), slope * math.log(a2 / low)
        cubic = (3 * dy - slope * dx) / dx**2, -(2 * dy - slope * dx) / dx**3
        t = np.log(np.maximum(rock_pga, a1) / a1)
        small = slope * math.log(low / 0.1)
        nonlinear = np.where(
            rock_pga <= a1,
            small,
            np.where(
                rock_pga <= a2, small + cubic[0] * t**2 + cubic[1] * t**3, slope * np.log(rock_pga / 0.1)
            ),
        )
        result: FloatArray = c["blin"] * math.log(vs30 / ROCK_M_S) + nonlinear
        return result


def default_sigma_pga() -> float:
    """Total standard deviation of ln PGA where a map does not give one (Boore and Atkinson 2008)."""
    return math.hypot(COEFFICIENTS["pga"]["tau"], COEFFICIENTS["pga"]["phi"])
