"""`Spent`: what trips bring to some points and could have brought to others."""

from __future__ import annotations

import math

import numpy as np

from depotopt.dispatch.model.clock import Timetable
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.units import BoolArray, FloatArray, Int64Array


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
            [[begins_s(self._problem, t, int(place), i, 0.0) for place in self._place] for t in kinds]
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


def begins_s(problem: DispatchProblem, travel: int, place: int, i: int, ready_s: float) -> float:
    """When a stop begins for who is ready to leave a place: once its road and the point are open."""
    there = ready_s + float(problem.travel[travel].seconds[place, problem.points[i]])
    holds = problem.holds_from(travel, place)
    return there if holds is None else max(there, float(holds[i]))
