"""`local_worth`: what opening or closing a site would save at the flow prices of one layout."""

from __future__ import annotations

import numpy as np

from depotopt.compiled import kernel
from depotopt.siting.classic.capacitated_covers import FREE, SHUT
from depotopt.siting.classic.two_echelon_kernels import fill
from depotopt.siting.classic.two_echelon_problem import TwoEchelonLayout, TwoEchelonProblem
from depotopt.units import BoolArray, FloatArray

ROUNDS = 200
"""Rounds of shortest paths at most; a handful is usual."""


def local_worth(problem: TwoEchelonProblem, layout: TwoEchelonLayout) -> FloatArray:
    """Worth of each site at prices that are optimal for the flows of a layout.

    With these prices the layout's bound is its value. For any other set of sites the value is at least that
    plus the worth of what is opened less that of what is closed, as long as plants opened send to satellites
    that stood before: the first order of every change in one pass, where pricing each takes a flow.

    Parameters
    ----------
    problem
        The problem.
    layout
        Cheapest flows over its open sites.

    Returns
    -------
    array
        Per site, plants first.
    """
    into, out = np.zeros_like(problem.inbound), np.zeros_like(problem.outbound)
    for table, rows in ((into, layout.inbound), (out, layout.outbound)):
        product, tail, head = rows[:, :3].astype(np.int64).T
        table[product, tail, head] = rows[:, 3]
    opened: BoolArray = np.zeros(problem.plants + problem.satellites, dtype=np.bool_)
    opened[layout.plants] = True
    opened[problem.plants + layout.satellites] = True
    tiers = (
        problem.inbound,
        problem.outbound,
        problem.plant_room,
        problem.satellite_room,
        problem.need,
        np.concatenate([problem.plant_fixed, problem.satellite_fixed]),
        np.zeros(len(opened)),
        np.zeros(2, dtype=np.int64),
    )
    return np.asarray(_worth(tiers, opened, into, out))


@kernel
def _worth(tiers, opened, into, out):  # type: ignore[no-untyped-def]
    """Prices of the flows, then every site filled at them."""
    inbound, outbound, need = tiers[0], tiers[1], tiers[4]
    products, cut, many = inbound.shape
    points = need.shape[1]
    middle, price = np.zeros((products, many)), np.zeros((products, points))
    for product in range(products):
        _flow_prices(
            (inbound[product], outbound[product], tiers[2][product], tiers[3][product]),
            opened,
            into[product],
            out[product],
            middle[product],
            price[product],
        )
    most = max(points, many)
    room = (np.empty(most, dtype=np.int64), np.empty(most), np.empty(most), np.empty(most))
    flow, onward = np.zeros((products, cut, many)), np.zeros((products, many, points))
    status = np.full(cut + many, FREE, dtype=np.int8)
    worth, at_open = np.zeros(cut + many), np.zeros(cut + many)
    fill(tiers, status, middle, price, room, worth, flow, onward)
    for j in range(many):
        if not opened[cut + j]:
            status[cut + j] = SHUT
    fill(tiers, status, middle, price, room, at_open, flow, onward)
    worth[:cut] = at_open[:cut]
    return worth


@kernel
def _flow_prices(product, opened, into, out, middle, price):  # type: ignore[no-untyped-def]
    """Optimal prices of one product's flows: shortest paths in what the flows leave, from zero.

    A satellite that is shut is priced at what the open plants would bring a unit for.
    """
    inbound, outbound, plant_room, satellite_room = product
    cut, many = inbound.shape
    points = outbound.shape[1]
    source, plant, onward = 0.0, np.zeros(cut), np.zeros(many)
    sent, passed = np.zeros(cut), np.zeros(many)
    for i in range(cut):
        sent[i] = into[i].sum()
    for j in range(many):
        passed[j] = out[j].sum()
    for _ in range(ROUNDS):
        before = source + plant.sum() + middle.sum() + onward.sum() + price.sum()
        for i in range(cut):
            if not opened[i]:
                continue
            if sent[i] < plant_room[i]:
                plant[i] = min(plant[i], source)
            for j in range(many):
                if opened[cut + j]:
                    middle[j] = min(middle[j], plant[i] + inbound[i, j])
        for j in range(many):
            if not opened[cut + j]:
                continue
            if passed[j] < satellite_room[j]:
                onward[j] = min(onward[j], middle[j])
            for k in range(points):
                price[k] = min(price[k], onward[j] + outbound[j, k])
        for j in range(many):
            if passed[j] > 0.0:
                for k in range(points):
                    if out[j, k] > 0.0:
                        onward[j] = min(onward[j], price[k] - outbound[j, k])
                middle[j] = min(middle[j], onward[j])
        for i in range(cut):
            if sent[i] > 0.0:
                for j in range(many):
                    if into[i, j] > 0.0:
                        plant[i] = min(plant[i], middle[j] - inbound[i, j])
                source = min(source, plant[i])
        if source + plant.sum() + middle.sum() + onward.sum() + price.sum() >= before:
            break
    price -= source
    for j in range(many):
        if opened[cut + j]:
            middle[j] -= source
            continue
        middle[j] = np.inf
        for i in range(cut):
            if opened[i]:
                middle[j] = min(middle[j], plant[i] - source + inbound[i, j])
