"""Routes of several searches put together anew."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from depotopt.dispatch.engines import routing_engine
from depotopt.dispatch.routing import (
    PricedRoute,
    RoutingAnswer,
    RoutingBudget,
    RoutingGroup,
    RoutingJob,
    RoutingRoute,
    RoutingTask,
)
from depotopt.dispatch.tasks.recombination import recombine, solve_recombined
from tests.dispatch.test_routing import brute_force, task


def priced(cost: int, *jobs: int, group: int = 0) -> PricedRoute:
    return PricedRoute(RoutingRoute(group, ((0, jobs),)), cost)


def four_jobs(*prizes: int | None, vehicles: int = 9) -> RoutingTask:
    none = np.zeros((5, 5), dtype=np.int64)
    jobs = tuple(RoutingJob(1 + n, (1,), prize=prize) for n, prize in enumerate(prizes))
    return RoutingTask((none,), (none,), jobs, (RoutingGroup(vehicles, 0, 0, (9,)),))


def test_the_cheapest_cover_is_chosen_from_routes_of_different_answers() -> None:
    pool = (priced(10, 0, 1), priced(14, 2, 3), priced(13, 0, 2), priced(9, 1, 3), priced(20, 0, 1, 2, 3))
    answer = RoutingAnswer((pool[4].route,), 20, True, (), 1, pool[:4])
    assert recombine(four_jobs(None, None, None, None), answer, 10.0) == answer
    dear = replace(answer, cost=30)
    found = recombine(four_jobs(None, None, None, None), dear, 10.0)
    assert found.cost == 22
    assert set(found.routes) == {pool[2].route, pool[3].route}


def test_vehicles_of_a_group_are_not_used_twice() -> None:
    pool = (priced(5, 0, 1), priced(5, 2, 3), priced(20, 0, 1, 2, 3))
    answer = RoutingAnswer((), 10**6, False, (0, 1, 2, 3), 1, pool)
    found = recombine(four_jobs(None, None, None, None, vehicles=1), answer, 10.0)
    assert found.routes == (pool[2].route,)


def test_a_job_is_left_out_where_its_prize_is_less_than_its_routes() -> None:
    pool = (priced(5, 0, 1), priced(5, 2), priced(50, 2, 3))
    answer = RoutingAnswer((), 10**6, False, (0, 1, 2, 3), 1, pool)
    found = recombine(four_jobs(None, None, None, 7), answer, 10.0)
    assert found.left_out == (3,)
    assert found.cost == 17


def test_the_whole_search_finds_the_optimum_of_six_jobs() -> None:
    given = task(11, 6, depots=2)
    budget = RoutingBudget(iterations=150, time_s=60.0, seeds=(1, 2))
    answer = solve_recombined(given, routing_engine("pyvrp"), budget)
    assert answer.feasible
    assert answer.cost == brute_force(given)
    assert answer.pool == ()


def test_routes_put_together_draw_no_more_than_the_stock() -> None:
    pool = (priced(5, 0, 1), priced(5, 2, 3), PricedRoute(RoutingRoute(0, ((4, (2, 3)),)), 9))
    answer = RoutingAnswer((), 10**6, False, (0, 1, 2, 3), 1, pool)
    of = four_jobs(None, None, None, None)
    assert recombine(of, answer, 10.0, ((0, 4), (4, 2))).cost == 10
    assert recombine(of, answer, 10.0, ((0, 3), (4, 2))).cost == 14
    assert recombine(of, answer, 10.0, ((0, 3), (4, 1))) == answer
