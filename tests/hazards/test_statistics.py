"""Tests of `depotopt.hazards.statistics`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depotopt.errors import UsageError
from depotopt.hazards.statistics import effective_size, weighted_cvar, weighted_mean, weighted_quantile

values = st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=30)


def test_equal_weights_give_the_usual_interval() -> None:
    x = np.array([1.0, 2.0, 3.0, 6.0])
    estimate = weighted_mean(x, np.full(4, 0.25))
    assert estimate.value == pytest.approx(3.0)
    assert estimate.half_width == pytest.approx(1.959964 * x.std(ddof=1) / 2)
    assert (estimate.low + estimate.high) / 2 == pytest.approx(3.0)


def test_intervals_cover_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    covered = 0
    for _ in range(400):
        x = rng.exponential(size=200) + 2.0
        weight = np.exp(-0.5 * (x - 2.0))
        truth = 2.0 + 1 / 1.5
        estimate = weighted_mean(x, weight / weight.sum())
        covered += estimate.low <= truth <= estimate.high
    assert 0.91 <= covered / 400 <= 0.98


def test_cvar_intervals_cover_the_truth() -> None:
    """For the unit exponential CVaR at 0.9 is 1 + ln 10."""
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(300):
        estimate = weighted_cvar(rng.exponential(size=1000), np.full(1000, 1e-3), 0.9)
        covered += estimate.low <= 1 + np.log(10) <= estimate.high
    assert covered / 300 >= 0.88


def test_cvar_is_the_mean_of_the_worst_states() -> None:
    x = np.arange(1.0, 101.0)
    assert weighted_cvar(x, np.full(100, 0.01), 0.95).value == pytest.approx(98.0)
    assert weighted_cvar(x, np.full(100, 0.01), 0.0).value == pytest.approx(50.5)


def test_a_state_on_the_quantile_counts_in_part() -> None:
    """Worst 15 %: all of the 10 % at 9, and 5 % at 5."""
    assert weighted_cvar([1.0, 5.0, 9.0], [0.5, 0.4, 0.1], 0.85).value == pytest.approx((0.9 + 0.25) / 0.15)


@given(values, st.floats(0.0, 0.99))
def test_cvar_lies_between_mean_and_worst(x: list[float], tail: float) -> None:
    weight = np.full(len(x), 1 / len(x))
    cvar = weighted_cvar(x, weight, tail).value
    slack = 1e-6 * (1 + max(map(abs, x)))
    assert weighted_mean(x, weight).value - slack <= cvar <= max(x) + slack


@given(values, st.floats(0.01, 1.0))
def test_a_quantile_is_the_least_value_reached_often_enough(x: list[float], share: float) -> None:
    weight = np.full(len(x), 1 / len(x))
    quantile = weighted_quantile(x, weight, share)
    assert np.mean(np.array(x) <= quantile) >= share - 1e-9
    assert np.mean(np.array(x) < quantile) < share + 1e-9


def test_unequal_weights_tell_less() -> None:
    assert effective_size([0.25] * 4) == pytest.approx(4.0)
    assert effective_size([0.97, 0.01, 0.01, 0.01]) == pytest.approx(1.0627, abs=1e-3)


def test_a_constant_has_no_spread() -> None:
    assert weighted_mean([3.0], [1.0]).half_width == 0.0


@pytest.mark.parametrize(
    ("x", "weight", "level"),
    [
        ([], [], 0.95),
        ([1.0], [0.5, 0.5], 0.95),
        ([np.inf], [1.0], 0.95),
        ([1.0], [0.9], 0.95),
        ([1.0, 2.0], [1.5, -0.5], 0.95),
        ([1.0], [1.0], 1.0),
    ],
)
def test_what_is_no_distribution_is_refused(x: list[float], weight: list[float], level: float) -> None:
    with pytest.raises(UsageError):
        weighted_mean(x, weight, level)


def test_a_tail_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="tail"):
        weighted_cvar([1.0], [1.0], 1.0)
