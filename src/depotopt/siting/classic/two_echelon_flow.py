"""`cheapest_flows`: open plants and satellites given, the cheapest flows through both tiers."""

from __future__ import annotations

import numpy as np

from depotopt.siting.classic.two_echelon_problem import TwoEchelonLayout, TwoEchelonProblem
from depotopt.units import FloatArray, Int64Array

FINEST = 1e9
"""Costs that are not whole are rounded to this part of the largest; whole ones stay exact."""


def cheapest_flows(
    problem: TwoEchelonProblem, plants: Int64Array, satellites: Int64Array, near: int | None = None
) -> TwoEchelonLayout | None:
    """Minimum-cost flow of each product over the open sites; sites that stay unused are closed.

    Parameters
    ----------
    problem, plants, satellites
        The problem and its open sites.
    near
        Where given, points are served from as many satellites as this at most, those cheapest to reach from
        the plants: quicker, and not always the cheapest.

    Returns
    -------
    TwoEchelonLayout or None
        ``None`` where the open sites cannot serve everybody.
    """
    points = np.arange(problem.need.shape[1])
    into, out = [], []
    for product in range(problem.products):
        flows = _flows(problem, product, plants, satellites, near)
        if flows is None:
            return None
        into.append(_rows(product, flows[0], plants, satellites))
        out.append(_rows(product, flows[1], satellites, points))
    inbound, outbound = np.concatenate(into), np.concatenate(out)
    return TwoEchelonLayout(
        np.unique(inbound[:, 1]).astype(np.int32),
        np.unique(outbound[:, 1]).astype(np.int32),
        inbound,
        outbound,
    )


def _rows(product: int, table: Int64Array, tails: Int64Array, heads: Int64Array) -> FloatArray:
    """A table of flows as rows ``(product, from, to, units)``."""
    a, b = np.nonzero(table)
    return np.column_stack([np.full(len(a), product), tails[a], heads[b], table[a, b]]).astype(np.float64)


def _flows(
    problem: TwoEchelonProblem, product: int, plants: Int64Array, satellites: Int64Array, near: int | None
) -> tuple[Int64Array, Int64Array] | None:
    """Units of one product from plants to satellites and on to points, as tables.

    Nodes: source, plants, satellites twice (what flows through one is limited), demand points; the points
    demand what the source supplies.
    """
    from ortools.graph.python import min_cost_flow

    need = problem.need[product]
    if not need.any():
        return (
            np.zeros((len(plants), len(satellites)), dtype=np.int64),
            np.zeros((len(satellites), len(need)), dtype=np.int64),
        )
    many_i, many_j, many_k = len(plants), len(satellites), len(need)
    source = 0
    first_plant, first_in = 1, 1 + many_i
    first_out = first_in + many_j
    first_point = first_out + many_j
    costs = problem.inbound[product][np.ix_(plants, satellites)], problem.outbound[product][satellites]
    largest = max((float(c.max(initial=0.0)) for c in costs), default=0.0)
    scale = 1.0 if all(bool((c % 1 == 0).all()) for c in costs) else FINEST / max(largest, 1e-12)
    plant_room, room = problem.plant_room[product, plants], problem.satellite_room[product, satellites]
    tail: list[Int64Array] = []
    head: list[Int64Array] = []
    most: list[Int64Array] = []
    cost: list[Int64Array] = []

    def add(a: Int64Array, b: Int64Array, limit: FloatArray, price: FloatArray) -> None:
        shape = np.broadcast_shapes(a.shape, b.shape, limit.shape, price.shape)
        for into, values in ((tail, a), (head, b), (most, limit), (cost, np.rint(price * scale))):
            into.append(np.broadcast_to(values, shape).ravel().astype(np.int64))

    i, j, k = np.arange(many_i), np.arange(many_j), np.arange(many_k)
    zero = np.zeros(1)
    add(np.array([source]), first_plant + i, plant_room, zero)
    add((first_plant + i)[:, None], (first_in + j)[None], room[None], costs[0])
    add(first_in + j, first_out + j, room, zero)
    if near is None or near >= many_j:
        links = np.indices((many_j, many_k)).reshape(2, -1)
    else:
        reach = costs[1] + costs[0].min(axis=0)[:, None]
        links = np.stack([np.argpartition(reach, near, axis=0)[:near], np.broadcast_to(k, (near, many_k))])
        links = links.reshape(2, -1)
    add(first_out + links[0], first_point + links[1], need[links[1]], costs[1][links[0], links[1]])
    solver = min_cost_flow.SimpleMinCostFlow()
    arcs = solver.add_arcs_with_capacity_and_unit_cost(
        np.concatenate(tail), np.concatenate(head), np.concatenate(most), np.concatenate(cost)
    )
    solver.set_nodes_supplies(first_point + k, -need.astype(np.int64))
    solver.set_node_supply(source, int(need.sum()))
    if solver.solve() != solver.OPTIMAL:
        return None
    flow = solver.flows(arcs)
    inner = flow[many_i : many_i + many_i * many_j].reshape(many_i, many_j)
    outer = np.zeros((many_j, many_k), dtype=np.int64)
    outer[links[0], links[1]] = flow[-links.shape[1] :]
    return inner, outer
