"""Tests of `depotopt.hazards.trigger`."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.hazards.trigger import Trigger


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
