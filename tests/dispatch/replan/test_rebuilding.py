"""Vehicles that are not hit keep their papers; those that are hit are sent anew."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.model.draft import Routes, delivered, drawn
from depotopt.dispatch.model.goal import value_of
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.replan.rebuilding import Rebuilding
from depotopt.dispatch.replan.remaining import first_draft
from depotopt.dispatch.replanning import InForce, interrupted, replan
from depotopt.dispatch.search.budget import Budget
from depotopt.dispatch.search.improvement import improve
from depotopt.dispatch.search.quantities import best_quantities
from depotopt.dispatch.solve import settle
from depotopt.solving import SolveLimits
from depotopt.units import Int64Array
from tests.dispatch.test_replanning import busiest_street, closed, in_force
from tests.dispatch.worlds import world

AT_S = 3_000.0


def hit(seed: int) -> tuple[DispatchProblem, Routes]:
    """What is left after a loss, and the first draft of it; every other vehicle with work is locked."""
    case = world(seed, 12, 2, scarce=1.5, vehicles=5)
    plan = in_force(case)
    after = closed(case, [busiest_street(case, plan, AT_S)])
    left = interrupted(case.scenario, None, case.network, InForce(plan, case.state), after, AT_S)
    problem, routes = settle(left.assembly, left.problem, first_draft(left))
    locked = frozenset([v for v, route in enumerate(routes) if route][::2])
    return replace(problem, locked=locked), routes


def carried(problem: DispatchProblem, routes: Routes) -> list[object]:
    return [[(trip.depot, trip.stops, trip.loads) for trip in routes[v]] for v in sorted(problem.locked)]


def missing(problem: DispatchProblem, routes: Routes) -> Int64Array:
    left: Int64Array = problem.need - delivered(problem, routes)
    return left


@pytest.mark.parametrize("seed", range(4))
def test_locked_vehicles_carry_what_they_carried(seed: int) -> None:
    problem, routes = hit(seed)
    before = carried(problem, routes)
    best = Rebuilding(problem, {}, math.inf, Budget(math.inf)).best(routes)
    assert carried(problem, best) == before
    assert carried(problem, best_quantities(problem, routes)) == before
    found = improve(
        problem, best, budget=Budget.of_seconds(0.1), until=math.inf, seed=1, stopped=lambda: False
    )
    assert carried(problem, found) == before
    for draft in (best, found):
        assert timetable(problem, draft).feasible
        assert (missing(problem, draft) >= 0).all()
        assert (drawn(problem, draft) <= problem.lot_units).all()
    assert value_of(problem, found) <= value_of(problem, best) <= value_of(problem, routes)


def test_a_locked_vehicle_helps_where_nobody_else_can() -> None:
    """With everybody locked nothing can be put in; unlocked they help, and are free from then on."""
    problem, routes = hit(1)
    routes = tuple(route[:1] for route in routes)
    everybody = replace(problem, locked=frozenset(range(len(problem.vehicles))))
    assert Rebuilding(everybody, {}, math.inf, Budget(math.inf)).best(routes) == routes
    freed, helped = Rebuilding(everybody, {}, math.inf, Budget(math.inf)).helped(routes)
    assert value_of(problem, helped) < value_of(problem, routes)
    changed = {v for v, (a, b) in enumerate(zip(routes, helped, strict=True)) if a != b}
    assert changed
    assert changed == everybody.locked - freed.locked
    assert timetable(problem, helped).feasible


@pytest.mark.parametrize("seed", [1, 2])
def test_with_one_street_lost_most_vehicles_keep_their_papers(seed: int) -> None:
    """Vehicles whose way is open and whose stops nobody else needs do as they were told."""
    case = world(seed, 14, 2, scarce=2.0, vehicles=6)
    plan = in_force(case)
    limits = SolveLimits(time_s=0.5, seed=1)
    outcome = replan(
        case.scenario, None, case.network, InForce(plan, case.state), case.state, at_s=AT_S, limits=limits
    )
    assert outcome.kept_share == 1.0
    assert len(outcome.changed_vehicles) <= len({trip.vehicle for trip in plan.trips}) // 2
