"""Tests of `depotopt.hazards.fragility`."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from depotopt.catalog.seismic import fragilities
from depotopt.hazards.fragility import Components, landslide_probability, newmark_displacement_m


def test_half_of_the_pieces_reach_a_state_at_its_median() -> None:
    components = Components.of([fragilities()["HWB5"]], np.zeros(1, dtype=np.int64))
    probability = components.probability(np.array([math.log(0.35)]), np.zeros(1))[0]
    assert probability[1] == pytest.approx(0.5)
    assert probability[0] == pytest.approx(norm.cdf(math.log(0.35 / 0.25) / 0.6))


def test_drawn_states_follow_the_closed_form() -> None:
    """Uncertain demand and uncertain capacity add up in quadrature."""
    count, sigma, mean = 40_000, 0.65, math.log(0.4)
    components = Components.of([fragilities()["HWB10"]], np.zeros(count, dtype=np.int64))
    rng = np.random.default_rng(0)
    states = components.states(mean + sigma * rng.standard_normal(count), rng.standard_normal(count))
    expected = components.probability(np.full(count, mean), np.full(count, sigma))[0]
    drawn = [(states >= k).mean() for k in (1, 2, 3, 4)]
    assert drawn == pytest.approx(expected.tolist(), abs=0.008)


def test_classes_without_a_state_never_reach_it() -> None:
    components = Components.of([fragilities()["HTU1"]], np.zeros(1, dtype=np.int64))
    assert components.states(np.array([50.0]), np.zeros(1)).tolist() == [2]
    assert components.probability(np.array([50.0]), np.ones(1))[0].tolist() == pytest.approx([1, 1, 0, 0])
    assert components.states(np.array([-np.inf]), np.zeros(1)).tolist() == [0]


def test_slopes_move_only_above_their_critical_acceleration() -> None:
    """Jibson (2007), equation 7, by hand: M 7, a = 0.5 g, ac = 0.1 g."""
    moved = newmark_displacement_m(np.array([0.05, 0.1, 0.5]), np.full(3, 0.1), 7.0)
    by_hand = 10 ** (-2.710 + math.log10(0.8**2.335 * 0.2**-1.478) + 0.424 * 7.0) / 100
    assert moved.tolist() == pytest.approx([0.0, 0.0, by_hand])
    assert by_hand == pytest.approx(0.1161, abs=5e-4)


def test_displaced_slopes_come_down_more_and_more() -> None:
    """Jibson et al. (2000): none at rest, at most one in three, about 28 % at 10 cm."""
    probability = landslide_probability(np.array([0.0, 0.1, 10.0]))
    assert probability.tolist() == pytest.approx([0.0, 0.277, 0.335], abs=2e-3)
