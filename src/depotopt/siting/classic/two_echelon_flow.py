"""`cheapest_flows`: open plants and satellites given, the cheapest flows through both tiers."""

from __future__ import annotations

import numpy as np

from depotopt.siting.classic.two_echelon_problem import TwoEchelonLayout, TwoEchelonProblem
from depotopt.units import FloatArray, Int64Array

FINEST = 1e9
"""Costs that are not whole are rounded to this part of the largest; whole ones stay exact."""


def cheapest_flows(
    problem: TwoEchelonProblem, plants: Int64Array, satellites: Int64Array
) -> TwoEchelonLayout | None:
    """Minimum-cost flow over the open sites; those that stay unused are closed.

    Nodes: source, plants, satellites twice (what flows through one is limited), demand points, sink.

    Returns
    -------
    TwoEchelonLayout or None
        ``None`` where the open sites cannot serve everybody.
    """
    from ortools.graph.python import min_cost_flow

    many_i, many_j, many_k = len(plants), len(satellites), len(problem.need)
    total = int(problem.need.sum())
    source = 0
    first_plant, first_in = 1, 1 + many_i
    first_out = first_in + many_j
    first_point = first_out + many_j
    costs = problem.inbound[np.ix_(plants, satellites)], problem.outbound[satellites]
    largest = max((float(c.max(initial=0.0)) for c in costs), default=0.0)
    scale = 1.0 if all(bool((c % 1 == 0).all()) for c in costs) else FINEST / max(largest, 1e-12)
    tail: list[Int64Array] = []
    head: list[Int64Array] = []
    room: list[Int64Array] = []
    cost: list[Int64Array] = []

    def add(a: Int64Array, b: Int64Array, limit: FloatArray, price: FloatArray) -> None:
        shape = np.broadcast_shapes(a.shape, b.shape, limit.shape, price.shape)
        for into, values in ((tail, a), (head, b), (room, limit), (cost, np.rint(price * scale))):
            into.append(np.broadcast_to(values, shape).ravel().astype(np.int64))

    i, j, k = np.arange(many_i), np.arange(many_j), np.arange(many_k)
    zero = np.zeros(1)
    add(np.array([source]), first_plant + i, problem.plant[plants, 0], zero)
    add((first_plant + i)[:, None], (first_in + j)[None], problem.satellite[satellites, 0][None], costs[0])
    add(first_in + j, first_out + j, problem.satellite[satellites, 0], zero)
    add((first_out + j)[:, None], (first_point + k)[None], problem.need[None], costs[1])
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(*(np.concatenate(a) for a in (tail, head, room, cost)))
    solver.set_nodes_supplies(first_point + k, -problem.need.astype(np.int64))
    solver.set_node_supply(source, total)
    if solver.solve() != solver.OPTIMAL:
        return None
    flow = solver.flows(arcs)
    inner = flow[many_i : many_i + many_i * many_j].reshape(many_i, many_j)
    outer = flow[-many_j * many_k :].reshape(many_j, many_k)

    def rows(table: Int64Array, tails: Int64Array, heads: Int64Array) -> FloatArray:
        a, b = np.nonzero(table)
        return np.column_stack([tails[a], heads[b], table[a, b]]).astype(np.float64)

    return TwoEchelonLayout(
        plants[inner.sum(axis=1) > 0].astype(np.int32),
        satellites[outer.sum(axis=1) > 0].astype(np.int32),
        rows(inner, plants, satellites),
        rows(outer, satellites, np.arange(many_k)),
    )
