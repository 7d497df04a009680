"""A tree over one tier: its bound is the least value of any choice for that tier, all else relaxed."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from itertools import product

import numpy as np
import pytest

from depotopt.siting.cuts.cut_master import CutMaster
from depotopt.siting.cuts.cut_rounds import Rounds
from depotopt.siting.cuts.price_cuts import least_response
from depotopt.siting.cuts.search import Search
from depotopt.siting.cuts.separation import Separation
from depotopt.siting.cuts.tier_tree import TierTree
from depotopt.siting.model.problem import SitingProblem
from depotopt.solving import SolveLimits
from depotopt.working_time import working_s
from tests.siting.test_extensive import ruled_case


@pytest.fixture
def pool() -> Iterator[Executor]:
    with ThreadPoolExecutor(1) as threads:
        yield threads


def _rounds(problem: SitingProblem, pool: Executor) -> Rounds:
    """A master with the cuts of some relaxations."""
    search = Search(SolveLimits(time_s=60.0, gap=1e-6), None, working_s())
    master = CutMaster(problem, least_response(problem))
    separation = Separation(problem, master.stage.unit, pool, search.asked_to_stop)
    rounds = Rounds(problem, master, separation, search)
    for _ in range(10):
        point = search.relax(master)
        if point is None or not rounds.between(point):
            break
    return rounds


def _least(rounds: Rounds, mine: np.ndarray[tuple[int], np.dtype[np.int64]]) -> float:
    """Least relaxed value over all ways to open these options in full or not at all."""
    columns, least = rounds.master.stage.open[mine], np.inf
    for choice in product((0.0, 1.0), repeat=len(mine)):
        rounds.master.hold(dict(zip(columns.tolist(), choice, strict=True)))
        point = rounds.search.relax(rounds.master)
        least = least if point is None else min(least, point.bound)
    rounds.master.free()
    return least


@pytest.mark.parametrize("seed", [2, 3, 6, 7, 8])
def test_the_tree_finds_the_least_of_all_choices(seed: int, pool: Executor) -> None:
    """Bound and shares: whole in the tier, and what trying every choice finds."""
    problem = ruled_case(seed).problem
    rounds = _rounds(problem, pool)
    mine = np.arange(len(problem.options)) < 7
    bound, share = TierTree(rounds, mine).run(0.0)
    least = _least(rounds, np.flatnonzero(mine))
    if np.isinf(least):
        assert share is None
        return
    assert bound == pytest.approx(least, rel=1e-6)
    assert share is not None
    assert np.minimum(share, 1.0 - share)[mine].max() <= 1e-6


def test_a_tree_out_of_time_has_the_bound_of_its_open_nodes(pool: Executor) -> None:
    """Nothing is left of the time: the relaxation's own value, no shares, and nothing held."""
    problem = ruled_case(8).problem
    rounds = _rounds(problem, pool)
    point = rounds.search.relax(rounds.master)
    assert point is not None
    mine = np.ones(len(problem.options), dtype=np.bool_)
    assert np.minimum(point.values, 1.0 - point.values)[rounds.master.stage.open].max() > 1e-3
    bound, share = TierTree(rounds, mine).run(1e9)
    assert share is None
    assert bound == pytest.approx(point.bound, rel=1e-9)
    again = rounds.search.relax(rounds.master)
    assert again is not None
    assert again.bound == pytest.approx(point.bound, rel=1e-9)


def test_a_tree_ends_where_the_gap_is_proved(pool: Executor) -> None:
    """With a layout at the relaxation's value there is nothing to branch for."""
    problem = ruled_case(8).problem
    rounds = _rounds(problem, pool)
    point = rounds.search.relax(rounds.master)
    assert point is not None
    rounds.search.value = point.bound
    bound, share = TierTree(rounds, np.ones(len(problem.options), dtype=np.bool_)).run(0.0)
    assert share is None
    assert bound == pytest.approx(point.bound, rel=1e-9)
