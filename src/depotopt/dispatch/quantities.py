"""With routes fixed, how much of what each stop receives: exact, in whole units."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from depotopt.dispatch.budget import ENTRY, Budget
from depotopt.dispatch.candidates import insertion_order
from depotopt.dispatch.clock import TimedTrip, Timetable, timetable
from depotopt.dispatch.draft import (
    DraftTrip,
    Routes,
    make_trip,
    net_of_locked,
    own_holds,
    without_empty,
)
from depotopt.dispatch.draft import weighted_unmet as unmet_of
from depotopt.dispatch.insertion import Inserter
from depotopt.dispatch.linear import LinearProgram, solve_linear
from depotopt.dispatch.pools import Pool, stock_pools
from depotopt.dispatch.problem import DispatchProblem
from depotopt.units import FloatArray

MIXED_LIMIT: Final = 400
"""Quantities up to which whole numbers are searched for; above, the linear optimum is rounded down."""
MIXED_NODES: Final = 200
"""Nodes of that search: counted, so that the answer does not depend on the machine."""
MARGIN_S: Final = 0.01
"""Kept clear before deadlines, so that rounding in the engine never makes a delivery late."""


@dataclass
class _Rows:
    """Constraints as they are collected: ``sum value * x[column] <= high``."""

    row: list[int] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def add(self, terms: list[tuple[int, float]], high: float) -> None:
        """Append one constraint."""
        for column, value in terms:
            self.row.append(len(self.high))
            self.column.append(column)
            self.value.append(value)
        self.high.append(high)


def best_quantities(
    problem: DispatchProblem,
    routes: Routes,
    time_s: float = 10.0,
    *,
    whole: bool = True,
    budget: Budget | None = None,
) -> Routes:
    """Hand over the best quantities the given routes allow; never worse than what they hand over now.

    Sets
        R trips in the order their docks load them, J(r) stops, P(r) pools of the trip's depot
    Variables
        y[r,j,p] in {0, 1, ...} units; start[r] >= 0 loading start
    Model
        max  sum weight[i(j),k(p)] y
        s.t. y within need, stock, payload and volume
             start[r] >= ready, back of the vehicle's trip before (+ approach), end of loading of the trip
             before at the same dock;  every arrival (loading and unloading times follow the kilograms)
             within its deadline;  duty within the vehicle's hours.

    Parameters
    ----------
    problem, routes
        The routes must hold every rule.
    time_s
        Limit; at the limit the best found is taken.
    whole
        Search for the best whole numbers where there are at most `MIXED_LIMIT` quantities; else the linear
        optimum is rounded down and filled up by insertion.
    budget
        What is done is taken off it.
    """
    begin = time.perf_counter()
    before = timetable(problem, routes)
    if time_s <= 0 or not before.trips or not before.feasible:
        return routes
    free = net_of_locked(problem, routes)
    pools = stock_pools(free)
    visits, program, integers = _program(free, before, pools)
    if budget is not None:
        budget.spend(ENTRY * len(program.value))
    mixed = whole and integers <= MIXED_LIMIT
    if mixed:
        answer = solve_linear(program, "SCIP", time_s, nodes=MIXED_NODES)
    else:
        # Less is always allowed, so rounding down keeps every rule; insertion fills up what it leaves.
        answer = solve_linear(replace(program, whole=None), "GLOP", time_s)
    if answer.values is None:
        return routes
    units = np.floor(answer.values[:integers] + (1e-6 if mixed else 1e-9))
    loaded = _loaded(free, routes, before, visits, pools, units)
    better = without_empty(problem, tuple(tuple(route) for route in loaded))
    if not timetable(problem, better).feasible:
        # Lighter and heavier loads change who is ready first: keep the order the program assumed.
        better = _in_order(free, routes, before, visits, pools, units)
        if not timetable(problem, better).feasible:
            return routes
    filled = Inserter(problem, better, budget=budget)
    filled.insert_all(insertion_order(problem, filled.missing), begin + time_s)
    better = tuple(filled.routes)
    return better if unmet_of(problem, better) < unmet_of(problem, routes) - 1e-9 else routes


def _program(
    problem: DispatchProblem, before: Timetable, pools: tuple[Pool, ...]
) -> tuple[list[tuple[int, int, int]], LinearProgram, int]:
    """Variables (trip in loading order, stop, pool), the program and how many variables are units."""
    of_depot: dict[int, list[int]] = defaultdict(list)
    for p, pool in enumerate(pools):
        of_depot[pool.depot].append(p)
    visits: list[tuple[int, int, int]] = []
    columns: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for r, record in enumerate(before.trips):
        for j, point in enumerate(record.trip.stops):
            for p in of_depot[record.trip.depot] if record.trip.vehicle not in problem.locked else ():
                if problem.need[point, pools[p].commodity] > 0 and pools[p].ready_s <= record.load_start_s:
                    columns[r, j].append((len(visits), p))
                    visits.append((r, j, p))
    integers = len(visits)
    rows = _Rows()
    by_need: dict[tuple[int, int], list[tuple[int, float]]] = defaultdict(list)
    by_pool: dict[int, list[tuple[int, float]]] = defaultdict(list)
    for column, (r, j, p) in enumerate(visits):
        by_need[before.trips[r].trip.stops[j], pools[p].commodity].append((column, 1.0))
        by_pool[p].append((column, 1.0))
    for (point, k), terms in by_need.items():
        rows.add(terms, float(problem.need[point, k]))
    for p, terms in by_pool.items():
        rows.add(terms, float(pools[p].units))
    for r, record in enumerate(before.trips):
        kind = problem.vehicles[record.trip.vehicle].kind
        mine = [entry for j in range(len(record.trip.stops)) for entry in columns[r, j]]
        rows.add([(c, float(problem.kg[pools[p].commodity])) for c, p in mine], kind.payload_kg)
        rows.add([(c, float(problem.m3[pools[p].commodity])) for c, p in mine], kind.volume_m3)
    _add_times(problem, before, pools, columns, rows, integers)
    total = integers + len(before.trips)
    cost = np.zeros(total)
    upper = np.full(total, np.inf)
    for column, (r, j, p) in enumerate(visits):
        point = before.trips[r].trip.stops[j]
        cost[column] = -float(problem.weight[point, pools[p].commodity])
        upper[column] = min(float(problem.need[point, pools[p].commodity]), float(pools[p].units))
    # Weights span orders of magnitude; the engine's tolerances are absolute.
    scale = float(np.abs(cost).max(initial=0.0))
    whole = np.zeros(total, dtype=np.bool_)
    whole[:integers] = True
    program = LinearProgram(
        cost=cost / scale if scale > 0 else cost,
        upper=upper,
        row=np.array(rows.row, dtype=np.int64),
        column=np.array(rows.column, dtype=np.int64),
        value=np.array(rows.value),
        row_low=np.full(len(rows.high), -np.inf),
        row_high=np.array(rows.high),
        whole=whole,
    )
    return visits, program, integers


def _add_times(
    problem: DispatchProblem,
    before: Timetable,
    pools: tuple[Pool, ...],
    columns: dict[tuple[int, int], list[tuple[int, int]]],
    rows: _Rows,
    integers: int,
) -> None:
    """Loading starts as variables, in the dock order of the timetable."""
    last_at_dock: dict[tuple[int, int], int] = {}
    last_of_vehicle: dict[int, int] = {}
    first_of_vehicle: dict[int, int] = {}

    def kg_terms(r: int, stops: range, per_kg: float) -> list[tuple[int, float]]:
        return [(c, float(problem.kg[pools[p].commodity]) * per_kg) for j in stops for c, p in columns[r, j]]

    def queued(queue: tuple[int, int], start: int, per_kg: float) -> None:
        """Loading starts when the trip before at the dock is loaded."""
        ahead = last_at_dock.get(queue)
        if ahead is not None:
            past = before.trips[ahead].trip
            fixed = past.load_s if past.vehicle in problem.locked else 0.0
            terms = [(integers + ahead, 1.0), (start, -1.0), *kg_terms(ahead, range(len(past.stops)), per_kg)]
            rows.add(terms, -fixed)

    for r, record in enumerate(before.trips):
        trip, start = record.trip, integers + r
        depot = problem.depots[trip.depot]
        load_s, unload_s = 1 / depot.dock_kg_per_s, 1 / problem.unload_kg_per_s
        stops = range(len(trip.stops))
        approach_s = record.load_start_s - record.approach_start_s
        way = _Way.of(problem, record)
        queue = (trip.depot, record.dock)
        if trip.vehicle in problem.locked:
            # Whoever loads before must be gone by then.
            rows.add([(start, 1.0)], record.load_start_s)
            rows.add([(start, -1.0)], -record.load_start_s)
            queued(queue, start, load_s)
            last_at_dock[queue] = r
            continue
        # Lots the trip may draw are ready when it loads now, so it never starts before they are.
        opens = max(
            [depot.ready_s, problem.start_s, *(pools[p].ready_s for j in stops for _, p in columns[r, j])]
        )
        earlier = last_of_vehicle.get(trip.vehicle)
        ready_s = 0.0 if earlier is not None else problem.vehicles[trip.vehicle].free_s
        ready_s = problem.begin_s(trip.vehicle, record.origin, depot.place, ready_s)
        opens = max(opens, ready_s + approach_s)
        if earlier is None:
            first_of_vehicle[trip.vehicle] = r
        else:
            past, past_way = before.trips[earlier], _Way.of(problem, before.trips[earlier])
            past_load = 1 / problem.depots[past.trip.depot].dock_kg_per_s
            past_stops = range(len(past.trip.stops))
            rows.add(
                [
                    (integers + earlier, 1.0),
                    (start, -1.0),
                    *kg_terms(earlier, past_stops, past_load + unload_s),
                ],
                -past_way.fixed_s[-1] - approach_s,
            )
            for w, since_s in past_way.waits(len(past.trip.stops)):
                terms = [(start, -1.0), *kg_terms(earlier, range(w, len(past.trip.stops)), unload_s)]
                rows.add(terms, -since_s - approach_s)
        rows.add([(start, -1.0)], -max(opens, depot.dock_queue()[record.dock]))
        queued(queue, start, load_s)
        for j in stops:
            latest = float(problem.deadline_s[trip.stops[j]])
            late, now = latest - MARGIN_S - way.fixed_s[j], record.depart_s + trip.arrive_s[j] - 1e-6
            terms = [(start, 1.0), *kg_terms(r, stops, load_s), *kg_terms(r, range(j), unload_s)]
            # What holds now stays allowed even inside the margin.
            rows.add(terms, max(late, now - way.fixed_s[j]))
            for w, since_s in way.waits(j):
                held = sum(trip.stop_kg[w:j]) * unload_s
                rows.add(kg_terms(r, range(w, j), unload_s), max(latest - MARGIN_S - since_s, held))
        hours = problem.vehicles[trip.vehicle].kind.max_hours_s
        if np.isfinite(hours):
            first = first_of_vehicle[trip.vehicle]
            first_approach = before.trips[first].load_start_s - before.trips[first].approach_start_s
            high = hours - MARGIN_S - way.fixed_s[-1]
            terms = [*kg_terms(r, stops, load_s + unload_s)]
            since = problem.vehicles[trip.vehicle].duty_start_s
            if since is not None:
                terms.append((start, 1.0))
                high += since
            elif first != r:
                terms += [(start, 1.0), (integers + first, -1.0)]
            if since is None:
                high -= first_approach
            rows.add(terms, high)
            for w, since_s in way.waits(len(trip.stops)):
                terms = kg_terms(r, range(w, len(trip.stops)), unload_s)
                if since is None:
                    terms.append((integers + first, -1.0))
                rows.add(terms, hours - MARGIN_S - since_s + (-first_approach if since is None else since))
        last_of_vehicle[trip.vehicle], last_at_dock[queue] = r, r


@dataclass(frozen=True, slots=True)
class _Way:
    """What of a trip's times does not follow the kilograms, and what it may have to wait for on the way.

    Attributes
    ----------
    fixed_s
        Driving and service from leaving the depot up to the arrival at each stop and at the end.
    hold_s
        Moment before which each stop cannot begin, and the trip not end, for what is true of it alone.
    """

    fixed_s: tuple[float, ...]
    hold_s: tuple[float, ...]

    @classmethod
    def of(cls, problem: DispatchProblem, record: TimedTrip) -> _Way:
        """Work out the way of a trip."""
        trip, v = record.trip, record.trip.vehicle
        back_s = problem.seconds(v, trip.last, record.end)
        moments = (*trip.arrive_s, trip.leave_s[-1] + back_s)
        handled, fixed = 0.0, [moments[0]]
        for kg, moment in zip(trip.stop_kg, moments[1:], strict=True):
            handled += kg / problem.unload_kg_per_s
            fixed.append(moment - handled)
        if not problem.waits:
            return cls(tuple(fixed), ())
        place = problem.depots[trip.depot].place
        own = own_holds(problem, problem.vehicles[v].travel, place, trip.stops)
        end_s = problem.begin_s(v, trip.last, record.end, -math.inf) + back_s
        return cls(tuple(fixed), (*own, end_s))

    def waits(self, stop: int) -> list[tuple[int, float]]:
        """What holds a stop up: where, and when it could begin then with nothing unloaded from there on."""
        return [
            (w, hold + self.fixed_s[stop] - self.fixed_s[w])
            for w, hold in enumerate(self.hold_s[: stop + 1])
            if hold > 0
        ]


def _loaded(
    problem: DispatchProblem,
    routes: Routes,
    before: Timetable,
    visits: list[tuple[int, int, int]],
    pools: tuple[Pool, ...],
    units: FloatArray,
) -> list[list[DraftTrip]]:
    """Trips per vehicle with the given quantities, lots drawn first expired first in the order of loading."""
    left = problem.lot_units.copy()
    wanted: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
    for (r, j, p), quantity in zip(visits, units, strict=True):
        if quantity > 0:
            wanted[r, j].append((p, int(quantity)))
    lots_of: dict[int, list[int]] = {
        p: [
            lot
            for lot in problem.lots_of_depot[pool.depot]
            if problem.lots[lot].commodity == pool.commodity and problem.lots[lot].ready_s == pool.ready_s
        ]
        for p, pool in enumerate(pools)
    }
    made: dict[int, dict[int, DraftTrip]] = defaultdict(dict)
    for r, record in enumerate(before.trips):
        if record.trip.vehicle in problem.locked:
            made[record.trip.vehicle][record.number] = record.trip
            continue
        loads = []
        for j in range(len(record.trip.stops)):
            handed: dict[int, int] = {}
            for p, quantity in wanted[r, j]:
                for lot in lots_of[p]:
                    taken = min(quantity, int(left[lot]))
                    if taken:
                        handed[lot] = handed.get(lot, 0) + taken
                        left[lot] -= taken
                        quantity -= taken
            loads.append(handed.items())
        trip = record.trip
        made[trip.vehicle][record.number] = make_trip(problem, trip.vehicle, trip.depot, trip.stops, loads)
    return [[made[v][n + 1] for n in range(len(routes[v]))] for v in range(len(routes))]


def _in_order(
    problem: DispatchProblem,
    routes: Routes,
    before: Timetable,
    visits: list[tuple[int, int, int]],
    pools: tuple[Pool, ...],
    units: FloatArray,
) -> Routes:
    """The rebuilt routes with every trip waiting for its turn at the dock of the old timetable."""
    made = _loaded(problem, routes, before, visits, pools, units)
    dock_free = {
        (d, n): free for d, depot in enumerate(problem.depots) for n, free in enumerate(depot.dock_queue())
    }
    back: dict[int, float] = {}
    for record in before.trips:
        v, depot = record.trip.vehicle, problem.depots[record.trip.depot]
        trip = made[v][record.number - 1]
        if v in problem.locked:
            dock_free[record.trip.depot, record.dock] = record.depart_s
        if not trip.kg or v in problem.locked:
            continue
        free = back.get(v, problem.vehicles[v].free_s)
        free = problem.begin_s(v, record.origin, depot.place, free)
        arrive = free + record.load_start_s - record.approach_start_s
        queue = (record.trip.depot, record.dock)
        start = max(arrive, depot.ready_s, trip.lots_ready_s, problem.start_s, dock_free[queue])
        dock_free[queue] = start + trip.load_s
        done = problem.begin_s(v, trip.last, record.end, trip.done_s(start + trip.load_s))
        back[v] = done + problem.seconds(v, trip.last, record.end)
        made[v][record.number - 1] = replace(trip, not_before_s=start)
    return without_empty(problem, tuple(tuple(route) for route in made))
