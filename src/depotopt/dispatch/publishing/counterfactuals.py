"""What would be, were there more: units and vehicles put into a draft, to see what is missing."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from depotopt.dispatch.model.draft import Routes, delivered
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.model.resources import Lot
from depotopt.dispatch.model.usable import NEVER
from depotopt.dispatch.search.insertion import Inserter

LINES_TESTED: Final = 6_000
"""Points and commodities asked about at most, times the trips of a draft: that is what takes the time."""


class MoreStock:
    """Puts units nobody has into a draft, line by line, to see how far stock is what is missing.

    What is put in stays: who is asked about first has the vehicles first.

    Parameters
    ----------
    problem, routes
        A draft that holds every rule.
    tested
        Whether anything is put in; else all is believed to fit, as it is beyond `LINES_TESTED`.
    """

    def __init__(self, problem: DispatchProblem, routes: Routes, *, tested: bool) -> None:
        self._lines = LINES_TESTED // (1 + sum(map(len, routes))) if tested else 0
        self._routes, self._need = routes, delivered(problem, routes)
        more = tuple(
            Lot("", d, k, int(problem.need[:, k].sum()), depot.ready_s, NEVER)
            for d, depot in enumerate(problem.depots)
            for k in range(len(problem.commodity_idents))
        )
        self._problem = replace(problem, lots=(*problem.lots, *more), locked=frozenset())

    def brings(self, i: int, k: int, units: int) -> int:
        """How many more of some units a point could be brought, were there more stock at every depot."""
        if self._lines <= 0:
            return units
        self._lines -= 1
        need = self._need.copy()
        need[i, k] += units
        work = Inserter(replace(self._problem, need=need), self._routes)
        work.insert_all([i])
        brought = units - int(work.missing[i, k])
        if brought:
            self._routes = tuple(work.routes)
            self._need[i, k] += brought
        return brought
