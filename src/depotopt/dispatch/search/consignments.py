"""Consignments: allocated units cut into pieces one vehicle can carry, and routed depot by depot."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.dispatch.bound.allocation import Allocation
from depotopt.dispatch.model.draft import DraftTrip, Routes, make_trip
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.routing import (
    FOREVER,
    RoutingAnswer,
    RoutingBudget,
    RoutingEngine,
    RoutingGroup,
    RoutingJob,
    RoutingTask,
)
from depotopt.units import DS_PER_S, HOUR_S, KM_M, Int64Array

LOAD_SCALE: Final = 1_000
"""Integer load units per kilogram and per cubic metre."""
BASE_PRIZE: Final = 3.0
"""Prize of a job of middling worth, in round trips: enough to be made, not so much as to blind the engine."""


@dataclass(frozen=True, slots=True)
class Consignment:
    """Units for one point from one depot that travel together.

    Attributes
    ----------
    depot, point
        From where to where.
    units
        Pairs of pool and units.
    kg, m3, weight
        What they weigh, fill and are worth.
    ready_s
        When the last of them can be loaded.
    """

    depot: int
    point: int
    units: tuple[tuple[int, int], ...]
    kg: float
    m3: float
    weight: float
    ready_s: float


def consignments(
    problem: DispatchProblem, allocation: Allocation, stationed: tuple[int | None, ...]
) -> tuple[Consignment, ...]:
    """Cut the allocation into consignments: full loads first, what remains as one piece.

    Loads are cut for the largest vehicle stationed at the depot that reaches the point; what is worth most
    per kilogram goes first. Stock that needs activation travels apart, so that nothing waits for it.
    """
    pieces: list[Consignment] = []
    for d, depot in enumerate(problem.depots):
        fleet = [v for v, at in enumerate(stationed) if at == d]
        mine = [p for p, pool in enumerate(allocation.pools) if pool.depot == d]
        if not fleet or not mine:
            continue
        for i in np.flatnonzero(allocation.units[mine].sum(axis=0)):
            able = [
                v
                for v in fleet
                if problem.seconds(v, depot.place, int(problem.points[i])) < np.inf
                and 2 * problem.metres(v, depot.place, int(problem.points[i]))
                <= problem.vehicles[v].kind.range_m
            ]
            if not able:
                continue
            best = max(able, key=lambda v: (problem.vehicles[v].kind.payload_kg, -v))
            kind = problem.vehicles[best].kind
            for ready in sorted({allocation.pools[p].ready_s for p in mine}):
                left = {
                    p: int(allocation.units[p, i])
                    for p in mine
                    if allocation.pools[p].ready_s == ready and allocation.units[p, i] > 0
                }
                while left:
                    piece = _piece(
                        problem, allocation, d, int(i), left, kind.payload_kg, kind.volume_m3, ready
                    )
                    if piece is None:
                        break
                    pieces.append(piece)
    return tuple(pieces)


def _piece(
    problem: DispatchProblem,
    allocation: Allocation,
    depot: int,
    point: int,
    left: dict[int, int],
    payload_kg: float,
    volume_m3: float,
    ready_s: float,
) -> Consignment | None:
    """Take one load off ``left``; ``None`` where not even one unit fits."""

    def worth(p: int) -> tuple[float, int]:
        k = allocation.pools[p].commodity
        return (-float(problem.weight[point, k] / problem.kg[k]), p)

    taken: list[tuple[int, int]] = []
    kg = m3 = weight = 0.0
    for p in sorted(left, key=worth):
        k = allocation.pools[p].commodity
        fits = min(
            left[p],
            math.floor((payload_kg - kg) / problem.kg[k] + 1e-9),
            math.floor((volume_m3 - m3) / problem.m3[k] + 1e-9),
        )
        if fits <= 0:
            continue
        taken.append((p, fits))
        kg += fits * float(problem.kg[k])
        m3 += fits * float(problem.m3[k])
        weight += fits * float(problem.weight[point, k])
        left[p] -= fits
        if not left[p]:
            del left[p]
    if not taken:
        return None
    return Consignment(depot, point, tuple(taken), kg, m3, weight, ready_s)


def route_consignments(
    problem: DispatchProblem,
    allocation: Allocation,
    pieces: tuple[Consignment, ...],
    stationed: tuple[int | None, ...],
    engine: RoutingEngine,
    budget: RoutingBudget,
) -> Routes:
    """Route every depot's consignments with its vehicles and return the draft (times not yet exact).

    Parameters
    ----------
    budget
        Iterations per job; the time is shared over depots by their number of jobs.
    """
    routes: list[list[DraftTrip]] = [[] for _ in problem.vehicles]
    stock = problem.lot_units.copy()
    for d in range(len(problem.depots)):
        mine = [piece for piece in pieces if piece.depot == d]
        fleet = [v for v, at in enumerate(stationed) if at == d]
        if not mine or not fleet or budget.stopped():
            continue
        task, members = _task(problem, d, mine, fleet)
        share = RoutingBudget(
            iterations=budget.iterations * (10 + len(mine)),
            time_s=budget.time_s * len(mine) / len(pieces),
            seeds=budget.seeds,
            stopped=budget.stopped,
        )
        answer = engine.solve(task, share)
        _adopt(problem, allocation, d, mine, members, answer, routes, stock)
    return tuple(tuple(route) for route in routes)


def _task(
    problem: DispatchProblem, depot: int, mine: list[Consignment], fleet: list[int]
) -> tuple[RoutingTask, list[list[int]]]:
    """Routing task of one depot and the vehicles behind each of its groups."""
    place = problem.depots[depot]
    points = sorted({piece.point for piece in mine})
    local = {point: n + 1 for n, point in enumerate(points)}
    places = [place.place, *(int(problem.points[point]) for point in points)]
    # One matrix per profile and range: points out of range are out of reach.
    keys = sorted({(problem.vehicles[v].travel, problem.vehicles[v].kind.range_m) for v in fleet})
    durations, distances = [], []
    for travel, range_m in keys:
        matrix = problem.travel[travel]
        seconds, metres = matrix.seconds[np.ix_(places, places)], matrix.metres[np.ix_(places, places)]
        far = metres[0] + metres[:, 0] > range_m
        seconds = np.where(far[None, :], np.inf, seconds)
        durations.append(_integers(seconds * DS_PER_S))
        distances.append(_integers(metres))
    loading = {v: problem.vehicles[v].kind.payload_kg / place.dock_kg_per_s for v in fleet}
    shifts = _shifts(problem, depot, fleet, loading)
    merged: dict[tuple[str, int, int, int], list[int]] = {}
    for v in fleet:
        key = (problem.vehicles[v].kind.ident, problem.vehicles[v].stands, shifts[v][0], shifts[v][1])
        merged.setdefault(key, []).append(v)
    scale = _cost_scale(problem, fleet, durations, distances)
    groups, members = [], []
    for (_, _, earliest, longest), vehicles in sorted(merged.items()):
        v = vehicles[0]
        kind = problem.vehicles[v].kind
        approach_m = problem.metres(v, problem.vehicles[v].stands, place.place)
        fixed = kind.cost_per_use + kind.compensation + kind.cost_per_km * approach_m / KM_M
        groups.append(
            RoutingGroup(
                count=len(vehicles),
                start=0,
                end=0,
                capacity=(math.floor(kind.payload_kg * LOAD_SCALE), math.floor(kind.volume_m3 * LOAD_SCALE)),
                reloads=(0,),
                earliest=earliest,
                longest=longest,
                fixed_cost=round(fixed * scale),
                distance_cost=round(kind.cost_per_km / KM_M * scale),
                # At least one, so that of two equally cheap routes the quicker wins.
                duration_cost=max(1, round(kind.cost_per_h / HOUR_S / DS_PER_S * scale)),
                matrix=keys.index((problem.vehicles[v].travel, kind.range_m)),
                loading=round(loading[v] * DS_PER_S),
            )
        )
        members.append(vehicles)
    capacity = [max(group.capacity[n] for group in groups) for n in range(2)]
    prizes = _prizes(mine, groups, durations, distances)
    latest = {point: max(0, math.floor(problem.deadline_of[point] * DS_PER_S)) for point in points}
    opens = problem.earliest_of or [0.0] * len(problem.points)
    # What opens too late is dropped by the clock; engines want windows that end after they begin.
    first = {point: min(latest[point], math.ceil(opens[point] * DS_PER_S)) for point in points}
    jobs = tuple(
        RoutingJob(
            place=local[piece.point],
            load=(
                min(math.ceil(piece.kg * LOAD_SCALE), capacity[0]),
                min(math.ceil(piece.m3 * LOAD_SCALE), capacity[1]),
            ),
            service=math.ceil((problem.stop_service_s + piece.kg / problem.unload_kg_per_s) * DS_PER_S),
            earliest=first[piece.point],
            latest=latest[piece.point],
            release=math.ceil(piece.ready_s * DS_PER_S),
            prize=prize,
        )
        for piece, prize in zip(mine, prizes, strict=True)
    )
    return RoutingTask(tuple(durations), tuple(distances), jobs, tuple(groups)), members


def _integers(values: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> Int64Array:
    return np.where(np.isfinite(values), np.rint(np.minimum(values, FOREVER)), FOREVER).astype(np.int64)


def _shifts(
    problem: DispatchProblem, depot: int, fleet: list[int], loading: dict[int, float]
) -> dict[int, tuple[int, int]]:
    """Earliest loading and longest duty per vehicle: docks take them one after the other."""
    place = problem.depots[depot]
    arrive = {
        v: max(
            problem.vehicles[v].free_s + problem.seconds(v, problem.vehicles[v].stands, place.place),
            place.ready_s,
            problem.start_s,
        )
        for v in fleet
    }
    docks = place.dock_queue()
    shifts = {}
    for v in sorted(fleet, key=lambda v: (arrive[v], v)):
        dock = min(range(place.docks), key=lambda n: (docks[n], n))
        start = max(arrive[v], docks[dock])
        docks[dock] = start + loading[v]
        approach = problem.seconds(v, problem.vehicles[v].stands, place.place)
        longest = (problem.vehicles[v].kind.max_hours_s - approach) * DS_PER_S
        shifts[v] = (
            math.ceil(min(start * DS_PER_S, FOREVER - 1)),
            max(0, FOREVER if not np.isfinite(longest) else math.floor(longest)),
        )
    return shifts


def _cost_scale(
    problem: DispatchProblem, fleet: list[int], durations: list[Int64Array], distances: list[Int64Array]
) -> float:
    """Engine cost units per unit of money: a decisecond costs about ten, so rounding does not matter."""
    seconds = [float(m[m < FOREVER].mean()) / DS_PER_S for m in durations if (m < FOREVER).any()]
    metres = [float(m[m < FOREVER].mean()) for m in distances if (m < FOREVER).any()]
    mean_s, mean_m = max([1.0, *seconds]), max([1.0, *metres])
    kinds = [problem.vehicles[v].kind for v in fleet]
    leg = max(kind.cost_per_km / KM_M * mean_m + kind.cost_per_h / HOUR_S * mean_s for kind in kinds)
    return 100.0 * mean_s / leg if leg > 0 else 1.0


def _prizes(
    mine: list[Consignment],
    groups: list[RoutingGroup],
    durations: list[Int64Array],
    distances: list[Int64Array],
) -> list[int]:
    """Prizes in engine cost: by worth, between one and a hundred times the middle one."""
    typical = 1.0
    for group in groups:
        duration, distance = durations[group.matrix], distances[group.matrix]
        there = (duration[0] < FOREVER) & (distance[0] < FOREVER)
        if there.any():
            leg = duration[0][there] * group.duration_cost + distance[0][there] * group.distance_cost
            typical = max(typical, 2.0 * float(leg.max()) + group.fixed_cost)
    weights = np.array([piece.weight for piece in mine])
    middle = float(np.median(weights[weights > 0])) if (weights > 0).any() else 1.0
    ratio = np.clip(weights / middle, 1 / BASE_PRIZE, 100.0)
    return [int(BASE_PRIZE * typical * value) for value in ratio]


def _adopt(
    problem: DispatchProblem,
    allocation: Allocation,
    depot: int,
    mine: list[Consignment],
    members: list[list[int]],
    answer: RoutingAnswer,
    routes: list[list[DraftTrip]],
    stock: Int64Array,
) -> None:
    """Turn the engine's routes into trips of real vehicles; ``stock`` is drawn down."""
    free = [list(vehicles) for vehicles in members]
    for route in answer.routes:
        v = free[route.group].pop(0)
        for _, jobs in route.trips:
            stops: list[int] = []
            loads: list[dict[int, int]] = []
            for job in jobs:
                piece = mine[job]
                if not stops or stops[-1] != piece.point:
                    stops.append(piece.point)
                    loads.append({})
                for p, units in piece.units:
                    pool = allocation.pools[p]
                    for lot in problem.lots_of_depot[depot]:
                        held = problem.lots[lot]
                        if held.commodity == pool.commodity and held.ready_s == pool.ready_s and units:
                            taken = min(units, int(stock[lot]))
                            if taken:
                                loads[-1][lot] = loads[-1].get(lot, 0) + taken
                                stock[lot] -= taken
                                units -= taken
            routes[v].append(make_trip(problem, v, depot, stops, [load.items() for load in loads]))
