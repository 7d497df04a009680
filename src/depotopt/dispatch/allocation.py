"""Allocation of stock to need as a flow relaxation: direction for the search, and a proved bound."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from depotopt.dispatch.linear import LinearAnswer, LinearProgram, solve_linear
from depotopt.dispatch.pools import Pool, stock_pools
from depotopt.dispatch.problem import DispatchProblem
from depotopt.dispatch.transport import serving_penalty, transport_flows
from depotopt.dispatch.vehicle_classes import VehicleClass, vehicle_classes
from depotopt.units import BoolArray, FloatArray, Int64Array

UNMET_FLOWS: Final = 20_000
"""Flows up to which unmet need is bounded by itself, too."""
MOST_FLOWS: Final = 40_000
"""Flows up to which the linear program is solved; above, commodities are allocated one by one."""
DOCK_STEPS: Final = 4
"""Moments at which the work of a depot's docks is bounded."""


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


@dataclass(frozen=True, slots=True)
class _Flows:
    """Variables of the relaxation, one per class, pool, point and kind of trip that can meet in time."""

    group: Int64Array
    pool: Int64Array
    point: Int64Array
    last: BoolArray
    work_kg: FloatArray
    work_m3: FloatArray
    full_kg: FloatArray
    cost: FloatArray


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
             the same with volume;  sum kg z <= sum payload;  everything driven within the hours of duty;
             kg loaded at d for points with latest loading end <= tau is at most what its docks do until tau.

    Every trip with load share ``q / payload`` for point i lasts at least ``out + back`` for the farthest of
    its points, so charging the share of every point by itself never charges more than the trip takes
    (travel times obey the triangle inequality; lengths are charged as the crow flies, the same way). So the
    optimum bounds every plan from below.

    Parameters
    ----------
    problem
        What is to be delivered.
    time_s
        Limit for the linear program.
    """
    pools, classes = stock_pools(problem), vehicle_classes(problem)
    if len(pools) * len(problem.points) * len(classes) > MOST_FLOWS:
        return _by_commodity(problem, pools, classes)
    flows = _flows(problem, pools, classes)
    served_weight = (
        problem.weight[flows.point, [pools[p].commodity for p in flows.pool]]
        if len(flows.pool)
        else (np.zeros(0))
    )
    all_unmet = float((problem.weight * problem.need).sum())
    rows = _rows(problem, pools, classes, flows)
    upper = np.full(len(flows.pool), np.inf)

    def solve(cost: FloatArray) -> LinearAnswer:
        return solve_linear(LinearProgram(cost, upper, *rows), "GLOP", time_s / 3)

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
    work = np.zeros((len(classes), len(problem.depots)))
    depot_of = np.array([pool.depot for pool in pools], dtype=np.int64)
    if len(values):
        seconds = values * flows.work_kg / np.array([cl.payload_kg for cl in classes])[flows.group]
        np.add.at(work, (flows.group, depot_of[flows.pool]), seconds)
    summed = np.zeros((len(pools), len(problem.points)))
    np.add.at(summed, (flows.pool, flows.point), values)
    return Allocation(pools, _whole(problem, pools, summed), work, classes, max(bound, 0.0), bound_unmet)


def _by_commodity(
    problem: DispatchProblem, pools: tuple[Pool, ...], classes: tuple[VehicleClass, ...]
) -> Allocation:
    """The relaxation without vehicles and docks, for problems too large for the linear program."""
    penalty = serving_penalty(problem, pools, classes)
    units, bound = transport_flows(problem, pools, classes, penalty)
    if penalty != problem.unmet_penalty:
        _, bound = transport_flows(problem, pools, classes, problem.unmet_penalty)
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


def _flows(problem: DispatchProblem, pools: tuple[Pool, ...], classes: tuple[VehicleClass, ...]) -> _Flows:
    parts: list[_Flows] = []
    for c, group in enumerate(classes):
        for p, pool in enumerate(pools):
            depot, kg, m3 = problem.depots[pool.depot], problem.kg[pool.commodity], problem.m3[pool.commodity]
            if depot.dock_kg_per_s <= 0 or kg > group.payload_kg or m3 > group.volume_m3:
                continue
            out, length = group.out_s[pool.depot], group.straight_m[pool.depot]
            start = max(float(group.start_s[pool.depot]), pool.ready_s, problem.start_s)
            there = np.isfinite(out) & np.isfinite(group.back_s) & (start + out <= problem.deadline_s)
            there &= (length <= group.range_m) & (problem.need[:, pool.commodity] > 0)
            points = np.flatnonzero(there)
            driving = out[points] + group.back_s[points] + problem.stop_service_s
            loading, unloading = kg / depot.dock_kg_per_s, kg / problem.unload_kg_per_s
            full = kg * driving + group.least_payload_kg * (loading + unloading)
            seconds = kg / group.payload_kg * driving + loading + unloading
            cost = kg / group.payload_kg * length[points] * group.cost_per_m + seconds * group.cost_per_s
            if np.isfinite(group.duty_s) and group.duty_s > 0:
                cost = cost + seconds / group.duty_s * group.cost_per_use
            for last in (False, True):
                parts.append(
                    _Flows(
                        group=np.full(len(points), c),
                        pool=np.full(len(points), p),
                        point=points,
                        last=np.full(len(points), last),
                        work_kg=kg * out[points] + group.least_payload_kg * loading if last else full,
                        work_m3=m3 * out[points] if last else m3 * driving,
                        full_kg=full,
                        cost=cost,
                    )
                )
    if not parts:
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        return _Flows(none, none, none, np.zeros(0, dtype=np.bool_), nothing, nothing, nothing, nothing)
    return _Flows(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(_Flows)))


def _rows(
    problem: DispatchProblem,
    pools: tuple[Pool, ...],
    classes: tuple[VehicleClass, ...],
    flows: _Flows,
) -> tuple[Int64Array, Int64Array, FloatArray, FloatArray, FloatArray]:
    """Entries, lower and upper sides of the constraints."""
    count = len(flows.pool)
    columns = np.arange(count)
    kinds = problem.need.shape[1]
    commodity = np.array([pool.commodity for pool in pools], dtype=np.int64)
    entries = [
        (flows.point * kinds + commodity[flows.pool], columns, np.ones(count)),
        (problem.need.size + flows.pool, columns, np.ones(count)),
    ]
    high = [*problem.need.ravel().astype(float), *(float(pool.units) for pool in pools)]
    kg, m3 = problem.kg[commodity[flows.pool]], problem.m3[commodity[flows.pool]]
    for value, limits in (
        (flows.work_kg, [group.work_kg_s for group in classes]),
        (flows.work_m3, [group.work_m3_s for group in classes]),
        (flows.full_kg, [group.duty_kg_s for group in classes]),
        (np.where(flows.last, kg, 0.0), [group.load_kg for group in classes]),
        (np.where(flows.last, m3, 0.0), [group.load_m3 for group in classes]),
    ):
        entries.append((len(high) + flows.group, columns, value))
        high += limits
    for terms, limit in _dock_rows(problem, pools, classes, flows):
        entries.append((np.full(len(terms), len(high)), terms, kg[terms]))
        high.append(limit)
    row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
    return row, column, value, np.full(len(high), -np.inf), np.array(high)


def _dock_rows(
    problem: DispatchProblem,
    pools: tuple[Pool, ...],
    classes: tuple[VehicleClass, ...],
    flows: _Flows,
) -> list[tuple[Int64Array, float]]:
    """Flows that must be loaded at a depot by some moment, and the kilograms its docks load until then."""
    depot = np.array([pool.depot for pool in pools], dtype=np.int64)
    out = np.array([group.out_s for group in classes])
    rows: list[tuple[Int64Array, float]] = []
    for d, place in enumerate(problem.depots):
        mine = np.flatnonzero(depot[flows.pool] == d) if len(flows.pool) else flows.pool
        if not len(mine):
            continue
        ends = problem.deadline_s[flows.point[mine]] - out[flows.group[mine], d, flows.point[mine]]
        opens = [max(free, place.ready_s, problem.start_s) for free in place.dock_queue()]
        for tau in np.unique(np.quantile(ends, np.linspace(1 / DOCK_STEPS, 1, DOCK_STEPS), method="higher")):
            seconds = sum(max(0.0, float(tau) - free) for free in opens)
            rows.append((mine[ends <= tau], place.dock_kg_per_s * seconds))
    return rows


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
