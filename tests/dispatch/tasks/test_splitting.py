"""Split deliveries: everything is handed over within capacity, and splitting pays where it can."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.dispatch.routing import RoutingBudget, RoutingGroup, RoutingJob, RoutingTask
from depotopt.dispatch.tasks.splitting import solve_split
from depotopt.errors import UsageError

BUDGET = RoutingBudget(iterations=2_000, time_s=120.0, seeds=(1,))


def task(seed: int, jobs: int, capacity: int, vehicles: int = 100) -> RoutingTask:
    rng = np.random.default_rng(seed)
    xy = rng.random((1 + jobs, 2))
    lengths = np.rint(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) * 1_000).astype(np.int64)
    return RoutingTask(
        (lengths,),
        (lengths,),
        tuple(RoutingJob(1 + n, (int(rng.integers(1, 15)),)) for n in range(jobs)),
        (RoutingGroup(vehicles, 0, 0, (capacity,)),),
    )


def length(routing: RoutingTask, stops: tuple[tuple[int, int], ...]) -> int:
    places = [0, *(routing.jobs[job].place for job, _ in stops), 0]
    return sum(int(routing.distances[0][a, b]) for a, b in itertools.pairwise(places))


@settings(max_examples=25, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), jobs=st.integers(1, 9), capacity=st.integers(3, 20), tight=st.booleans())
def test_everything_is_handed_over_within_capacity_and_fleet(
    seed: int, jobs: int, capacity: int, tight: bool
) -> None:
    routing = task(seed, jobs, capacity)
    if tight:
        fewest = -(-sum(job.load[0] for job in routing.jobs) // capacity)
        routing = replace(routing, groups=(replace(routing.groups[0], count=fewest),))
    answer = solve_split(routing, replace(BUDGET, iterations=500))
    assert answer.feasible
    assert len(answer.routes) <= routing.groups[0].count
    got = dict.fromkeys(range(jobs), 0)
    for _, stops in answer.routes:
        assert sum(units for _, units in stops) <= capacity
        assert len({job for job, _ in stops}) == len(stops)
        for job, units in stops:
            assert units > 0
            got[job] += units
    assert got == {n: job.load[0] for n, job in enumerate(routing.jobs)}
    assert answer.cost == sum(length(routing, stops) for _, stops in answer.routes)


def test_splitting_saves_a_round_that_whole_deliveries_need() -> None:
    """Three neighbours need two thirds of a vehicle each: two vehicles instead of three."""
    lengths = np.full((4, 4), 1, dtype=np.int64)
    lengths[0, 1:] = lengths[1:, 0] = 100
    np.fill_diagonal(lengths, 0)
    routing = RoutingTask(
        (lengths,), (lengths,), tuple(RoutingJob(n, (6,)) for n in (1, 2, 3)), (RoutingGroup(3, 0, 0, (9,)),)
    )
    assert solve_split(routing, BUDGET).cost == 402


def test_a_fixed_cost_is_paid_for_every_vehicle() -> None:
    lengths = np.array([[0, 5], [5, 0]], dtype=np.int64)
    group = RoutingGroup(9, 0, 0, (10,), fixed_cost=100)
    routing = RoutingTask((lengths,), (lengths,), (RoutingJob(1, (45,)),), (group,))
    answer = solve_split(routing, BUDGET)
    assert len(answer.routes) == 5
    assert answer.cost == 5 * 110


def test_too_few_vehicles_are_no_answer() -> None:
    answer = solve_split(task(3, 5, 4, vehicles=1), BUDGET)
    assert not answer.feasible
    assert answer.routes == ()


def test_threads_and_seeds_give_the_same_routes_every_time() -> None:
    routing, budget = task(5, 12, 20), replace(BUDGET, seeds=(1, 2))
    assert solve_split(routing, budget) == solve_split(routing, replace(budget, workers=2))


@pytest.mark.parametrize(
    "strange",
    [RoutingJob(1, (2,), latest=9), RoutingJob(1, (2,), release=1), RoutingJob(1, (2,), prize=4)],
)
def test_rules_the_search_does_not_know_are_refused(strange: RoutingJob) -> None:
    routing = task(1, 2, 9)
    with pytest.raises(UsageError, match="without windows"):
        solve_split(replace(routing, jobs=(strange,)), BUDGET)
