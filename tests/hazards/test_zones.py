"""Tests of `depotopt.hazards.zones`."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import multivariate_normal

from depotopt.hazards.area import Area
from depotopt.hazards.shapes import Shape
from depotopt.hazards.trigger import Trigger
from depotopt.hazards.zones import Zones, correlation_factor
from depotopt.units import BoolArray
from tests.hazards.towns import exposure, line

NEAR, FAR = Shape.point(10.005, 0.0, 100.0), Shape.point(10.035, 0.0, 100.0)


def draws(hazard: Zones, number: int = 6000) -> BoolArray:
    """Whether each street was hit in each draw."""
    prepared, rng = hazard.prepare(exposure(line())), np.random.default_rng(2)
    hits = np.zeros((number, 4), dtype=np.bool_)
    for row in hits:
        row[prepared.sample(rng).damage.street] = True
    return hits


def test_nothing_fails_without_the_trigger_and_marginals_are_kept() -> None:
    hits = draws(Zones("z", (Area(NEAR, 0.5), Area(FAR, 0.8)), Trigger(0.3)))
    assert hits.mean(axis=0).tolist() == pytest.approx([0.15, 0.0, 0.0, 0.24], abs=0.02)
    assert (hits[:, 0] & hits[:, 3]).mean() == pytest.approx(0.3 * 0.5 * 0.8, abs=0.02)


def test_neighbours_fail_together_as_the_copula_says() -> None:
    """P(both) is the bivariate normal probability with correlation exp(-3 h / range)."""
    distance, reach = 3 * 1112.0, 10_000.0
    hits = draws(Zones("z", (Area(NEAR, 0.3), Area(FAR, 0.3)), correlation_range_m=reach))
    rho = np.exp(-3 * distance / reach)
    quantile = -0.5244005127080407
    both = multivariate_normal([0, 0], [[1, rho], [rho, 1]]).cdf([quantile, quantile])
    assert hits.mean(axis=0)[[0, 3]].tolist() == pytest.approx([0.3, 0.3], abs=0.02)
    assert (hits[:, 0] & hits[:, 3]).mean() == pytest.approx(both, abs=0.02)
    assert both > 0.09 + 0.02


def test_streets_in_a_failed_zone_can_be_spared() -> None:
    everything = Shape.point(10.02, 0.0, 5_000.0)
    hits = draws(Zones("z", (Area(everything),), street_probability=0.4), 3000)
    assert hits.mean(axis=0).tolist() == pytest.approx([0.4] * 4, abs=0.04)


def test_zones_on_top_of_one_another_fail_together() -> None:
    factor = correlation_factor([NEAR, NEAR, FAR], 5_000.0)
    correlation = factor @ factor.T
    assert correlation[0, 1] == pytest.approx(1.0, abs=1e-6)
