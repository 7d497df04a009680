"""Covers: merging, counting, and their columns in a model, against counting by hand."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ortools.math_opt.python import mathopt

from depotopt.siting.model.cover import Cover, add_cover
from depotopt.siting.model.linear import LinearArrays
from depotopt.units import BoolArray, FloatArray

OPTIONS = np.arange(4, dtype=np.int32)


def by_hand(weight: FloatArray, near: BoolArray, chosen: tuple[int, ...], depth: int) -> float:
    """Items with at least ``depth`` chosen helpers, one after the other."""
    return sum(float(w) for w, row in zip(weight, near, strict=True) if sum(row[o] for o in chosen) >= depth)


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10_000), depth=st.integers(1, 3))
def test_merging_items_changes_no_count(seed: int, depth: int) -> None:
    rng = np.random.default_rng(seed)
    weight, near = rng.integers(0, 5, 9).astype(float), rng.random((9, 4)) < 0.5
    cover = Cover.of([(weight, near)], OPTIONS, float(weight.sum()), depth)
    for size in range(5):
        for chosen in itertools.combinations(range(4), size):
            counted = cover.people(np.array(chosen, dtype=np.int32))
            assert counted == pytest.approx(by_hand(weight, near, chosen, depth))


@pytest.mark.parametrize("depth", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_the_model_chooses_the_options_that_cover_most(seed: int, depth: int) -> None:
    """Three options at most, one person not covered costs 3: the best three by enumeration."""
    rng = np.random.default_rng(seed)
    weight, near = rng.integers(1, 5, 8).astype(float), rng.random((8, 4)) < 0.6
    cover = Cover.of([(weight, near)], OPTIONS, float(weight.sum()), depth)
    arrays = LinearArrays()
    opened = arrays.add_columns(4, upper=1.0, integer=True)
    arrays.add_rows(-np.inf, 3.0, np.zeros(4, dtype=np.int64), opened, 1.0)
    add_cover(arrays, opened, cover, cost=3.0)
    found = mathopt.solve(arrays.model(), mathopt.SolverType.HIGHS).objective_value()
    most = max(by_hand(weight, near, chosen, depth) for chosen in itertools.combinations(range(4), 3))
    assert found == pytest.approx(3.0 * (weight.sum() - most))


def test_items_nobody_covers_stay_in_the_total() -> None:
    cover = Cover.of([(np.array([2.0, 5.0]), np.array([[True], [False]]))], OPTIONS[:1], 7.0)
    assert len(cover.weight) == 1
    assert cover.total == 7.0
    assert cover.people(OPTIONS[:1]) == 2.0


def test_equal_helpers_of_several_blocks_become_one_item() -> None:
    block = (np.array([2.0, 4.0]), np.array([[True, False], [False, True]]))
    cover = Cover.of([block, block], OPTIONS[:2], 12.0)
    assert len(cover.weight) == 2
    assert cover.people(OPTIONS[:1]) == 4.0
    assert cover.people(OPTIONS[:2]) == 12.0
