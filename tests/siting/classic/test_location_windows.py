"""Windows and the shaking around them."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.siting.classic.location import LocationProblem
from depotopt.siting.classic.location_prices import Reduction
from depotopt.siting.classic.location_windows import improve_windows
from depotopt.siting.classic.p_median import PMedianProblem
from depotopt.solving import SolveLimits
from depotopt.working_time import working_s

SPOTS = 40


def two_towns() -> LocationProblem:
    """Two towns far apart, each of 40 spots with three places: the best 80 sites cost nothing."""
    spots = np.random.default_rng(5).permutation(10_000)[: 2 * SPOTS]
    at = np.stack([spots // 100 * 10.0, spots % 100 * 10.0], axis=1)
    at[SPOTS:, 0] += 100_000.0
    return PMedianProblem.of_positions(np.repeat(at, 3, axis=0), 2 * SPOTS).location


def test_a_town_with_too_many_sites_gives_some_to_the_other() -> None:
    """Windows of two places, and the swaps between windows, move sites from one to the other."""
    problem = two_towns()
    reduction = Reduction(problem, SolveLimits(time_s=120.0, gap=0.0), None, working_s())
    places = np.arange(3 * SPOTS)
    lopsided = np.concatenate([places[:55], places[:25] + 3 * SPOTS]).astype(np.int32)
    reduction.offer(lopsided, sweeps=0)
    assert reduction.value > 0.0
    reduction.shake(9.0)
    assert reduction.value == 0.0
    assert (reduction.best < 3 * SPOTS).sum() == SPOTS


def test_windows_of_two_places_move_sites_between_towns() -> None:
    """Masked sites stay closed, the value falls, and the town with 55 sites gives some away."""
    problem = two_towns()
    is_open = np.zeros(problem.sites, dtype=np.bool_)
    is_open[:55] = True
    is_open[3 * SPOTS : 3 * SPOTS + 25] = True
    mask = np.zeros(problem.sites, dtype=np.bool_)
    mask[-30:] = True
    before = problem.serve(np.flatnonzero(is_open))[1]
    left = iter(range(40))
    price = np.zeros(problem.points)
    improve_windows(
        problem, is_open, (mask,), price, np.random.default_rng(1), lambda: next(left, None) is None
    )
    assert problem.serve(np.flatnonzero(is_open))[1] < before
    assert not is_open[mask].any()
    assert is_open[: 3 * SPOTS].sum() < 55
    assert is_open.sum() == 2 * SPOTS


def test_shaking_that_does_not_help_ends_by_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    """Slices end after two idle ones, long before the time they may take, and the best stays the best."""
    problem = two_towns()
    # One site fewer than the spots: nothing is below the price of the closest two spots.
    short = LocationProblem(problem.arrays, 2 * SPOTS - 1, 2 * SPOTS - 1)
    reduction = Reduction(short, SolveLimits(time_s=600.0, gap=0.0), None, working_s())
    reduction.offer(np.arange(0, 6 * SPOTS, 3, dtype=np.int32)[:-1])
    slices: list[float] = []
    monkeypatch.setattr(reduction, "shake", slices.append)
    reduction.shake_while_helpful(1.0, 600.0)
    assert slices == [1.0, 1.0]
