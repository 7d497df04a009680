"""A plan made anew by hand on the line of `line_case`, and how to change one thing of a plan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from depotopt.plans import DispatchPlan, Load, PointState, Reason, Stop, Trip, UnmetLine
from depotopt.verify.in_force import PlanInForce
from tests.verify.line_case import calm, line_network, line_plan, line_scenario, path, without_street

Mutations = dict[str, tuple[Callable[[DispatchPlan], DispatchPlan], str]]
"""What is spoilt, how, and what the verifier says to it."""

NETWORK = line_network()
SCENARIO = line_scenario()
OLD = PlanInForce(line_plan(NETWORK), calm())
AFTER = without_street(NETWORK, 2, 3)
"""The street between Q and B is lost 300 s after the start."""


def new_plan() -> DispatchPlan:
    """Truck A carries on; truck B serves R only."""
    to_r = Stop(
        "R", 1110.9, 1221.8, (Load("tent", "T2", 2), Load("water", "W2", 9)), path(NETWORK, 3, 4), 1e3
    )
    third = Trip("truck-B-1", "truck", 1, "B", "B", 1000.0, 1010.9, 1321.8, (to_r,), path(NETWORK, 4, 3), 1e3)
    state, reason = PointState.UNSERVED, Reason.NO_ROAD
    return DispatchPlan(
        road_state=0,
        at_s=300.0,
        trips=(*OLD.plan.trips[:2], third),
        unmet=(
            UnmetLine("Q", "tent", 5.0, state, reason),
            UnmetLine("Q", "water", 30.0, state, reason),
            UnmetLine("R", "water", 1.0, state, Reason.NO_STOCK),
        ),
        point_state={"P": PointState.SERVED, "Q": state, "R": state},
    )


def changed(plan: DispatchPlan, n: int, **changes: object) -> DispatchPlan:
    trips = list(plan.trips)
    trips[n] = replace(trips[n], **changes)  # type: ignore[arg-type]
    return replace(plan, trips=tuple(trips))


def stop_changed(plan: DispatchPlan, n: int, **changes: object) -> DispatchPlan:
    return changed(plan, n, stops=(replace(plan.trips[n].stops[0], **changes),))  # type: ignore[arg-type]


def approach_plan() -> DispatchPlan:
    """Truck A drives to B from 700 s on, to bring R water and tents from there."""
    to_r = Stop(
        "R", 1_110.9, 1_221.8, (Load("tent", "T2", 2), Load("water", "W2", 9)), path(NETWORK, 3, 4), 1e3
    )
    trip = Trip(
        "truck-A-1", "truck", 1, "B", "B", 1000.0, 1010.9, 1321.8, (to_r,), path(NETWORK, 4, 3), 1e3,
        path(NETWORK, 0, 1, 2, 3), 3e3, 700.0,
    )  # fmt: skip
    return replace(line_plan(NETWORK), trips=(trip,))
