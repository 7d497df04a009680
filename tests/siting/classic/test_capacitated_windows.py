"""Windows: small MILPs around a layout of whole points."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.siting.classic import capacitated_windows
from depotopt.siting.classic.capacitated_problem import Allocation, CapacitatedProblem
from depotopt.siting.classic.capacitated_search import Search
from depotopt.siting.classic.capacitated_windows import Windows
from depotopt.solving import SolveLimits
from depotopt.working_time import working_s
from tests.siting.classic.allocation_check import checked_value


def drawn(seed: int, count: int | None = None) -> CapacitatedProblem:
    """Twenty sites that hold two to ten of thirty points each."""
    rng = np.random.default_rng(seed)
    need = rng.integers(5, 20, 30).astype(np.float64)
    capacity = rng.integers(40, 80, 20).astype(np.float64)
    cost = rng.integers(1, 100, (20, 30)).astype(np.float64)
    fixed = rng.integers(50, 150, 20).astype(np.float64)
    return CapacitatedProblem.of_tables(capacity, fixed, need, cost, single_source=True, count=count)


def started(problem: CapacitatedProblem) -> Search:
    """A search whose best layout is a poor one: points in order into sites in order."""
    search = Search(problem, SolveLimits(time_s=30.0, gap=0.0), None, working_s())
    site, at, left = np.empty(problem.points, dtype=np.int64), 0, problem.capacity[0]
    for i in range(problem.points):
        if problem.need[i] > left:
            at += 1
            left = problem.capacity[at]
        site[i] = at
        left -= problem.need[i]
    chosen = np.unique(site)
    search.keep(Allocation.of_assignment(chosen, site))
    return search


@pytest.mark.parametrize("counted", [False, True])
def test_windows_improve_a_poor_layout_and_keep_every_rule(
    counted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The value falls, capacities hold, every point has one site, and a number of sites asked for stays."""
    monkeypatch.setattr(capacitated_windows, "EVERY_S", 0.0)
    monkeypatch.setattr(capacitated_windows, "OPEN", 4)
    search = started(drawn(3))
    assert search.best is not None
    if counted:
        search = started(drawn(3, count=len(search.best.open)))
    assert search.best is not None
    before, many = search.value, len(search.best.open)
    windows = Windows(search)
    for _ in range(6):
        windows._improve(2.0)
    assert search.value < 0.9 * before
    assert checked_value(search.problem, search.best) == pytest.approx(search.value)
    if counted:
        assert len(search.best.open) == many


def test_split_points_have_no_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where points may be split a transportation problem is exact: nothing is left to improve."""
    monkeypatch.setattr(capacitated_windows, "EVERY_S", 0.0)
    problem = drawn(4)
    split = CapacitatedProblem.of_tables(problem.capacity, problem.fixed, problem.need, problem.cost)
    search = started(split)
    value = search.value
    Windows(search).run()
    assert search.value == value
