"""Backup cover and graded cover against every choice of sites."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.siting.classic.backup_cover import BackupCoverProblem, solve_backup_cover
from depotopt.siting.classic.cover import CoverProblem, solve_max_cover
from depotopt.siting.classic.graded_cover import GradedCoverProblem, solve_graded_cover
from depotopt.solving import SolveLimits, Status
from depotopt.units import BoolArray, FloatArray

EXACT = SolveLimits(time_s=600.0, gap=0.0)
SITES = 8


def choices(most: int) -> list[list[int]]:
    return [list(c) for n in range(most + 1) for c in itertools.combinations(range(SITES), n)]


def random_reach(seed: int) -> tuple[BoolArray, FloatArray]:
    rng = np.random.default_rng(seed)
    return rng.random((12, SITES)) < 0.35, rng.integers(1, 50, 12).astype(float)


def left_out(reach: BoolArray, weight: FloatArray, chosen: list[int], folds: int) -> float:
    return float(weight[reach[:, chosen].sum(axis=1) < folds].sum())


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("folds", [1, 2, 3])
def test_no_four_sites_reach_more_people_so_often(seed: int, folds: int) -> None:
    """Value and bound equal the best of all choices."""
    reach, weight = random_reach(seed)
    problem = BackupCoverProblem(CoverProblem.of_reach(reach, weight), 4, folds)
    result = solve_backup_cover(problem, EXACT)
    best = min(left_out(reach, weight, c, folds) for c in choices(4))
    assert (result.status, result.objective, result.bound) == (Status.OPTIMAL, best, best)


@pytest.mark.parametrize("seed", range(6))
def test_two_radii_and_a_share(seed: int) -> None:
    """Everybody within the far radius and half of the people once within the near one, or infeasible."""
    rng = np.random.default_rng(seed)
    distance = rng.integers(1, 40, (10, SITES))
    weight = rng.integers(1, 50, 10).astype(float)
    near, far = distance <= 10, distance <= 24
    problem = BackupCoverProblem(
        CoverProblem.of_reach(near, weight), 3, 2, share=0.5, far=CoverProblem.of_reach(far)
    )
    result = solve_backup_cover(problem, EXACT)
    allowed = [
        c
        for c in choices(3)
        if far[:, c].any(axis=1).all() and left_out(near, weight, c, 1) <= 0.5 * weight.sum()
    ]
    if not allowed:
        assert result.status is Status.INFEASIBLE
        assert result.conflicts == (
            "at most 3 sites",
            "50% of the weight reached in time",
            "everybody reached",
        )
        return
    best = min(left_out(near, weight, c, 2) for c in allowed)
    assert (result.status, result.objective) == (Status.OPTIMAL, best)


def test_one_fold_is_the_maximum_cover() -> None:
    """Backup of one is no backup."""
    reach, weight = random_reach(11)
    problem = CoverProblem.of_reach(reach, weight)
    once = solve_backup_cover(BackupCoverProblem(problem, 3, 1), EXACT)
    assert once.objective == solve_max_cover(problem, 3, EXACT).objective


def test_all_faults_of_a_backup_cover_are_named() -> None:
    """p, folds, share and far."""
    near, far = CoverProblem.of_reach([[True]]), CoverProblem.of_reach([[True, False]])
    with pytest.raises(UsageError, match=r"p must.*folds must.*share must.*near and far"):
        BackupCoverProblem(near, -1, 0, 1.5, far)


@pytest.mark.parametrize("seed", range(8))
def test_no_three_sites_lose_less_cover(seed: int) -> None:
    """Graded cover: value and bound equal the best of all choices of three sites."""
    rng = np.random.default_rng(seed)
    distance, weight = rng.random((15, SITES)) * 40, rng.integers(1, 50, 15).astype(float)
    problem = GradedCoverProblem.of_distances(distance, 3, within=8.0, beyond=20.0, weight=weight)
    result = solve_graded_cover(problem, EXACT)
    best = min(float(weight @ (1 - problem.level[:, c].max(axis=1))) for c in choices(3) if len(c) == 3)
    assert result.status is Status.OPTIMAL
    assert result.objective == pytest.approx(best)
    assert result.bound == pytest.approx(best, rel=1e-6)


def test_levels_of_nothing_and_everything_are_plain_cover() -> None:
    """With levels 0 and 1 the weight lost is that of the maximum cover."""
    reach, weight = random_reach(4)
    graded = solve_graded_cover(GradedCoverProblem.of_levels(reach, 3, weight), EXACT)
    assert graded.objective == solve_max_cover(CoverProblem.of_reach(reach, weight), 3, EXACT).objective


def test_everything_covered_loses_nothing() -> None:
    """A value of 0 is proved although no relative gap exists."""
    result = solve_graded_cover(GradedCoverProblem.of_levels(np.ones((6, 5)) * 1.0, 2), EXACT)
    assert (result.status, result.objective, result.bound) == (Status.OPTIMAL, 0.0, 0.0)


def test_levels_outside_their_range_are_refused() -> None:
    """A level is a share; reach must shrink with distance."""
    with pytest.raises(UsageError, match=r"\[0, 1\]"):
        GradedCoverProblem.of_levels([[1.2]], 1)
    with pytest.raises(UsageError, match="less than beyond"):
        GradedCoverProblem.of_distances([[1.0]], 1, within=5.0, beyond=5.0)
