"""`Quarters`: which neighbouring depots and vehicles a large problem is worked on with at a time."""

from __future__ import annotations

from typing import Final

import numpy as np

from depotopt.dispatch.model.draft import Routes, delivered, drawn
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search.parts import Part, part_of
from depotopt.units import Int64Array

MOST_VEHICLES: Final = 60
"""Vehicles a part has at most where it spans several depots; problems up to this size stay whole."""
MOST_DEPOTS: Final = 3
"""Depots of a part."""
NEAR_DEPOTS: Final = 4
"""A point with unmet need is shown to the parts of so many depots nearest to it."""


class Quarters:
    """Parts of a problem around one depot after the other.

    Parameters
    ----------
    problem
        The whole.
    """

    def __init__(self, problem: DispatchProblem) -> None:
        self._problem = problem
        self.divided = len(problem.vehicles) > MOST_VEHICLES and len(problem.depots) > 1
        self._order: list[int] = []
        if not self.divided:
            return
        places = np.array([depot.place for depot in problem.depots], dtype=np.int64)
        away = np.min([matrix.seconds[np.ix_(places, places)] for matrix in problem.travel], axis=0)
        self._neighbours: list[list[int]] = np.argsort(away, axis=1, kind="stable").tolist()
        self._base = [
            int(np.argmin([problem.seconds(v, machine.stands, place) for place in places]))
            for v, machine in enumerate(problem.vehicles)
        ]
        out = np.array(problem.least_out_s)
        nearest = np.argsort(out, axis=0, kind="stable")[:NEAR_DEPOTS]
        self._near = np.zeros(out.shape, dtype=np.bool_)
        np.put_along_axis(self._near, nearest, True, axis=0)
        self._near &= np.isfinite(out)

    def next_part(self, routes: Routes, rng: np.random.Generator) -> Part:
        """The part round the next depot, in an order drawn anew when all have had their turn."""
        if not self._order:
            self._order = rng.permutation(len(self._problem.depots)).tolist()
        return self.part(routes, self._order.pop(), int(rng.integers(1, MOST_DEPOTS + 1)))

    def part(self, routes: Routes, depot: int, depots: int = 1) -> Part:
        """Some neighbouring depots, whoever loads there or stands idle there, and need they can look after.

        Stock elsewhere that these vehicles draw stays theirs; nothing more of it is offered.

        Parameters
        ----------
        routes
            Draft of the whole problem.
        depot
            The depot in the middle.
        depots
            Depots at most; fewer where that would be more than `MOST_VEHICLES` vehicles.
        """
        problem = self._problem
        users: dict[int, set[int]] = {d: set() for d in range(len(problem.depots))}
        for v, route in enumerate(routes):
            for d in {trip.depot for trip in route} or {self._base[v]}:
                users[d].add(v)
        chosen, crew = [depot], set(users[depot])
        for other in self._neighbours[depot]:
            if len(chosen) >= depots:
                break
            if other != depot and len(crew | users[other]) <= MOST_VEHICLES:
                chosen.append(other)
                crew |= users[other]
        vehicles = tuple(sorted(crew))
        mine = tuple(route if v in crew else () for v, route in enumerate(routes))
        given, used = delivered(problem, mine), drawn(problem, mine)
        missing = np.maximum(problem.need - delivered(problem, routes), 0)
        missing[~self._near[chosen].any(axis=0)] = 0
        here = np.isin([lot.depot for lot in problem.lots], chosen)
        spare: Int64Array = np.where(here, problem.lot_units - drawn(problem, routes), 0)
        # What nobody here holds need not be looked at.
        held = np.zeros(len(problem.commodity_idents), dtype=np.bool_)
        held[[problem.lots[p].commodity for p in np.flatnonzero(spare + used)]] = True
        missing[:, ~held] = 0
        return part_of(problem, vehicles, given + missing, used + spare)
