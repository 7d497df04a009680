"""`Judgement`: what a fixed layout answers every road state with, at what cost, and the proof of it."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.units import BoolArray, FloatArray, Int64Array

PIECES = 16
"""Pieces the road states are cut into: between them a stop is heard."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """Flows of a layout, priced, and prices that prove them.

    Attributes
    ----------
    moved, unmet
        Cost of moving and of unmet need of one event, shape ``(S, K)``.
    bound
        What the prices prove: no flows of this layout cost less, shape ``(S, K)``.
    price
        Price of a usable unit, shape ``(S, K, J)``; says nothing where nothing is usable.
    """

    moved: FloatArray
    unmet: FloatArray
    bound: FloatArray
    price: FloatArray

    @property
    def response(self) -> FloatArray:
        """Response cost of one event in each road state, shape ``(S,)``."""
        total: FloatArray = (self.moved + self.unmet).sum(axis=1)
        return total

    @property
    def proved(self) -> FloatArray:
        """What the prices prove of it, shape ``(S,)``."""
        total: FloatArray = self.bound.sum(axis=1)
        return total


def judged(
    problem: SitingProblem,
    layout: Layout,
    *,
    price: FloatArray | None = None,
    tolerance: float = 0.0,
    workers: int = 1,
    stopped: Callable[[], bool] | None = None,
) -> Judgement | None:
    """Judge a layout with points free to use several depots; ``None`` if it was stopped.

    Parameters
    ----------
    problem
        The siting problem; its ``single_source`` is not looked at.
    layout
        What stands open and holds what.
    price
        Prices to start from, shape ``(S, K, J)``: of a layout much like this one, or of the relaxation at it.
        The nearer they are the sooner it ends; the values do not depend on them. ``None``: each commodity
        starts from the one before it.
    tolerance
        Share of a pair's response that flows may cost more than the prices prove. Flows stay possible and
        bounds valid. 0: exact.
    workers
        Threads; the answer does not depend on it.
    stopped
        Heard between pieces of the work.

    Raises
    ------
    EngineError
        If a pair that ran out of paths has no answer of HiGHS either.
    """
    opened = layout.supplying(problem)
    return judged_units(
        problem, layout.usable(problem), opened, price=price, tolerance=tolerance, workers=workers,
        stopped=stopped,
    )  # fmt: skip


def judged_units(
    problem: SitingProblem,
    usable: FloatArray,
    opened: BoolArray,
    *,
    price: FloatArray | None = None,
    tolerance: float = 0.0,
    workers: int = 1,
    stopped: Callable[[], bool] | None = None,
) -> Judgement | None:
    """As `judged`, for usable units ``(S, J, K)`` behind open sites ``(J,)``."""
    from depotopt.siting.prices.depot_flows import PATHS
    from depotopt.siting.prices.layout_flows import Asked, Responses, judge
    from depotopt.siting.prices.price_kernels import AllArcs, Wanted
    from depotopt.siting.prices.program_flows import program_answer

    arcs, shape = problem.arcs, (problem.states, problem.commodities)
    start = np.zeros((*shape, problem.sites)) if price is None else np.array(price, dtype=np.float64)
    found = Responses(np.zeros(shape), np.zeros(shape), np.zeros(shape), start)
    asked = Asked(
        problem.rate,
        np.ascontiguousarray(problem.need),
        np.ascontiguousarray(problem.penalty),
        np.ascontiguousarray(opened),
        np.ascontiguousarray(usable),
    )
    ways = AllArcs(arcs.first, arcs.site, arcs.origin, arcs.time_ds)
    states = np.arange(problem.states)

    def piece(n: int) -> bool:
        if stopped is not None and stopped():
            return False
        # Neighbours in time of work go to different pieces.
        few: Int64Array = states[n::PIECES]
        judge(few, ways, asked, price is None, float(tolerance), found, PATHS)
        return True

    with ThreadPoolExecutor(workers) as pool:
        if not all(list(pool.map(piece, range(PIECES)))):
            return None
    # Pairs whose paths ran out are linear programs.
    for s, k in np.argwhere(np.isnan(found.moved)).tolist():
        if stopped is not None and stopped():
            return None
        wants = Wanted(asked.rate[k : k + 1], asked.need[s, :, k].copy(), asked.penalty[:, k].copy())
        units = asked.usable[s, :, k].copy()
        _, flows = program_answer(s * problem.points, ways, wants, asked.opened, units)
        found.moved[s, k], found.unmet[s, k], found.bound[s, k] = flows.moved, flows.missing, flows.bound
        found.price[s, k, units > 0.0] = flows.price[units > 0.0]
    return Judgement(found.moved, found.unmet, found.bound, found.price)
