"""Tests of `depotopt.hazards.correlation` against the closed form ``exp(-3 h / b)``."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.hazards.correlation import CorrelatedField, period_correlation, range_m
from depotopt.units import FloatArray

RANGE = 10_000.0


def places(number: int = 60, seed: int = 0, width_deg: float = 0.5) -> tuple[FloatArray, FloatArray]:
    rng = np.random.default_rng(seed)
    return 10 + width_deg * rng.random(number), width_deg * (rng.random(number) - 0.5)


def distance(lon: FloatArray, lat: FloatArray, a: int, b: int) -> float:
    return float(np.hypot(lon[a] - lon[b], lat[a] - lat[b]) * 111_195.08)


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), range_m=st.floats(3_000.0, 60_000.0))
def test_every_place_has_variance_one_and_pairs_the_right_correlation(seed: int, range_m: float) -> None:
    """The field's own covariance, interpolation included, against the model."""
    lon, lat = places(12, seed)
    field = CorrelatedField.over(lon, lat, range_m)
    for a in range(12):
        assert field.correlation(a, a) == pytest.approx(1.0, abs=1e-9)
        for b in range(a):
            h = distance(lon, lat, a, b)
            expected = np.exp(-3 * h / range_m)
            allowed = 0.16 if h < 1.5 * field.step_m else 0.02
            assert field.correlation(a, b) == pytest.approx(expected, abs=allowed)


def test_drawn_fields_have_the_covariance_the_field_claims() -> None:
    lon, lat = places(6, width_deg=0.2)
    field, rng = CorrelatedField.over(lon, lat, RANGE), np.random.default_rng(1)
    draws = np.array([field.sample(rng) for _ in range(4000)])
    assert draws.mean(axis=0).tolist() == pytest.approx([0.0] * 6, abs=0.06)
    assert draws.var(axis=0).tolist() == pytest.approx([1.0] * 6, abs=0.08)
    for a in range(6):
        for b in range(a):
            assert np.corrcoef(draws[:, a], draws[:, b])[0, 1] == pytest.approx(
                field.correlation(a, b), abs=0.05
            )


def test_opposite_ends_of_the_region_do_not_feel_the_torus() -> None:
    lon, lat = np.array([10.0, 10.5]), np.array([0.0, 0.0])
    field, rng = CorrelatedField.over(lon, lat, RANGE), np.random.default_rng(0)
    draws = np.array([field.sample(rng) for _ in range(3000)])
    assert abs(np.corrcoef(draws.T)[0, 1]) < 0.05


def test_one_place_is_standard_normal() -> None:
    field, rng = CorrelatedField.over(np.array([3.0]), np.array([50.0]), RANGE), np.random.default_rng(0)
    draws = np.array([field.sample(rng)[0] for _ in range(3000)])
    assert draws.std() == pytest.approx(1.0, abs=0.05)


def test_a_wide_region_is_cut_into_a_bounded_number_of_cells() -> None:
    field = CorrelatedField.over(*places(width_deg=30.0), RANGE)
    assert field.shape[0] * field.shape[1] < 80_000


def test_ranges_of_jayaram_and_baker() -> None:
    assert range_m(1.0) == pytest.approx(25_700.0)
    assert range_m(0.0) == pytest.approx(8_500.0)


def test_correlation_of_periods() -> None:
    """A period with itself is 1; PGA and 1 s are half related (Baker and Jayaram 2008, figure 4)."""
    assert period_correlation(1.0, 1.0) == pytest.approx(1.0)
    assert period_correlation(0.05, 0.05) == pytest.approx(1.0)
    assert period_correlation(1.0, 0.01) == pytest.approx(0.52, abs=0.01)
    assert period_correlation(0.01, 1.0) == period_correlation(1.0, 0.01)
    assert 0.9 < period_correlation(0.15, 0.12) < 1.0
