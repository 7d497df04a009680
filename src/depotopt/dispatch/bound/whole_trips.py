"""A bound that knows trips are whole: what every vehicle can do at most, by column generation."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.bound.pools import Pool
from depotopt.dispatch.bound.relaxation import Flows
from depotopt.dispatch.bound.vehicle_classes import VehicleClass
from depotopt.dispatch.model.linear import LinearProgram, solve_linear
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.units import FloatArray, Int64Array

LEVELS: Final = 6
"""Distances into which the points of a vehicle class are sorted."""
HORIZONS: Final = 3
"""Deadlines by which the trips are counted."""
RELEASES: Final = 2
"""Moments of activation or readiness after which the trips are counted as well, beside the very first."""
HOURS: Final = -1.0
"""Stands for the hours of duty among the deadlines."""
STEPS: Final = 600
"""Pieces into which a vehicle's time is cut; driving is rounded down to them."""
MOST_TRIPS: Final = 80
"""Trips up to which a vehicle's duties are counted; vehicles that could make more are not limited."""
MOST_ROUNDS: Final = 60
"""Rounds of column generation."""
CONVERGED: Final = 1e-6
"""Relative distance of bound and master at which the generation ends."""


@dataclass(frozen=True, slots=True)
class Crew:
    """Vehicles of a class that are alike, until one deadline or within their hours of duty.

    Attributes
    ----------
    count
        How many.
    payload_kg, volume_m3
        Of each.
    seconds
        From its first possible loading to the deadline, within its hours; or its hours.
    around_s, last_s
        Shortest round with one stop, per level, shape ``(LEVELS,)``; what counts of a last trip: the way
        out until a deadline, the whole round within the hours of duty.
    last_kg
        Load whose unloading does not count, because it comes after the last arrival.
    most_kg
        Load with which a trip to each level can still be made in time, at most the payload.
    load_s, unload_s
        Per kilogram, at the fastest depot.
    first_row
        Row of its levels' kilograms in the master; those of cubic metres follow, then all kilograms.
    own_row
        Row of its number.
    """

    count: int
    payload_kg: float
    volume_m3: float
    seconds: float
    around_s: FloatArray
    last_s: FloatArray
    last_kg: float
    most_kg: FloatArray
    load_s: float
    unload_s: float
    first_row: int
    own_row: int


@dataclass(frozen=True, slots=True)
class _Duty:
    """Trips of one vehicle: how many per level, and kilograms it can handle in the time left."""

    trips: Int64Array
    kg: float


Supply = tuple[tuple[Pool, ...], tuple[VehicleClass, ...]]
"""Stock pools and vehicle classes."""


def whole_trip_bound(
    problem: DispatchProblem, supply: Supply, relaxed: tuple[Flows, LinearProgram], time_s: float
) -> float | None:
    """Proved lower bound on ``unmet_penalty * weighted unmet + cost`` of any plan.

    Sets
        the flows and rows of `depotopt.dispatch.bound.relaxation`;
        H windows from when stock may be loaded to a deadline, and the hours of duty; G crews: vehicles of a
        class that are alike;
        L levels of distance; P(g) duties
    Variables
        the flows; lam[g,p] >= 0 vehicles of crew g on duty p
    Model
        min  as there
        s.t. as there, and per class, window and level l, with trips[p,l] the trips of duty p whose farthest
             point is in level l, of flows that are loaded after the window begins and due before it ends:
             sum of kg in levels >= l <= sum over l' >= l of most[g,l'] trips[p,l'] lam[g,p],
             the same with volume
             sum of kg <= sum kg[p] lam[g,p]
             sum_p lam[g,p] <= count[g]

    A trip that visits a point lasts at least the round to it with one stop, the last trip of a vehicle at
    least the way out. A duty is any number of trips per level that fits into the time until the deadline;
    what it can load and unload in the time it does not drive bounds its kilograms. Trips of a duty are whole,
    so no vehicle makes ten and a half of them. Duties are found by dynamic programming over driven time;
    until none is missing, the master's value less what the missing ones could save is the bound.

    Parameters
    ----------
    problem, supply
        What is to be delivered, from what, by whom.
    relaxed
        Flows and program of the relaxation.
    time_s
        After so long the best bound so far is taken.

    Returns
    -------
    float or None
        The bound; ``None`` where no vehicle can be limited or the time was too short.

    Raises
    ------
    depotopt.errors.EngineError
        If the linear solver fails.
    """
    until = time.perf_counter() + time_s
    program, crews = _with_rows(problem, supply, *relaxed)
    if not crews:
        return None
    all_unmet = problem.unmet_penalty * float((problem.weight * problem.need).sum())
    duties = [(crew, duty) for crew in crews for duty in _simple_duties(crew)]
    best: float | None = None
    for _ in range(MOST_ROUNDS):
        left = until - time.perf_counter()
        if left <= 0:
            break
        answer = solve_linear(_with_duties(program, duties), "GLOP", left)
        if answer.duals is None or answer.bound is None:
            break
        saved, found = 0.0, []
        for crew in crews:
            value, duty = _best_duty(crew, -answer.duals)
            price = max(0.0, -float(answer.duals[crew.own_row]))
            if value > price:
                saved += crew.count * (value - price)
                found.append((crew, duty))
        bound = all_unmet + answer.bound - saved
        best = bound if best is None else max(best, bound)
        if saved <= CONVERGED * max(1.0, abs(all_unmet + answer.bound)):
            break
        duties += found
    return None if best is None else max(0.0, best)


def _with_rows(
    problem: DispatchProblem, supply: Supply, flows: Flows, program: LinearProgram
) -> tuple[LinearProgram, list[Crew]]:
    """The relaxation with rows for levels and crews, still without duties."""
    pools, classes = supply
    commodity = np.array([pool.commodity for pool in pools], dtype=np.int64)
    depot = np.array([pool.depot for pool in pools], dtype=np.int64)
    kg, m3 = problem.kg[commodity[flows.pool]], problem.m3[commodity[flows.pool]]
    rows, high = len(program.row_high), list(program.row_high)
    entries = [(program.row, program.column, program.value)]
    crews: list[Crew] = []
    for c, group in enumerate(classes):
        mine = np.flatnonzero(flows.group == c)
        if not len(mine):
            continue
        out = group.out_s[depot[flows.pool[mine]], flows.point[mine]]
        around = out + group.back_s[flows.point[mine]] + problem.stop_service_s
        ends = problem.deadline_s[flows.point[mine]]
        opens = _opens_s(problem, pools)[flows.pool[mine]]
        for release_s, horizon in _windows(opens, ends):
            here = np.ones(len(mine), dtype=np.bool_) if horizon == HOURS else ends <= horizon
            here &= opens >= release_s
            if not here.any():
                continue
            floor = np.unique(np.quantile(around[here], np.linspace(0, 1, LEVELS + 1)[:-1], method="higher"))
            level = np.searchsorted(floor, around[here], side="right") - 1
            nearest = np.array([out[here][level == n].min() for n in range(len(floor))])
            found = _crews(problem, group, (release_s, horizon), (floor, nearest), rows)
            if not found:
                continue
            crews += found
            for n in range(len(floor)):
                inside = mine[here][level >= n]
                entries.append((np.full(len(inside), rows + n), inside, kg[inside]))
                entries.append((np.full(len(inside), rows + len(floor) + n), inside, m3[inside]))
            every = mine[here]
            entries.append((np.full(len(every), rows + 2 * len(floor)), every, kg[every]))
            rows += 2 * len(floor) + 1 + len(found)
            high += [0.0] * (2 * len(floor) + 1) + [float(crew.count) for crew in found]
    row, column, value = (np.concatenate(part) for part in zip(*entries, strict=True))
    low = np.full(len(high), -np.inf)
    return replace(program, row=row, column=column, value=value, row_low=low, row_high=np.array(high)), crews


def _opens_s(problem: DispatchProblem, pools: tuple[Pool, ...]) -> FloatArray:
    """When loading from each pool may begin."""
    return np.array(
        [max(pool.ready_s, problem.depots[pool.depot].ready_s, problem.start_s) for pool in pools]
    )


def _windows(opens: FloatArray, ends: FloatArray) -> list[tuple[float, float]]:
    """Moments from which on and until which trips are counted; the hours of duty count from the first."""
    first = float(opens.min())
    releases = {first}
    later = opens[opens > first]
    if len(later):
        releases |= set(np.quantile(later, np.linspace(0, 1, RELEASES), method="lower").tolist())
    found = [(first, HOURS)]
    for release_s in sorted(releases):
        late = ends[opens >= release_s]
        horizons = np.unique(np.quantile(late, np.linspace(0, 1, HORIZONS), method="higher"))
        found += [(release_s, horizon) for horizon in horizons.tolist()]
    return found


def _crews(
    problem: DispatchProblem,
    group: VehicleClass,
    window: tuple[float, float],
    levels: tuple[FloatArray, FloatArray],
    first_row: int,
) -> list[Crew]:
    """Vehicles of a class that are alike; none where one of them makes more trips than are counted."""
    around, out = levels
    release_s, horizon = window
    depots = [depot for depot in problem.depots if depot.dock_kg_per_s > 0]
    places = np.array([depot.place for depot in depots], dtype=np.int64)
    ready = np.array([max(depot.ready_s, problem.start_s, release_s) for depot in depots])
    alike: dict[tuple[float, float, float], int] = {}
    for v in group.vehicles:
        vehicle = problem.vehicles[v]
        arrive = vehicle.free_s + problem.travel[vehicle.travel].seconds[vehicle.stands, places]
        seconds = vehicle.kind.max_hours_s
        if horizon != HOURS:
            seconds = min(horizon - float(np.maximum(arrive, ready).min()), seconds)
        # Tenths of a second keep vehicles together that differ by rounding only; upwards is the safe side.
        key = (vehicle.kind.payload_kg, vehicle.kind.volume_m3, float(np.ceil(10 * max(seconds, 0.0)) / 10))
        alike[key] = alike.get(key, 0) + 1
    longest = max((key[2] for key in alike), default=0.0)
    if not np.isfinite(longest) or around[0] <= longest / STEPS or longest / around[0] + 1 > MOST_TRIPS:
        return []
    own = first_row + 2 * len(around) + 1
    load_s = min(1 / depot.dock_kg_per_s for depot in depots)
    home_s = 1 / problem.unload_kg_per_s if horizon == HOURS else 0.0
    way = around if horizon == HOURS else out
    return [
        Crew(
            count=count,
            payload_kg=payload,
            volume_m3=volume,
            seconds=seconds,
            around_s=around,
            last_s=way,
            last_kg=0.0 if horizon == HOURS else payload,
            most_kg=np.clip((seconds - way) / (load_s + home_s), 0.0, payload),
            load_s=load_s,
            unload_s=1 / problem.unload_kg_per_s,
            first_row=first_row,
            own_row=own + n,
        )
        for n, ((payload, volume, seconds), count) in enumerate(sorted(alike.items()))
    ]


def _handled_kg(crew: Crew, trips: FloatArray, driven_s: FloatArray) -> FloatArray:
    """Kilograms that trips can carry and that can be loaded and unloaded in the time not driven.

    The last load is not unloaded before the last arrival.
    """
    left_s = crew.seconds - driven_s
    handled = (left_s + crew.unload_s * crew.last_kg) / (crew.load_s + crew.unload_s)
    return np.maximum(0.0, np.minimum(np.minimum(crew.payload_kg * trips, handled), left_s / crew.load_s))


def _simple_duties(crew: Crew) -> list[_Duty]:
    """As many trips as fit, all to one level."""
    duties = []
    for n, (around, out) in enumerate(zip(crew.around_s, crew.last_s, strict=True)):
        if out > crew.seconds:
            continue
        trips = np.zeros(len(crew.around_s), dtype=np.int64)
        trips[n] = 1 + int((crew.seconds - out) // around)
        driven = out + (trips[n] - 1) * around
        kg = float(_handled_kg(crew, np.array(float(trips[n])), np.array(driven)))
        duties.append(_Duty(trips, kg))
    return duties


def _best_duty(crew: Crew, worth: FloatArray) -> tuple[float, _Duty]:
    """The duty worth most at the master's prices, and what it is worth.

    ``best[n, t]`` is the most that ``n`` trips are worth whose driving takes at most ``t`` steps.
    """
    levels = len(crew.around_s)
    first = crew.first_row
    per_kg, per_m3 = worth[first : first + levels], worth[first + levels : first + 2 * levels]
    gain = crew.most_kg * np.cumsum(per_kg) + crew.volume_m3 * np.cumsum(per_m3)
    all_kg = float(worth[first + 2 * levels])
    nothing = _Duty(np.zeros(levels, dtype=np.int64), 0.0)
    if crew.seconds <= 0:
        return 0.0, nothing
    step = crew.seconds / STEPS
    rounds = np.floor(crew.around_s / step).astype(np.int64)
    most = min(MOST_TRIPS, int(STEPS // rounds[0]))
    best = np.full((most + 1, STEPS + 1), -np.inf)
    best[0] = 0.0
    chosen = np.full((most + 1, STEPS + 1), -1, dtype=np.int64)
    for n in range(1, most + 1):
        for lev in range(levels):
            taken = int(rounds[lev])
            if taken > STEPS:
                continue
            value = best[n - 1, : STEPS + 1 - taken] + gain[lev]
            better = value > best[n, taken:]
            best[n, taken:][better] = value[better]
            chosen[n, taken:][better] = lev
    top, at = 0.0, (-1, 0, 0)
    count = np.arange(most + 1, dtype=np.float64)[:, None]
    driven = np.arange(STEPS + 1) * step
    for lev in range(levels):
        if crew.last_s[lev] > crew.seconds:
            continue
        room = int(np.floor((crew.seconds - crew.last_s[lev]) / step)) + 1
        used = driven[None, : min(room, STEPS) + 1]
        value = best[:, : used.shape[1]] + gain[lev]
        value = value + all_kg * _handled_kg(crew, count + 1, used + crew.last_s[lev] - step)
        where = int(value.argmax())
        if float(value.flat[where]) > top:
            top, at = float(value.flat[where]), (lev, *divmod(where, value.shape[1]))
    lev, n, t = at
    if lev < 0:
        return 0.0, nothing
    trips = np.zeros(levels, dtype=np.int64)
    trips[lev] += 1
    total, spent = float(n + 1), t
    while n > 0:
        used_level = int(chosen[n, spent])
        trips[used_level] += 1
        spent -= int(rounds[used_level])
        n -= 1
    kg = float(_handled_kg(crew, np.array(total), np.array(t * step + crew.last_s[lev] - step)))
    return top, _Duty(trips, kg)


def _with_duties(program: LinearProgram, duties: list[tuple[Crew, _Duty]]) -> LinearProgram:
    """The master with a column for every duty found."""
    count = len(program.cost)
    row, column, value = [program.row], [program.column], [program.value]
    for n, (crew, duty) in enumerate(duties):
        levels = len(duty.trips)
        kg = np.cumsum((crew.most_kg * duty.trips)[::-1])[::-1]
        m3 = crew.volume_m3 * np.cumsum(duty.trips[::-1])[::-1]
        entries = np.concatenate([-kg, -m3, np.array([-duty.kg, 1.0])])
        own = np.arange(crew.first_row, crew.first_row + 2 * levels + 1)
        row.append(np.concatenate([own, np.array([crew.own_row])]))
        column.append(np.full(len(entries), count + n))
        value.append(entries)
    size = count + len(duties)
    return replace(
        program,
        cost=np.concatenate([program.cost, np.zeros(len(duties))]),
        upper=np.full(size, np.inf),
        row=np.concatenate(row),
        column=np.concatenate(column),
        value=np.concatenate(value),
    )
