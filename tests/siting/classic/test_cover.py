"""Cover problems and p-centers against every choice of sites."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from benchmarks.readers.location import read_optima, read_pmed

from depotopt.siting.classic.cover import CoverProblem, essential, solve_max_cover, solve_set_cover
from depotopt.siting.classic.p_center import solve_p_center
from depotopt.solving import Monitor, SolveLimits, Status
from depotopt.units import BoolArray, FloatArray
from tests.siting.benchdata import siting_data

EXACT = SolveLimits(time_s=60.0, gap=0.0)


def random_reach(seed: int) -> tuple[BoolArray, FloatArray]:
    rng = np.random.default_rng(seed)
    reach = rng.random((12, 9)) < 0.3
    return reach, rng.integers(1, 50, 12).astype(float)


def choices(sites: int, most: int) -> list[list[int]]:
    return [list(c) for n in range(most + 1) for c in itertools.combinations(range(sites), n)]


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("engine", ["highs", "gscip"])
def test_fewest_sites(seed: int, engine: str) -> None:
    """No smaller set of sites reaches everybody; a point without a site is infeasible and counted."""
    reach, _ = random_reach(seed)
    result = solve_set_cover(CoverProblem.of_reach(reach), EXACT, engine=engine)
    if not reach.any(axis=1).all():
        assert result.status is Status.INFEASIBLE
        lonely = int((~reach.any(axis=1)).sum())
        assert result.conflicts == (f"{lonely} demand point(s) are within reach of no site",)
        return
    best = min(len(c) for c in choices(9, 9) if reach[:, c].any(axis=1).all())
    assert (result.status, result.objective, result.bound) == (Status.OPTIMAL, best, best)
    assert result.plan is not None
    assert (result.plan.served_by >= 0).all()


@pytest.mark.parametrize("seed", range(8))
def test_most_people(seed: int) -> None:
    """No three sites leave fewer people out."""
    reach, weight = random_reach(seed)
    result = solve_max_cover(CoverProblem.of_reach(reach, weight), 3, EXACT)
    best = min(float(weight[~reach[:, c].any(axis=1)].sum()) for c in choices(9, 3))
    assert result.status is Status.OPTIMAL
    assert result.objective == best
    assert result.bound == best


@pytest.mark.parametrize("seed", range(8))
def test_p_center_is_the_least_radius(seed: int) -> None:
    """No three sites have a smaller farthest distance."""
    rng = np.random.default_rng(seed)
    distance = rng.integers(1, 40, (10, 8)).astype(float)
    result = solve_p_center(distance, 3, EXACT)
    best = min(distance[:, c].min(axis=1).max() for c in choices(8, 3) if c)
    assert (result.status, result.objective, result.bound) == (Status.OPTIMAL, best, best)


def test_dropped_sets_contain_a_kept_one() -> None:
    """Covering the kept sets covers all."""
    rng = np.random.default_rng(3)
    sets = [np.flatnonzero(rng.random(12) < 0.4).astype(np.int32) for _ in range(60)]
    sets = [s for s in sets if len(s)]
    kept = essential(sets)
    assert len(kept) < len(sets)
    for s in sets:
        assert any(set(k) <= set(s) for k in kept)


def test_stopped_p_center_keeps_its_bound() -> None:
    """A stop right away leaves the greedy answer, a valid bound and an honest status."""
    monitor = Monitor()
    monitor.stop()
    distance = np.random.default_rng(1).random((60, 60)) * 100
    result = solve_p_center(distance, 5, EXACT, monitor)
    assert result.status is Status.FEASIBLE
    assert result.bound is not None
    assert result.objective is not None
    assert result.bound < result.objective


@pytest.mark.parametrize(("name", "radius"), [("pmed1", 60), ("pmed6", 40)])
def test_published_covers(name: str, radius: int) -> None:
    """Cover problems on OR-Library graphs are proved at their reference, p-centers at the published value."""
    data = siting_data()
    optima = {(o.instance, o.problem.split()[0]): o.value for o in read_optima(data / "optima.csv")}
    matrix, p = read_pmed(data / "pmed_orlib" / f"{name}.txt")
    reach = matrix <= radius
    fewest = solve_set_cover(CoverProblem.of_reach(reach), EXACT)
    assert fewest.objective == fewest.bound == optima[f"{name}:R={radius}", "LSCP"]
    center = solve_p_center(matrix, p, EXACT)
    assert center.objective == center.bound == optima[name, "p-center"]
