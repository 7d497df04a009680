"""Replanning with the vehicles a loss hits: they are sent anew, all others keep to their papers."""

from __future__ import annotations

import math
import time
from collections import defaultdict
from dataclasses import dataclass, replace
from typing import Final

from depotopt.dispatch.model.clock import timetable
from depotopt.dispatch.model.draft import DraftTrip, Routes
from depotopt.dispatch.model.goal import value_of
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search.budget import Budget
from depotopt.dispatch.search.candidates import insertion_order
from depotopt.dispatch.search.insertion import Inserter
from depotopt.dispatch.search.quantities import best_quantities
from depotopt.dispatch.search.repair import repair
from depotopt.dispatch.search.rota import Rota

PAPERS_SHARE: Final = 0.05
"""What new papers for a vehicle that is not hit must bring, in shares of what vehicles bring on average."""
CREWS_FROM: Final = 0.5
"""Share of the operations that must be left for sending one depot's vehicles anew; search takes the rest."""


@dataclass(frozen=True, slots=True)
class Rebuilding:
    """Drafts in which the vehicles that are not locked are sent anew.

    Attributes
    ----------
    problem
        What is left to do; its locked vehicles are those that keep to their papers.
    depots
        Where vehicles were to load next, by vehicle.
    until
        Moment of `time.perf_counter` after which no step is begun.
    budget
        Operations are taken off it; crews are sent anew one by one while half of it is left.
    """

    problem: DispatchProblem
    depots: dict[int, int]
    until: float
    budget: Budget

    def best(self, routes: Routes) -> Routes:
        """The best of the draft, the draft filled up, and drafts with the free vehicles planned anew.

        Parameters
        ----------
        routes
            A draft that holds every rule.
        """
        best, best_value = routes, value_of(self.problem, routes)
        crews = self._crews()
        for draft in (self._filled(routes), self._filled(self._anew(routes, crews))):
            value = value_of(self.problem, draft)
            if value < best_value:
                best, best_value = draft, value
        for crew in crews:
            if self.budget.heat < CREWS_FROM or time.perf_counter() >= self.until:
                break
            draft = self._filled(self._anew(best, [crew]))
            value = value_of(self.problem, draft)
            if value < best_value:
                best, best_value = draft, value
        return best

    def helped(self, routes: Routes) -> tuple[DispatchProblem, Routes]:
        """Locked vehicles take what nobody else can, where it is worth new papers; they are free then.

        Parameters
        ----------
        routes
            A draft that holds every rule.
        """
        problem = self.problem
        work = Inserter(replace(problem, locked=frozenset()), routes, budget=self.budget)
        work.insert_all(insertion_order(problem, work.missing), self.until)
        price = PAPERS_SHARE * sum(_worth(problem, route) for route in routes)
        price /= max(1, sum(bool(route) for route in routes))
        worth_it = {
            v for v in problem.locked if _worth(problem, work.routes[v]) > _worth(problem, routes[v]) + price
        }
        held = problem.locked - worth_it
        draft = tuple(routes[v] if v in held else route for v, route in enumerate(work.routes))
        if not worth_it or not timetable(problem, draft).feasible:
            return problem, routes
        return replace(problem, locked=frozenset(held)), draft

    def _filled(self, routes: Routes) -> Routes:
        """A draft with what fits put in by free vehicles, and their quantities optimised."""
        work = Inserter(self.problem, routes, thrifty=True, budget=self.budget)
        work.insert_all(insertion_order(self.problem, work.missing), self.until)
        left_s = self.until - time.perf_counter()
        return best_quantities(self.problem, tuple(work.routes), left_s, whole=False, budget=self.budget)

    def _crews(self) -> list[tuple[int, list[int]]]:
        """Depots with the free vehicles that load there, the most first."""
        crews: dict[int, list[int]] = defaultdict(list)
        for v, machine in enumerate(self.problem.vehicles):
            if v not in self.problem.locked and math.isfinite(machine.free_s):
                crews[self._station(v)].append(v)
        return sorted(crews.items(), key=lambda entry: (-len(entry[1]), entry[0]))

    def _anew(self, routes: Routes, crews: list[tuple[int, list[int]]]) -> Routes:
        """Crews planned by list scheduling, depot by depot, between the trips of all others."""
        problem = self.problem
        everybody = frozenset(range(len(problem.vehicles)))
        free = {v for _, crew in crews for v in crew}
        draft: list[tuple[DraftTrip, ...]] = [() if v in free else route for v, route in enumerate(routes)]
        for depot, crew in crews:
            others = replace(problem, locked=everybody - frozenset(crew))
            made = Rota(others, depot, tuple(draft)).routes()
            for v in crew:
                draft[v] = made[v]
        mended = repair(problem, tuple(draft))
        # Whoever keeps to its papers must not give way to the others.
        return routes if any(mended[v] != routes[v] for v in problem.locked) else mended

    def _station(self, v: int) -> int:
        """Depot where a vehicle was to load next, or else the nearest."""
        problem, stands = self.problem, self.problem.vehicles[v].stands
        near = (problem.seconds(v, stands, depot.place) for depot in problem.depots)
        return self.depots.get(v, min(zip(near, range(len(problem.depots)), strict=True))[1])


def _worth(problem: DispatchProblem, route: tuple[DraftTrip, ...]) -> float:
    """Weighted person-days a vehicle brings."""
    return sum(
        units * problem.weight_rows[point][problem.lots[p].commodity]
        for trip in route
        for point, load in zip(trip.stops, trip.loads, strict=True)
        for p, units in load
    )
