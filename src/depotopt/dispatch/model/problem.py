"""`DispatchProblem`: one road state seen from the loading docks, frozen, without solver or network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final, cast

import numpy as np

from depotopt.dispatch.model.resources import Depot, Lot, TravelMatrix, Vehicle
from depotopt.units import BoolArray, FloatArray, Int64Array

LISTED_PLACES: Final = 1_500
"""Places up to which matrices are kept as lists too: fast to read, four times the memory."""


@dataclass(frozen=True)
class DispatchProblem:
    """Deliver from depots' stock to demand points with a fleet, in one road state.

    Sets
        D depots, P lots (each at one depot, of one commodity), I points with need, K commodities,
        V vehicles, R(v) the trips of vehicle v in order.
    Data
        need[i,k], weight[i,k]; units[p], ready_s[p]; kg[k], m3[k]; earliest_s[i], deadline_s[i];
        seconds_v[a,b], metres_v[a,b], opens_v[a,b] between places; payload, volume, range, duty of vehicles.
    Variables
        trips (start depot, stops in order, end), y[r,i,p] in {0, 1, 2, ...} units of lot p handed over
        at stop i of trip r, times of loading, arrival and return.
    Model
        lexmin  sum_ik weight[i,k] (need[i,k] - sum_r,p y[r,i,p]),  operating cost
        s.t.    sum_r,p y[r,i,p] <= need[i,k],  sum_r,i y[r,i,p] <= units[p]
                load of each trip within payload and volume, length of each trip within range
                loading after vehicle, depot and lots are ready, at most ``docks`` at a time,
                kg / dock_kg_per_s long;  no leg a -> b begins before opens_v[a,b];
                stop at i begins at max(arrival, earliest_s[i]) <= deadline_s[i];  duty of v within its hours.

    Attributes
    ----------
    places
        Identifiers of depots, then home sites that are not depots, then points.
    lon, lat
        Their positions in degrees, shape ``(M,)``.
    depots, lots, vehicles
        See their classes; vehicles sorted by identifier.
    points
        Place of each point with need, shape ``(I,)``.
    point_idents, commodity_idents
        Names.
    need
        Whole units, shape ``(I, K)``.
    weight
        Priority-weighted person-days per unit unmet, shape ``(I, K)``.
    kg, m3
        Per unit, shape ``(K,)``.
    deadline_s
        Latest arrival that counts, shape ``(I,)``.
    travel
        One matrix per travel profile of the fleet.
    flooded
        Points that stand in the hazard, shape ``(I,)``.
    reachable
        Points some vehicle of the fleet can reach from some depot, time apart, shape ``(I,)``.
    stop_service_s, unload_kg_per_s
        Time per stop and unloading rate.
    unmet_penalty
        Cost of one priority-weighted person-day.
    start_s
        Nothing moves before (moment of the snapshot).
    road_state
        Index of the road state.
    excluded
        Remarks on what was left out and why (expired lots, vehicles that cannot move).
    locked
        Vehicles whose trips the search leaves as they are.
    served_by
        Vehicles that visit each point in the plan in force; empty for a first plan.
    change_cost
        Price in the search of a stop by another vehicle than in the plan in force; not part of the cost.
    objectives
        What plans are compared by, in order; names as in `docs/semantics.md`.
    spent_cost, spent_km
        Operating cost and kilometres of trips that are decided before: part of every plan's terms.
    due_s
        Arrival after which a delivery is late, shape ``(I,)``; empty where nothing that counts is late.
    earliest_s
        Moment before which nothing is handed over, shape ``(I,)``; empty where all points are open always.
    """

    places: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray
    depots: tuple[Depot, ...]
    lots: tuple[Lot, ...]
    vehicles: tuple[Vehicle, ...]
    points: Int64Array
    point_idents: tuple[str, ...]
    commodity_idents: tuple[str, ...]
    need: Int64Array
    weight: FloatArray
    kg: FloatArray
    m3: FloatArray
    deadline_s: FloatArray
    travel: tuple[TravelMatrix, ...]
    flooded: BoolArray
    reachable: BoolArray
    stop_service_s: float
    unload_kg_per_s: float
    unmet_penalty: float
    start_s: float
    road_state: int
    excluded: tuple[str, ...] = ()
    served_by: tuple[frozenset[int], ...] = ()
    locked: frozenset[int] = frozenset()
    change_cost: float = 0.0
    objectives: tuple[str, ...] = ("unmet", "cost")
    due_s: FloatArray = field(default_factory=lambda: np.zeros(0))
    spent_cost: float = 0.0
    spent_km: float = 0.0
    earliest_s: FloatArray = field(default_factory=lambda: np.zeros(0))

    @cached_property
    def lot_units(self) -> Int64Array:
        """Usable units per lot, shape ``(P,)``."""
        return np.array([lot.units for lot in self.lots], dtype=np.int64)

    @cached_property
    def lots_of_depot(self) -> tuple[tuple[int, ...], ...]:
        """Lots per depot, first expired first."""
        order = sorted(range(len(self.lots)), key=lambda p: (self.lots[p].expiry, self.lots[p].ident))
        return tuple(tuple(p for p in order if self.lots[p].depot == d) for d in range(len(self.depots)))

    @cached_property
    def ends(self) -> tuple[int, ...]:
        """Places where any vehicle may end a trip (its home comes on top)."""
        return tuple(depot.place for depot in self.depots)

    @cached_property
    def seconds_of(self) -> tuple[Sequence[Sequence[float]], ...]:
        """Times per travel profile as plain lists: the clock reads single entries, millions of times."""
        return tuple(_rows(matrix.seconds) for matrix in self.travel)

    @cached_property
    def metres_of(self) -> tuple[Sequence[Sequence[float]], ...]:
        """Lengths per travel profile as plain lists."""
        return tuple(_rows(matrix.metres) for matrix in self.travel)

    @cached_property
    def opens_of(self) -> tuple[Sequence[Sequence[float]] | None, ...]:
        """Moments before which legs may not begin, per travel profile; ``None`` where there are none."""
        return tuple(None if matrix.opens_s is None else _rows(matrix.opens_s) for matrix in self.travel)

    @cached_property
    def earliest_of(self) -> list[float] | None:
        """Opening of each point; ``None`` where all are open always."""
        if not (self.earliest_s > self.start_s).any():
            return None
        earliest: list[float] = self.earliest_s.tolist()
        return earliest

    @cached_property
    def waits(self) -> bool:
        """Whether a vehicle may have to wait on the way: for a point to open, or for a road."""
        return self.earliest_of is not None or any(rows is not None for rows in self.opens_of)

    @cached_property
    def place_of(self) -> list[int]:
        """Place of each point."""
        places: list[int] = self.points.tolist()
        return places

    @cached_property
    def deadline_of(self) -> list[float]:
        """Deadline of each point."""
        deadlines: list[float] = self.deadline_s.tolist()
        return deadlines

    @cached_property
    def sample_vehicles(self) -> tuple[Vehicle, ...]:
        """One vehicle of each sort: same type and moment, and same home where the way back is limited."""
        sorts: dict[tuple[str, int, float, int], Vehicle] = {}
        for machine in self.vehicles:
            home = machine.home if np.isfinite(machine.kind.range_m) else -1
            sorts.setdefault((machine.kind.ident, machine.travel, machine.free_s, home), machine)
        return tuple(sorts.values())

    @cached_property
    def due_of(self) -> list[float]:
        """Arrival at each point after which a delivery is late."""
        due: list[float] = (self.due_s if len(self.due_s) else self.deadline_s).tolist()
        return due

    @cached_property
    def weight_rows(self) -> list[list[float]]:
        """Weighted person-days per unit, point by point."""
        rows: list[list[float]] = self.weight.tolist()
        return rows

    @cached_property
    def kinds_by_worth(self) -> list[list[int]]:
        """Commodities of each point, what is worth most per kilogram first."""
        order: list[list[int]] = np.argsort(-self.weight / self.kg, axis=1, kind="stable").tolist()
        return order

    @cached_property
    def lots_held(self) -> tuple[tuple[tuple[int, ...], ...], ...]:
        """Lots per depot and commodity, first expired first."""
        return tuple(
            tuple(
                tuple(p for p in lots if self.lots[p].commodity == k)
                for k in range(len(self.commodity_idents))
            )
            for lots in self.lots_of_depot
        )

    @cached_property
    def least_out_s(self) -> list[list[float]]:
        """Seconds of the quickest vehicle from each depot to each point; ``inf`` where there is none."""
        depots = np.array([depot.place for depot in self.depots], dtype=np.int64)
        quickest = np.full((len(depots), len(self.points)), np.inf)
        for matrix in self.travel:
            quickest = np.minimum(quickest, matrix.seconds[np.ix_(depots, self.points)])
        out: list[list[float]] = quickest.tolist()
        return out

    @cached_property
    def lot_kg(self) -> list[float]:
        """Weight of a unit of each lot."""
        return [float(self.kg[lot.commodity]) for lot in self.lots]

    @cached_property
    def lot_m3(self) -> list[float]:
        """Volume of a unit of each lot."""
        return [float(self.m3[lot.commodity]) for lot in self.lots]

    @cached_property
    def _nearest_ends(self) -> dict[tuple[int, int, int], int]:
        return {}

    def seconds(self, vehicle: int, a: int, b: int) -> float:
        """Driving time of a vehicle between two places."""
        return self.seconds_of[self.vehicles[vehicle].travel][a][b]

    def least_seconds(self, vehicle: int, a: int, b: int) -> float:
        """Driving time once every road that opens is open."""
        matrix = self.travel[self.vehicles[vehicle].travel]
        return float((matrix.seconds if matrix.least_s is None else matrix.least_s)[a, b])

    def holds_from(self, travel: int, place: int) -> FloatArray | None:
        """Moments before which stops cannot begin, straight from a place; ``None`` where none waits."""
        if not self.waits:
            return None
        matrix = self.travel[travel]
        holds = self.earliest_s if len(self.earliest_s) else np.zeros(len(self.points))
        if matrix.opens_s is None:
            return holds
        there = matrix.opens_s[place, self.points] + matrix.seconds[place, self.points]
        return np.maximum(holds, np.where(np.isfinite(there), there, 0.0))

    def begin_s(self, vehicle: int, a: int, b: int, ready_s: float) -> float:
        """When a vehicle that is ready may begin a leg: at once, or when its road opens."""
        opens = self.opens_of[self.vehicles[vehicle].travel]
        return ready_s if opens is None else max(ready_s, opens[a][b])

    def metres(self, vehicle: int, a: int, b: int) -> float:
        """Length of that leg."""
        return self.metres_of[self.vehicles[vehicle].travel][a][b]

    def nearest_end(self, vehicle: int, place: int) -> int:
        """Place nearest in time where a vehicle may end a trip; its start of the trip may be nearer."""
        machine = self.vehicles[vehicle]
        key = (machine.travel, machine.home, place)
        if key not in self._nearest_ends:
            away = self.seconds_of[machine.travel][place]
            self._nearest_ends[key] = min((machine.home, *self.ends), key=lambda end: (away[end], end))
        return self._nearest_ends[key]


def _rows(matrix: FloatArray) -> Sequence[Sequence[float]]:
    """Rows to read single entries from."""
    if len(matrix) <= LISTED_PLACES:
        rows: list[list[float]] = matrix.tolist()
        return rows
    return cast("Sequence[Sequence[float]]", list(matrix))
