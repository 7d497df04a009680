"""The relaxation: whole units within stock and need, and bounds no plan crosses."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.dispatch.bound import allocation
from depotopt.dispatch.bound.allocation import allocate
from depotopt.dispatch.bound.pools import stock_pools
from depotopt.dispatch.bound.transport import transport_flows
from depotopt.dispatch.bound.vehicle_classes import vehicle_classes
from depotopt.dispatch.model.assembly import assemble
from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.model.draft import weighted_unmet
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search.candidates import insertion_order
from depotopt.dispatch.search.insertion import Inserter
from depotopt.dispatch.solve import travel_engine
from depotopt.hazards.states import RoadState
from tests.dispatch.worlds import World, world
from tests.verify.line_case import calm, line_network, line_scenario


def problem_of(case: World) -> DispatchProblem:
    state: RoadState = case.state
    return assemble(case.scenario, None, case.network, state, 0.0, travel_engine(case.network)).problem


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), scarce=st.sampled_from([0.3, 1.0, 3.0]))
def test_allocated_units_are_within_stock_and_need(seed: int, scarce: float) -> None:
    problem = problem_of(world(seed, 5, 2, side=4, scarce=scarce))
    found = allocate(problem)
    assert (found.units >= 0).all()
    assert (found.units.sum(axis=1) <= [pool.units for pool in found.pools]).all()
    for k in range(problem.need.shape[1]):
        mine = [p for p, pool in enumerate(found.pools) if pool.commodity == k]
        assert (found.units[mine].sum(axis=0) <= problem.need[:, k]).all()


@settings(max_examples=15, deadline=None, derandomize=True)
@given(seed=st.integers(0, 10_000), scarce=st.sampled_from([0.5, 3.0]))
def test_no_draft_is_below_the_bound(seed: int, scarce: float) -> None:
    problem = problem_of(world(seed, 5, 2, side=4, scarce=scarce, vehicles=4))
    found = allocate(problem)
    work = Inserter(problem, tuple(() for _ in problem.vehicles))
    work.insert_all(insertion_order(problem, work.missing))
    routes = tuple(work.routes)
    times = timetable(problem, routes)
    assert times.feasible
    unmet = weighted_unmet(problem, routes)
    assert found.bound_unmet <= unmet + 1e-6 * max(1.0, unmet)
    assert found.bound <= problem.unmet_penalty * unmet + times.cost + 1e-6


def test_on_the_line_only_the_unit_nobody_has_stays_unmet() -> None:
    problem = problem_of(World(line_scenario(), line_network(), calm()))
    assert allocate(problem).bound_unmet == pytest.approx(1.0)


def test_flows_by_commodity_serve_what_stock_allows() -> None:
    """Three units for two points that need two each: the one that weighs more gets all it needs."""
    problem = problem_of(World(line_scenario(), line_network(), calm()))
    pools = stock_pools(problem)
    units, bound = transport_flows(problem, pools, vehicle_classes(problem), problem.unmet_penalty)
    sent = np.zeros(problem.need.shape, dtype=np.int64)
    for p, pool in enumerate(pools):
        sent[:, pool.commodity] += units[p]
    assert (problem.need - sent).sum() == 1
    assert problem.unmet_penalty <= bound


def test_the_large_relaxation_is_a_weaker_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = problem_of(world(3, 6, 2))
    full = allocate(problem)
    monkeypatch.setattr(allocation, "MOST_FLOWS", 0)
    coarse = allocate(problem)
    assert coarse.bound <= full.bound + 1e-6 * max(1.0, full.bound)
    assert (coarse.units.sum(axis=1) <= [pool.units for pool in coarse.pools]).all()


def test_a_longer_deadline_never_raises_the_bound() -> None:
    problem = problem_of(world(8, 6, 2))
    relaxed = replace(problem, deadline_s=problem.deadline_s + 7_200.0)
    assert allocate(relaxed).bound_unmet <= allocate(problem).bound_unmet + 1e-6


def test_very_large_problems_may_lack_all_stock_of_a_commodity(monkeypatch: pytest.MonkeyPatch) -> None:
    """What nobody holds stays unmet; the rest is allocated as ever."""
    case = world(3, 5, 2, side=4)
    gone = case.scenario.stock[0].commodity
    stock = tuple(lot for lot in case.scenario.stock if lot.commodity != gone)
    assert stock
    problem = problem_of(World(replace(case.scenario, stock=stock), case.network, case.state))
    k = problem.commodity_idents.index(gone)
    assert problem.need[:, k].any()
    monkeypatch.setattr(allocation, "MOST_FLOWS", 0)
    found = allocate(problem)
    assert found.units.any()
    assert found.bound >= problem.unmet_penalty * float((problem.need * problem.weight)[:, k].sum()) - 1e-6
