"""`Cover`: who counts as covered by open options: singly or r-fold, whole or graded, in any road states."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from depotopt.siting.model.linear import LinearArrays
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Cover:
    """Items worth something once enough of their helpers are open.

    Sets N items, H(n) helpers (options) of item n
    Parameters ``weight[n]`` people an item stands for; ``depth`` helpers it takes
    Variables ``covered[n]``; where depth > 1 also ``level[n]``, ``above[n,o]``; all in [0, 1]
    Model ``depth covered[n] <= sum_{o in H(n)} open[o]``; covered people ``sum_n weight[n] covered[n]``;
    where depth > 1, with the ``depth - 1`` most open helpers taken off, so that fewer than ``depth`` whole
    ones cover nothing and no integer column is needed::

        covered[n] <= sum_o open[o] - (depth - 1) level[n] - sum_o above[n,o]
        above[n,o] >= open[o] - level[n]

    A demand point seen in several road states, or with credit graded by distance, is several items: a credit
    of 1 within 15 and 0.5 within 30 minutes is one item of half its people within 15 and another of half
    of them within 30 minutes (Berman and Krass 2002, Computers and Operations Research 29, 563-581). With
    ``depth`` 2 this is backup coverage (Hogan and ReVelle 1986, Management Science 32, 1434-1444).

    Attributes
    ----------
    weight
        Shape ``(N,)``, all positive.
    first, helper
        The helpers of item ``n`` are ``helper[first[n]:first[n + 1]]``.
    total
        People there are in all, also those of items nobody can cover.
    depth
        At least 1.
    """

    weight: FloatArray
    first: Int64Array
    helper: Int32Array
    total: float
    depth: int = 1

    @classmethod
    def of(
        cls, blocks: Iterable[tuple[FloatArray, BoolArray]], options: Int32Array, total: float, depth: int = 1
    ) -> Cover:
        """Cover from blocks of items; items with equal helpers are merged.

        Parameters
        ----------
        blocks
            Weights, shape ``(N,)``, and who is near, shape ``(N, len(options))``.
        options
            The helpers the columns of ``near`` stand for.
        total, depth
            As in the class.
        """
        merged: dict[bytes, float] = {}
        for weight, near in blocks:
            able = np.flatnonzero((weight > 0) & (near.sum(axis=1) >= depth))
            for n, row in zip(able.tolist(), np.packbits(near[able], axis=1), strict=True):
                merged[row.tobytes()] = merged.get(row.tobytes(), 0.0) + float(weight[n])
        packed = np.frombuffer(b"".join(merged), dtype=np.uint8).reshape(len(merged), (len(options) + 7) // 8)
        rows = np.unpackbits(packed, axis=1, count=len(options))
        first = np.zeros(len(merged) + 1, dtype=np.int64)
        np.cumsum(rows.sum(axis=1), out=first[1:])
        return cls(np.array(list(merged.values())), first, options[np.nonzero(rows)[1]], total, depth)

    def people(self, options: Int32Array) -> float:
        """People covered by open options."""
        hit = np.isin(self.helper, options)
        row = np.repeat(np.arange(len(self.weight)), np.diff(self.first))
        count = np.bincount(row, weights=hit, minlength=len(self.weight))
        return float(self.weight[count >= self.depth].sum())


def add_cover(arrays: LinearArrays, opened: Int64Array, cover: Cover, *, cost: float) -> Int64Array:
    """Add the ``covered`` columns of a cover and their rows.

    Parameters
    ----------
    arrays
        Model to add to.
    opened
        Column of each option.
    cover
        What is covered by whom.
    cost
        Cost in the objective of one person not covered; a constant keeps the objective whole.

    Returns
    -------
    Int64Array
        Columns, one per item.
    """
    count = len(cover.weight)
    covered = arrays.add_columns(count, upper=1.0, cost=-cost * cover.weight)
    arrays.offset += cost * cover.total
    rows, sizes = np.arange(count), np.diff(cover.first)
    arrays.add_rows(
        np.full(count, -np.inf),
        np.zeros(count),
        np.concatenate([rows, np.repeat(rows, sizes)]),
        np.concatenate([covered, opened[cover.helper]]),
        np.concatenate([np.full(count, float(cover.depth)), -np.ones(len(cover.helper))]),
    )
    if cover.depth > 1:
        _add_depth(arrays, opened, cover, covered)
    return covered


def _add_depth(arrays: LinearArrays, opened: Int64Array, cover: Cover, covered: Int64Array) -> None:
    """Rows that make ``covered`` whole wherever ``open`` is."""
    count, pairs = len(cover.weight), len(cover.helper)
    item = np.repeat(np.arange(count), np.diff(cover.first))
    level = arrays.add_columns(count, upper=1.0)
    above = arrays.add_columns(pairs, upper=1.0)
    pair = np.arange(pairs)
    arrays.add_rows(
        np.zeros(pairs),
        np.inf,
        np.tile(pair, 3),
        np.concatenate([above, level[item], opened[cover.helper]]),
        np.repeat([1.0, 1.0, -1.0], pairs),
    )
    rows = np.arange(count)
    arrays.add_rows(
        np.full(count, -np.inf),
        np.zeros(count),
        np.concatenate([rows, rows, item, item]),
        np.concatenate([covered, level, above, opened[cover.helper]]),
        np.concatenate([np.ones(count), np.full(count, cover.depth - 1.0), np.ones(pairs), -np.ones(pairs)]),
    )
