"""Parts of a problem, the rota of a depot, and retiming: what is worked out in pieces fits the whole."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.dispatch.bound.allocation import allocate
from depotopt.dispatch.model.clock import retimed, timetable
from depotopt.dispatch.model.draft import Routes, delivered, drawn, weighted_unmet
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search.budget import Budget
from depotopt.dispatch.search.construction import Construction
from depotopt.dispatch.search.improvement import improve, sweep_up
from depotopt.dispatch.search.quarters import Quarters
from depotopt.dispatch.search.rota import Rota
from tests.dispatch.bound.test_allocation import problem_of
from tests.dispatch.worlds import world


def drafted(seed: int) -> tuple[DispatchProblem, Routes]:
    problem = problem_of(world(seed, 9, 3, vehicles=6, scarce=2.0))
    return problem, Construction(problem, allocate(problem), np.inf).scheduled()


@pytest.mark.parametrize("seed", range(6))
def test_the_first_plan_keeps_every_rule_without_repair(seed: int) -> None:
    problem, routes = drafted(seed)
    assert timetable(problem, routes).feasible
    assert (delivered(problem, routes) <= problem.need).all()
    assert (drawn(problem, routes) <= problem.lot_units).all()
    assert any(routes)


def test_a_rota_uses_every_rule_of_its_depot() -> None:
    problem = problem_of(world(3, 6, 1, vehicles=4))
    routes = Rota(problem, 0).routes()
    assert timetable(problem, routes).feasible
    nothing: Routes = tuple(() for _ in problem.vehicles)
    assert weighted_unmet(problem, routes) < weighted_unmet(problem, nothing)


@pytest.mark.parametrize("seed", range(4))
def test_cutting_a_part_out_and_putting_it_back_changes_nothing(
    seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("depotopt.dispatch.search.quarters.MOST_VEHICLES", 2)
    problem, routes = drafted(seed)
    quarters = Quarters(problem)
    assert quarters.divided
    for depot in range(len(problem.depots)):
        part = quarters.part(routes, depot)
        mine = part.routes(routes)
        assert part.put_back(problem, routes, mine) == routes
        assert (drawn(part.problem, mine) <= part.problem.lot_units).all()
        assert (delivered(part.problem, mine) <= part.problem.need).all()


@pytest.mark.parametrize("seed", range(4))
def test_retiming_from_the_change_on_equals_timing_anew(seed: int) -> None:
    problem, routes = drafted(seed)
    before = timetable(problem, routes)
    for v, route in enumerate(routes):
        for n in range(len(route)):
            changed = (*routes[:v], (*route[:n], *route[n + 1 :]), *routes[v + 1 :])
            anew = timetable(problem, changed)
            again = retimed(problem, changed, before, v)
            if anew.feasible:
                assert again is not None
                assert sorted(again.trips, key=repr) == sorted(anew.trips, key=repr)
            else:
                assert again is None


def test_a_part_without_vehicles_is_searched_for_nothing() -> None:
    """Quarters of a large case may hold depots whose vehicles all stand elsewhere."""
    problem = replace(problem_of(world(3, 6, 2, vehicles=4)), vehicles=(), travel=())
    assert sweep_up(problem, (), np.inf) == ()
    assert improve(problem, (), budget=Budget(1e5), until=np.inf, seed=1, stopped=lambda: False) == ()
