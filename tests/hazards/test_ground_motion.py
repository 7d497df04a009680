"""Tests of the relations of shaking and distance, by hand and by what they must satisfy."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depotopt.errors import UsageError
from depotopt.hazards.boore_atkinson import BooreAtkinson2008
from depotopt.hazards.ground_motion import RELATIONS, RuptureShaking
from depotopt.hazards.intensity import (
    Allen2012,
    Yu2013,
    intensity_of_ln_pga,
    ln_pga_of_intensity,
    ln_sa10_of_intensity,
)
from depotopt.hazards.motion import Rupture
from depotopt.hazards.shake_grid import ShakeGrid
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


@pytest.mark.parametrize("name", sorted(RELATIONS))
@given(km=st.lists(st.floats(0, 400), min_size=2, max_size=6))
def test_shaking_never_grows_with_distance_and_grows_with_magnitude(name: str, km: list[float]) -> None:
    lon = 80.0 + np.sort(km) / DEGREE_KM
    weak, strong = (
        RuptureShaking(Rupture(magnitude, 80.0, 0.0, 10_000.0), name).motion(lon, np.zeros(len(lon)))
        for magnitude in (6.0, 7.5)
    )
    for motion in (weak, strong):
        assert (np.diff(motion.ln_pga) <= 1e-9).all()
        assert (np.diff(motion.ln_sa10) <= 1e-9).all()
    assert (strong.ln_pga > weak.ln_pga - 1e-9).all()
    assert (strong.ln_sa10 > weak.ln_sa10).all()


@pytest.mark.parametrize("name", [name for name in sorted(RELATIONS) if name.startswith("yu")])
def test_both_axes_of_the_chinese_relation_meet_at_the_epicentre(name: str) -> None:
    relation = RELATIONS[name]
    assert isinstance(relation, Yu2013)
    (a1, c1, r1), (a2, c2, r2) = relation.long_axis, relation.short_axis
    assert a1 + c1 * math.log10(r1) == pytest.approx(a2 + c2 * math.log10(r2), abs=2e-3)


def test_the_chinese_relation_by_hand_on_both_axes() -> None:
    relation = RELATIONS["yu-2013-xinjiang"]
    assert isinstance(relation, Yu2013)
    rupture = Rupture(7.1, 80.0, 0.0, strike_deg=90.0)
    lon, lat = np.array([80.0 + 60 / DEGREE_KM, 80.0]), np.array([0.0, 60 / DEGREE_KM])
    long_axis = 5.6018 + 1.4347 * 7.1 - 4.4899 * math.log10(60 + 25)
    short_axis = 3.6113 + 1.4347 * 7.1 - 3.8477 * math.log10(60 + 13)
    assert relation.intensity(rupture, lon, lat).tolist() == pytest.approx([long_axis, short_axis], abs=1e-3)


def test_without_strike_the_isoseismal_is_the_circle_of_the_same_area() -> None:
    relation = RELATIONS["yu-2013-xinjiang"]
    assert isinstance(relation, Yu2013)
    intensity = 7.0
    a = 10 ** ((intensity - 5.6018 - 1.4347 * 7.1) / -4.4899) - 25
    b = 10 ** ((intensity - 3.6113 - 1.4347 * 7.1) / -3.8477) - 13
    lon = np.array([80.0 + math.sqrt(a * b) / DEGREE_KM])
    assert relation.intensity(Rupture(7.1, 80.0, 0.0), lon, np.zeros(1))[0] == pytest.approx(7.0, abs=1e-3)


def test_allen_by_hand() -> None:
    intensity = Allen2012().intensity(EPICENTRE, np.array([80.0 + 80 / DEGREE_KM]), np.zeros(1))[0]
    r = math.hypot(80.0, 10.0)
    by_hand = (
        2.085
        + 1.428 * 7
        - 1.402 * math.log(math.hypot(r, -0.209 + 2.042 * math.e**2))
        + 0.078 * math.log(r / 50)
    )
    assert intensity == pytest.approx(by_hand, abs=1e-4)


def test_allen_needs_a_depth() -> None:
    with pytest.raises(UsageError, match="depth"):
        Allen2012().motion(Rupture(7.0, 80.0, 0.0), np.zeros(1), np.zeros(1))


def test_intensity_and_acceleration_are_inverse() -> None:
    intensity = np.array([2.0, 4.0, 4.3, 6.0, 9.0])
    assert intensity_of_ln_pga(ln_pga_of_intensity(intensity)).tolist() == pytest.approx(
        intensity.tolist(), abs=0.02
    )


def test_worden_by_hand() -> None:
    """MMI VII: log10 PGA = (7 + 1.60) / 3.70, log10 SA(1.0) = (7 - 0.20) / 2.90 in cm/s2."""
    assert np.exp(ln_pga_of_intensity(np.array([7.0])))[0] == pytest.approx(10 ** (8.6 / 3.7) / 980.665)
    assert np.exp(ln_sa10_of_intensity(np.array([7.0])))[0] == pytest.approx(10 ** (6.8 / 2.9) / 980.665)


def test_a_grid_is_read_between_its_nodes_and_silent_outside() -> None:
    ln = np.log(np.array([[0.1, 0.2], [0.3, 0.4]]))
    grid = ShakeGrid(80.0, 0.0, 1.0, 1.0, ln, ln + 0.5, np.full((2, 2), 0.5))
    motion = grid.motion(np.array([80.0, 80.5, 81.0, 82.0]), np.array([0.0, 0.5, 1.0, 0.0]))
    assert motion.ln_pga.tolist() == pytest.approx(
        [math.log(0.1), float(ln.mean()), math.log(0.4), -math.inf]
    )
    assert np.hypot(motion.tau_pga, motion.phi_pga).tolist() == pytest.approx([0.5] * 4)
    assert (motion.phi_sa10 > motion.phi_pga).all()
