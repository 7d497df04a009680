"""Ruin and recreate on plain routing tasks: against brute force, and every rule kept."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.dispatch.routing import (
    FOREVER,
    RoutingAnswer,
    RoutingBudget,
    RoutingGroup,
    RoutingJob,
    RoutingRoute,
    RoutingTask,
)
from depotopt.dispatch.tasks.string_search import search_strings, searchable
from tests.dispatch.test_routing import brute_force, task

BUDGET = RoutingBudget(iterations=400, time_s=120.0, seeds=(1,))


def route_cost(of: RoutingTask, route: RoutingRoute) -> int:
    """Cost of a route, asserting every rule by itself: begin at each moment that may matter."""
    group = of.groups[route.group]
    ((start, jobs),) = route.trips
    assert start == group.start
    for d, most in enumerate(group.capacity):
        assert sum(of.jobs[j].load[d] for j in jobs) <= most
    assert all(not of.jobs[j].group or route.group in of.jobs[j].group for j in jobs)
    way = [group.start, *(of.jobs[j].place for j in jobs), group.end]
    legs = list(itertools.pairwise(way))
    length = sum(int(of.distances[group.matrix][a, b]) for a, b in legs)
    assert length <= group.farthest
    durations = of.durations[group.matrix]
    best = None
    for begin in range(group.earliest, group.earliest + 400):
        clock, kept = begin + group.loading, begin <= group.latest
        for j, (a, b) in zip(jobs, legs[:-1], strict=True):
            clock = max(clock + int(durations[a, b]), of.jobs[j].earliest)
            kept = kept and clock <= of.jobs[j].latest
            clock += of.jobs[j].service
        clock += int(durations[legs[-1]])
        if kept and clock <= group.latest and clock - begin <= group.longest:
            best = clock - begin if best is None else min(best, clock - begin)
    assert best is not None
    return group.fixed_cost + group.distance_cost * length + group.duration_cost * best


def check(of: RoutingTask, answer: RoutingAnswer) -> None:
    """The answer keeps every rule and costs what it says."""
    made = sorted(job for route in answer.routes for _, jobs in route.trips for job in jobs)
    assert sorted([*made, *answer.left_out]) == list(range(len(of.jobs)))
    for g, group in enumerate(of.groups):
        assert sum(route.group == g for route in answer.routes) <= group.count
    total = sum(route_cost(of, route) for route in answer.routes)
    if answer.feasible:
        assert answer.cost == total + sum(of.jobs[j].prize or 0 for j in answer.left_out)


@st.composite
def ruled_tasks(draw: st.DrawFn) -> RoutingTask:
    """Small tasks with windows, prizes, several loads, kinds of vehicles and limits."""
    rng = np.random.default_rng(draw(st.integers(0, 10**6)))
    jobs, doors = draw(st.integers(1, 8)), 2
    xy = rng.integers(0, 40, (doors + jobs, 2))
    way = np.hypot(*(xy[:, None] - xy[None]).transpose(2, 0, 1)).astype(np.int64)
    early = rng.integers(0, 100, jobs)
    made = tuple(
        RoutingJob(
            doors + n,
            (int(rng.integers(1, 6)), int(rng.integers(0, 3))),
            service=int(rng.integers(0, 9)),
            earliest=int(early[n]),
            latest=int(early[n] + rng.integers(20, 200)),
            prize=int(rng.integers(5, 300)) if rng.random() < 0.4 else None,
            group=(int(rng.integers(0, 3)),) if rng.random() < 0.2 else (),
        )
        for n in range(jobs)
    )
    groups = tuple(
        RoutingGroup(
            int(rng.integers(1, 4)),
            int(rng.integers(0, doors)),
            int(rng.integers(0, doors)),
            (int(rng.integers(5, 14)), 5),
            latest=300,
            longest=int(rng.integers(60, 250)),
            farthest=int(rng.integers(60, 300)),
            fixed_cost=int(rng.integers(0, 50)),
            distance_cost=int(rng.integers(1, 3)),
            duration_cost=int(rng.integers(0, 2)),
            loading=int(rng.integers(0, 5)),
        )
        for _ in range(3)
    )
    return RoutingTask((way,), (way,), made, groups)


@settings(max_examples=40, deadline=None)
@given(ruled_tasks())
def test_every_rule_is_kept_and_the_cost_is_that_of_the_routes(drawn: RoutingTask) -> None:
    answer = search_strings(drawn, replace(BUDGET, iterations=60, collect=True))
    check(drawn, answer)
    for priced in answer.pool:
        assert priced.cost == route_cost(drawn, priced.route)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_the_optimum_of_six_jobs_is_found(seed: int) -> None:
    of = task(seed, 6, depots=2)
    answer = search_strings(of, BUDGET)
    check(of, answer)
    assert answer.cost == brute_force(of)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_depots_give_no_more_than_they_hold(seed: int) -> None:
    of = task(seed, 6, depots=2)
    loads = sum(job.load[0] for job in of.jobs)
    stock = {0: loads // 2, 1: loads - loads // 2 + 3}
    answer = search_strings(of, replace(BUDGET, seeds=(1, 2)), stock=tuple(stock.items()))
    drawn = dict.fromkeys(stock, 0)
    for route in answer.routes:
        drawn[route.trips[0][0]] += sum(of.jobs[j].load[0] for j in route.trips[0][1])
    assert all(drawn[place] <= units for place, units in stock.items())
    assert not answer.feasible or answer.cost >= brute_force(of, stock)


def test_a_larger_vehicle_takes_over_where_one_stop_more_would_not_fit() -> None:
    way = np.array([[0, 10, 10], [10, 0, 1], [10, 1, 0]], dtype=np.int64)
    jobs = (RoutingJob(1, (3,)), RoutingJob(2, (3,)))
    small, large = RoutingGroup(2, 0, 0, (4,)), RoutingGroup(1, 0, 0, (6,), fixed_cost=5)
    answer = search_strings(RoutingTask((way,), (way,), jobs, (small, large)), BUDGET)
    assert answer.cost == 26
    assert [route.group for route in answer.routes] == [1]


def test_a_job_nobody_can_make_leaves_the_answer_infeasible() -> None:
    of = task(1, 4)
    heavy = replace(of, jobs=(*of.jobs[:3], replace(of.jobs[3], load=(11,))))
    answer = search_strings(heavy, BUDGET)
    assert not answer.feasible
    assert answer.left_out == (3,)


def test_a_way_that_does_not_exist_is_never_called_feasible() -> None:
    of = task(1, 2)
    (way,) = (matrix.copy() for matrix in of.distances)
    way[:, 2] = way[2, :] = FOREVER
    cut = replace(of, distances=(way,), durations=(way,))
    assert not search_strings(cut, BUDGET).feasible
    optional = replace(cut, jobs=(cut.jobs[0], replace(cut.jobs[1], prize=5)))
    answer = search_strings(optional, BUDGET)
    assert answer.feasible
    assert answer.left_out == (1,)


def test_the_search_goes_on_from_routes_given_and_never_gets_worse() -> None:
    of = task(4, 12, depots=2)
    known = search_strings(of, BUDGET)
    again = search_strings(of, replace(BUDGET, iterations=2), known.routes)
    assert again.cost <= known.cost
    part = search_strings(of, replace(BUDGET, iterations=30), known.routes[:1])
    check(of, part)
    assert part.feasible


def test_seeds_in_threads_give_the_same_answer_as_one_after_the_other() -> None:
    of = task(5, 15)
    budget = replace(BUDGET, seeds=(1, 2, 3), collect=True)
    assert search_strings(of, replace(budget, workers=2)) == search_strings(of, budget)


def test_reloads_and_releases_are_left_to_the_engines() -> None:
    of = task(1, 3)
    assert searchable(of)
    assert not searchable(task(1, 3, reload=True))
    late = replace(of, jobs=(replace(of.jobs[0], release=5), *of.jobs[1:]))
    assert not searchable(late)


def test_a_task_without_jobs_or_vehicles_is_answered() -> None:
    of = task(1, 2)
    assert search_strings(replace(of, jobs=()), BUDGET) == RoutingAnswer((), 0, True, (), 0)
    assert search_strings(replace(of, groups=()), BUDGET).left_out == (0, 1)
