"""Tests of `depotopt.hazards.fragility` and of the catalogue behind it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.stats import norm

from depotopt.catalog.seismic import fragilities, repair_days
from depotopt.hazards.fragility import Components, landslide_probability, newmark_displacement_m


@pytest.mark.parametrize(
    ("name", "measure", "medians"),
    [
        ("HWB1", "sa10", (0.40, 0.50, 0.70, 0.90)),
        ("HWB5", "sa10", (0.25, 0.35, 0.45, 0.70)),
        ("HWB17", "sa10", (0.25, 0.35, 0.45, 0.70)),
        ("HWB10", "sa10", (0.60, 0.90, 1.10, 1.50)),
        ("HWB28", "sa10", (0.80, 1.00, 1.20, 1.70)),
        ("HRD1", "pgd", (0.3048, 0.6096, 1.524)),
        ("HRD2", "pgd", (0.1524, 0.3048, 0.6096)),
    ],
)
def test_medians_of_hazus(name: str, measure: str, medians: tuple[float, ...]) -> None:
    item = fragilities()[name]
    assert item.measure == measure
    assert item.median == pytest.approx(medians)
    assert set(item.beta) == {0.6 if name.startswith("HWB") else 0.7}


def test_every_class_has_growing_medians_and_a_source() -> None:
    for item in fragilities().values():
        assert list(item.median) == sorted(item.median), item.ident
        assert min(item.median) > 0
        assert min(item.beta) > 0
        assert len(item.median) == len(item.beta)
        assert item.source
        assert item.mark == "v"


def test_repair_days_of_hazus() -> None:
    assert dict(repair_days()) == {
        "road": (2.0, 9.0, 70.0),
        "bridge": (2.0, 10.0, 200.0, 365.0),
        "tunnel": (2.0, 10.0, 365.0),
    }


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
