"""Flows of a layout by a linear program: for pairs of road state and commodity whose paths ran out.

The program is that of `depotopt.siting.prices.depot_flows`, solved by HiGHS. Its prices are a start from
which few paths are missing, if any. Where even they run out its own flows count, clipped to needs and
supplies and priced as they are; its duals, made feasible, prove a bound. So neither value rests on tolerances
of HiGHS. Importing this module imports numba.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from depotopt.errors import EngineError
from depotopt.siting.prices.depot_flows import depot_flows
from depotopt.siting.prices.layout_flows import open_arcs
from depotopt.siting.prices.price_kernels import AllArcs, Wanted
from depotopt.units import BoolArray, FloatArray, Int64Array

CLOSE = 1e-10
"""Tolerance of HiGHS, the least it takes."""


@dataclass(frozen=True, slots=True)
class ProgramFlows:
    """Flows and prices of one road state and commodity.

    Attributes
    ----------
    flow
        Units on each arc, shape ``(A,)``.
    price
        Per usable unit of each depot, shape ``(J,)``.
    moved, missing, bound
        Cost of moving and of unmet need, and what the prices prove.
    """

    flow: FloatArray
    price: FloatArray
    moved: float
    missing: float
    bound: float


def program_answer(
    low: int, arcs: AllArcs, wants: Wanted, opened: BoolArray, usable: FloatArray
) -> tuple[Int64Array, ProgramFlows]:
    """As `depotopt.siting.prices.layout_flows.answer`: positions of the open arcs, and their flows.

    Raises
    ------
    EngineError
        If HiGHS finds no answer.
    """
    local = np.full(len(usable), -1, dtype=np.int64)
    begin, node, cost, place, of = open_arcs(low, arcs, wants, opened, usable, local)
    point = np.repeat(np.arange(len(wants.need)), np.diff(begin))
    supply = usable[of]
    program = program_flows(point, node, cost, wants.need, wants.penalty, supply)
    price = program.price.copy()
    flow, unmet, paths, bound = depot_flows(begin, node, cost, wants.need, wants.penalty, supply, price, 0.0)
    best = program
    if paths >= 0:
        best = ProgramFlows(flow, price, float(flow @ cost), float(unmet @ wants.penalty), float(bound))
    by_site = np.zeros(len(usable))
    by_site[of] = best.price
    return place, replace(best, price=by_site)


def program_flows(
    point: Int64Array,
    depot: Int64Array,
    cost: FloatArray,
    need: FloatArray,
    penalty: FloatArray,
    supply: FloatArray,
) -> ProgramFlows:
    """Flows over arcs ``(A,)`` for needs and penalties ``(I,)`` and supplies ``(J,)``.

    Variables are shares of a need, each counted at what serving it saves, so that no number exceeds 1::

        max  sum_a saved[a] z[a],  saved = need (penalty - cost)
        s.t. sum_{a to i} z[a] <= 1,   sum_{a from j} need z[a] <= supply[j],   0 <= z <= 1

    Raises
    ------
    EngineError
        If HiGHS finds no answer.
    """
    from scipy import optimize
    from scipy.sparse import csr_array, vstack

    saved = need[point] * (penalty[point] - cost)
    useful = np.flatnonzero(saved > 0.0)
    flow, price = np.zeros(len(point)), np.zeros(len(supply))
    if len(useful):
        i, j, wanted = point[useful], depot[useful], need[point[useful]]
        asked = np.bincount(j, wanted, len(supply))
        scale = np.where(asked > 0.0, np.minimum(np.maximum(supply, wanted.min()), asked), 1.0)
        top = float(saved.max())
        columns = np.arange(len(useful))
        served = csr_array((np.ones(len(i)), (i, columns)), shape=(len(need), len(i)))
        drawn = csr_array((wanted / scale[j], (j, columns)), shape=(len(supply), len(i)))
        most = np.minimum(supply, asked) / scale
        # Its stubs know nothing of sparse rows.
        linprog: Any = optimize.linprog
        solved = linprog(
            -saved[useful] / top,
            A_ub=vstack([served, drawn]),
            b_ub=np.concatenate([np.ones(len(need)), most]),
            bounds=(0.0, 1.0),
            method="highs",
            options={"primal_feasibility_tolerance": CLOSE, "dual_feasibility_tolerance": CLOSE},
        )
        if solved.x is None:
            raise EngineError("cuts", "found no flows of a layout within the paths allowed")
        flow[useful] = np.clip(solved.x, 0.0, 1.0) * wanted
        price = np.maximum(-solved.ineqlin.marginals[len(need) :], 0.0) * top / scale
    for place, room in ((point, need), (depot, supply)):
        load = np.zeros(len(room))
        np.add.at(load, place, flow)
        flow *= np.divide(room, load, out=np.ones_like(load), where=load > room)[place]
    unmet = np.maximum(need - np.bincount(point, flow, len(need)), 0.0)
    value = penalty.copy()
    np.minimum.at(value, point, cost + price[depot])
    bound = float(need @ value - supply @ price)
    return ProgramFlows(flow, price, float(flow @ cost), float(unmet @ penalty), bound)
