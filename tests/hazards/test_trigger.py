"""Tests of `depotopt.hazards.trigger`."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depotopt.errors import UsageError
from depotopt.hazards.trigger import Alternatives, Trigger


def test_a_trigger_weighs_what_it_samples_too_often() -> None:
    trigger, rng = Trigger(0.1, sampled=0.4), np.random.default_rng(0)
    draws = [trigger.draw(rng) for _ in range(5000)]
    assert {weight for happened, weight in draws if happened} == {0.25}
    assert {weight for happened, weight in draws if not happened} == {1.5}
    assert np.mean([happened * weight for happened, weight in draws]) == pytest.approx(0.1, abs=0.01)
    assert np.mean([weight for _, weight in draws]) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(("probability", "sampled"), [(1.5, None), (0.5, -0.1), (0.5, 0.0), (0.5, 1.0)])
def test_triggers_that_cannot_be_drawn_are_refused(probability: float, sampled: float | None) -> None:
    with pytest.raises(UsageError):
        Trigger(probability, sampled)


@given(st.lists(st.floats(0.0, 1.0), min_size=1, max_size=5), st.integers(0, 100))
def test_one_of_several_events_happens_at_its_probability(raw: list[float], seed: int) -> None:
    """Weights average to 1 whatever the sampling, and certain events always happen."""
    share = np.array(raw) / max(sum(raw), 1.0)
    even = np.where(share > 1e-9, 1.0, 0.0)
    sampled = even / (even.sum() + 1) if even.any() else even
    events, rng = Alternatives(tuple(share.tolist()), tuple(sampled.tolist())), np.random.default_rng(seed)
    for _ in range(20):
        position, weight = events.draw(rng)
        expected = 1 - share.sum() if position is None else share[position]
        assert weight == pytest.approx(expected * (even.sum() + 1), abs=1e-6)
    certain = Alternatives((0.5, 0.5), (0.9, 0.1))
    assert all(certain.draw(rng)[0] in (0, 1) for _ in range(50))


def test_what_may_happen_must_be_sampled() -> None:
    with pytest.raises(UsageError, match="must be sampled"):
        Alternatives((0.5, 0.2), (0.5, 0.0))
    with pytest.raises(UsageError, match="must be sampled"):
        Alternatives((0.5,), (1.0,))
    with pytest.raises(UsageError, match="at most 1"):
        Alternatives((0.7, 0.7), (0.5, 0.5))
    with pytest.raises(UsageError, match="every event"):
        Alternatives((0.7,), (0.5, 0.5))
