"""Engines that die, users that stop the search at any moment, points that stand at their depot."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.dispatch.engines import pyvrp_engine
from depotopt.dispatch.replanning import InForce, replan
from depotopt.dispatch.solve import solve_dispatch
from depotopt.errors import EngineError
from depotopt.solving import Limit, Monitor, Progress, SolveLimits
from depotopt.verify.dispatch import verify_dispatch
from depotopt.verify.in_force import PlanInForce
from depotopt.verify.replan import verify_replan
from tests.dispatch.test_replanning import busiest_street, closed, in_force
from tests.dispatch.worlds import World, world

LIMITS = SolveLimits(time_s=0.4, seed=1)
ROUTED = SolveLimits(time_s=4.0, seed=1)
"""Time enough for the routing engine to be asked."""


def stopped_at(stage: str) -> Monitor:
    """A monitor whose user stops the search when it tells a stage."""

    def hear(progress: Progress) -> None:
        if progress.stage == stage:
            monitor.stop()

    monitor = Monitor(hear)
    return monitor


@pytest.mark.parametrize("stage", ["allocation", "first plan", "routing", "routes", "improvement"])
def test_a_search_stopped_at_any_stage_returns_a_plan_that_holds(stage: str) -> None:
    case, monitor = world(1, scarce=1.5, vehicles=3), stopped_at(stage)
    limits = ROUTED if stage == "routing" else LIMITS
    result = solve_dispatch(case.scenario, None, case.network, case.state, limits=limits, monitor=monitor)
    assert monitor.stopped
    assert result.limit is Limit.STOPPED
    assert result.plan is not None
    assert verify_dispatch(case.scenario, None, case.network, case.state, result.plan).violations == ()


@pytest.mark.parametrize("stage", ["first plan", "improvement"])
def test_a_replan_stopped_at_any_stage_returns_a_plan_that_holds(stage: str) -> None:
    case, monitor = world(1, scarce=1.5, vehicles=3), stopped_at(stage)
    plan = in_force(case)
    after = closed(case, [busiest_street(case, plan, 3_000.0)])
    outcome = replan(
        case.scenario, None, case.network, InForce(plan, case.state), after,
        at_s=3_000.0, limits=LIMITS, monitor=monitor,
    )  # fmt: skip
    assert monitor.stopped
    assert outcome.result.limit is Limit.STOPPED
    assert outcome.result.plan is not None
    old = PlanInForce(plan, case.state)
    check = verify_replan(case.scenario, None, case.network, old, after, outcome.result.plan)
    assert check.violations == ()


def test_a_routing_engine_that_dies_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    def die(*_: object) -> None:
        raise RuntimeError("the engine is out of order")

    monkeypatch.setattr(pyvrp_engine, "_data", die)
    case = world(1, scarce=1.5, vehicles=3)
    with pytest.raises(EngineError, match="out of order"):
        solve_dispatch(case.scenario, None, case.network, case.state, limits=ROUTED)


def test_a_linear_solver_that_gives_up_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    from ortools.linear_solver.python import model_builder_helper as builder

    class Dead:
        """A solver that ends without an answer, whatever it is told."""

        def __getattr__(self, name: str) -> object:
            return lambda *_: builder.SolveStatus.ABNORMAL

    monkeypatch.setattr(builder, "ModelSolverHelper", lambda _: Dead())
    case = world(1, scarce=1.5, vehicles=3)
    with pytest.raises(EngineError, match="abnormal"):
        solve_dispatch(case.scenario, None, case.network, case.state, limits=LIMITS)


def test_a_search_from_nothing_that_dies_leaves_the_other_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("depotopt.dispatch.replanning.COLD_FROM_S", 0.0)
    monkeypatch.setattr("depotopt.dispatch.replan.cold_start.pickle.dumps", lambda _: b"no order at all")
    case = world(1, scarce=1.5, vehicles=3)
    plan = in_force(case)
    outcome = replan(
        case.scenario, None, case.network, InForce(plan, case.state), case.state, at_s=3_000.0, limits=LIMITS
    )
    assert outcome.result.plan is not None
    told, *others = outcome.result.notes
    assert "from nothing failed with code" in told
    assert all("is not used" in note for note in others), "expired lots, and nothing else went wrong"


def at_depot(case: World) -> World:
    """The first point stands where its depot stands."""
    places = case.network.places
    assert places is not None
    depot, point = places.ident.index("D0"), places.ident.index("P0")
    node, access = places.node.copy(), places.access_s.copy()
    node[point], access[point] = node[depot], 0.0
    access[depot] = 0.0
    lon, lat = places.lon.copy(), places.lat.copy()
    lon[point], lat[point] = lon[depot], lat[depot]
    moved = replace(places, node=node, access_s=access, lon=lon, lat=lat)
    points = tuple(
        replace(item, people=200.0, deadline_s=None) if item.ident == "P0" else item
        for item in case.scenario.demand_points
    )
    flooded = np.zeros_like(case.state.point_flooded)
    return World(
        replace(case.scenario, demand_points=points),
        case.network.with_places(moved),
        replace(case.state, point_flooded=flooded),
    )


def test_a_point_that_is_its_own_depot_is_served_without_driving() -> None:
    case = at_depot(world(2, scarce=2.0, vehicles=3))
    result = solve_dispatch(case.scenario, None, case.network, case.state, limits=LIMITS)
    assert result.plan is not None
    assert verify_dispatch(case.scenario, None, case.network, case.state, result.plan).violations == ()
    stops = [
        stop
        for trip in result.plan.trips
        for n, stop in enumerate(trip.stops)
        if stop.point == "P0" and trip.start_site == "D0" and n == 0
    ]
    assert stops
    assert all(stop.links == () and stop.distance_m == 0.0 for stop in stops)
