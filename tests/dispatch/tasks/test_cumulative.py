"""The cumulative problem against brute force, and its rules."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.dispatch.routing import RoutingBudget
from depotopt.dispatch.tasks.cumulative import CumulativeAnswer, CumulativeTask, solve_cumulative
from depotopt.errors import UsageError
from tests.dispatch.test_routing import partitions

BUDGET = RoutingBudget(iterations=1_500, time_s=60.0, seeds=(1,))


def draw(seed: int, customers: int, depots: int, vehicles: int) -> CumulativeTask:
    rng = np.random.default_rng(seed)
    xy = rng.random((depots + customers, 2))
    return CumulativeTask(
        durations=np.rint(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) * 1_000).astype(np.int64),
        depots=depots,
        demand=tuple(int(n) for n in rng.integers(0, 4, customers)),
        weight=tuple(int(n) for n in rng.integers(1, 6, customers)),
        capacity=9,
        vehicles=vehicles,
    )


def waiting(task: CumulativeTask, depot: int, order: tuple[int, ...]) -> int:
    here, clock, total = depot, 0, 0
    for c in order:
        clock += int(task.durations[here, task.depots + c])
        total += task.weight[c] * clock
        here = task.depots + c
    return total


def brute_force(task: CumulativeTask) -> int:
    best = 10**12
    for parts in partitions(list(range(len(task.demand)))):
        if len(parts) > task.vehicles or any(sum(task.demand[c] for c in p) > task.capacity for p in parts):
            continue
        best = min(
            best,
            sum(
                min(waiting(task, d, o) for d in range(task.depots) for o in itertools.permutations(part))
                for part in parts
            ),
        )
    return best


@settings(max_examples=12, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), vehicles=st.integers(1, 3))
def test_least_waiting_of_five_customers_is_found(seed: int, vehicles: int) -> None:
    task = draw(seed, 5, 2, vehicles)
    answer = solve_cumulative(task, BUDGET)
    if answer.cost is None:
        assert brute_force(task) == 10**12 or vehicles > 1
        return
    assert answer.cost == brute_force(task)
    assert answer.cost == sum(waiting(task, depot, order) for depot, order in answer.routes)
    assert sorted(c for _, order in answer.routes for c in order) == list(range(5))


def test_a_fleet_that_cannot_hold_the_demand_is_no_answer() -> None:
    task = replace(draw(1, 4, 1, 1), demand=(5, 5, 5, 5))
    assert solve_cumulative(task, BUDGET) == CumulativeAnswer((), None)


def test_wrong_weights_and_loads_are_refused() -> None:
    with pytest.raises(UsageError, match="demand and weight of every customer"):
        solve_cumulative(replace(draw(1, 4, 1, 2), weight=(1,)), BUDGET)
    with pytest.raises(UsageError, match="more than a vehicle holds"):
        solve_cumulative(replace(draw(1, 4, 1, 2), demand=(10, 1, 1, 1)), BUDGET)
