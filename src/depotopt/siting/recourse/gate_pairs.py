"""`gate_pairs`: the ways of one road state by point and depot, and which depots share stock."""

from __future__ import annotations

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from depotopt.siting.recourse.arcs import Arcs, Prices
from depotopt.siting.recourse.gate_kernels import Pairs
from depotopt.units import BoolArray, FloatArray, Int64Array


def gate_pairs(arcs: Arcs, usable: FloatArray, need: FloatArray, prices: Prices) -> tuple[Pairs, Int64Array]:
    """Pairs (point, depot) whose ways can save something, and the depot each number of a gate stands for."""
    stocked, wanted = usable[arcs.row] > 0, need[arcs.point] > 0
    saves = prices.rate * arcs.time_ds[:, None] < prices.penalty[arcs.point]
    useful: BoolArray = np.asarray((stocked & wanted & saves).any(axis=1))
    able = arcs[useful]
    label, gate = np.unique(able.gate, return_inverse=True)
    # Of several ways of a stock to a point over a depot the fastest counts; ways of a pair lie by time.
    fastest = np.lexsort((able.time_ds, able.row, gate, able.point))
    three = np.column_stack((able.row, gate, able.point))[fastest]
    fastest = fastest[np.append(True, (np.diff(three, axis=0) != 0).any(axis=1))[: len(fastest)]]
    order = fastest[np.lexsort((able.time_ds[fastest], gate[fastest], able.point[fastest]))]
    point, gate, row, time_ds = able.point[order], gate[order], able.row[order], able.time_ds[order]
    points, commodities = need.shape
    key, begins = np.unique(point * (len(label) + 1) + gate, return_index=True)
    pair_point, pair_gate = key // (len(label) + 1), key % (len(label) + 1)
    way = np.append(begins, len(row)).astype(np.int64)
    first = np.searchsorted(pair_point, np.arange(points + 1)).astype(np.int64)
    at = np.full((points, max(len(label), 1)), -1, dtype=np.int64)
    at[pair_point, pair_gate] = np.arange(len(key))

    pools, of = _pools(gate, row, len(label), len(usable))
    pool = of[pair_gate].astype(np.int64)
    row_pool = np.full(len(usable), pools, dtype=np.int64)
    row_pool[row] = of[gate]
    rows = np.argsort(row_pool, kind="stable")
    owner = np.repeat(np.arange(len(key)), np.diff(way))
    gain = np.full((commodities, len(key)), -np.inf)
    listed = np.empty((commodities, len(key)), dtype=np.int64)
    for k in range(commodities):
        each = prices.penalty[point, k] - prices.rate[k] * time_ds
        np.maximum.at(gain[k], owner, each)
        listed[k] = np.lexsort((-gain[k], pool))
    every = np.arange(pools + 1)
    pairs = Pairs(
        first,
        pair_point,
        pair_gate,
        pool,
        at,
        way,
        row,
        time_ds,
        gain,
        listed,
        np.searchsorted(np.sort(pool), every).astype(np.int64),
        rows,
        np.searchsorted(row_pool[rows], every).astype(np.int64),
        np.ascontiguousarray(usable),
        np.ascontiguousarray(need),
        np.ascontiguousarray(prices.rate),
        np.ascontiguousarray(prices.penalty),
    )
    return pairs, label


def _pools(gate: Int64Array, row: Int64Array, gates: int, rows: int) -> tuple[int, Int64Array]:
    """How many groups of depots that share stock there are, and the group of each depot."""
    links = coo_array((np.ones(len(gate)), (gate, gates + row)), shape=(gates + rows, gates + rows))
    _, of = connected_components(links, directed=False)
    found, mine = np.unique(of[:gates], return_inverse=True)
    return len(found), mine.astype(np.int64)
