"""Splits of a node, and the columns that count what is open."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.siting.cuts.branching import Branching, Split
from depotopt.siting.cuts.cut_master import CutMaster
from depotopt.siting.cuts.price_cuts import least_response
from depotopt.siting.cuts.search import Search
from depotopt.siting.model.problem import SitingProblem
from depotopt.solving import SolveLimits
from depotopt.working_time import working_s
from tests.siting.cases import random_case


def problem_of(seed: int) -> SitingProblem:
    return random_case(seed, sites=8, points=20, states=4).problem


def test_the_children_of_a_split_share_nothing_and_miss_no_whole_number() -> None:
    """Below and above, within what the node allows; a single number is held as such."""
    split = Split(7, 2.4, (1.0, 5.0))
    assert split.held(0.0) == {7: (1.0, 2.0)}
    assert split.held(1.0) == {7: (3.0, 5.0)}
    assert Split(7, 0.3, (0.0, 1.0)).held(1.0) == {7: 1.0}
    assert split.step(0.0) == pytest.approx(0.4)
    assert split.step(1.0) == pytest.approx(0.6)


@pytest.mark.parametrize("seed", range(4))
def test_counts_count_what_is_open(seed: int) -> None:
    """Each counting column is the number of open options of its tier and size class, or of its tier."""
    problem = problem_of(seed)
    master = CutMaster(problem, least_response(problem))
    point = master.relax(10.0)
    assert point is not None
    assert len(master.counts)
    o, opened = problem.options, point.values[master.stage.open]
    classes = {(int(t), int(c)) for t, c in zip(o.tier, o.size_class, strict=True)}
    sums = [opened[(o.tier == t) & (o.size_class == c)].sum() for t, c in classes]
    sums += [opened[o.tier == t].sum() for t in np.unique(o.tier)]
    for value in point.values[master.counts]:
        assert np.abs(np.array(sums) - value).min() < 1e-6


def test_a_count_held_between_bounds_binds_and_is_freed_again() -> None:
    """Closing all but one option costs something; freed, the relaxation is as before."""
    problem = problem_of(1)
    master = CutMaster(problem, least_response(problem))
    free = master.relax(10.0)
    assert free is not None
    column = int(master.counts[0])
    low, high = master.natural(column)
    assert low == 0.0
    assert high > 1.0
    master.hold({column: (high - 1.0, high)})
    held = master.relax(10.0)
    assert held is not None
    assert held.values[column] >= high - 1.0 - 1e-6
    assert held.bound > free.bound
    master.free()
    again = master.relax(10.0)
    assert again is not None
    assert again.bound == pytest.approx(free.bound)


def test_the_split_chosen_lies_between_whole_numbers() -> None:
    """A node is split where its relaxation is not whole, and never on what it holds already."""
    problem = problem_of(2)
    master = CutMaster(problem, least_response(problem))
    held: dict[int, float | tuple[float, float]] = {int(master.counts[0]): (1.0, 2.0)}
    master.fix(np.empty(0, dtype=np.int32))
    master.free()
    master.hold(held)
    point = master.relax(10.0)
    assert point is not None
    point.values[master.stage.open[0]] = 0.4
    split = Branching(master, Search(SolveLimits(time_s=60.0), None, working_s())).choose(held, point)
    assert split is not None
    assert split.below < split.value < split.below + 1.0
    assert split.column not in held or 1.0 < split.value < 2.0
