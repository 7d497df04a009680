"""`VehicleClass`: vehicles treated as one in the relaxation, by their most favourable member."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.dispatch.bound.pools import stock_pools
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.scenario import VehicleType
from depotopt.units import HOUR_S, KM_M, FloatArray, Int64Array, great_circle_m

FINE_VARIABLES: Final = 16_000
"""Flows up to which vehicles of a type are told apart by where they stand, or at least by what they reach."""
CLASS_VARIABLES: Final = 40_000
"""Flows up to which every vehicle type is told apart; above, one class stands for all."""


@dataclass(frozen=True, slots=True)
class VehicleClass:
    """Vehicles treated as one in the relaxation.

    Attributes
    ----------
    vehicles
        Members.
    out_s, back_s
        Seconds from each depot to each point, shape ``(D, I)``, and from each point to the nearest end.
    straight_m
        From each depot over each point to the nearest end as the crow flies, shape ``(D, I)``.
    start_s
        When the first member could start loading at each depot, shape ``(D,)``.
    payload_kg, least_payload_kg, volume_m3
        Largest and smallest payload, largest volume of the members.
    load_kg, load_m3
        Payloads and volumes of all members added up.
    work_kg_s, work_m3_s
        Payload (volume) times the seconds until the last deadline, over all members.
    duty_kg_s
        Payload times the longest duty, over all members; infinite where a member has no limit.
    cost_per_m, cost_per_s, cost_per_use
        Cheapest of the members.
    range_m
        Longest of the members.
    duty_s
        Longest time any member can be busy.
    """

    vehicles: tuple[int, ...]
    out_s: FloatArray
    back_s: FloatArray
    straight_m: FloatArray
    start_s: FloatArray
    payload_kg: float
    least_payload_kg: float
    volume_m3: float
    load_kg: float
    load_m3: float
    work_kg_s: float
    work_m3_s: float
    duty_kg_s: float
    cost_per_m: float
    cost_per_s: float
    cost_per_use: float
    range_m: float
    duty_s: float


def vehicle_classes(problem: DispatchProblem) -> tuple[VehicleClass, ...]:
    """Vehicles by type, finer or coarser as the size of the relaxation allows.

    The finest grouping that stays within the limits is taken: by type and where a vehicle stands and lives,
    by type and which depots it reaches, by type, all in one. What a truck beyond a lost bridge can do is
    then not lent to those on this side.
    """
    flows = len(stock_pools(problem)) * len(problem.points)
    depots = np.array([depot.place for depot in problem.depots], dtype=np.int64)

    def reached(v: int) -> tuple[bool, ...]:
        vehicle = problem.vehicles[v]
        seconds = problem.travel[vehicle.travel].seconds[vehicle.stands, depots]
        return tuple(np.isfinite(seconds).tolist())

    keys: tuple[tuple[Callable[[int], Hashable], int], ...] = (
        (lambda v: (problem.vehicles[v].stands, problem.vehicles[v].home), FINE_VARIABLES),
        (reached, FINE_VARIABLES),
        (lambda v: None, CLASS_VARIABLES),
    )
    groups: list[list[int]] = []
    for key, most in keys:
        by_key: dict[Hashable, list[int]] = {}
        for v, vehicle in enumerate(problem.vehicles):
            by_key.setdefault((vehicle.kind.ident, key(v)), []).append(v)
        groups = list(by_key.values())
        if len(groups) * flows <= most:
            break
    else:
        groups = [list(range(len(problem.vehicles)))]
    return tuple(_class(problem, group) for group in groups if group)


def _class(problem: DispatchProblem, members: list[int]) -> VehicleClass:
    vehicles = [problem.vehicles[v] for v in members]
    kinds = [vehicle.kind for vehicle in vehicles]
    depots = np.array([depot.place for depot in problem.depots], dtype=np.int64)
    ready = np.array([depot.ready_s for depot in problem.depots])
    homes = np.unique([vehicle.home for vehicle in vehicles])
    ends = np.union1d(depots, homes)
    matrices = [problem.travel[travel].seconds for travel in sorted({vehicle.travel for vehicle in vehicles})]
    out_s = np.min([seconds[np.ix_(depots, problem.points)] for seconds in matrices], axis=0)
    back_s = np.min([seconds[np.ix_(problem.points, ends)].min(axis=1) for seconds in matrices], axis=0)
    latest = float(problem.deadline_s.max(initial=0.0))
    start = np.full(len(depots), np.inf)
    work_kg = work_m3 = duty_kg = 0.0
    for vehicle in vehicles:
        arrive = vehicle.free_s + problem.travel[vehicle.travel].seconds[vehicle.stands, depots]
        opens = np.maximum(arrive, ready)
        start = np.minimum(start, opens)
        # Until its last arrival a vehicle has no more than this; what comes after has no deadline.
        seconds = max(0.0, latest - float(opens.min(initial=np.inf)))
        seconds = min(seconds, vehicle.kind.max_hours_s)
        work_kg += vehicle.kind.payload_kg * seconds
        work_m3 += vehicle.kind.volume_m3 * seconds
        duty_kg += vehicle.kind.payload_kg * vehicle.kind.max_hours_s
    reached = np.isfinite(out_s).any(axis=0) & np.isfinite(back_s)
    tail = float(back_s[reached].max(initial=0.0))
    busy = [min(kind.max_hours_s, latest + tail + _unloading_s(problem, kind)) for kind in kinds]
    return VehicleClass(
        vehicles=tuple(members),
        out_s=out_s,
        back_s=back_s,
        straight_m=_straight_m(problem, depots, problem.points)
        + _straight_m(problem, problem.points, ends).min(axis=1)[None, :],
        start_s=start,
        payload_kg=max(kind.payload_kg for kind in kinds),
        least_payload_kg=min(kind.payload_kg for kind in kinds),
        volume_m3=max(kind.volume_m3 for kind in kinds),
        load_kg=sum(kind.payload_kg for kind in kinds),
        load_m3=sum(kind.volume_m3 for kind in kinds),
        work_kg_s=work_kg,
        work_m3_s=work_m3,
        duty_kg_s=duty_kg,
        cost_per_m=min(kind.cost_per_km for kind in kinds) / KM_M,
        cost_per_s=min(kind.cost_per_h for kind in kinds) / HOUR_S,
        cost_per_use=min(kind.cost_per_use + kind.compensation for kind in kinds),
        range_m=max(kind.range_m for kind in kinds),
        duty_s=max(busy),
    )


def _straight_m(problem: DispatchProblem, a: Int64Array, b: Int64Array) -> FloatArray:
    return great_circle_m(
        problem.lon[a][:, None], problem.lat[a][:, None], problem.lon[b][None, :], problem.lat[b][None, :]
    )


def _unloading_s(problem: DispatchProblem, kind: VehicleType) -> float:
    return problem.stop_service_s + kind.payload_kg / problem.unload_kg_per_s
