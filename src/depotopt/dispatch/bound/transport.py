"""Allocation commodity by commodity as minimum-cost flows: the relaxation for very large problems."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.dispatch.bound.pools import Pool
from depotopt.dispatch.bound.vehicle_classes import VehicleClass
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.errors import EngineError
from depotopt.units import FloatArray, Int64Array

COST_RANGE: Final = 1e9
"""Largest integer cost of a unit; costs are scaled to it and rounded down, which keeps the bound valid."""


PRICE_STEPS: Final = 9
"""Prices of vehicle time that are tried."""


@dataclass(frozen=True, slots=True)
class TimePrice:
    """Price of vehicle time, a Lagrange multiplier of the work all vehicles can do together.

    Attributes
    ----------
    per_kg_s
        Cost of a kilogram of payload for a second.
    last_kg
        Cost of a kilogram on the last trip of a vehicle, whose way back need not be in time.
    """

    per_kg_s: float = 0.0
    last_kg: float = 0.0


def best_time_price(
    problem: DispatchProblem, pools: tuple[Pool, ...], classes: tuple[VehicleClass, ...], penalty: float
) -> TimePrice:
    """The price of vehicle time with the largest bound, by golden section: the bound is concave in it.

    Any price gives a valid bound (Geoffrion 1974): work beyond what vehicles can do costs, work they could
    still do pays.
    """
    backs = np.concatenate([group.back_s[np.isfinite(group.back_s)] for group in classes])
    if not len(backs) or not (problem.weight > 0).any():
        return TimePrice()
    per_unload = classes[0].least_payload_kg / problem.unload_kg_per_s
    typical_s = float(np.median(backs)) + problem.stop_service_s + per_unload

    def price(value: float) -> TimePrice:
        return TimePrice(value, value * typical_s)

    def bound(value: float) -> float:
        return transport_flows(problem, pools, classes, penalty, price(value))[1]

    low, high = 0.0, float((penalty * problem.weight / problem.kg).max()) / typical_s
    ratio = (math.sqrt(5.0) - 1.0) / 2.0
    a, b = high - ratio * (high - low), low + ratio * (high - low)
    at_a, at_b = bound(a), bound(b)
    tried = {0.0: bound(0.0), a: at_a, b: at_b}
    for _ in range(PRICE_STEPS):
        if at_a >= at_b:
            high, b, at_b = b, a, at_a
            a = high - ratio * (high - low)
            at_a = tried[a] = bound(a)
        else:
            low, a, at_a = a, b, at_b
            b = low + ratio * (high - low)
            at_b = tried[b] = bound(b)
    return price(max(tried, key=lambda value: (tried[value], -value)))


def transport_flows(
    problem: DispatchProblem,
    pools: tuple[Pool, ...],
    classes: tuple[VehicleClass, ...],
    penalty: float,
    price: TimePrice | None = None,
) -> tuple[Int64Array, float]:
    """Whole units from pools to points; docks are left out of account, vehicles but for the price of time.

    Sets
        P pools, I points
    Variables
        x[p,i] >= 0, u[i] >= 0
    Model
        min  sum_k ( sum_i penalty weight[i,k] u[i] + sum_p,i cost[p,i] x[p,i] )
        s.t. sum_p x[p,i] + u[i] = need[i,k];  sum_i x[p,i] <= units[p]

    With vehicles priced and docks left out, commodities do not meet, and each is a minimum-cost flow. The
    bound is less the price of all the work the vehicles can do.

    Parameters
    ----------
    problem, pools, classes
        What is to be delivered; the cheapest class prices a unit.
    penalty
        Cost of one weighted person-day.
    price
        Price of vehicle time; ``None`` for none.

    Returns
    -------
    tuple
        Units, shape ``(P, I)``, and the proved lower bound on ``penalty * unmet + cost``.

    Raises
    ------
    EngineError
        If a flow is not solved to its optimum.
    """
    from ortools.graph.python import min_cost_flow

    units = np.zeros((len(pools), len(problem.points)), dtype=np.int64)
    price = TimePrice() if price is None else price
    bound = -price.per_kg_s * sum(group.work_kg_s for group in classes)
    bound -= price.last_kg * sum(group.load_kg for group in classes)
    for k in range(problem.need.shape[1]):
        mine = [p for p, pool in enumerate(pools) if pool.commodity == k]
        wanted = np.flatnonzero(problem.need[:, k] > 0)
        if not len(wanted):
            continue
        unmet = penalty * problem.weight[wanted, k]
        costs = np.array([_unit_cost(problem, pools[p], classes, price)[wanted] for p in mine]).reshape(
            len(mine), len(wanted)
        )
        scale = COST_RANGE / max(float(unmet.max()), 1e-9)
        flow = min_cost_flow.SimpleMinCostFlow()
        source = len(mine) + len(wanted)
        point_node = len(mine) + np.arange(len(wanted))
        for row in range(len(mine)):
            there = np.flatnonzero(np.isfinite(costs[row]))
            flow.add_arcs_with_capacity_and_unit_cost(
                np.full(len(there), row, dtype=np.int32),
                point_node[there].astype(np.int32),
                np.minimum(problem.need[wanted[there], k], pools[mine[row]].units),
                np.floor(costs[row][there] * scale).astype(np.int64),
            )
            flow.add_arc_with_capacity_and_unit_cost(source, row, pools[mine[row]].units, 0)
        for n, i in enumerate(wanted):
            flow.add_arc_with_capacity_and_unit_cost(
                source, int(point_node[n]), int(problem.need[i, k]), int(np.floor(unmet[n] * scale))
            )
            flow.set_node_supply(int(point_node[n]), -int(problem.need[i, k]))
        flow.set_node_supply(source, int(problem.need[wanted, k].sum()))
        status = flow.solve()
        if status != flow.OPTIMAL:
            raise EngineError("min-cost flow", f"commodity {problem.commodity_idents[k]} ended as {status}")
        bound += flow.optimal_cost() / scale
        arcs = np.arange(flow.num_arcs())
        for arc, sent in zip(arcs, flow.flows(arcs), strict=True):
            if sent > 0 and flow.tail(int(arc)) < len(mine):
                point = int(wanted[flow.head(int(arc)) - len(mine)])
                units[mine[flow.tail(int(arc))], point] += int(sent)
    return units, bound


def serving_penalty(
    problem: DispatchProblem, pools: tuple[Pool, ...], classes: tuple[VehicleClass, ...]
) -> float:
    """A penalty at which serving one unit is worth more than any way of bringing it costs."""
    penalty = problem.unmet_penalty
    for pool in pools:
        cost, weight = _unit_cost(problem, pool, classes), problem.weight[:, pool.commodity]
        counted = np.isfinite(cost) & (weight > 0)
        if counted.any():
            penalty = max(penalty, 10.0 * float((cost[counted] / weight[counted]).max()))
    return penalty


def _unit_cost(
    problem: DispatchProblem,
    pool: Pool,
    classes: tuple[VehicleClass, ...],
    price: TimePrice | None = None,
) -> FloatArray:
    """Least cost of bringing one unit to each point; infinite where no vehicle comes in time."""
    depot, kg, m3 = problem.depots[pool.depot], problem.kg[pool.commodity], problem.m3[pool.commodity]
    best = np.full(len(problem.points), np.inf)
    for group in classes:
        if depot.dock_kg_per_s <= 0 or kg > group.payload_kg or m3 > group.volume_m3:
            continue
        out, length = group.out_s[pool.depot], group.straight_m[pool.depot]
        start = max(float(group.start_s[pool.depot]), pool.ready_s, problem.start_s)
        there = (start + out <= problem.deadline_s) & np.isfinite(group.back_s) & (length <= group.range_m)
        driving = np.where(there, out + group.back_s + problem.stop_service_s, 0.0)
        handling = kg / depot.dock_kg_per_s + kg / problem.unload_kg_per_s
        seconds = kg / group.payload_kg * driving + handling
        cost = kg / group.payload_kg * length * group.cost_per_m + seconds * group.cost_per_s
        if price is not None:
            loading = group.least_payload_kg * kg / depot.dock_kg_per_s
            unloading = group.least_payload_kg * kg / problem.unload_kg_per_s
            whole = price.per_kg_s * (kg * driving + loading + unloading)
            last = price.per_kg_s * (kg * np.where(there, out, 0.0) + loading) + price.last_kg * kg
            cost = cost + np.minimum(whole, last)
        best = np.where(there, np.minimum(best, cost), best)
    return best
