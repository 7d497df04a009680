"""Plain routing tasks: both engines, depot stock and split deliveries, against brute force."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest

from depotopt.dispatch.engines import ENGINES, routing_engine
from depotopt.dispatch.routing import RoutingBudget, RoutingGroup, RoutingJob, RoutingRoute, RoutingTask
from depotopt.dispatch.tasks.stocked import StockedTask, solve_stocked
from depotopt.errors import UsageError

BUDGET = RoutingBudget(iterations=150, time_s=120.0, seeds=(1,))
STRINGS = RoutingBudget(iterations=2_000, time_s=120.0, seeds=(1,))
"""Iterations here are rounds of ruin and recreate."""


def task(
    seed: int, jobs: int, depots: int = 1, capacity: int = 10, *, scale: int = 1_000, reload: bool = False
) -> RoutingTask:
    rng = np.random.default_rng(seed)
    xy = rng.random((depots + jobs, 2))
    lengths = np.rint(np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)) * scale).astype(np.int64)
    return RoutingTask(
        durations=(lengths,),
        distances=(lengths,),
        jobs=tuple(RoutingJob(depots + n, (int(rng.integers(2, 6)),)) for n in range(jobs)),
        groups=tuple(
            RoutingGroup(jobs, d, d, (capacity,), reloads=(d,) if reload else ()) for d in range(depots)
        ),
    )


def tour(lengths: np.ndarray[tuple[int, ...], np.dtype[np.int64]], depot: int, stops: tuple[int, ...]) -> int:
    """Shortest round over some places."""
    return min(
        int(sum(lengths[a, b] for a, b in itertools.pairwise((depot, *order, depot))))
        for order in itertools.permutations(stops)
    )


def partitions(items: list[int]) -> list[list[tuple[int, ...]]]:
    if not items:
        return [[]]
    first, rest = items[0], items[1:]
    found = []
    for size in range(len(rest) + 1):
        for mates in itertools.combinations(rest, size):
            left = [item for item in rest if item not in mates]
            found += [[(first, *mates), *other] for other in partitions(left)]
    return found


def brute_force(given: RoutingTask, stock: dict[int, int] | None = None) -> int:
    """Cheapest set of rounds within capacity and depot stock."""
    lengths, loads = given.distances[0], [job.load[0] for job in given.jobs]
    depots, capacity = [group.start for group in given.groups], given.groups[0].capacity[0]
    best = 10**12
    for parts in partitions(list(range(len(given.jobs)))):
        if any(sum(loads[j] for j in part) > capacity for part in parts):
            continue
        for choice in itertools.product(depots, repeat=len(parts)):
            drawn = dict.fromkeys(depots, 0)
            for d, part in zip(choice, parts, strict=True):
                drawn[d] += sum(loads[j] for j in part)
            if stock is not None and any(drawn[d] > stock[d] for d in depots):
                continue
            cost = sum(
                tour(lengths, d, tuple(given.jobs[j].place for j in part))
                for d, part in zip(choice, parts, strict=True)
            )
            best = min(best, cost)
    return best


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize("seed", [1, 2])
def test_engines_find_the_optimum_of_five_jobs(engine: str, seed: int) -> None:
    given = task(seed, 5)
    budget = replace(BUDGET, time_s=0.5)
    answer = routing_engine(engine).solve(given, budget)
    assert answer.feasible
    assert answer.cost == brute_force(given)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_vehicle_with_one_depot_reloads_there(engine: str) -> None:
    given = task(3, 4, reload=True)
    one = replace(given, groups=(replace(given.groups[0], count=1),))
    answer = routing_engine(engine).solve(one, replace(BUDGET, time_s=0.5))
    assert answer.feasible
    assert len(answer.routes) == 1
    assert sorted(job for _, jobs in answer.routes[0].trips for job in jobs) == [0, 1, 2, 3]
    for _, jobs in answer.routes[0].trips:
        assert sum(given.jobs[job].load[0] for job in jobs) <= 10


@pytest.mark.parametrize("engine", ENGINES)
def test_a_job_whose_prize_does_not_pay_is_left_out(engine: str) -> None:
    given = task(4, 3)
    jobs = (replace(given.jobs[0], prize=1), *(replace(job, prize=10**6) for job in given.jobs[1:]))
    answer = routing_engine(engine).solve(replace(given, jobs=jobs), replace(BUDGET, time_s=0.5))
    assert answer.left_out == (0,)


def test_the_same_seed_and_iterations_give_the_same_routes() -> None:
    given = task(5, 20)
    engine = routing_engine("pyvrp")
    assert engine.solve(given, BUDGET) == engine.solve(given, BUDGET)


def test_a_warm_start_is_never_worse_than_what_it_starts_from() -> None:
    given = task(6, 12)
    engine = routing_engine("pyvrp")
    first = engine.solve(given, BUDGET)
    again = engine.solve(given, replace(BUDGET, iterations=5), first.routes)
    assert again.cost <= first.cost


def test_the_ortools_engine_refuses_a_warm_start() -> None:
    with pytest.raises(UsageError, match="does not start from given routes"):
        routing_engine("ortools").solve(task(1, 2), BUDGET, (RoutingRoute(0, ((0, (0,)),)),))


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_depot_stock_without_slack_is_kept_and_the_optimum_found(seed: int) -> None:
    given = task(seed, 5, depots=2)
    loads = [job.load[0] for job in given.jobs]
    # The first two jobs' loads at one depot, the rest at the other: no slack at all.
    stock = {0: loads[0] + loads[1], 1: sum(loads[2:])}
    answer = solve_stocked(StockedTask(given, tuple(stock.items())), STRINGS)
    assert answer.feasible
    drawn = {0: 0, 1: 0}
    for route in answer.routes:
        for place, jobs in route.trips:
            drawn[place] += sum(loads[job] for job in jobs)
    assert drawn == stock
    assert answer.cost == brute_force(given, stock)


def test_stock_that_cannot_serve_everybody_is_infeasible() -> None:
    given = task(1, 4, depots=2)
    answer = solve_stocked(StockedTask(given, ((0, 3), (1, 3))), STRINGS)
    assert not answer.feasible
    assert answer.left_out == (0, 1, 2, 3)


def test_a_group_without_stock_is_refused() -> None:
    with pytest.raises(UsageError, match="a place that has a stock"):
        solve_stocked(StockedTask(task(1, 2, depots=2), ((0, 9),)), STRINGS)


def test_worker_processes_give_the_answer_of_one_process() -> None:
    given = task(8, 15, depots=2)
    budget = replace(BUDGET, seeds=(1, 2), collect=True)
    engine = routing_engine("pyvrp")
    assert engine.solve(given, replace(budget, workers=2)) == engine.solve(given, budget)


def test_collected_routes_cost_what_their_legs_cost() -> None:
    given = task(9, 12, depots=2)
    pool = routing_engine("pyvrp").solve(given, replace(BUDGET, collect=True)).pool
    assert pool
    for priced in pool:
        ((start, jobs),) = priced.route.trips
        places = [start, *(given.jobs[job].place for job in jobs), start]
        assert priced.cost == sum(int(given.distances[0][a, b]) for a, b in itertools.pairwise(places))
        assert sum(given.jobs[job].load[0] for job in jobs) <= 10


def test_a_search_stopped_at_once_still_answers() -> None:
    given = task(8, 10)
    budget = replace(BUDGET, seeds=(1, 2), workers=2, stopped=lambda: True, iterations=10**9)
    assert routing_engine("pyvrp").solve(given, budget).routes


@pytest.mark.parametrize("scale", [1, 1_000_000])
def test_full_vehicles_are_found_however_finely_costs_are_counted(scale: int) -> None:
    """Thirty loads fill ten vehicles to the last unit: breaking capacity must never be the cheaper way."""
    rng = np.random.default_rng(3)
    places = rng.integers(0, 1_000, (31, 2))
    apart = places[:, None] - places[None]
    lengths = np.rint(np.hypot(apart[..., 0], apart[..., 1])).astype(np.int64) * scale
    loads: list[int] = []
    for _ in range(10):
        first, second = int(rng.integers(20, 40)), int(rng.integers(20, 35))
        loads += [first, second, 100 - first - second]
    jobs = tuple(RoutingJob(n + 1, (load,)) for n, load in enumerate(loads))
    full = RoutingTask((lengths,), (lengths,), jobs, (RoutingGroup(10, 0, 0, (100,)),))
    answer = routing_engine("pyvrp").solve(full, RoutingBudget(3_000, 60.0, (1,)))
    assert answer.feasible
    assert not answer.left_out
