"""With routes fixed, how much of what each stop receives: exact, in whole units."""

from __future__ import annotations

import time
from collections import defaultdict
from dataclasses import replace
from typing import Final

import numpy as np

from depotopt.dispatch.bound.pools import Pool, stock_pools
from depotopt.dispatch.model.clock import Timetable, timetable
from depotopt.dispatch.model.draft import DraftTrip, Routes, make_trip, net_of_locked, without_empty
from depotopt.dispatch.model.goal import value_of
from depotopt.dispatch.model.linear import solve_linear
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.resources import TOUCH_S
from depotopt.dispatch.search.budget import ENTRY, Budget
from depotopt.dispatch.search.candidates import insertion_order
from depotopt.dispatch.search.insertion import Inserter
from depotopt.dispatch.search.quantity_program import QuantityProgram
from depotopt.units import FloatArray

MIXED_LIMIT: Final = 400
"""Quantities up to which whole numbers are searched for; above, the linear optimum is rounded down."""
MIXED_NODES: Final = 200
"""Nodes of that search: counted, so that the answer does not depend on the machine."""


def best_quantities(
    problem: DispatchProblem,
    routes: Routes,
    time_s: float = 10.0,
    *,
    whole: bool = True,
    budget: Budget | None = None,
) -> Routes:
    """Hand over the best quantities the given routes allow; never worse than what they hand over now.

    The aims of `depotopt.dispatch.search.quantity_program.QuantityProgram` are met one after the other, each
    later one while the earlier ones stay at their best.

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
    program = QuantityProgram(problem, free, before, pools)
    mixed = whole and program.units <= MIXED_LIMIT
    values: FloatArray | None = None
    for aim in program.aims():
        if budget is not None:
            budget.spend(ENTRY * program.entries)
        if mixed:
            answer = solve_linear(program.program(aim), "SCIP", time_s, nodes=MIXED_NODES)
        else:
            # Less is always allowed, so rounding down keeps every rule; insertion fills up what it leaves.
            answer = solve_linear(replace(program.program(aim), whole=None), "GLOP", time_s)
        if answer.values is None:
            break
        values = answer.values
        program.keep(aim, values)
    if values is None:
        return routes
    visits, units = program.visits, np.floor(values[: program.units] + (1e-6 if mixed else 1e-9))
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
    return better if value_of(problem, better) < value_of(problem, routes) else routes


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
        for begin, end in depot.booked[record.dock] if record.dock < len(depot.booked) else ():
            if start + trip.load_s > begin + TOUCH_S and start < end:
                start = end
        dock_free[queue] = start + trip.load_s
        done = problem.begin_s(v, trip.last, record.end, trip.done_s(start + trip.load_s))
        back[v] = done + problem.seconds(v, trip.last, record.end)
        made[v][record.number - 1] = replace(trip, not_before_s=start)
    return without_empty(problem, tuple(tuple(route) for route in made))
