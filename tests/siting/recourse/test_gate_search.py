"""The quick search for one depot per point: feasible, honest about its value, never below its start."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.siting.recourse.arcs import Arcs, Prices
from depotopt.siting.recourse.gate_search import GateSearch
from depotopt.siting.recourse.single_source import separate_flows
from depotopt.units import FloatArray, Int64Array

Question = tuple[Arcs, FloatArray, FloatArray, Prices]


def drawn(seed: int, *, hubs: bool, gates: int = 4, points: int = 8) -> Question:
    """Scarce stock of two commodities, each through its own depot; with ``hubs`` two go through all."""
    rng = np.random.default_rng(seed)
    rows = gates + 2 if hubs else gates
    row, gate, point = (a.ravel() for a in np.meshgrid(range(rows), range(gates), range(points)))
    kept = ((row == gate) | (row >= gates)) & (rng.random(len(row)) < 0.8)
    arcs = Arcs(row, gate, point, rng.integers(1, 100, len(row)).astype(np.float64))[kept]
    usable = rng.integers(0, 30, (rows, 2)).astype(np.float64)
    need = rng.integers(0, 20, (points, 2)).astype(np.float64)
    return arcs, usable, need, Prices(np.array([1.0, 0.5]), np.full((points, 2), 80.0))


def saved(question: Question, gates: Int64Array) -> float:
    """What exact flows over chosen depots save against delivering nothing."""
    arcs, usable, need, prices = question
    mine = arcs[gates[arcs.point] == arcs.gate]
    flow = separate_flows(mine, usable, need, prices)
    return float((flow * (prices.penalty[mine.point] - prices.rate * mine.time_ds[:, None])).sum())


def searched(question: Question, starts: list[Int64Array], seed: int = 1) -> tuple[Int64Array, float]:
    search = GateSearch(*question)
    found = search.best(starts, np.zeros_like(question[1]), np.inf, time_s=60.0, seed=seed)
    return found.gates, found.saved


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 100_000), hubs=st.booleans())
def test_its_value_is_that_of_exact_flows_over_its_depots(seed: int, hubs: bool) -> None:
    """What it says is saved, transportation problems over the same depots save."""
    question = drawn(seed, hubs=hubs)
    gates, value = searched(question, [])
    assert value == pytest.approx(saved(question, gates), rel=1e-7, abs=1e-6)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 100_000), hubs=st.booleans())
def test_each_point_has_a_depot_it_can_be_reached_from_or_none(seed: int, hubs: bool) -> None:
    """No pair without a way is chosen."""
    question = drawn(seed, hubs=hubs)
    arcs = question[0]
    ways = set(zip(arcs.point.tolist(), arcs.gate.tolist(), strict=True))
    gates, _ = searched(question, [])
    assert all(gate < 0 or (point, gate) in ways for point, gate in enumerate(gates.tolist()))


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 100_000), hubs=st.booleans())
def test_it_saves_no_less_than_any_start(seed: int, hubs: bool) -> None:
    """Starts may name depots without a way: these points get nothing."""
    question = drawn(seed, hubs=hubs)
    starts = list(np.random.default_rng(seed + 1).integers(-1, 4, (3, 8)))
    _, value = searched(question, starts)
    assert value >= max(saved(question, start) for start in starts) - 1e-6


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 100_000), hubs=st.booleans())
def test_small_cases_end_at_the_best_of_all_choices(seed: int, hubs: bool) -> None:
    """Trying every depot for every one of four points finds nothing better."""
    question = drawn(seed, hubs=hubs, gates=3, points=4)
    choices = itertools.product(range(3), repeat=4)
    best = max(saved(question, np.array(choice)) for choice in choices)
    assert searched(question, [])[1] == pytest.approx(best, rel=1e-7, abs=1e-6)


def test_the_same_seed_finds_the_same_depots() -> None:
    """Kicks are drawn from the seed alone."""
    question = drawn(5, hubs=False, gates=6, points=20)
    assert searched(question, [], seed=3)[0].tolist() == searched(question, [], seed=3)[0].tolist()


def test_nothing_to_choose_is_an_answer() -> None:
    """Without stock every point stays without a depot."""
    arcs, usable, need, prices = drawn(1, hubs=True)
    gates, value = searched((arcs, np.zeros_like(usable), need, prices), [])
    assert (gates < 0).all()
    assert value == 0.0
