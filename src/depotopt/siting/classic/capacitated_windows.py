"""`Windows`: neighbouring open sites and the whole points they serve, one small MILP at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from depotopt.siting.classic.capacitated_problem import Allocation
from depotopt.siting.classic.capacitated_search import Search
from depotopt.siting.engines.registry import milp_engine
from depotopt.siting.model.linear import LinearArrays
from depotopt.units import Int64Array
from depotopt.working_time import working_s

OPEN, CLOSED = 8, 15
"""Open sites of a window, and closed ones that may open in it."""
NEAR = 8
"""Sites each of its points may go to, the cheapest with a share of their opening cost."""
WINDOW_S = 3.0
EVERY_S = 5.0
"""Seconds of other work before windows are tried; cases solved sooner do without."""
SHARE = 0.5
"""Share of the time since they were last tried."""


class Windows:
    """Improves layouts of whole points where shifts and swaps end: which small sites fill up exactly.

    A window is the open sites cheapest for a random point, the points they serve, and the closed sites that
    would serve these best. Within it sites and assignment are chosen anew by a MILP that starts from what is
    there; the rest stays. Only layouts come of it: no bound is read from the engine. (TBED1 300 x 300 p1:
    from 16,652 to 16,565 in 19 CPU s of windows, where the bound is 16,477.)

    Parameters
    ----------
    search
        Holds the best layout and gets better ones.
    """

    def __init__(self, search: Search) -> None:
        self.search = search
        self._rng = np.random.default_rng(search.limits.seed)
        self._tried_s = working_s()

    def run(self) -> None:
        """Try windows if it is time to."""
        search = self.search
        since_s = working_s() - self._tried_s
        if not search.problem.single_source or search.best is None or since_s < EVERY_S:
            return
        until = working_s() + SHARE * since_s
        while not search.over and working_s() < until:
            self._improve(min(WINDOW_S, search.left_s))
        self._tried_s = working_s()

    def _improve(self, seconds: float) -> None:
        """One window of the best layout."""
        search = self.search
        problem, best = search.problem, search.best
        assert best is not None
        site = np.empty(problem.points, dtype=np.int64)
        site[best.point] = best.site
        opened = best.open.astype(np.int64)
        order = np.argsort(search.cost[opened, self._rng.integers(problem.points)], kind="stable")
        inside = np.sort(opened[order[:OPEN]])
        points = np.flatnonzero(np.isin(site, inside))
        if not len(points):
            return
        sites = np.concatenate([inside, self._candidates(opened, points)])
        row = np.searchsorted(inside, site[points])
        found = self._solved(sites, points, row, len(inside), seconds)
        if found is None:
            return
        site[points] = sites[found]
        load = np.bincount(site, weights=problem.need, minlength=problem.sites)
        if (load > problem.capacity + 1e-9).any():
            return
        chosen = np.unique(site)
        if problem.count is not None:
            # Sites without points stand too where a number of sites is asked for.
            idle = np.setdiff1d(opened, chosen)[: problem.count - len(chosen)]
            chosen = np.concatenate([chosen, idle])
            if len(chosen) != problem.count:
                return
        search.keep(Allocation.of_assignment(chosen, site), "windows")

    def _candidates(self, opened: Int64Array, points: Int64Array) -> Int64Array:
        """Closed sites that serve some of these points at least cost, opening included."""
        problem, search = self.search.problem, self.search
        closed = np.setdiff1d(np.arange(problem.sites), opened)
        per_unit = problem.fixed[closed] / np.maximum(problem.capacity[closed], 1e-9)
        cost = np.sort(search.cost[np.ix_(closed, points)], axis=1)[:, : max(len(points) // NEAR, 1)]
        score = per_unit * problem.need[points].mean() + cost.mean(axis=1)
        return closed[np.argsort(score, kind="stable")[:CLOSED]]

    def _solved(
        self, sites: Int64Array, points: Int64Array, row: Int64Array, inside: int, seconds: float
    ) -> Int64Array | None:
        """Row among ``sites`` of each point by the MILP; the first ``inside`` are open now."""
        problem = self.search.problem
        need, capacity, fixed = problem.need[points], problem.capacity[sites], problem.fixed[sites]
        cost = self.search.cost[np.ix_(sites, points)]
        everybody = np.arange(len(points))
        near = np.zeros(cost.shape, dtype=np.bool_)
        dear = cost + (fixed / np.maximum(capacity, 1e-9))[:, None] * need[None, :]
        near[np.argsort(dear, axis=0, kind="stable")[:NEAR], everybody] = True
        near[row, everybody] = True
        j, i = np.nonzero(near & np.isfinite(cost))
        many, pairs = len(sites), len(j)
        arrays = LinearArrays()
        opens = arrays.add_columns(many, upper=1.0, cost=fixed, integer=True)
        serves = arrays.add_columns(pairs, upper=1.0, cost=cost[j, i], integer=True)
        arrays.add_rows(np.ones(len(points)), np.ones(len(points)), i, serves, 1.0)
        arrays.add_rows(
            np.full(many, -np.inf),
            np.zeros(many),
            np.concatenate([j, np.arange(many)]),
            np.concatenate([serves, opens]),
            np.concatenate([need[i], -capacity]),
        )
        arrays.add_rows(
            np.full(pairs, -np.inf),
            np.zeros(pairs),
            np.concatenate([np.arange(pairs), np.arange(pairs)]),
            np.concatenate([serves, opens[j]]),
            np.concatenate([np.ones(pairs), -np.ones(pairs)]),
        )
        if problem.count is not None:
            arrays.add_rows(inside, inside, np.zeros(many, dtype=np.int64), opens, 1.0)
        hint = np.zeros(arrays.columns)
        hint[opens[:inside]] = 1.0
        hint[serves] = row[i] == j
        limits = replace(self.search.limits, time_s=max(seconds, 0.05), gap=1e-4)
        answer = milp_engine("highs").solve(arrays.model("window"), limits, hint=hint)
        if answer.values is None:
            return None
        taken = answer.values[serves] > 0.5
        found = row.copy()
        found[i[taken]] = j[taken]
        return found
