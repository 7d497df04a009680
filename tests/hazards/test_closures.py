"""Tests of `depotopt.hazards.closures`."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.hazards.closures import Closure, Closures
from tests.hazards.towns import exposure, frequency, line


def test_a_closure_hits_all_its_streets_or_none() -> None:
    closures = Closures("c", (Closure(("s1", "f1"), probability=0.5),))
    prepared = closures.prepare(exposure(line()))
    rng = np.random.default_rng(1)
    sizes = {len(prepared.sample(rng).damage) for _ in range(50)}
    assert sizes == {0, 2}


def test_closures_are_as_frequent_as_their_probability() -> None:
    closures = Closures("c", (Closure(("s1",), 0.25), Closure(("b1",), 0.75, speed_factor=0.5)))
    shares = frequency(closures.prepare(exposure(line())), 4)
    assert shares.tolist() == pytest.approx([0.25, 0.75, 0.0, 0.0], abs=0.03)


def test_a_closure_keeps_its_times_and_speed() -> None:
    closure = Closure(("b1",), speed_factor=0.4, from_s=60.0, until_s=120.0)
    damage = Closures("c", (closure,)).prepare(exposure(line())).sample(np.random.default_rng(0)).damage
    assert (damage.speed_factor[0], damage.from_s[0], damage.until_s[0]) == (0.4, 60.0, 120.0)
