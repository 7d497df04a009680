"""Tests of `depotopt.hazards.targeted`."""

from __future__ import annotations

import math

import numpy as np

from depotopt.hazards.targeted import Targeted
from tests.hazards.towns import exposure, line


def test_targeted_streets_are_lost_in_every_state() -> None:
    ident = line().streets.ident
    effect = Targeted("t", (ident[3], ident[1])).prepare(exposure(line())).sample(np.random.default_rng(0))
    assert effect.damage.street.tolist() == [1, 3]
    assert set(effect.damage.speed_factor) == {0.0}
    assert set(effect.damage.until_s) == {math.inf}
