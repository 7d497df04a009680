"""Allocation of stock to need as a flow relaxation: direction for the search, and a proved bound."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.bound.pools import Pool, stock_pools
from depotopt.dispatch.bound.relaxation import relaxation
from depotopt.dispatch.bound.transport import best_time_price, serving_penalty, transport_flows
from depotopt.dispatch.bound.vehicle_classes import VehicleClass, vehicle_classes
from depotopt.dispatch.bound.whole_trips import whole_trip_bound
from depotopt.dispatch.model.linear import LinearAnswer, solve_linear
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.units import FloatArray, Int64Array

UNMET_FLOWS: Final = 20_000
"""Flows up to which unmet need is bounded by itself, too."""
MOST_FLOWS: Final = 40_000
"""Flows up to which the linear program is solved; above, commodities are allocated one by one."""


@dataclass(frozen=True)
class Allocation:
    """Units sent from pools to points in the relaxation.

    Attributes
    ----------
    pools
        Stock by depot, commodity and moment.
    units
        Whole units per pool and point, shape ``(pools, I)``.
    work_s
        Seconds of driving per vehicle class and depot, shape ``(classes, D)``: where vehicles are wanted.
    classes
        Vehicle classes.
    bound
        Proved lower bound on ``unmet_penalty * weighted unmet + cost`` of any plan.
    bound_unmet
        Proved lower bound on weighted unmet person-days alone; 0 where it was not asked for.
    """

    pools: tuple[Pool, ...]
    units: Int64Array
    work_s: FloatArray
    classes: tuple[VehicleClass, ...]
    bound: float
    bound_unmet: float


def allocate(problem: DispatchProblem, time_s: float = 60.0) -> Allocation:
    """Solve the relaxation.

    Sets
        C vehicle classes, P pools (depot d, commodity k), I points
    Variables
        x[c,p,i], z[c,p,i] >= 0 units sent on ordinary trips and on the last trip of a vehicle
    Model
        min  unmet_penalty * sum weight[i,k] (need[i,k] - sum_c,p (x + z)) + sum cost[c,p,i] (x + z)
        s.t. sum_c,p (x + z) <= need[i,k];  sum_c,i (x + z) <= units[p]
             per class: sum x (kg (out + back + service) + payload (loading + unloading))
                        + sum z (kg out + payload loading) <= sum payload * time until the last deadline,
             the same with volume;  sum kg z <= sum payload;  sum kg / most[i] z <= number of vehicles,
             most[i] the payload or what can be loaded and still arrive in time;
             everything driven within the hours of duty;
             kg loaded at d for points with latest loading end <= tau is at most what its docks do until tau.

    Every trip with load share ``q / payload`` (or ``q / most[i]``) for point i lasts at least ``out + back``
    for the farthest of its points, so charging the share of every point by itself never charges more than
    the trip takes (travel times obey the triangle inequality; lengths are charged as the crow flies, the
    same way). So the optimum bounds every plan from below. `depotopt.dispatch.bound.whole_trips` adds that
    trips are whole.

    Parameters
    ----------
    problem
        What is to be delivered.
    time_s
        Limit for the linear program.
    """
    problem = _all_open(problem)
    pools, classes = stock_pools(problem), vehicle_classes(problem)
    if len(pools) * len(problem.points) * len(classes) > MOST_FLOWS:
        return _by_commodity(problem, pools, classes)
    flows, served_weight, program = relaxation(problem, pools, classes)
    all_unmet = float((problem.weight * problem.need).sum())

    def solve(cost: FloatArray) -> LinearAnswer:
        return solve_linear(replace(program, cost=cost), "GLOP", time_s / 4)

    direction = _lexicographic_penalty(problem, served_weight, flows.cost)
    answer = solve(flows.cost - direction * served_weight)
    if answer.values is None or answer.bound is None:
        return _by_commodity(problem, pools, classes)
    values, total = answer.values, answer.bound
    if direction != problem.unmet_penalty:
        priced = solve(flows.cost - problem.unmet_penalty * served_weight).bound
        total = -problem.unmet_penalty * all_unmet if priced is None else priced
    bound = problem.unmet_penalty * all_unmet + total
    bound_unmet = 0.0
    if len(flows.pool) <= UNMET_FLOWS:
        least = solve(-served_weight).bound
        bound_unmet = 0.0 if least is None else max(0.0, all_unmet + least)
        bound = max(bound, problem.unmet_penalty * bound_unmet)
    whole = whole_trip_bound(problem, (pools, classes), (flows, program), time_s / 2)
    bound = bound if whole is None else max(bound, whole)
    work = np.zeros((len(classes), len(problem.depots)))
    depot_of = np.array([pool.depot for pool in pools], dtype=np.int64)
    if len(values):
        seconds = values * flows.work_kg / np.array([cl.payload_kg for cl in classes])[flows.group]
        np.add.at(work, (flows.group, depot_of[flows.pool]), seconds)
    summed = np.zeros((len(pools), len(problem.points)))
    np.add.at(summed, (flows.pool, flows.point), values)
    return Allocation(pools, _whole(problem, pools, summed), work, classes, max(bound, 0.0), bound_unmet)


def _all_open(problem: DispatchProblem) -> DispatchProblem:
    """The problem with every road that opens open from the beginning: no plan is kept out by it."""
    if all(matrix.least_s is None for matrix in problem.travel):
        return problem
    travel = (
        matrix if matrix.least_s is None else replace(matrix, seconds=matrix.least_s, opens_s=None)
        for matrix in problem.travel
    )
    return replace(problem, travel=tuple(travel))


def _by_commodity(
    problem: DispatchProblem, pools: tuple[Pool, ...], classes: tuple[VehicleClass, ...]
) -> Allocation:
    """The relaxation without vehicles and docks, for problems too large for the linear program."""
    penalty = serving_penalty(problem, pools, classes)
    price = best_time_price(problem, pools, classes, penalty)
    units, bound = transport_flows(problem, pools, classes, penalty, price)
    if penalty != problem.unmet_penalty:
        price = best_time_price(problem, pools, classes, problem.unmet_penalty)
        _, bound = transport_flows(problem, pools, classes, problem.unmet_penalty, price)
    work = np.zeros((len(classes), len(problem.depots)))
    for p, pool in enumerate(pools):
        group = classes[0]
        seconds = np.where(np.isfinite(group.out_s[pool.depot]), group.out_s[pool.depot] + group.back_s, 0.0)
        load = units[p] * problem.kg[pool.commodity] / group.payload_kg
        work[:, pool.depot] += float((load * np.where(units[p] > 0, seconds, 0.0)).sum()) / len(classes)
    return Allocation(pools, units, work, classes, bound, 0.0)


def _lexicographic_penalty(problem: DispatchProblem, weight: FloatArray, cost: FloatArray) -> float:
    """A penalty at which serving one unit is worth more than any way of bringing it costs."""
    counted = weight > 0
    if not counted.any():
        return problem.unmet_penalty
    needed = 10.0 * float((cost[counted] / weight[counted]).max())
    return max(problem.unmet_penalty, needed)


def _whole(problem: DispatchProblem, pools: tuple[Pool, ...], flows: FloatArray) -> Int64Array:
    """Whole units near the relaxed flows, within stock and need."""
    units = np.floor(flows + 1e-6).astype(np.int64)
    commodity = [pool.commodity for pool in pools]
    left = np.array([pool.units for pool in pools]) - units.sum(axis=1)
    for k in range(problem.need.shape[1]):
        mine = [p for p in range(len(pools)) if commodity[p] == k]
        if not mine:
            continue
        # What rounding lost goes back to the pools that had the largest fractions.
        target = np.minimum(np.rint(flows[mine].sum(axis=0)).astype(np.int64), problem.need[:, k])
        for i in np.flatnonzero(target > units[mine].sum(axis=0)):
            lost = int(target[i] - units[mine, i].sum())
            for p in sorted(mine, key=lambda p: (units[p, i] - flows[p, i], p)):
                more = min(lost, int(left[p]))
                units[p, i] += more
                left[p] -= more
                lost -= more
                if not lost:
                    break
    return units
