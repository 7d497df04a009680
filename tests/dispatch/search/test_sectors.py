"""Sectors share nothing, and what is found in them side by side holds together."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.dispatch.bound.allocation import allocate
from depotopt.dispatch.model.assembly import assemble
from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.model.draft import Routes, delivered, drawn
from depotopt.dispatch.model.goal import value_of
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search import sector_search, sectors
from depotopt.dispatch.search.construction import Construction
from depotopt.dispatch.solve import solve_dispatch, travel_engine
from depotopt.solving import SolveLimits
from depotopt.verify.dispatch import verify_dispatch
from tests.dispatch.worlds import world

FAR = 1e9


def drafted(seed: int) -> tuple[DispatchProblem, Routes]:
    case = world(seed, points=20, depots=3, vehicles=12)
    engine = travel_engine(case.network)
    problem = assemble(case.scenario, None, case.network, case.state, 0.0, engine).problem
    return problem, Construction(problem, allocate(problem), FAR).scheduled()


@pytest.fixture(autouse=True)
def small_sectors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sectors, "MOST_CREW", 3)


@pytest.mark.parametrize("seed", range(6))
def test_sectors_share_no_vehicle_unit_or_dock(seed: int) -> None:
    problem, routes = drafted(seed)
    parts = sectors.sectors(problem, routes, np.random.default_rng(seed))
    crews = [v for part in parts for v in part.vehicles]
    assert len(crews) == len(set(crews)) > 0
    need, units = np.zeros_like(problem.need), np.zeros_like(problem.lot_units)
    for part in parts:
        need[list(part.points)] += part.problem.need
        units += part.problem.lot_units
    assert (need <= problem.need).all()
    assert (need >= delivered(problem, routes)).all()
    assert (units <= problem.lot_units).all()
    assert (units >= drawn(problem, routes)).all()
    for d, depot in enumerate(problem.depots):
        mine = [part for part in parts if any(r and r[0].depot == d for r in part.routes(routes))]
        assert sum(part.problem.depots[d].docks for part in mine) <= depot.docks


@pytest.mark.parametrize("seed", range(3))
def test_what_sectors_find_holds_and_is_never_worse(seed: int) -> None:
    problem, routes = drafted(seed)
    found = sector_search.improve_sectors(
        problem, routes, sweeps=3, until=FAR, seed=seed, workers=1, stopped=lambda: False
    )
    assert timetable(problem, found).feasible
    assert not value_of(problem, routes) < value_of(problem, found)
    assert (delivered(problem, found) <= problem.need).all()
    assert (drawn(problem, found) <= problem.lot_units).all()


@pytest.mark.parametrize("seed", range(3))
def test_a_sector_may_be_all_vehicles_of_a_depot(seed: int) -> None:
    problem, routes = drafted(seed)
    parts = sectors.sectors(problem, routes, np.random.default_rng(seed), len(problem.vehicles))
    depots = [{route[0].depot for route in part.routes(routes) if route} for part in parts]
    assert all(len(depot) <= 1 for depot in depots)
    assert len(set().union(*depots)) == sum(len(depot) for depot in depots)


def test_two_workers_find_what_one_finds() -> None:
    problem, routes = drafted(1)
    one, two = (
        sector_search.improve_sectors(
            problem, routes, sweeps=2, until=FAR, seed=5, workers=workers, stopped=lambda: False
        )
        for workers in (1, 2)
    )
    assert one == two


def test_who_stops_the_search_gets_the_draft_back() -> None:
    problem, routes = drafted(2)
    found = sector_search.improve_sectors(
        problem, routes, sweeps=5, until=FAR, seed=1, workers=1, stopped=lambda: True
    )
    assert found == routes


def test_plans_made_by_sectors_pass_the_verifier(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("depotopt.dispatch.search.sector_search.MANY_VEHICLES", 4)
    case = world(4, points=15, depots=3, vehicles=10)
    limits = SolveLimits(time_s=1.0)
    result = solve_dispatch(case.scenario, None, case.network, case.state, limits=limits)
    assert result.plan is not None
    check = verify_dispatch(case.scenario, None, case.network, case.state, result.plan)
    assert check.violations == ()
    assert check.objective == pytest.approx(result.objective)
