"""Local cuts and what a bound makes of them, against every subset and every layout."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from depotopt.siting.classic.facility_location import FacilityLocationProblem
from depotopt.siting.classic.location import LocationProblem
from depotopt.siting.classic.location_envelope import envelope, savings
from depotopt.siting.classic.location_patterns import Lists, local_cuts, relaxed
from depotopt.units import FloatArray

SITES = 9


def problem(seed: int) -> LocationProblem:
    rng = np.random.default_rng(seed)
    cost = rng.integers(1, 30, (25, SITES)).astype(float)
    return FacilityLocationProblem.of_costs(rng.integers(1, 40, SITES), cost).location


def estimates(case: LocationProblem, y: FloatArray) -> FloatArray:
    """What the cuts of single points make of a fractional ``y``: points served as far as sites are open."""
    theta = np.zeros(case.points)
    for i in range(case.points):
        left = 1.0
        for j, d in zip(case.arrays.neighbour[i], case.arrays.distance[i], strict=True):
            share = min(left, y[j])
            theta[i] += share * d
            left -= share
    return theta


def lists(case: LocationProblem) -> Lists:
    return Lists(case.arrays.neighbour, case.arrays.distance, case.arrays.weight)


def layouts() -> list[tuple[int, ...]]:
    return [c for n in range(1, SITES + 1) for c in itertools.combinations(range(SITES), n)]


def test_savings_of_every_subset() -> None:
    """The largest saving of each point within the subset, weighted."""
    rng = np.random.default_rng(3)
    save, weight = rng.random((5, 4)), rng.random(5)
    total = savings(save, weight)
    for subset in range(16):
        inside = [b for b in range(4) if subset >> b & 1]
        expected = float(weight @ save[:, inside].max(axis=1)) if inside else 0.0
        assert total[subset] == pytest.approx(expected)


@pytest.mark.parametrize("seed", range(6))
def test_the_plane_lies_on_the_savings_and_is_the_lowest_at_y(seed: int) -> None:
    """No subset above it, and the height at ``y`` is that of the best mixture of subsets."""
    from scipy.optimize import linprog

    rng = np.random.default_rng(seed)
    total, y = savings(rng.random((7, 6)), rng.random(7)), rng.uniform(0.05, 0.95, 6)
    slope, level = envelope(total, y)
    bits = np.array([[s >> b & 1 for b in range(6)] for s in range(64)])
    assert (bits @ slope + level >= total - 1e-9).all()
    mixture = linprog(
        -total,
        A_eq=np.vstack([bits.T, np.ones(64)]),
        b_eq=np.append(y, 1.0),
        bounds=(0, None),
        method="highs",
    )
    assert mixture.fun is not None
    assert y @ slope + level == pytest.approx(-mixture.fun, abs=1e-5)


@pytest.mark.parametrize("seed", range(6))
def test_every_layout_keeps_every_cut(seed: int) -> None:
    """A cut found at a fractional point cuts that point off and no set of sites."""
    case = problem(seed)
    y = np.random.default_rng(seed).uniform(0.1, 0.6, SITES)
    theta = estimates(case, y)
    found = local_cuts(case.arrays, lists(case), y, theta)
    assert found
    for gain, cut in found:
        weight = case.arrays.weight[cut.points]
        assert weight @ theta[cut.points] + cut.coefficient @ y[cut.sites] == pytest.approx(cut.least - gain)
        for chosen in layouts():
            served = case.arrays.by_site[list(chosen)].min(axis=0)
            is_open = np.isin(cut.sites, chosen)
            assert weight @ served[cut.points] + cut.coefficient @ is_open >= cut.least - 1e-9


@pytest.mark.parametrize("seed", range(4))
def test_relaxed_costs_never_pass_those_of_a_layout(seed: int) -> None:
    """With any multipliers, also ones that add up to more than a point's weight."""
    case, rng = problem(seed), np.random.default_rng(seed)
    y = rng.uniform(0.1, 0.6, SITES)
    cuts = [cut for _gain, cut in local_cuts(case.arrays, lists(case), y, estimates(case, y))]
    costs = relaxed(case.arrays, [(cut, float(rng.uniform(-0.2, 2.0))) for cut in cuts])
    assert (costs.weight >= 0).all()
    for chosen in layouts():
        served = case.arrays.by_site[list(chosen)].min(axis=0)
        seen = costs.offset + costs.opening[list(chosen)].sum() + costs.weight @ served
        assert seen <= case.serve(chosen)[1] + 1e-9


def test_without_fractions_there_is_nothing_to_cut() -> None:
    """A layout is no fractional point."""
    case = problem(1)
    y = np.zeros(SITES)
    y[[2, 5]] = 1.0
    assert local_cuts(case.arrays, lists(case), y, estimates(case, y)) == []
