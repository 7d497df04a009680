"""Single source: in one road state each point gets what it gets, of all commodities, from one depot.

Sets R stocks, G depots they leave last, I points, K commodities; arcs a = (r, g, i) in time::

    min  sum_ak rate[k] time[a] f[a,k] + sum_ik penalty[i,k] unmet[i,k]
    s.t. sum_{a from r} f[a,k] <= usable[r,k]
         sum_{a through g to i} f[a,k] <= need[i,k] y[g,i],   sum_g y[g,i] <= 1,   y in {0, 1}
         sum_{a to i} f[a,k] + unmet[i,k] = need[i,k]

Without ``y`` it separates into transportation problems (`depotopt.siting.prices.depot_flows`). Where their
solution uses one depot per point already, it is optimal. Else depots are searched quickly
(`depotopt.siting.recourse.gate_search`); where the transportation problems do not prove their value, a MILP
started from them has the time left. The flows are those of transportation problems on the chosen arcs.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from depotopt.siting.engines.gscip import GscipEngine
from depotopt.siting.model.linear import LinearArrays
from depotopt.siting.recourse.arcs import Arcs, Prices
from depotopt.solving import SolveLimits
from depotopt.units import FloatArray, Int64Array
from depotopt.working_time import working_s

STATE_LIMITS = SolveLimits(time_s=120.0, gap=5e-5)
"""Per road state, to half of what `depotopt.verify` lets an objective be off (on `wushi-2024`: 0.7 CPU s a
state at 1e-4, 1.6 at 1e-7). One that is not over by then keeps the best depots found, at their true cost."""
STATE_NODES = 500
"""Nodes of the MILP: what ends it in a large road state. A layout is priced by its search and again where its
plan is checked, and time would end the two at different depots."""
SEARCH_SHARE = 0.3
"""Share of the time in which the search may kick; the MILP has the rest."""


def single_source_flows(
    arcs: Arcs,
    usable: FloatArray,
    need: FloatArray,
    prices: Prices,
    limits: SolveLimits = STATE_LIMITS,
    start: Int64Array | None = None,
) -> FloatArray:
    """Flows per arc, shape ``(A, K)``, at least cost with one depot per point.

    Parameters
    ----------
    arcs
        Ways in time.
    usable, need
        Units, shapes ``(R, K)`` and ``(I, K)``.
    prices
        What moving and not serving cost.
    limits
        For choosing the depots.
    start
        Depot of each point (-1: none) that the flows returned must not cost more than, shape ``(I,)``.
    """
    # One order, so that equal ways have equal depots wherever they come from.
    order = np.lexsort((arcs.time_ds, arcs.row, arcs.gate, arcs.point))
    flow = np.empty((len(order), need.shape[1]))
    flow[order] = _ordered_flows(arcs[order], usable, need, prices, limits, start)
    return flow


def _ordered_flows(
    arcs: Arcs,
    usable: FloatArray,
    need: FloatArray,
    prices: Prices,
    limits: SolveLimits,
    start: Int64Array | None,
) -> FloatArray:
    """Flows of `single_source_flows` on ways in order."""
    from depotopt.siting.recourse.gate_search import GateSearch

    until = working_s() + limits.time_s
    flow, stock_price = _priced_flows(arcs, usable, need, prices)
    main = main_gates(arcs, flow, need)
    if ((flow.sum(axis=1) <= 0) | (main[arcs.point] == arcs.gate)).all():
        return flow

    def through(gates: Int64Array) -> tuple[float, FloatArray, Int64Array]:
        kept = gates[arcs.point] == arcs.gate
        sent = np.zeros_like(flow)
        sent[kept] = separate_flows(arcs[kept], usable, need, prices)
        return _cost(arcs, sent, prices), sent, gates

    known = [gates for gates in (main, start) if gates is not None]
    everything = float((need * prices.penalty).sum())
    proved = _cost(arcs, flow, prices)
    # The gap counts against the whole response cost, that of unmet need included.
    enough = -(proved + limits.gap * (everything + proved))
    found = GateSearch(arcs, usable, need, prices).best(
        known, stock_price, enough, time_s=SEARCH_SHARE * limits.time_s, seed=limits.seed
    )
    least = min((through(gates) for gates in (found.gates, *known)), key=_first)
    if least[0] <= -enough:
        return least[1]
    left = replace(limits, time_s=max(until - working_s(), 0.01))
    chosen = through(_chosen(arcs, usable, need, prices, least[2], left))
    return min(least, chosen, key=_first)[1]


def _first(one: tuple[float, FloatArray, Int64Array]) -> float:
    return one[0]


def _cost(arcs: Arcs, flow: FloatArray, prices: Prices) -> float:
    """What flows cost, less the penalty of what they bring."""
    each = prices.rate * arcs.time_ds[:, None] - prices.penalty[arcs.point]
    return float((flow * each).sum())


def separate_flows(arcs: Arcs, usable: FloatArray, need: FloatArray, prices: Prices) -> FloatArray:
    """Flows per arc, shape ``(A, K)``, at least cost, points being free to use several depots.

    Raises
    ------
    EngineError
        If a commodity that ran out of paths has no answer of HiGHS either.
    """
    return _priced_flows(arcs, usable, need, prices)[0]


def _priced_flows(
    arcs: Arcs, usable: FloatArray, need: FloatArray, prices: Prices
) -> tuple[FloatArray, FloatArray]:
    """Flows of `separate_flows`, and prices of a unit of stock, shape ``(R, K)``."""
    from depotopt.siting.prices.layout_flows import answer
    from depotopt.siting.prices.price_kernels import AllArcs, Wanted
    from depotopt.siting.prices.program_flows import program_answer

    points = len(need)
    # Of several ways of a stock to a point the first, fastest one is used.
    order = np.lexsort((arcs.time_ds, arcs.point))
    first = np.zeros(points + 1, dtype=np.int64)
    np.cumsum(np.bincount(arcs.point, minlength=points), out=first[1:])
    row = arcs.row[order].astype(np.int32)
    ways = AllArcs(first, row, row[:0], arcs.time_ds[order])
    every = np.ones(len(usable), dtype=np.bool_)
    flow = np.zeros((len(arcs.row), need.shape[1]))
    price = np.zeros(usable.shape)
    for k in range(need.shape[1]):
        wants = Wanted(
            prices.rate[k : k + 1],
            np.ascontiguousarray(need[:, k]),
            np.ascontiguousarray(prices.penalty[:, k]),
        )
        units, start = np.ascontiguousarray(usable[:, k]), np.zeros(len(usable))
        place, sent, _, moved, _, _ = answer(0, ways, wants, every, units, start, 0.0)
        if np.isnan(moved):
            place, program = program_answer(0, ways, wants, every, units)
            sent, start = program.flow, program.price
        flow[order[place], k] = sent
        price[:, k] = start
    return flow, price


def main_gates(arcs: Arcs, flow: FloatArray, need: FloatArray) -> Int64Array:
    """Depot that brings each point most, counted in shares of its needs; -1 where none brings anything."""
    share = (flow / np.maximum(need[arcs.point], 1e-12)).sum(axis=1)
    depots = int(arcs.gate.max(initial=-1)) + 1
    brought = np.zeros((len(need), depots))
    np.add.at(brought, (arcs.point, arcs.gate), share)
    if not depots:
        return np.full(len(need), -1, dtype=np.int64)
    return np.where(brought.max(axis=1) > 0, brought.argmax(axis=1), -1)


def _chosen(
    arcs: Arcs,
    usable: FloatArray,
    need: FloatArray,
    prices: Prices,
    start: Int64Array,
    limits: SolveLimits,
) -> Int64Array:
    """Depot of each point by the MILP, -1 for none."""
    arrays = LinearArrays()
    points = len(need)
    pair, of_pair = np.unique(arcs.gate * points + arcs.point, return_inverse=True)
    chosen = arrays.add_columns(len(pair), upper=1.0, integer=True)
    _, row = np.unique(pair % points, return_inverse=True)
    arrays.add_rows(np.full(row.max() + 1, -np.inf), np.ones(row.max() + 1), row, chosen, 1.0)
    for k in range(need.shape[1]):
        wanted = need[arcs.point, k]
        cost = wanted * (prices.rate[k] * arcs.time_ds - prices.penalty[arcs.point, k])
        able = np.flatnonzero((wanted > 0) & (cost < 0) & (usable[arcs.row, k] > 0))
        if not len(able):
            continue
        flow = arrays.add_columns(len(able), upper=1.0, cost=cost[able])
        used, row = np.unique(of_pair[able], return_inverse=True)
        arrays.add_rows(
            np.full(len(used), -np.inf),
            np.zeros(len(used)),
            np.concatenate([row, np.arange(len(used))]),
            np.concatenate([flow, chosen[used]]),
            np.concatenate([np.ones(len(able)), -np.ones(len(used))]),
        )
        stocks, row = np.unique(arcs.row[able], return_inverse=True)
        scale = np.maximum(np.bincount(row, weights=wanted[able]), 1.0)
        arrays.add_rows(
            np.full(len(stocks), -np.inf), usable[stocks, k] / scale, row, flow, wanted[able] / scale[row]
        )
    hint = np.full(arrays.columns, np.nan)
    hint[chosen] = start[pair % points] == pair // points
    answer = GscipEngine(STATE_NODES).solve(arrays.model("single source"), limits, hint=hint)
    if answer.values is None:
        return start
    best = np.full(points, -1, dtype=np.int64)
    taken = pair[answer.values[chosen] > 0.5]
    best[taken % points] = taken // points
    return best
