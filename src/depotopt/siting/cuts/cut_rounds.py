"""`Rounds`: master, separation and search put together."""

from __future__ import annotations

import numpy as np

from depotopt.siting.cuts.cut_master import CutMaster, Held, MasterPoint
from depotopt.siting.cuts.outcome import Judged
from depotopt.siting.cuts.search import Search
from depotopt.siting.cuts.separation import Separation
from depotopt.siting.model.cover import Cover
from depotopt.siting.model.first_stage import fitted
from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.siting.recourse.recourse import layout_response
from depotopt.units import FloatArray, Int64Array

VIOLATION = 0.05
"""Cuts whose violations together would move the bound by less than this share of the gap are not added."""
OUT = 0.3
"""Share of the relaxed point in the points that cuts are made at."""
SETTLE_OUT = 0.5
INTEGRAL = 1e-6
SURE = 0.5
"""What is open this far is opened at once when diving."""
HARDLY = 0.1
"""What is open no further is closed at once."""
SETTLE_ROUNDS = 60
"""Rounds of settling the stock of a layout."""


class Rounds:
    """What every stage of the search does: add cuts at a point, price a layout, settle its stock."""

    def __init__(
        self, problem: SitingProblem, master: CutMaster, separation: Separation, search: Search
    ) -> None:
        self.problem, self.master, self.separation, self.search = problem, master, separation, search
        self.judged: Judged | None = None
        """A layout whose responses are known: it needs no pricing, and its cuts are there."""
        self.added = 0
        """Cuts that the last call added."""
        self.inner: tuple[FloatArray, FloatArray, FloatArray] | None = None
        """Fractional first stage that cuts are made near: options, sites, stock."""
        self.inner_value = np.inf
        """Exact value of the best fractional first stage that cuts were made at."""
        goal, groups = problem.goal, master.groups
        if goal.is_mean:
            self._leverage = problem.events_per_year * goal.mean * groups.probability
        else:
            parts = groups.count // problem.states
            self._leverage = problem.events_per_year * np.repeat(goal.leverage(problem.probability), parts)

    def separate(self, point: MasterPoint, x: FloatArray, stock: FloatArray) -> int:
        """Add cuts found at ``(x, stock)`` that the point violates; return how many."""
        return self.add_violated(point) if self.separation.at(x, stock) else 0

    def between(self, point: MasterPoint) -> int:
        """Add cuts found between a relaxed point and the best one known; return how many.

        The best one known (by its exact value) moves to where the cuts were made when that is better
        (in-out separation: Ben-Ameur and Neto 2007, Networks 49, 3-17).
        """
        opened = point.values[self.master.stage.open]
        x, stock = point.x, point.stock
        trial: tuple[FloatArray, FloatArray, FloatArray]
        if self.inner is None:
            # Nothing good is known yet: a bit of everything everywhere.
            trial = (0.5 * np.ones_like(opened), np.full_like(x, 0.5), 0.3 * self.master.stage.unit)
        else:
            given = zip((opened, x, stock), self.inner, strict=True)
            opened, x, stock = (OUT * out + (1.0 - OUT) * inner for out, inner in given)
            trial = (opened, x, stock)
        if not self.separation.at(trial[1], trial[2]):
            return 0
        added = self.add_violated(point)
        response = self.separation.response.sum(axis=1)
        value = self.yearly(trial[0], trial[2])
        value += self.problem.events_per_year * self.problem.goal.risk(response, self.problem.probability)
        # Where paths ran out there is no value: as long as there is nothing else the point just moves.
        unknown = bool(np.isnan(value))
        if value < self.inner_value or (unknown and np.isinf(self.inner_value)):
            self.inner = trial
            self.inner_value = np.inf if unknown else value
        return added

    @property
    def inner_stock(self) -> FloatArray:
        """Stock of the best fractional first stage that cuts were made at."""
        return 0.3 * self.master.stage.unit if self.inner is None else self.inner[2]

    def yearly(self, opened: FloatArray, stock: FloatArray) -> float:
        """What a first stage, whole or not, costs per year, as the goal weighs it."""
        problem = self.problem
        bought = np.maximum(stock - problem.held, 0.0)
        cost = problem.options.cost @ opened + (stock * problem.holding).sum()
        missed = sum(one.cost * (one.cover.total - _covered(one.cover, opened)) for one in problem.services)
        return problem.goal.cost * float(cost + (bought * problem.purchase).sum() + missed)

    def violation(self, point: MasterPoint) -> FloatArray:
        """How much the cuts at hand exceed each group's estimate, in cost of the objective, ``(G,)``."""
        value = self.master.groups.total(self.separation.value(point.x, point.stock))
        moved: FloatArray = self._leverage * (value - point.theta)
        return moved

    def add_violated(self, point: MasterPoint | None) -> int:
        """Add those of the cuts at hand that the point violates (all without a point)."""
        chosen = self.master.groups.total(self.separation.wanted.astype(np.float64)) > 0
        if point is not None:
            least = VIOLATION * self.search.limits.gap * max(point.bound, 0.0) / len(chosen)
            chosen &= self.violation(point) > max(least, 1e-9 * self.master.scale)
        self.master.add_cuts(self.separation, chosen)
        self.added = int(chosen.sum())
        return self.added

    def price(self, layout: Layout, point: MasterPoint | None = None) -> float:
        """Exact objective of a layout, kept when it is the best; its exact prices become cuts."""
        search, problem = self.search, self.problem
        if self.judged is not None and self.judged.is_of(layout):
            return self._valued(layout, self.judged.transport + self.judged.unmet)
        response = None if search.asked_to_stop() else self.separation.of_layout(layout)
        if response is None:
            # Not priced to the end: kept only where there is no other.
            search.layout = search.layout or layout
            return np.inf
        if np.isnan(response).any():
            response = np.add(*layout_response(problem, layout))
        value = self._valued(layout, response)
        self.add_violated(point)
        return value

    def _valued(self, layout: Layout, response: FloatArray) -> float:
        """Objective of a layout with these responses, kept when it is the best."""
        search, problem, goal = self.search, self.problem, self.problem.goal
        value = goal.cost * sum(layout.yearly_terms(problem).values())
        value += problem.events_per_year * goal.risk(response, problem.probability)
        if goal.broken(response, problem.probability):
            value = np.inf
        if value < search.value:
            search.layout, search.value = layout, value
        return value

    def fractional(self, point: MasterPoint) -> Int64Array:
        """Columns to branch on: sites before their size classes."""
        for columns in self.master.branches:
            away = np.abs(point.values[columns] - np.round(point.values[columns]))
            found: Int64Array = columns[away > INTEGRAL]
            if len(found):
                return found
        return np.empty(0, dtype=np.int64)

    def ruled_out(self, root: MasterPoint) -> Held:
        """Options that no better layout opens (0) or closes (1), by their reduced costs at the root."""
        columns, most = self.master.stage.open, self.search.value * (1 + 1e-9)
        opened = root.values[columns]
        shut = (opened < INTEGRAL) & (root.bound + root.reduced_cost > most)
        kept = (opened > 1 - INTEGRAL) & (root.bound - root.reduced_cost > most)
        held: Held = dict.fromkeys(columns[shut].tolist(), 0.0)
        return held | dict.fromkeys(columns[kept].tolist(), 1.0)

    def dive(self, point: MasterPoint, held: Held) -> None:
        """Open, step by step, what a relaxed point opens most, and price the layout this ends at."""
        search, master = self.search, self.master
        held = dict(held)
        while not search.over:
            columns = self.fractional(point)
            if not len(columns):
                # Stock that was worth a price in the relaxation, as far as it fits.
                options = master.stage.layout(self.problem, point.values).options
                self.settle(fitted(self.problem, Layout(options, np.maximum(point.stock, self.inner_stock))))
                search.tell("cuts: layout priced")
                return
            share = point.values[columns]
            held |= {int(column): 0.0 for column in columns[share <= HARDLY]}
            held |= {int(column): 1.0 for column in columns[share >= min(SURE, share.max())]}
            master.hold(held)
            found = search.relax(master)
            if found is None or found.bound >= search.value:
                break
            point = found
            self.separate(point, point.x, point.stock)
        master.free()

    def settle(self, layout: Layout, most: int = SETTLE_ROUNDS) -> None:
        """Best stock for fixed open sites: cuts between the relaxed stock and the best one so far.

        Every stock looked at is one the sites can hold, so each has its exact value.
        """
        search, master, problem = self.search, self.master, self.problem
        close = 0.2 * search.limits.gap
        master.fix(layout.options, search.limits.gap / 2)
        try:
            best, value = layout, self.price(layout)
            for _ in range(most):
                point = search.relax(master)
                # Nothing better can come of these sites.
                if point is None or point.bound >= search.value * (1.0 - close):
                    return
                if value - point.bound <= close * abs(point.bound):
                    return
                for share in (SETTLE_OUT, 1.0):
                    stock = share * point.stock + (1.0 - share) * best.stock
                    trial = fitted(problem, Layout(layout.options, stock))
                    found = self.price(trial, point)
                    if found < value:
                        best, value = trial, found
                    if self.added or search.over:
                        break
                else:
                    return
        finally:
            master.free()


def _covered(cover: Cover, opened: FloatArray) -> float:
    """People covered by options open so far, shape ``(O,)``, as the relaxation of a `Cover` counts them."""
    people = 0.0
    for n, weight in enumerate(cover.weight.tolist()):
        near = np.sort(opened[cover.helper[cover.first[n] : cover.first[n + 1]]])
        beside = near[: len(near) - cover.depth + 1].sum()
        people += weight * float(min(1.0, near.sum() / cover.depth, beside))
    return people
