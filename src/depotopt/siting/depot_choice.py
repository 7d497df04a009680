"""`DepotChoice`: layouts where each point is served by one depot in each road state (single source)."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from depotopt.siting.cuts.outcome import Memory, Outcome
from depotopt.siting.engines.interruption import Silent
from depotopt.siting.extensive import ExtensiveForm, any_layout
from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.siting.recourse.arcs import Prices
from depotopt.siting.recourse.recourse import flow_cost, state_arcs
from depotopt.siting.recourse.single_source import main_gates, single_source_flows
from depotopt.solving import Limit, Monitor, SolveLimits, Status, relative_gap
from depotopt.units import FloatArray, Int32Array
from depotopt.working_time import working_s

RELAXED_SHARE = 0.4
"""Share of the time for the problem without the choice: it gives the bound and the first layouts."""
WHOLE_FLOWS = 100_000
"""Flow variables up to which the time left goes to the extensive form with the choice in it."""
PIECE_FLOWS = 400_000
"""Flow variables, one way per point, up to which layout and stock are fitted to chosen depots."""
STATE_GAP = 1e-3
STATE_SHARE = 0.1
"""Share of the time one pricing of a layout may take, over all road states; never more than is left."""
ROUNDS = 12


@dataclass(frozen=True, slots=True)
class _Priced:
    """A layout, its objective, and the depot of each point per road state, shape ``(S, I)``."""

    layout: Layout
    value: float
    gates: Int32Array


class DepotChoice:
    """Alternates between choosing depots for a layout and fitting the layout to the depots chosen.

    1. Without the choice (each point may use several depots) the problem is a relaxation: its bound holds,
       and its layouts are starts.
    2. For a layout each road state chooses depots by itself (`depotopt.siting.recourse.single_source`); with
       these depots fixed, stock and size classes are chosen anew by the extensive form, which then has one
       gate per point. The value falls in every round. Depots nearest to each point are tried as well: they
       let the stock follow.
    3. Where it is small enough the extensive form with the choice gets the time left and the best layout.

    Parameters
    ----------
    problem
        The siting problem, with ``single_source``.
    memory
        Prices for the relaxation; a layout to start from that keeps all rules.
    extensive
        Whether the third step is taken.
    """

    def __init__(self, problem: SitingProblem, memory: Memory, *, extensive: bool) -> None:
        self.problem, self.memory, self.extensive = problem, memory, extensive
        self._prices = Prices(problem.rate, problem.penalty)
        self._best: _Priced | None = None
        self._bound = -np.inf

    def solve(self, limits: SolveLimits, monitor: Monitor | None = None) -> Outcome:
        """Solve within limits; see `depotopt.siting.solve.solve_siting`."""
        self._limits, self._monitor = limits, monitor
        self._until = working_s() + limits.time_s
        start, quiet = self.memory.layout, None if monitor is None else Silent(monitor)
        found = self._relaxed(quiet)
        if found.status is Status.INFEASIBLE:
            return found
        self._raise(found.bound)
        for layout in (start, found.layout or any_layout(self.problem, limits)):
            if layout is not None:
                self._consider(layout)
                self._tell("single source: layout priced")
        if self._best is not None and not self._over:
            self._fit(quiet)
        ended = found.limit
        if self.extensive and self.problem.flows <= WHOLE_FLOWS and not self._over:
            ended = self._whole(quiet)
        return self._outcome(ended)

    def _relaxed(self, quiet: Monitor | None) -> Outcome:
        """The problem without the choice, by cuts."""
        from depotopt.siting.cuts.price_cuts import PriceCuts

        brief = replace(self._limits, time_s=RELAXED_SHARE * self._limits.time_s)
        aside = Memory(price=self.memory.price, inner=self.memory.inner)
        found = PriceCuts(replace(self.problem, single_source=False), memory=aside).solve(brief, quiet)
        self.memory.price, self.memory.inner = aside.price, aside.inner
        return found

    def _fit(self, quiet: Monitor | None) -> None:
        """Layouts fitted to the depots their points have, as long as that helps."""
        assert self._best is not None
        for gates in (self._best.gates, self._nearest(self._best.layout)):
            for _ in range(ROUNDS):
                if self._over or self._proved or self._flows(gates) > PIECE_FLOWS:
                    break
                brief = replace(self._limits, gap=self._limits.gap / 4, time_s=max(0.25 * self._left_s, 0.1))
                form = ExtensiveForm(self.problem, gates)
                found = form.solve(brief, quiet, start=self._best.layout)
                before = self._best.value
                priced = None if found.layout is None else self._consider(found.layout, gates)
                self._tell("single source: layout fitted")
                if priced is None or self._best.value >= before * (1.0 - self._limits.gap / 10):
                    break
                gates = self._best.gates

    def _whole(self, quiet: Monitor | None) -> Limit | None:
        """The extensive form with the choice in it, started from the best layout."""
        start = None if self._best is None else self._best.layout
        brief = replace(self._limits, time_s=max(self._left_s, 0.1))
        found = ExtensiveForm(self.problem).solve(brief, quiet, start=start)
        self._raise(found.bound)
        if found.layout is not None and found.layout is not start:
            self._consider(found.layout)
        self._tell("single source: extensive form")
        return found.limit

    def _consider(self, layout: Layout, known: Int32Array | None = None) -> _Priced:
        """Price a layout, keep it when it is the best within all ceilings; ``known`` depots suit it."""
        problem, goal = self.problem, self.problem.goal
        response, gates = self._response(layout, known)
        value = goal.cost * sum(layout.yearly_terms(problem).values())
        value += problem.events_per_year * goal.risk(response, problem.probability)
        if goal.broken(response, problem.probability):
            value = np.inf
        priced = _Priced(layout, value, gates)
        if self._best is None or value < self._best.value:
            self._best = priced
        return priced

    def _response(self, layout: Layout, known: Int32Array | None) -> tuple[FloatArray, Int32Array]:
        """Response cost per road state, and the depot each point gets most from (else the nearest open)."""
        problem = self.problem
        usable, opened = layout.usable(problem), layout.supplying(problem)
        each_s = max(min(STATE_SHARE * self._limits.time_s, self._left_s) / problem.states, 0.05)
        limits = replace(self._limits, time_s=each_s, gap=min(STATE_GAP, self._limits.gap), workers=1)
        gates = self._nearest(layout)
        response = np.empty(problem.states)
        for s in range(problem.states):
            arcs = state_arcs(problem, s, usable[s], opened)
            start = None if known is None else known[s].astype(np.int64)
            flow = single_source_flows(arcs, usable[s], problem.need[s], self._prices, limits, start)
            response[s] = sum(flow_cost(problem, s, arcs, flow))
            main = main_gates(arcs, flow, problem.need[s])
            gates[s] = np.where(main >= 0, main, gates[s])
        return response, gates

    def _nearest(self, layout: Layout) -> Int32Array:
        """The open depot first in each point's arcs, per road state; -1 without one; shape ``(S, I)``."""
        problem, arcs = self.problem, self.problem.arcs
        opened = layout.supplying(problem)
        able = np.flatnonzero(opened[arcs.site] & opened[arcs.source])
        owner = np.searchsorted(arcs.first, able, side="right") - 1
        at, first = np.unique(owner, return_index=True)
        gates = np.full(problem.states * problem.points, -1, dtype=np.int32)
        gates[at] = arcs.site[able[first]]
        return gates.reshape(problem.states, problem.points)

    def _flows(self, gates: Int32Array) -> int:
        """Flow variables with one gate per point."""
        arcs = self.problem.arcs
        owner = np.repeat(np.arange(len(arcs.first) - 1), np.diff(arcs.first))
        return int((arcs.site == gates.ravel()[owner]).sum()) * self.problem.commodities

    def _outcome(self, ended: Limit | None) -> Outcome:
        best = self._best
        bound = None if not np.isfinite(self._bound) else self._bound
        stopped = self._monitor is not None and self._monitor.stopped
        limit = Limit.STOPPED if stopped else Limit.TIME if self._over else ended or Limit.ITERATIONS
        self.memory.layout = None if best is None else best.layout
        if best is None:
            return Outcome(Status.UNKNOWN, None, bound, limit)
        if self._proved:
            return Outcome(Status.OPTIMAL, best.layout, bound)
        return Outcome(Status.FEASIBLE, best.layout, bound, limit)

    def _raise(self, bound: float | None) -> None:
        if bound is not None:
            self._bound = max(self._bound, bound)

    @property
    def _left_s(self) -> float:
        return self._until - working_s()

    @property
    def _over(self) -> bool:
        return self._left_s <= 0 or (self._monitor is not None and self._monitor.stopped)

    @property
    def _proved(self) -> bool:
        if self._best is None or not np.isfinite(self._best.value + self._bound):
            return False
        gap = relative_gap(self._best.value, self._bound)
        return gap is not None and gap <= self._limits.gap

    def _tell(self, stage: str) -> None:
        if self._monitor is None or self._best is None or not np.isfinite(self._best.value):
            return
        layout, value = self._best.layout, self._best.value
        bound = self._bound if np.isfinite(self._bound) else None
        self._monitor.report(stage, value, bound)
        self._monitor.offer(lambda: layout, value, bound)
