"""Why need stays unmet: state of each point, and per unit what was missing."""

from __future__ import annotations

import math

import numpy as np

from depotopt.dispatch.clock import Timetable
from depotopt.dispatch.draft import Routes, delivered, drawn
from depotopt.dispatch.problem import DispatchProblem
from depotopt.plans import PointState, Reason, UnmetLine
from depotopt.units import HOUR_S, Int64Array


def point_states(problem: DispatchProblem, routes: Routes) -> dict[str, PointState]:
    """State of every point with need; see `docs/semantics.md`."""
    got = delivered(problem, routes)
    states = {}
    for i, ident in enumerate(problem.point_idents):
        if (got[i] >= problem.need[i]).all():
            states[ident] = PointState.SERVED
        elif problem.flooded[i] and not got[i].any():
            states[ident] = PointState.FLOODED
        elif not problem.reachable[i]:
            states[ident] = PointState.ISOLATED
        else:
            states[ident] = PointState.UNSERVED
    return states


def unmet_lines(problem: DispatchProblem, routes: Routes, times: Timetable) -> tuple[UnmetLine, ...]:
    """Every unit not delivered with its reason, sorted by point and commodity.

    The question is put to each point by itself, with what the plan leaves over:

    1. no way to it for any vehicle: *no road* (*no vehicle* where there is no fleet at all);
    2. units for which no usable stock is left at a depot that reaches it: *no stock*. What is left is
       credited to the points in order of weight, so no unit is counted twice;
    3. the rest: a further vehicle of the fleet's types standing at the depot when it is ready would
       arrive in time behind the docks' work: *no vehicle*;
    4. such a vehicle would come too late: *no time*.
    """
    states = point_states(problem, routes)
    missing = problem.need - delivered(problem, routes)
    left = problem.lot_units - drawn(problem, routes)
    dock_free = _dock_free(problem, times)
    order = sorted(
        np.argwhere(missing > 0).tolist(), key=lambda ik: (-float(problem.weight[ik[0], ik[1]]), ik[0], ik[1])
    )
    lines = []
    for i, k in order:
        ident, commodity = problem.point_idents[i], problem.commodity_idents[k]
        units = int(missing[i, k])
        for reason, quantity, text in _explain(problem, i, k, units, left, dock_free):
            lines.append(UnmetLine(ident, commodity, float(quantity), states[ident], reason, text))
    return tuple(sorted(lines))


def _explain(
    problem: DispatchProblem, i: int, k: int, units: int, left: Int64Array, dock_free: list[float]
) -> list[tuple[Reason, int, str]]:
    place = int(problem.points[i])
    if not problem.depots:
        return [(Reason.NO_STOCK, units, "no dispatching depot is open")]
    if not problem.vehicles:
        return [(Reason.NO_VEHICLE, units, "the fleet is empty")]
    if not problem.reachable[i]:
        return [(Reason.NO_ROAD, units, "no open road from any depot, and no aircraft in range")]
    reaching = [
        d
        for d, depot in enumerate(problem.depots)
        if any(np.isfinite(matrix.seconds[depot.place, place]) for matrix in problem.travel)
    ]
    spare = [
        p
        for d in reaching
        for p in problem.lots_of_depot[d]
        if problem.lots[p].commodity == k and left[p] > 0
    ]
    held = min(units, int(sum(left[p] for p in spare)))
    answers: list[tuple[Reason, int, str]] = []
    if held < units:
        total = sum(
            int(problem.lots[p].units)
            for d in reaching
            for p in problem.lots_of_depot[d]
            if problem.lots[p].commodity == k
        )
        text = f"depots that reach it hold {total} usable units, all assigned" if total else "none in reach"
        answers.append((Reason.NO_STOCK, units - held, text))
    if held:
        spare.sort(key=lambda p: (problem.lots[p].expiry, problem.lots[p].ident))
        reason, text = _late_or_lacking(problem, i, k, spare, dock_free)
        answers.append((reason, held, text))
        for p in spare:
            taken = min(held, int(left[p]))
            left[p] -= taken
            held -= taken
    return answers


def _late_or_lacking(
    problem: DispatchProblem, i: int, k: int, spare: list[int], dock_free: list[float]
) -> tuple[Reason, str]:
    """Whether a further vehicle at the depot would have made it."""
    place, kg = int(problem.points[i]), float(problem.kg[k])
    fresh = best = math.inf
    carried = False
    for p in spare:
        lot = problem.lots[p]
        depot = problem.depots[lot.depot]
        if depot.dock_kg_per_s <= 0:
            continue
        for vehicle in problem.sample_vehicles:
            kind, travel = vehicle.kind, problem.travel[vehicle.travel]
            out = float(travel.seconds[depot.place, place])
            ends = [vehicle.home, *problem.ends]
            length = float(travel.metres[depot.place, place] + travel.metres[place, ends].min())
            if kg > kind.payload_kg or problem.m3[k] > kind.volume_m3 or length > kind.range_m:
                continue
            if not math.isfinite(out):
                continue
            carried = True
            opens = max(depot.ready_s, lot.ready_s, problem.start_s, vehicle.free_s)
            fresh = min(fresh, opens + kg / depot.dock_kg_per_s + out)
            queued = max(opens, dock_free[lot.depot])
            best = min(best, queued + kg / depot.dock_kg_per_s + out)
    deadline = float(problem.deadline_s[i])
    if not carried:
        return Reason.NO_VEHICLE, "no vehicle of the fleet can carry it there and be back within its range"
    if best <= deadline:
        return Reason.NO_VEHICLE, "one more vehicle at the depot would arrive in time"
    text = f"the earliest arrival is {fresh / HOUR_S:.1f} h, the deadline {deadline / HOUR_S:.1f} h"
    if fresh <= deadline:
        text = "the depot's docks load other vehicles until it is too late"
    return Reason.NO_TIME, text


def _dock_free(problem: DispatchProblem, times: Timetable) -> list[float]:
    free = [depot.dock_queue() for depot in problem.depots]
    for record in times.trips:
        queue = free[record.trip.depot]
        queue[record.dock] = max(queue[record.dock], record.depart_s)
    return [min(queue) for queue in free]
