"""Covers of the need by whole sites, and what turning one costs, against every choice there is."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.siting.classic.capacitated_covers import (
    FREE,
    KEPT,
    SHUT,
    choose,
    cover,
    fix_sites,
    price_changes,
)


def _every_cover(seed: int) -> tuple[tuple[np.ndarray, np.ndarray, int, np.ndarray], list[tuple[float, ...]]]:
    """A random case of seven sites and all choices that cover: worth, then 0 or 1 per site."""
    rng = np.random.default_rng(seed)
    worth = rng.integers(-5, 30, 7).astype(float)
    weight = rng.integers(1, 9, 7).astype(float)
    status = rng.choice([FREE, FREE, FREE, SHUT, KEPT], 7).astype(np.int8)
    required = int(rng.integers(1, 20))
    choices = []
    for choice in itertools.product((0.0, 1.0), repeat=7):
        taken = np.array(choice)
        allowed = (taken[status == KEPT] == 1).all() and (taken[status == SHUT] == 0).all()
        if allowed and weight @ taken >= required:
            choices.append((float(worth @ taken), *choice))
    return (worth, weight, required, status), choices


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6))
def test_cover_is_the_cheapest_and_turning_a_site_costs_what_is_said(seed: int) -> None:
    """The whole cover is the best of all; no choice with a site turned is cheaper than its rise says."""
    (worth, weight, required, status), choices = _every_cover(seed)
    chosen, part = np.zeros(7), np.zeros(7)
    table, taken = np.empty(required + 1), np.zeros((7, required + 1), dtype=np.bool_)
    total, rest = cover(worth, weight, required, status, chosen, table, taken)
    if not choices:
        assert total == np.inf
        return
    best = min(value for value, *_ in choices)
    assert total == pytest.approx(best)
    assert worth @ chosen == pytest.approx(best)
    relaxed, mu = choose(worth, weight, float(required), False, status, part)
    assert relaxed <= best + 1e-9
    lift, drop = np.empty(7), np.empty(7)
    price_changes(worth, (relaxed, mu, weight), (total, rest, weight, table), status, lift, drop)
    for j in range(7):
        opened = [value for value, *choice in choices if choice[j] == 1]
        closed = [value for value, *choice in choices if choice[j] == 0]
        if status[j] == FREE:
            assert not opened or total + lift[j] <= min(opened) + 1e-9
            assert not closed or total + drop[j] <= min(closed) + 1e-9
    limit = best + 4.0
    fixed = status.copy()
    fix_sites(total, lift, drop, limit, fixed)
    for value, *choice in choices:
        if value <= limit:
            assert all(choice[j] == (fixed[j] == KEPT) for j in range(7) if fixed[j] != FREE)
