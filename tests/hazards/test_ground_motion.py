"""Tests of `depotopt.hazards.ground_motion`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depotopt.hazards.ground_motion import RELATIONS, RuptureShaking
from depotopt.hazards.motion import Rupture

DEGREE_KM = 111.19508


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
