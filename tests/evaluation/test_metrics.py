"""Metrics against closed forms and by their invariants."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depotopt.evaluation.metrics import (
    gini,
    jain,
    mean_difference,
    spread,
    time_to_fulfil,
    worst_share_mean,
)

positive = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=30)


def test_gini_of_one_owner_among_four_is_three_quarters() -> None:
    assert gini(np.array([0.0, 0.0, 0.0, 1.0]), np.ones(4)) == pytest.approx(0.75)


@given(positive)
def test_gini_of_equal_shares_is_zero_and_never_above_one(values: list[float]) -> None:
    array = np.array(values)
    assert 0 <= gini(array, np.ones(len(array))) < 1
    assert gini(np.full(len(array), 3.0), np.ones(len(array))) == pytest.approx(0.0, abs=1e-12)


def test_the_mean_difference_is_that_of_all_pairs() -> None:
    values, weights = np.array([0.2, 0.9, 0.0, 1.0]), np.array([1.0, 2.0, 0.5, 3.0])
    pairs = np.abs(values[:, None] - values[None]) * weights[:, None] * weights[None]
    assert mean_difference(values, weights) == pytest.approx(pairs.sum() / weights.sum() ** 2)
    assert mean_difference(np.full(3, 0.4), weights[:3]) == pytest.approx(0.0, abs=1e-12)


def test_gini_weighs_people() -> None:
    """Two people with the same share count as two entries."""
    assert gini(np.array([1.0, 3.0]), np.array([2.0, 1.0])) == pytest.approx(
        gini(np.array([1.0, 1.0, 3.0]), np.ones(3))
    )


def test_jain_of_one_owner_among_four_is_a_quarter() -> None:
    assert jain(np.array([0.0, 0.0, 0.0, 5.0]), np.ones(4)) == pytest.approx(0.25)


def test_worst_decile_is_the_mean_of_the_lowest_tenth() -> None:
    assert worst_share_mean(np.arange(20.0), np.ones(20)) == pytest.approx(0.5)


def test_spread_of_equal_weights_matches_the_textbook() -> None:
    values = np.arange(1.0, 101.0)
    one = spread(values, np.ones(100))
    assert one.expected == pytest.approx(50.5)
    assert one.half_width == pytest.approx(1.96 * values.std(ddof=1) / 10, rel=1e-3)
    assert one.cvar_95 == pytest.approx(98.0)
    assert one.worst == 100.0


def test_one_state_tells_no_confidence() -> None:
    one = spread(np.array([7.0]), np.array([1.0]))
    assert (one.expected, one.cvar_95, one.worst) == (7.0, 7.0, 7.0)
    assert not one.half_width


@given(positive)
def test_the_tail_lies_between_mean_and_worst(values: list[float]) -> None:
    one = spread(np.array(values), np.ones(len(values)))
    assert one.expected - 1e-6 <= one.cvar_95 <= one.worst + 1e-6


def test_spread_turns_round_where_less_is_worse() -> None:
    one = spread(np.array([0.2, 1.0]), np.array([0.5, 0.5]), more_is_worse=False)
    assert (one.worst, one.cvar_95) == (0.2, 0.2)


def test_time_to_fulfil_is_none_when_it_never_arrives() -> None:
    arrive, amount = np.array([20.0, 10.0]), np.array([1.0, 1.0])
    assert time_to_fulfil(arrive, amount, 4.0, 0.25) == 10.0
    assert time_to_fulfil(arrive, amount, 4.0, 0.5) == 20.0
    assert time_to_fulfil(arrive, amount, 4.0, 0.75) is None


def test_nothing_has_no_sign_in_the_tail() -> None:
    """A share of 0 in the worst states is written 0, not -0, in files that programs compare."""
    one = spread(np.zeros(4), np.ones(4), more_is_worse=False)
    assert [str(value) for value in (one.cvar_95, one.worst)] == ["0.0", "0.0"]
