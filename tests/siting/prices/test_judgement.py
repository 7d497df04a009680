"""Judging a layout: its values, their proof, and what prices to start from change."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.optimize import linprog

from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.siting.prices import layout_flows
from depotopt.siting.prices.judgement import Judgement, judged
from depotopt.siting.prices.layout_flows import judge
from depotopt.units import FloatArray
from tests.siting.cases import random_case
from tests.siting.supply_cases import supply_case


def drawn(seed: int) -> tuple[SitingProblem, Layout]:
    """A case, with hubs, helpers and late agreements for every second seed, and some layout of it."""
    rng = np.random.default_rng(seed)
    if seed % 2:
        problem = supply_case(seed, sites=6, points=6, states=3).problem
    else:
        problem = random_case(seed, sites=6, points=12).problem
    options = problem.options
    chosen = [int(rng.choice(np.flatnonzero(options.site == j))) for j in np.unique(options.site)]
    kept = np.array(sorted(o for o in chosen if rng.random() < 0.7), dtype=np.int32)
    scale = problem.need.sum(axis=1).max(axis=0) * rng.choice([0.1, 0.3, 1.0])
    stock = rng.random((problem.sites, problem.commodities)) * scale
    return problem, Layout(kept, np.where(rng.random(stock.shape) < 0.2, 0.0, stock))


def found(problem: SitingProblem, layout: Layout, **more: object) -> Judgement:
    result = judged(problem, layout, **more)  # type: ignore[arg-type]
    assert result is not None
    return result


def by_scipy(problem: SitingProblem, layout: Layout) -> FloatArray:
    """Response of each road state and commodity by a linear program over all arcs with open gates."""
    opened, usable = layout.supplying(problem), layout.usable(problem)
    value = np.zeros((problem.states, problem.commodities))
    points, arcs = problem.points, problem.arcs
    for s in range(problem.states):
        span = arcs.first[s * points : (s + 1) * points + 1]
        point = np.repeat(np.arange(points), np.diff(span))
        gate, source = arcs.site[span[0] : span[-1]], arcs.source[span[0] : span[-1]]
        for k in range(problem.commodities):
            serve = np.hstack([np.eye(points)[:, point], np.eye(points)])
            send = np.hstack([np.eye(problem.sites)[:, source], np.zeros((problem.sites, points))])
            cost = np.concatenate([problem.rate[k] * arcs.time_ds[span[0] : span[-1]], problem.penalty[:, k]])
            bounds = [(0.0, None if opened[g] else 0.0) for g in gate] + [(0.0, None)] * points
            solved = linprog(
                cost, A_ub=send, b_ub=usable[s, :, k], A_eq=serve, b_eq=problem.need[s, :, k], bounds=bounds
            )
            value[s, k] = solved.fun
    return value


@pytest.mark.parametrize("seed", range(16))
def test_values_are_those_of_the_program_and_proved(seed: int) -> None:
    """Cost of the flows, proof by the prices, and a linear program written apart agree."""
    problem, layout = drawn(seed)
    result = found(problem, layout, workers=2)
    assert result.moved + result.unmet == pytest.approx(by_scipy(problem, layout), rel=1e-7, abs=1e-5)
    assert result.bound == pytest.approx(result.moved + result.unmet, rel=1e-9, abs=1e-6)
    assert result.proved == pytest.approx(result.response, rel=1e-9)


@pytest.mark.parametrize("seed", range(6))
def test_prices_to_start_from_change_no_value(seed: int) -> None:
    """From its own prices, or from any, a layout has the same values; the prices given stay."""
    problem, layout = drawn(seed)
    first = found(problem, layout)
    wild = 50.0 * np.random.default_rng(seed).random(first.price.shape)
    kept = wild.copy()
    for price in (first.price, wild):
        again = found(problem, layout, price=price)
        assert again.response == pytest.approx(first.response, rel=1e-9)
        assert again.proved == pytest.approx(first.response, rel=1e-9)
    assert (wild == kept).all()


@pytest.mark.parametrize("seed", range(8))
def test_within_a_tolerance_values_lie_between_the_proof_and_so_much_more(seed: int) -> None:
    """Bounds are at most, and costs at least, the exact response; they differ by the tolerance at most."""
    problem, layout = drawn(seed)
    exact = found(problem, layout).response
    rough = found(problem, layout, tolerance=0.02)
    assert (rough.proved <= exact * (1.0 + 1e-9) + 1e-6).all()
    assert (rough.response >= exact * (1.0 - 1e-9) - 1e-6).all()
    assert (rough.response - rough.proved <= 0.02 * exact + 1e-6).all()


def test_a_stop_is_heard() -> None:
    """Asked to stop, there is no judgement."""
    problem, layout = drawn(0)
    assert judged(problem, layout, stopped=lambda: True) is None


@pytest.mark.parametrize("allowed", [0, 1])
@pytest.mark.parametrize("seed", range(10))
def test_a_pair_whose_paths_run_out_is_still_judged(
    seed: int, allowed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With no paths allowed the same values, with prices that prove them."""
    problem, layout = drawn(seed)
    normal = found(problem, layout)
    monkeypatch.setattr(layout_flows, "judge", lambda *given: judge(*given[:-1], allowed))
    again = found(problem, layout, price=np.full(normal.price.shape, 1e3))
    assert again.moved + again.unmet == pytest.approx(normal.moved + normal.unmet, rel=1e-7, abs=1e-6)
    assert again.bound == pytest.approx(normal.bound, rel=1e-7, abs=1e-6)
    assert (again.bound <= (again.moved + again.unmet) * (1 + 1e-12) + 1e-9).all()
    assert np.isfinite(again.price).all()
    # Prices found so are as good a start as any.
    monkeypatch.undo()
    assert found(problem, layout, price=again.price).response == pytest.approx(normal.response, rel=1e-9)


def nasty(seed: int) -> tuple[SitingProblem, Layout]:
    """A case with ties everywhere, extreme penalties, needs of nothing, hardly any and huge stock."""
    rng = np.random.default_rng([7, seed])
    problem, layout = drawn(seed)
    arcs = problem.arcs
    coarse = int(rng.choice([1, 2_000, 1_000_000]))
    arcs = replace(arcs, time_ds=(arcs.time_ds // coarse * coarse).astype(np.int32))
    need: FloatArray = np.where(rng.random(problem.need.shape) < 0.3, 0.0, problem.need)
    need = np.rint(need) if rng.random() < 0.5 else need * float(rng.choice([1e-6, 1.0, 1e6]))
    penalty = problem.penalty * rng.choice([1.0, 1e3, 1e9, 1e-3])
    if rng.random() < 0.5:
        penalty = np.full_like(penalty, penalty.max())
    stock: FloatArray = np.where(
        rng.random(layout.stock.shape) < 0.3, float(rng.choice([1e-6, 1e9])), layout.stock
    )
    stock = np.rint(stock) if rng.random() < 0.3 else stock
    return replace(problem, arcs=arcs, need=need, penalty=penalty), Layout(layout.options, stock)


@pytest.mark.parametrize("seed", range(60))
def test_nasty_data_is_judged_exactly(seed: int) -> None:
    """Value of the program, and a proof to within rounding of the penalties at stake."""
    problem, layout = nasty(seed)
    result = found(problem, layout)
    value = result.moved + result.unmet
    least = by_scipy(problem, layout)
    assert value == pytest.approx(least, rel=1e-6, abs=1e-6 * max(1.0, least.max()))
    assert (result.bound <= value * (1 + 1e-9) + 1e-9).all()
    assert result.bound == pytest.approx(value, rel=1e-9, abs=1e-9)
