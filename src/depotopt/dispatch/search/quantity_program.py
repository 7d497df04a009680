"""The linear program for the quantities of fixed routes: columns, rows, and what it aims at in turn."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from depotopt.dispatch.bound.pools import Pool
from depotopt.dispatch.model.clock import TimedTrip, Timetable
from depotopt.dispatch.model.draft import own_holds
from depotopt.dispatch.model.linear import LinearProgram
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.units import FloatArray

MARGIN_S: Final = 0.01
"""Kept clear before deadlines, so that rounding in the engine never makes a delivery late."""
KEPT: Final = 1e-6
"""By so much, relative, an aim may fall short of its best while later ones are looked at: rounding."""
AIMS: Final = frozenset({"unmet", "equity", "latency", "lateness"})
"""Objectives that quantities alone can better; the others are left to the search."""

Terms = list[tuple[int, float]]
"""Columns with their factors."""


@dataclass
class _Rows:
    """Constraints as they are collected: ``sum value * x[column] <= high``."""

    row: list[int] = field(default_factory=list)
    column: list[int] = field(default_factory=list)
    value: list[float] = field(default_factory=list)
    high: list[float] = field(default_factory=list)

    def add(self, terms: Terms, high: float) -> None:
        """Append one constraint."""
        for column, value in terms:
            self.row.append(len(self.high))
            self.column.append(column)
            self.value.append(value)
        self.high.append(high)


class QuantityProgram:
    """Quantities of given routes, in the dock order of their timetable.

    Sets
        R trips in the order their docks load them, J(r) stops, P(r) pools of the trip's depot
    Variables
        y[r,j,p] in {0, 1, ...} units; start[r] >= 0 loading start; fill in [0, 1] the worst fill rate
    Model
        lexmin  the aims in the order of the problem's objectives, as far as quantities can better them:
                unmet     -sum weight[i(j),k(p)] y
                equity    -fill
                latency   sum weight y (arrival - start of the problem)
                lateness  sum weight y max(0, arrival - due), arrivals being those of the timetable
        s.t.    y within need, stock, payload and volume
                start[r] >= ready, back of the vehicle's trip before (+ approach), end of loading of the trip
                before at the same dock, work booked there;  every arrival (loading and unloading times follow
                the kilograms) within its deadline;  duty within the vehicle's hours
                wanted[i] fill <= given[i] + sum weight[i,k(p)] y  for points that can be reached

    Parameters
    ----------
    whole
        The problem with all need; worst fill rates are those of the whole draft.
    problem
        The same net of what locked vehicles hand over.
    before
        Timetable of the routes.
    pools
        Stock of ``problem``.

    Attributes
    ----------
    visits
        Trip in the order of loading, stop and pool of each unit variable; these come first.
    """

    def __init__(
        self, whole: DispatchProblem, problem: DispatchProblem, before: Timetable, pools: tuple[Pool, ...]
    ) -> None:
        self.problem, self._before, self._pools = problem, before, pools
        of_depot: dict[int, list[int]] = defaultdict(list)
        for p, pool in enumerate(pools):
            of_depot[pool.depot].append(p)
        self.visits: list[tuple[int, int, int]] = []
        self._columns: dict[tuple[int, int], list[tuple[int, int]]] = defaultdict(list)
        for r, record in enumerate(before.trips):
            for j, point in enumerate(record.trip.stops):
                for p in of_depot[record.trip.depot] if record.trip.vehicle not in problem.locked else ():
                    ready = pools[p].ready_s <= record.load_start_s
                    if problem.need[point, pools[p].commodity] > 0 and ready:
                        self._columns[r, j].append((len(self.visits), p))
                        self.visits.append((r, j, p))
        self.units = len(self.visits)
        self._fill = self.units + len(before.trips)
        self._count = self._fill + 1
        self._weight = [
            float(problem.weight[before.trips[r].trip.stops[j], pools[p].commodity])
            for r, j, p in self.visits
        ]
        self._rows = _Rows()
        self._add_limits()
        _TimeRows(problem, before, pools, self._columns, self._rows, self.units).add()
        self._counted = self._add_fill(whole) if "equity" in problem.objectives else False

    @property
    def entries(self) -> int:
        """Numbers in the constraints."""
        return len(self._rows.value)

    def aims(self) -> list[FloatArray]:
        """Costs to be minimised one after the other."""
        return [
            self._aim(name)
            for name in self.problem.objectives
            if name in AIMS and (name != "equity" or self._counted)
        ]

    def keep(self, aim: FloatArray, values: FloatArray) -> None:
        """Let later aims be no worse in one than some values are."""
        reached = float(aim @ values)
        used = np.flatnonzero(aim).tolist()
        self._rows.add([(c, float(aim[c])) for c in used], reached + KEPT * max(1.0, abs(reached)))

    def program(self, aim: FloatArray) -> LinearProgram:
        """The program for one aim."""
        upper = np.full(self._count, np.inf)
        upper[self._fill] = 1.0
        for column, (r, j, p) in enumerate(self.visits):
            point, pool = self._before.trips[r].trip.stops[j], self._pools[p]
            upper[column] = min(float(self.problem.need[point, pool.commodity]), float(pool.units))
        whole = np.zeros(self._count, dtype=np.bool_)
        whole[: self.units] = True
        rows = self._rows
        return LinearProgram(
            cost=aim,
            upper=upper,
            row=np.array(rows.row, dtype=np.int64),
            column=np.array(rows.column, dtype=np.int64),
            value=np.array(rows.value),
            row_low=np.full(len(rows.high), -np.inf),
            row_high=np.array(rows.high),
            whole=whole,
        )

    def _aim(self, name: str) -> FloatArray:
        cost = np.zeros(self._count)
        if name == "equity":
            cost[self._fill] = -1.0
            return cost
        start, due = self.problem.start_s, self.problem.due_of
        for column, ((r, j, _), weight) in enumerate(zip(self.visits, self._weight, strict=True)):
            record = self._before.trips[r]
            arrive = record.arrive_s[j]
            late = max(0.0, arrive - due[record.trip.stops[j]])
            cost[column] = weight * {"unmet": -1.0, "latency": arrive - start, "lateness": late}[name]
        # Weights span orders of magnitude; the engine's tolerances are absolute.
        scale = float(np.abs(cost).max(initial=0.0))
        return cost / scale if scale > 0 else cost

    def _add_limits(self) -> None:
        """Need, stock, payload and volume."""
        problem, pools, before, rows = self.problem, self._pools, self._before, self._rows
        by_need: dict[tuple[int, int], Terms] = defaultdict(list)
        by_pool: dict[int, Terms] = defaultdict(list)
        for column, (r, j, p) in enumerate(self.visits):
            by_need[before.trips[r].trip.stops[j], pools[p].commodity].append((column, 1.0))
            by_pool[p].append((column, 1.0))
        for (point, k), terms in by_need.items():
            rows.add(terms, float(problem.need[point, k]))
        for p, terms in by_pool.items():
            rows.add(terms, float(pools[p].units))
        for r, record in enumerate(before.trips):
            kind = problem.vehicles[record.trip.vehicle].kind
            mine = [entry for j in range(len(record.trip.stops)) for entry in self._columns[r, j]]
            rows.add([(c, float(problem.kg[pools[p].commodity])) for c, p in mine], kind.payload_kg)
            rows.add([(c, float(problem.m3[pools[p].commodity])) for c, p in mine], kind.volume_m3)

    def _add_fill(self, whole: DispatchProblem) -> bool:
        """Bound the worst fill rate by that of each point; whether there is one."""
        wanted = (whole.need * whole.weight).sum(axis=1)
        given = ((whole.need - self.problem.need) * whole.weight).sum(axis=1)
        terms: dict[int, Terms] = defaultdict(list)
        for column, (r, j, _) in enumerate(self.visits):
            terms[self._before.trips[r].trip.stops[j]].append((column, -self._weight[column]))
        counted = np.flatnonzero(whole.reachable & ~whole.flooded & (wanted > 0)).tolist()
        for i in counted:
            self._rows.add([(self._fill, float(wanted[i])), *terms[i]], float(given[i]))
        return bool(counted)


@dataclass
class _TimeRows:
    """Loading starts as variables, in the dock order of the timetable.

    Attributes
    ----------
    problem, before, pools
        As for `QuantityProgram`.
    columns
        Unit variables and their pools by trip and stop.
    rows
        Constraints are added to these.
    units
        Column of the first loading start.
    """

    problem: DispatchProblem
    before: Timetable
    pools: tuple[Pool, ...]
    columns: dict[tuple[int, int], list[tuple[int, int]]]
    rows: _Rows
    units: int
    _at_dock: dict[tuple[int, int], int] = field(default_factory=dict)
    _last: dict[int, int] = field(default_factory=dict)
    _first: dict[int, int] = field(default_factory=dict)

    def add(self) -> None:
        """Add what binds the times of every trip."""
        for r, record in enumerate(self.before.trips):
            v = record.trip.vehicle
            if v in self.problem.locked:
                # Whoever loads before must be gone by then.
                self.rows.add([(self.units + r, 1.0)], record.load_start_s)
                self.rows.add([(self.units + r, -1.0)], -record.load_start_s)
                self._queue(r, record)
            else:
                way = _Way.of(self.problem, record)
                self._first.setdefault(v, r)
                self._load(r, record)
                self._queue(r, record)
                self._stops(r, record, way)
                self._hours(r, record, way)
                self._last[v] = r
            self._at_dock[record.trip.depot, record.dock] = r

    def _kg(self, r: int, stops: range, per_kg: float) -> Terms:
        weigh, pools = self.problem.kg, self.pools
        return [(c, float(weigh[pools[p].commodity]) * per_kg) for j in stops for c, p in self.columns[r, j]]

    def _load_s(self, record: TimedTrip) -> float:
        return 1 / self.problem.depots[record.trip.depot].dock_kg_per_s

    def _queue(self, r: int, record: TimedTrip) -> None:
        """Loading starts when the trip before at the dock is loaded."""
        ahead = self._at_dock.get((record.trip.depot, record.dock))
        if ahead is not None:
            past = self.before.trips[ahead].trip
            fixed = past.load_s if past.vehicle in self.problem.locked else 0.0
            loaded = self._kg(ahead, range(len(past.stops)), self._load_s(record))
            self.rows.add([(self.units + ahead, 1.0), (self.units + r, -1.0), *loaded], -fixed)

    def _load(self, r: int, record: TimedTrip) -> None:
        """Loading starts when vehicle, depot, lots and dock are ready."""
        problem, trip, start = self.problem, record.trip, self.units + r
        depot, stops = problem.depots[trip.depot], range(len(trip.stops))
        approach_s = record.load_start_s - record.approach_start_s
        # Lots the trip may draw are ready when it loads now, so it never starts before they are.
        opens = max(
            [
                depot.ready_s,
                problem.start_s,
                *(self.pools[p].ready_s for j in stops for _, p in self.columns[r, j]),
            ]
        )
        earlier = self._last.get(trip.vehicle)
        ready_s = 0.0 if earlier is not None else problem.vehicles[trip.vehicle].free_s
        ready_s = problem.begin_s(trip.vehicle, record.origin, depot.place, ready_s)
        opens = max(opens, ready_s + approach_s, depot.dock_queue()[record.dock])
        if earlier is not None:
            self._after(earlier, start, approach_s)
        for begin, end in depot.booked[record.dock] if record.dock < len(depot.booked) else ():
            if record.load_start_s >= end:
                opens = max(opens, end)
            else:
                # It loads before that work now: it has to be done with by then.
                loaded = self._kg(r, stops, self._load_s(record))
                self.rows.add([(start, 1.0), *loaded], max(begin - MARGIN_S, record.depart_s))
                break
        self.rows.add([(start, -1.0)], -opens)

    def _after(self, earlier: int, start: int, approach_s: float) -> None:
        """Loading starts when the vehicle is back from its trip before."""
        past = self.before.trips[earlier]
        way, stops = _Way.of(self.problem, past), range(len(past.trip.stops))
        unload_s = 1 / self.problem.unload_kg_per_s
        handled = self._kg(earlier, stops, self._load_s(past) + unload_s)
        self.rows.add([(self.units + earlier, 1.0), (start, -1.0), *handled], -way.fixed_s[-1] - approach_s)
        for w, since_s in way.waits(len(stops)):
            terms = [(start, -1.0), *self._kg(earlier, range(w, len(stops)), unload_s)]
            self.rows.add(terms, -since_s - approach_s)

    def _stops(self, r: int, record: TimedTrip, way: _Way) -> None:
        """Every stop begins in time."""
        problem, trip = self.problem, record.trip
        stops, load_s, unload_s = range(len(trip.stops)), self._load_s(record), 1 / problem.unload_kg_per_s
        for j in stops:
            latest = float(problem.deadline_s[trip.stops[j]])
            late, now = latest - MARGIN_S - way.fixed_s[j], record.depart_s + trip.arrive_s[j] - 1e-6
            terms = [(self.units + r, 1.0), *self._kg(r, stops, load_s), *self._kg(r, range(j), unload_s)]
            # What holds now stays allowed even inside the margin.
            self.rows.add(terms, max(late, now - way.fixed_s[j]))
            for w, since_s in way.waits(j):
                held = sum(trip.stop_kg[w:j]) * unload_s
                self.rows.add(self._kg(r, range(w, j), unload_s), max(latest - MARGIN_S - since_s, held))

    def _hours(self, r: int, record: TimedTrip, way: _Way) -> None:
        """Duty ends within the vehicle's hours."""
        problem, trip = self.problem, record.trip
        hours = problem.vehicles[trip.vehicle].kind.max_hours_s
        if not np.isfinite(hours):
            return
        stops, load_s, unload_s = range(len(trip.stops)), self._load_s(record), 1 / problem.unload_kg_per_s
        first = self._first[trip.vehicle]
        approach_s = self.before.trips[first].load_start_s - self.before.trips[first].approach_start_s
        high = hours - MARGIN_S - way.fixed_s[-1]
        terms = [*self._kg(r, stops, load_s + unload_s)]
        since = problem.vehicles[trip.vehicle].duty_start_s
        if since is not None:
            terms.append((self.units + r, 1.0))
            high += since
        elif first != r:
            terms += [(self.units + r, 1.0), (self.units + first, -1.0)]
        if since is None:
            high -= approach_s
        self.rows.add(terms, high)
        for w, since_s in way.waits(len(trip.stops)):
            terms = self._kg(r, range(w, len(trip.stops)), unload_s)
            if since is None:
                terms.append((self.units + first, -1.0))
            self.rows.add(terms, hours - MARGIN_S - since_s + (-approach_s if since is None else since))


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
