"""First routes: depot by depot, by list scheduling and by the routing engine, whichever is better."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from depotopt.dispatch.bound.allocation import Allocation
from depotopt.dispatch.model.draft import Routes
from depotopt.dispatch.model.goal import value_of
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.routing import RoutingBudget, RoutingEngine
from depotopt.dispatch.search.candidates import insertion_order
from depotopt.dispatch.search.consignments import Consignment, consignments, route_consignments
from depotopt.dispatch.search.fleet import station
from depotopt.dispatch.search.insertion import Inserter
from depotopt.dispatch.search.parts import Part, part_of
from depotopt.dispatch.search.repair import repair
from depotopt.dispatch.search.rota import Rota


class Construction:
    """First drafts along the flows of the relaxation.

    Every depot gets the vehicles stationed there and the need the relaxation serves from it, and is planned
    by itself: no two depots share a vehicle or a unit, so their plans hold together.

    Parameters
    ----------
    problem, allocation
        What is to be delivered and the relaxed flows.
    until
        Moment of `time.perf_counter` after which nothing is inserted.
    """

    def __init__(self, problem: DispatchProblem, allocation: Allocation, until: float) -> None:
        self._problem, self._allocation, self._until = problem, allocation, until
        self._stationed = station(problem, allocation)
        self.pieces: tuple[Consignment, ...] = consignments(problem, allocation, self._stationed)
        self._parts = [self._part(d) for d in range(len(problem.depots))]

    def scheduled(self) -> Routes:
        """A draft by list scheduling alone: quick."""
        routes: Routes = tuple(() for _ in self._problem.vehicles)
        for d, part in enumerate(self._parts):
            if part.vehicles and part.points:
                listed = repair(part.problem, Rota(part.problem, d).routes())
                routes = part.put_back(self._problem, routes, listed)
        return routes

    def routed(
        self, engine: RoutingEngine, budget: RoutingBudget, other: Routes, tell: Callable[[str], None]
    ) -> Routes:
        """A draft by the routing engine, filled up; ``other`` at the depots where that is better.

        Parameters
        ----------
        engine, budget
            Who routes, and how long.
        other
            A draft of the same construction.
        tell
            Told what is being done.
        """
        tell(f"{len(self.pieces)} consignments")
        found = route_consignments(
            self._problem, self._allocation, self.pieces, self._stationed, engine, budget
        )
        for part in self._parts:
            known = part.routes(other)
            routed = self._fill(part, repair(part.problem, part.routes(found)))
            if value_of(part.problem, routed) < value_of(part.problem, known):
                other = part.put_back(self._problem, other, routed)
        return other

    def _part(self, depot: int) -> Part:
        problem, allocation = self._problem, self._allocation
        share = np.zeros_like(problem.need)
        for p, pool in enumerate(allocation.pools):
            if pool.depot == depot:
                share[:, pool.commodity] += allocation.units[p]
        vehicles = tuple(v for v, at in enumerate(self._stationed) if at == depot)
        mine = np.array([lot.depot == depot for lot in problem.lots], dtype=np.bool_)
        return part_of(problem, vehicles, share, np.where(mine, problem.lot_units, 0))

    def _fill(self, part: Part, routes: Routes) -> Routes:
        if not part.vehicles or not part.points:
            return routes
        work = Inserter(part.problem, routes, thrifty=True)
        work.insert_all(insertion_order(part.problem, work.missing), self._until)
        return tuple(work.routes)
