"""Parts of a dispatch problem: a few depots with their vehicles, solved by themselves and put back."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from depotopt.dispatch.model.draft import DraftTrip, Routes
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.resources import TravelMatrix
from depotopt.units import Int64Array

ELSEWHERE = -1
"""Stands for any vehicle outside a part in ``served_by``."""


@dataclass(frozen=True, slots=True)
class Part:
    """Some vehicles of a problem with the need and the stock they may work on.

    Depots and lots keep their positions; vehicles, points and places are numbered anew.

    Attributes
    ----------
    problem
        The part as a problem of its own.
    vehicles, points
        Positions in the whole problem.
    """

    problem: DispatchProblem
    vehicles: tuple[int, ...]
    points: tuple[int, ...]

    def routes(self, whole: Routes) -> Routes:
        """Routes of the part's vehicles, in the part's numbers; all their stops must be in the part."""
        local = {point: n for n, point in enumerate(self.points)}
        return tuple(
            tuple(self._moved(trip, n, tuple(local[i] for i in trip.stops)) for trip in whole[v])
            for n, v in enumerate(self.vehicles)
        )

    def put_back(self, whole: DispatchProblem, routes: Routes, mine: Routes) -> Routes:
        """The whole draft with the part's routes in place of the old ones."""
        changed = list(routes)
        for v, route in zip(self.vehicles, mine, strict=True):
            changed[v] = tuple(
                replace(
                    trip,
                    vehicle=v,
                    stops=tuple(self.points[i] for i in trip.stops),
                    last=whole.place_of[self.points[trip.stops[-1]]],
                )
                for trip in route
            )
        return tuple(changed)

    def _moved(self, trip: DraftTrip, vehicle: int, stops: tuple[int, ...]) -> DraftTrip:
        return replace(trip, vehicle=vehicle, stops=stops, last=self.problem.place_of[stops[-1]])


def part_of(
    problem: DispatchProblem, vehicles: tuple[int, ...], need: Int64Array, lot_units: Int64Array
) -> Part:
    """Cut a part out of a problem.

    Parameters
    ----------
    problem
        The whole.
    vehicles
        Who may work on it.
    need
        Units they may hand over, shape ``(I, K)``; points without any are left out.
    lot_units
        Units they may load, shape ``(P,)``.
    """
    points = np.flatnonzero(need.any(axis=1))
    machines = [problem.vehicles[v] for v in vehicles]
    stands = {place for machine in machines for place in (machine.home, machine.stands)}
    fixed = [depot.place for depot in problem.depots]
    yards = sorted(stands - set(fixed))
    chosen = np.array([*fixed, *yards, *problem.points[points].tolist()], dtype=np.int64)
    place = {old: new for new, old in enumerate([*fixed, *yards])}
    used = sorted({machine.travel for machine in machines})
    travel = tuple(_cut(problem.travel[t], chosen) for t in used)
    number = {v: n for n, v in enumerate(vehicles)}
    served = tuple(
        frozenset(number.get(v, ELSEWHERE) for v in problem.served_by[i])
        for i in (points if problem.served_by else ())
    )
    small = replace(
        problem,
        places=tuple(problem.places[m] for m in chosen),
        lon=problem.lon[chosen],
        lat=problem.lat[chosen],
        depots=tuple(replace(depot, place=d) for d, depot in enumerate(problem.depots)),
        lots=tuple(
            lot if lot.units == units else replace(lot, units=int(units))
            for lot, units in zip(problem.lots, lot_units, strict=True)
        ),
        vehicles=tuple(
            replace(
                machine,
                travel=used.index(machine.travel),
                home=place[machine.home],
                stands=place[machine.stands],
            )
            for machine in machines
        ),
        points=np.arange(len(fixed) + len(yards), len(chosen), dtype=np.int64),
        point_idents=tuple(problem.point_idents[i] for i in points),
        need=need[points],
        weight=problem.weight[points],
        deadline_s=problem.deadline_s[points],
        travel=travel,
        flooded=problem.flooded[points],
        reachable=problem.reachable[points],
        due_s=problem.due_s[points] if len(problem.due_s) else problem.due_s,
        earliest_s=problem.earliest_s[points] if len(problem.earliest_s) else problem.earliest_s,
        served_by=served,
        locked=frozenset(number[v] for v in vehicles if v in problem.locked),
    )
    return Part(small, vehicles, tuple(points.tolist()))


def _cut(matrix: TravelMatrix, places: Int64Array) -> TravelMatrix:
    grid = np.ix_(places, places)
    return TravelMatrix(
        matrix.seconds[grid],
        matrix.metres[grid],
        matrix.exact,
        None if matrix.opens_s is None else matrix.opens_s[grid],
        None if matrix.least_s is None else matrix.least_s[grid],
    )
