"""Why need stays unmet: state of each point, and per unit what was missing."""

from __future__ import annotations

import math

import numpy as np

from depotopt.dispatch.model.clock import Timetable
from depotopt.dispatch.model.draft import Routes, delivered, drawn
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.publishing.counterfactuals import MoreStock
from depotopt.plans import PointState, Reason, UnmetLine
from depotopt.units import HOUR_S, BoolArray, FloatArray, Int64Array


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


def unmet_lines(
    problem: DispatchProblem, routes: Routes, times: Timetable, *, tested: bool = True
) -> tuple[UnmetLine, ...]:
    """Every unit not delivered with its reason, sorted by point and commodity.

    The question is put to each point by itself, with what the plan leaves over:

    1. no way to it for any vehicle: *no road* (*no vehicle* where there is no fleet at all);
    2. a trip that would have been there in time brings points that weigh more units of the commodity (or,
       where stock is left, a load that weighs more per kilogram): *priority*;
    3. units for which no usable stock is left at a depot that reaches it: *no stock*, if some of them could
       be put into the plan were there more; where they could not, because vehicles and docks are busy with
       units for other points: *priority* once more;
    4. the rest: a further vehicle of the fleet's types standing at the depot when it is ready would
       arrive in time behind the docks' work: *no vehicle*;
    5. such a vehicle would come too late: *no time*.

    What is left, and what others were given instead, is credited to the points in order of weight, so no
    unit is counted twice.

    Parameters
    ----------
    problem, routes, times
        A draft and its timetable.
    tested
        Whether more stock is put into the plan for a test; else it is believed to help.
    """
    states = point_states(problem, routes)
    missing = problem.need - delivered(problem, routes)
    left = problem.lot_units - drawn(problem, routes)
    dock_free, spent = _dock_free(problem, times), Spent(problem, times)
    more = MoreStock(problem, routes, tested=tested)
    order = sorted(
        np.argwhere(missing > 0).tolist(), key=lambda ik: (-float(problem.weight[ik[0], ik[1]]), ik[0], ik[1])
    )
    lines = []
    for i, k in order:
        ident, commodity = problem.point_idents[i], problem.commodity_idents[k]
        units = int(missing[i, k])
        for reason, quantity, text in _explain(problem, (i, k, units), left, dock_free, (spent, more)):
            lines.append(UnmetLine(ident, commodity, float(quantity), states[ident], reason, text))
    return tuple(sorted(lines))


def _explain(
    problem: DispatchProblem,
    line: tuple[int, int, int],
    left: Int64Array,
    dock_free: list[float],
    looks: tuple[Spent, MoreStock],
) -> list[tuple[Reason, int, str]]:
    (i, k, units), (spent, more) = line, looks
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
    lacking = units - held
    instead = spent.on_weightier(i, k, lacking) if lacking else 0
    if instead:
        text = f"points of higher weight get {instead} units that could have been here in time"
        answers.append((Reason.PRIORITY, instead, text))
    brought = more.brings(i, k, lacking - instead) if lacking > instead else 0
    if lacking > instead + brought:
        # More stock alone would stay where it is: those who have the vehicles came before.
        busy = spent.on_others(i, k, lacking - instead - brought)
        if busy:
            text = f"vehicles bring {busy} units to points that weigh as much or are served in less time"
            answers.append((Reason.PRIORITY, busy, text))
        instead += busy
        idle = lacking - instead - brought
        if idle:
            mine = [p for d in reaching for p in problem.lots_held[d][k]]
            reason, text = _late_or_lacking(problem, i, k, mine, dock_free)
            answers.append((reason, idle, text))
            instead += idle
    if lacking > instead:
        total = sum(
            int(problem.lots[p].units)
            for d in reaching
            for p in problem.lots_of_depot[d]
            if problem.lots[p].commodity == k
        )
        text = f"depots that reach it hold {total} usable units, all assigned" if total else "none in reach"
        answers.append((Reason.NO_STOCK, lacking - instead, text))
    if held:
        spare.sort(key=lambda p: (problem.lots[p].expiry, problem.lots[p].ident))
        instead = spent.room_of_weightier(i, k, held, {problem.lots[p].depot for p in spare})
        if instead:
            text = f"vehicles that could bring {instead} units in time carry loads of higher weight"
            answers.append((Reason.PRIORITY, instead, text))
        if held > instead:
            reason, text = _late_or_lacking(problem, i, k, spare, dock_free)
            answers.append((reason, held - instead, text))
        for p in spare:
            taken = min(held, int(left[p]))
            left[p] -= taken
            held -= taken
    return answers


class Spent:
    """What trips bring to some points and could have brought to others of less weight.

    Every hand-over is a row of arrays, in the order of the timetable: units are credited from the first on.

    Parameters
    ----------
    problem, times
        The problem and the timetable of a draft.
    """

    def __init__(self, problem: DispatchProblem, times: Timetable) -> None:
        self._problem = problem
        rows = [
            (n, point, p, units)
            for n, record in enumerate(times.trips)
            for point, load in zip(record.trip.stops, record.trip.loads, strict=True)
            for p, units in load
        ]
        trip, self._point, lot, self._units = np.array(rows, dtype=np.int64).reshape(-1, 4).T.copy()
        self._given = self._units.copy()
        depots, vehicles = problem.depots, problem.vehicles
        lots = np.array([(p.commodity, p.depot) for p in problem.lots], dtype=np.int64).reshape(-1, 2)
        self._commodity, self._depot = lots[lot].T.copy()
        self._kg = problem.kg[self._commodity]
        self._worth = problem.weight[self._point, self._commodity]
        self._of = [np.flatnonzero(self._commodity == k) for k in range(len(problem.kg))]
        self._place = np.array([depot.place for depot in depots], dtype=np.int64)
        self._per_kg = np.array([1 / d.dock_kg_per_s if d.dock_kg_per_s > 0 else np.inf for d in depots])
        loaded = [record.load_start_s for record in times.trips]
        self._start_s = np.array(loaded, dtype=np.float64)[trip]
        driver = np.array([record.trip.vehicle for record in times.trips], dtype=np.int64)
        self._vehicle = driver[trip]
        self._travel = np.array([vehicle.travel for vehicle in vehicles], dtype=np.int64)[self._vehicle]
        kinds = [vehicle.kind for vehicle in vehicles]
        limits = [(kind.payload_kg, kind.volume_m3, kind.range_m) for kind in kinds]
        sizes = np.array(limits, dtype=np.float64).reshape(-1, 3)[self._vehicle]
        self._payload_kg, self._volume_m3, self._range_m = sizes.T.copy()

    def on_weightier(self, i: int, k: int, units: int) -> int:
        """Units of a commodity given to points where they weigh more, on trips that could come here in time.

        Parameters
        ----------
        i, k, units
            Point, commodity and how many it lacks; what is found is credited to it.
        """
        rows = self._of[k]
        rows = rows[(self._units[rows] > 0) & (self._worth[rows] > self._problem.weight[i, k])]
        rows = rows[self._reaches(rows, i, k)]
        before = np.cumsum(self._units[rows]) - self._units[rows]
        part = np.clip(units - before, 0, self._units[rows])
        self._units[rows] -= part
        return int(part.sum())

    def on_others(self, i: int, k: int, units: int) -> int:
        """The same for points of any weight; nothing is credited, as there is not enough for all of them."""
        rows = self._of[k]
        rows = rows[self._point[rows] != i]
        return min(units, int(self._given[rows[self._reaches(rows, i, k)]].sum()))

    def room_of_weightier(self, i: int, k: int, units: int, depots: set[int]) -> int:
        """Units that fit in place of loads of other points that weigh more per kilogram.

        Parameters
        ----------
        i, k, units
            As for `on_weightier`.
        depots
            Depots with stock left.
        """
        problem, room_kg = self._problem, 0.0
        kg = float(problem.kg[k])
        holding = np.isin(np.arange(len(problem.depots)), list(depots))
        rows = np.flatnonzero((self._units > 0) & holding[self._depot])
        denser = self._worth[rows] / self._kg[rows] > float(problem.weight[i, k]) / kg
        rows = rows[denser & (self._point[rows] != i)]
        for row in rows[self._reaches(rows, i, k)].tolist():
            if room_kg >= units * kg:
                break
            one = float(self._kg[row])
            part = min(int(self._units[row]), math.ceil((units * kg - room_kg) / one))
            self._units[row] -= part
            room_kg += part * one
        return min(units, math.floor(room_kg / kg + 1e-9))

    def _holds(self, i: int) -> FloatArray:
        """Moment before which a stop at a point cannot begin, per travel profile and depot."""
        kinds = range(len(self._problem.travel))
        return np.array(
            [[_begins_s(self._problem, t, int(place), i, 0.0) for place in self._place] for t in kinds]
        )

    def _reaches(self, rows: Int64Array, i: int, k: int) -> BoolArray:
        """Whether the trips, had they come here first with a unit, had been in time and in range."""
        problem, place = self._problem, int(self._problem.points[i])
        depot, travel = self._depot[rows], self._travel[rows]
        away = [matrix.seconds[self._place, place] for matrix in problem.travel]
        out = np.stack(away)[travel, depot] if away else np.zeros(0)
        arrives = self._start_s[rows] + float(problem.kg[k]) * self._per_kg[depot] + out
        if problem.waits:
            # Roads and the point itself may open later.
            arrives = np.maximum(arrives, self._holds(i)[travel, depot])
        fits = (problem.kg[k] <= self._payload_kg[rows]) & (problem.m3[k] <= self._volume_m3[rows])
        able: BoolArray = fits & (arrives <= problem.deadline_s[i])
        for n in np.flatnonzero(able & np.isfinite(self._range_m[rows])).tolist():
            vehicle, metres = int(self._vehicle[rows[n]]), problem.travel[travel[n]].metres
            back = problem.nearest_end(vehicle, place)
            length = float(metres[self._place[depot[n]], place] + metres[place, back])
            able[n] = length <= self._range_m[rows[n]]
        return able


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
            load_s = kg / depot.dock_kg_per_s
            fresh = min(fresh, _begins_s(problem, vehicle.travel, depot.place, i, opens + load_s))
            queued = max(opens, dock_free[lot.depot])
            best = min(best, _begins_s(problem, vehicle.travel, depot.place, i, queued + load_s))
    deadline = float(problem.deadline_s[i])
    if not carried:
        return Reason.NO_VEHICLE, "no vehicle of the fleet can carry it there and be back within its range"
    if best <= deadline:
        return Reason.NO_VEHICLE, "one more vehicle at the depot would arrive in time"
    text = f"the earliest arrival is {fresh / HOUR_S:.1f} h, the deadline {deadline / HOUR_S:.1f} h"
    if fresh <= deadline:
        text = "the depot's docks load other vehicles until it is too late"
    return Reason.NO_TIME, text


def _begins_s(problem: DispatchProblem, travel: int, place: int, i: int, ready_s: float) -> float:
    """When a stop begins for who is ready to leave a place: once its road and the point are open."""
    there = ready_s + float(problem.travel[travel].seconds[place, problem.points[i]])
    holds = problem.holds_from(travel, place)
    return there if holds is None else max(there, float(holds[i]))


def _dock_free(problem: DispatchProblem, times: Timetable) -> list[float]:
    free = [depot.dock_queue() for depot in problem.depots]
    for record in times.trips:
        queue = free[record.trip.depot]
        queue[record.dock] = max(queue[record.dock], record.depart_s)
    return [min(queue) for queue in free]
