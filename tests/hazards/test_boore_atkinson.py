"""Tests of `depotopt.hazards.boore_atkinson`."""

from __future__ import annotations

import math

import numpy as np
import pytest

from depotopt.hazards.boore_atkinson import BooreAtkinson2008
from depotopt.hazards.motion import Rupture
from depotopt.units import FloatArray

DEGREE_KM = 111.19508
EPICENTRE = Rupture(7.0, 80.0, 0.0, depth_m=10_000.0)


def test_boore_atkinson_on_rock_by_hand() -> None:
    """M 7, 30 km, 760 m/s: equations 1 to 5 with the coefficients of tables 6 and 7."""
    motion = BooreAtkinson2008().motion(EPICENTRE, np.array([80.0 + 30 / DEGREE_KM]), np.zeros(1))
    r = math.hypot(30.0, 1.35)
    pga = -0.53804 + (-0.66050 + 0.11970 * 2.5) * math.log(r) - 0.01151 * (r - 1)
    assert motion.ln_pga[0] == pytest.approx(pga, abs=1e-4)
    r = math.hypot(30.0, 2.54)
    sa10 = -0.46896 + 0.05393 * 0.25 + (-0.81830 + 0.10270 * 2.5) * math.log(r) - 0.00334 * (r - 1)
    assert motion.ln_sa10[0] == pytest.approx(sa10, abs=1e-4)
    assert (motion.tau_pga[0], motion.phi_sa10[0]) == (0.260, 0.573)


def test_boore_atkinson_amplifies_weak_shaking_on_soil_and_less_so_strong_shaking() -> None:
    soil = Rupture(7.0, 80.0, 0.0, vs30_m_s=300.0)
    near, far = np.array([80.02]), np.array([81.5])
    ratio = [
        math.exp(
            BooreAtkinson2008().motion(soil, lon, np.zeros(1)).ln_pga[0]
            - BooreAtkinson2008().motion(EPICENTRE, lon, np.zeros(1)).ln_pga[0]
        )
        for lon in (near, far)
    ]
    linear = (300 / 760) ** -0.36
    assert ratio[1] == pytest.approx(linear * (0.06 / 0.1) ** -0.14, rel=1e-6)
    assert ratio[0] < ratio[1]


def test_boore_atkinson_site_term_is_continuous() -> None:
    rock = np.array([0.0299999, 0.0300001, 0.0899999, 0.0900001])
    for vs30 in (150.0, 250.0, 500.0):
        rupture = Rupture(7.0, 80.0, 0.0, vs30_m_s=vs30)
        distance = np.interp(
            -rock, -np.exp(_rock_pga(np.linspace(0, 300, 30001))), np.linspace(0, 300, 30001)
        )
        motion = BooreAtkinson2008().motion(rupture, 80.0 + distance / DEGREE_KM, np.zeros(4))
        assert abs(motion.ln_pga[0] - motion.ln_pga[1]) < 1e-3
        assert abs(motion.ln_pga[2] - motion.ln_pga[3]) < 1e-3


def _rock_pga(km: FloatArray) -> FloatArray:
    return BooreAtkinson2008().motion(EPICENTRE, 80.0 + km / DEGREE_KM, np.zeros(len(km))).ln_pga


def test_a_known_strike_makes_the_rupture_a_line() -> None:
    """Wells and Coppersmith: M 7 breaks 49 km, so 20 km along the strike lies on the rupture."""
    line = Rupture(7.0, 80.0, 0.0, strike_deg=90.0)
    relation = BooreAtkinson2008()
    here, along, across = (
        relation.motion(line, np.array([80.0 + dx / DEGREE_KM]), np.array([dy / DEGREE_KM])).ln_pga[0]
        for dx, dy in ((0, 0), (20, 0), (0, 20))
    )
    assert along == pytest.approx(here)
    assert across < here - 0.5
