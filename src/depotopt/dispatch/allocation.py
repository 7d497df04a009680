"""Allocation of stock to need as a flow relaxation: direction for the search, and a proved bound."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.dispatch.linear import LinearProgram, solve_linear
from depotopt.dispatch.problem import DispatchProblem
from depotopt.scenario import VehicleType
from depotopt.units import HOUR_S, KM_M, FloatArray, Int64Array, great_circle_m

CLASS_VARIABLES: Final = 150_000
"""Flows up to which every vehicle type is told apart; above, one class stands for all."""
DOCK_STEPS: Final = 4
"""Moments at which the work of a depot's docks is bounded."""


@dataclass(frozen=True, slots=True)
class Pool:
    """Lots of one depot and commodity that can be loaded from the same moment."""

    depot: int
    commodity: int
    ready_s: float
    units: int


@dataclass(frozen=True, slots=True)
class VehicleClass:
    """Vehicles treated as one in the relaxation, by their most favourable member.

    Attributes
    ----------
    vehicles
        Members.
    out_s, back_s
        Seconds from each depot to each point, shape ``(D, I)``, and from each point to the nearest end.
    start_s
        When the first member could start loading at each depot, shape ``(D,)``.
    payload_kg, volume_m3
        Largest of the members.
    work_kg_s, work_m3_s
        Payload times duty of all members.
    cost_per_m, cost_per_s, cost_per_use
        Cheapest of the members.
    range_m
        Longest of the members.
    duty_s
        Longest of the members.
    """

    vehicles: tuple[int, ...]
    out_s: FloatArray
    back_s: FloatArray
    start_s: FloatArray
    payload_kg: float
    least_payload_kg: float
    volume_m3: float
    work_kg_s: float
    work_m3_s: float
    cost_per_m: float
    cost_per_s: float
    cost_per_use: float
    range_m: float
    duty_s: float


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
        Proved lower bound on weighted unmet person-days alone.
    """

    pools: tuple[Pool, ...]
    units: Int64Array
    work_s: FloatArray
    classes: tuple[VehicleClass, ...]
    bound: float
    bound_unmet: float


def stock_pools(problem: DispatchProblem) -> tuple[Pool, ...]:
    """Usable stock by depot, commodity and moment, sorted."""
    units: dict[tuple[int, int, float], int] = {}
    for lot in problem.lots:
        key = (lot.depot, lot.commodity, lot.ready_s)
        units[key] = units.get(key, 0) + lot.units
    return tuple(Pool(*key, units=units[key]) for key in sorted(units))


def vehicle_classes(problem: DispatchProblem) -> tuple[VehicleClass, ...]:
    """Vehicles by type, or all in one class where that would make the relaxation too large."""
    by_kind: dict[str, list[int]] = {}
    for v, vehicle in enumerate(problem.vehicles):
        by_kind.setdefault(vehicle.kind.ident, []).append(v)
    flows = len(by_kind) * len(stock_pools(problem)) * len(problem.points)
    groups = list(by_kind.values()) if flows <= CLASS_VARIABLES else [list(range(len(problem.vehicles)))]
    return tuple(_class(problem, group) for group in groups if group)


def _class(problem: DispatchProblem, members: list[int]) -> VehicleClass:
    depots = np.array([depot.place for depot in problem.depots], dtype=np.int64)
    ready = np.array([depot.ready_s for depot in problem.depots])
    profiles = sorted({problem.vehicles[v].travel for v in members})
    outs, backs = [], []
    for travel in profiles:
        seconds = problem.travel[travel].seconds
        homes = sorted({problem.vehicles[v].home for v in members if problem.vehicles[v].travel == travel})
        outs.append(seconds[np.ix_(depots, problem.points)])
        backs.append(seconds[np.ix_(problem.points, np.union1d(depots, homes))].min(axis=1))
    out_s, back_s = np.min(outs, axis=0), np.min(backs, axis=0)
    start = np.full(len(depots), np.inf)
    latest = float(problem.deadline_s.max(initial=0.0))
    work_kg = work_m3 = 0.0
    reached = np.isfinite(out_s).any(axis=0) & np.isfinite(back_s)
    tail = float(back_s[reached].max(initial=0.0))
    for v in members:
        vehicle = problem.vehicles[v]
        arrive = vehicle.free_s + problem.travel[vehicle.travel].seconds[vehicle.stands, depots]
        start = np.minimum(start, np.maximum(arrive, ready))
        unloading = _unloading_s(problem, vehicle.kind)
        # Only arrivals have a deadline: the last unloading and way back may lie behind it.
        duty = min(vehicle.kind.max_hours_s, max(0.0, latest - vehicle.free_s + tail + unloading))
        work_kg += vehicle.kind.payload_kg * duty
        work_m3 += vehicle.kind.volume_m3 * duty
    kinds = [problem.vehicles[v].kind for v in members]
    return VehicleClass(
        vehicles=tuple(members),
        out_s=out_s,
        back_s=back_s,
        start_s=start,
        payload_kg=max(kind.payload_kg for kind in kinds),
        least_payload_kg=min(kind.payload_kg for kind in kinds),
        volume_m3=max(kind.volume_m3 for kind in kinds),
        work_kg_s=work_kg,
        work_m3_s=work_m3,
        cost_per_m=min(kind.cost_per_km for kind in kinds) / KM_M,
        cost_per_s=min(kind.cost_per_h for kind in kinds) / HOUR_S,
        cost_per_use=min(kind.cost_per_use + kind.compensation for kind in kinds),
        range_m=max(kind.range_m for kind in kinds),
        duty_s=max(min(kind.max_hours_s, latest + tail + _unloading_s(problem, kind)) for kind in kinds),
    )


def _unloading_s(problem: DispatchProblem, kind: VehicleType) -> float:
    return problem.stop_service_s + kind.payload_kg / problem.unload_kg_per_s


@dataclass(frozen=True, slots=True)
class _Flows:
    """Variables of the relaxation, one per class, pool and point that can meet in time."""

    group: Int64Array
    pool: Int64Array
    point: Int64Array
    work_kg: FloatArray
    work_m3: FloatArray
    cost: FloatArray


def allocate(problem: DispatchProblem, time_s: float = 60.0) -> Allocation:
    """Solve the relaxation.

    Sets
        C vehicle classes, P pools (depot d, commodity k), I points
    Variables
        x[c,p,i] >= 0 units sent
    Model
        min  unmet_penalty * sum weight[i,k] (need[i,k] - sum_c,p x) + sum cost[c,p,i] x
        s.t. sum_c,p x <= need[i,k];  sum_c,i x <= units[p]
             sum x * (kg (out + back + service) + payload * (loading + unloading)) <= payload * duty per class
             the same with volume;  kg loaded at d for points with latest loading end <= tau is at most
             the work its docks do until tau.

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
    flows = _flows(problem, pools, classes)
    served_weight = (
        problem.weight[flows.point, [pools[p].commodity for p in flows.pool]]
        if len(flows.pool)
        else (np.zeros(0))
    )
    all_unmet = float((problem.weight * problem.need).sum())
    rows = _rows(problem, pools, classes, flows)
    upper = np.full(len(flows.pool), np.inf)

    def solve(cost: FloatArray) -> tuple[FloatArray, float]:
        program = LinearProgram(cost, upper, *rows)
        answer = solve_linear(program, "GLOP", time_s)
        values = np.zeros(len(cost)) if answer.values is None else answer.values
        # Without a proof the trivial bound holds: everything served for nothing.
        proved = answer.bound if answer.bound is not None else float(-(served_weight.sum() * np.inf))
        return values, proved

    _, least = solve(-served_weight)
    bound_unmet = max(0.0, all_unmet + least) if np.isfinite(least) else 0.0
    direction = _lexicographic_penalty(problem, served_weight, flows.cost)
    values, value = solve(flows.cost - direction * served_weight)
    if direction == problem.unmet_penalty:
        total = value
    else:
        _, total = solve(flows.cost - problem.unmet_penalty * served_weight)
    bound = problem.unmet_penalty * all_unmet + total
    bound = max(bound, problem.unmet_penalty * bound_unmet) if np.isfinite(bound) else 0.0
    work = np.zeros((len(classes), len(problem.depots)))
    depot_of = np.array([pool.depot for pool in pools], dtype=np.int64)
    if len(values):
        seconds = values * flows.work_kg / np.array([cl.payload_kg for cl in classes])[flows.group]
        np.add.at(work, (flows.group, depot_of[flows.pool]), seconds)
    summed = np.zeros((len(pools), len(problem.points)))
    np.add.at(summed, (flows.pool, flows.point), values)
    return Allocation(pools, _whole(problem, pools, summed), work, classes, max(bound, 0.0), bound_unmet)


def _lexicographic_penalty(problem: DispatchProblem, weight: FloatArray, cost: FloatArray) -> float:
    """A penalty at which serving one unit is worth more than any way of bringing it costs."""
    counted = weight > 0
    if not counted.any():
        return problem.unmet_penalty
    needed = 10.0 * float((cost[counted] / weight[counted]).max())
    return max(problem.unmet_penalty, needed)


def _flows(problem: DispatchProblem, pools: tuple[Pool, ...], classes: tuple[VehicleClass, ...]) -> _Flows:
    straight = great_circle_m(
        problem.lon[[d.place for d in problem.depots]][:, None],
        problem.lat[[d.place for d in problem.depots]][:, None],
        problem.lon[problem.points][None, :],
        problem.lat[problem.points][None, :],
    )
    nearest = straight.min(axis=0) if len(straight) else np.full(len(problem.points), np.inf)
    parts: list[tuple[Int64Array, ...]] = []
    values: list[tuple[FloatArray, ...]] = []
    for c, group in enumerate(classes):
        for p, pool in enumerate(pools):
            depot, kg, m3 = problem.depots[pool.depot], problem.kg[pool.commodity], problem.m3[pool.commodity]
            out = group.out_s[pool.depot]
            start = max(float(group.start_s[pool.depot]), pool.ready_s, problem.start_s)
            length = straight[pool.depot] + nearest
            there = np.isfinite(out) & np.isfinite(group.back_s) & (start + out <= problem.deadline_s)
            there &= (length <= group.range_m) & (problem.need[:, pool.commodity] > 0)
            there &= (depot.dock_kg_per_s > 0) & (kg <= group.payload_kg) & (m3 <= group.volume_m3)
            points = np.flatnonzero(there)
            driving = out[points] + group.back_s[points] + problem.stop_service_s
            handling = kg * (1 / depot.dock_kg_per_s if depot.dock_kg_per_s > 0 else 0.0) + (
                kg / problem.unload_kg_per_s
            )
            work_kg = kg * driving + group.least_payload_kg * handling
            work_m3 = m3 * driving
            seconds = kg / group.payload_kg * driving + handling
            cost = kg / group.payload_kg * length[points] * group.cost_per_m + seconds * group.cost_per_s
            if np.isfinite(group.duty_s) and group.duty_s > 0:
                cost = cost + seconds / group.duty_s * group.cost_per_use
            parts.append((np.full(len(points), c), np.full(len(points), p), points))
            values.append((work_kg, work_m3, cost))
    if not parts:
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        return _Flows(none, none, none, nothing, nothing, nothing)
    group_of, pool_of, point_of = (np.concatenate(column) for column in zip(*parts, strict=True))
    work_kg, work_m3, cost = (np.concatenate(column) for column in zip(*values, strict=True))
    return _Flows(group_of, pool_of, point_of, work_kg, work_m3, cost)


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
    depot = np.array([pool.depot for pool in pools], dtype=np.int64)
    entries = [
        (flows.point * kinds + commodity[flows.pool], columns, np.ones(count)),
        (problem.need.size + flows.pool, columns, np.ones(count)),
    ]
    high = [*problem.need.ravel().astype(float), *(float(pool.units) for pool in pools)]
    entries.append((len(high) + flows.group, columns, flows.work_kg))
    high += [group.work_kg_s for group in classes]
    entries.append((len(high) + flows.group, columns, flows.work_m3))
    high += [group.work_m3_s for group in classes]
    out = np.array([group.out_s for group in classes]) if classes else np.zeros((0, 0, 0))
    for d, place in enumerate(problem.depots):
        mine = np.flatnonzero(depot[flows.pool] == d)
        if not len(mine):
            continue
        ends = problem.deadline_s[flows.point[mine]] - out[flows.group[mine], d, flows.point[mine]]
        kg = problem.kg[commodity[flows.pool[mine]]]
        opens = max(place.ready_s, problem.start_s)
        for tau in np.unique(np.quantile(ends, np.linspace(1 / DOCK_STEPS, 1, DOCK_STEPS), method="higher")):
            early = mine[ends <= tau]
            entries.append((np.full(len(early), len(high)), early, kg[ends <= tau]))
            high.append(place.docks * place.dock_kg_per_s * max(0.0, float(tau) - opens))
    row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
    return row, column, value, np.full(len(high), -np.inf), np.array(high)


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
