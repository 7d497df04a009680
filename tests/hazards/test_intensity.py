"""Tests of `depotopt.hazards.intensity`."""

from __future__ import annotations

import math

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.hazards.ground_motion import RELATIONS
from depotopt.hazards.intensity import (
    Allen2012,
    Yu2013,
    intensity_of_ln_pga,
    ln_pga_of_intensity,
    ln_sa10_of_intensity,
)
from depotopt.hazards.motion import Rupture

DEGREE_KM = 111.19508
EPICENTRE = Rupture(7.0, 80.0, 0.0, depth_m=10_000.0)


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
