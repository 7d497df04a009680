"""Flows of stock to need with vehicles that carry fractions of loads: the program all bounds begin with."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final

import numpy as np

from depotopt.dispatch.bound.pools import Pool
from depotopt.dispatch.bound.vehicle_classes import VehicleClass
from depotopt.dispatch.model.linear import LinearProgram
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.units import BoolArray, FloatArray, Int64Array

LEAST_LOAD: Final = 0.02
"""Share of the payload below which the time for loading limits a trip no further: tiny loads make the program
hard to solve and the bound no better."""
DOCK_STEPS: Final = 4
"""Moments at which the work of a depot's docks is bounded."""


@dataclass(frozen=True, slots=True)
class Flows:
    """Variables of the relaxation, one per class, pool, point and kind of trip that can meet in time."""

    group: Int64Array
    pool: Int64Array
    point: Int64Array
    last: BoolArray
    work_kg: FloatArray
    work_m3: FloatArray
    full_kg: FloatArray
    share: FloatArray
    cost: FloatArray


def relaxation(
    problem: DispatchProblem, pools: tuple[Pool, ...], classes: tuple[VehicleClass, ...]
) -> tuple[Flows, FloatArray, LinearProgram]:
    """Flows of the relaxation, what serving by each saves in weighted person-days per unit, and its program.

    The program's optimum plus ``unmet_penalty`` times all weighted need is a bound on every plan's value.
    """
    flows = _flows(problem, pools, classes)
    commodity = np.array([pool.commodity for pool in pools], dtype=np.int64)
    weight = problem.weight[flows.point, commodity[flows.pool]] if len(flows.pool) else np.zeros(0)
    cost = flows.cost - problem.unmet_penalty * weight
    rows = _rows(problem, pools, classes, flows)
    return flows, weight, LinearProgram(cost, np.full(len(cost), np.inf), *rows)


def _flows(problem: DispatchProblem, pools: tuple[Pool, ...], classes: tuple[VehicleClass, ...]) -> Flows:
    parts: list[Flows] = []
    latest = float(problem.deadline_s.max(initial=0.0))
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
            loading, unloading = kg / depot.dock_kg_per_s, kg / problem.unload_kg_per_s
            # Everything on board is loaded before the first stop, so a late departure means a small load.
            spare = problem.deadline_s[points] - start - out[points]
            most = np.maximum(depot.dock_kg_per_s * spare, max(kg, LEAST_LOAD * group.payload_kg))
            fuller = np.maximum(1.0, group.least_payload_kg / most)
            driving = out[points] + group.back_s[points] + problem.stop_service_s
            full = kg * fuller * driving + group.least_payload_kg * (loading + unloading)
            share = np.maximum(kg / group.payload_kg, kg / most)
            seconds = share * driving + loading + unloading
            cost = share * length[points] * group.cost_per_m + seconds * group.cost_per_s
            if np.isfinite(group.duty_s) and group.duty_s > 0:
                cost = cost + seconds / group.duty_s * group.cost_per_use
            for last in (False, True):
                # After a trip that is not the last one there is time for another arrival.
                meant = np.flatnonzero(np.full(len(points), last) | (start + driving <= latest))
                alone = kg * fuller * out[points] + group.least_payload_kg * loading
                parts.append(
                    Flows(
                        group=np.full(len(meant), c),
                        pool=np.full(len(meant), p),
                        point=points[meant],
                        last=np.full(len(meant), last),
                        work_kg=(alone if last else full)[meant],
                        work_m3=m3 * (out[points] if last else driving)[meant],
                        full_kg=full[meant],
                        share=share[meant],
                        cost=cost[meant],
                    )
                )
    if not parts:
        none, nothing = np.zeros(0, dtype=np.int64), np.zeros(0)
        return Flows(
            none, none, none, np.zeros(0, dtype=np.bool_), nothing, nothing, nothing, nothing, nothing
        )
    return Flows(*(np.concatenate([getattr(part, item.name) for part in parts]) for item in fields(Flows)))


def _rows(
    problem: DispatchProblem,
    pools: tuple[Pool, ...],
    classes: tuple[VehicleClass, ...],
    flows: Flows,
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
        (np.where(flows.last, flows.share, 0.0), [float(len(group.vehicles)) for group in classes]),
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
    flows: Flows,
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
