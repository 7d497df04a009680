"""Price cuts against the extensive form, and the validity of every single cut."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from depotopt.errors import EngineError
from depotopt.rules import CountRule
from depotopt.siting.attempt import objective_terms
from depotopt.siting.cuts.cut_master import CutMaster
from depotopt.siting.cuts.price_cuts import PriceCuts, least_response
from depotopt.siting.cuts.separation import Separation
from depotopt.siting.prices.price_kernels import AllArcs, Wanted, look
from depotopt.siting.recourse.recourse import response_terms
from depotopt.siting.solve import solve_problem
from depotopt.solving import Limit, Monitor, Progress, SolveLimits, Status
from tests.siting.cases import CITY, TOWN, counted, random_case
from tests.siting.test_extensive import ruled_case

TIGHT = SolveLimits(time_s=60.0, gap=1e-4)


@pytest.mark.parametrize("seed", range(12))
def test_cuts_prove_what_the_extensive_form_proves(seed: int) -> None:
    """Same optimum within both gaps, same verdict on infeasible rules, bound never above the optimum."""
    problem = ruled_case(seed).problem
    exact = solve_problem(problem, SolveLimits(time_s=60.0, gap=1e-7), engine="highs")
    cuts = solve_problem(problem, TIGHT, engine="cuts")
    assert cuts.status is exact.status
    if exact.objective is None:
        assert cuts.conflicts == exact.conflicts
        return
    assert cuts.objective == pytest.approx(exact.objective, rel=2e-4)
    assert cuts.bound is not None
    assert cuts.bound <= exact.objective * (1 + 1e-6)


def test_larger_case_agrees_with_the_extensive_form() -> None:
    """Seven sites, fourteen points, four road states: both proofs overlap."""
    problem = random_case(11, sites=7, points=14, states=4).problem
    exact = solve_problem(problem, SolveLimits(time_s=100.0, gap=1e-4), engine="highs")
    cuts = solve_problem(problem, SolveLimits(time_s=100.0, gap=1e-3), engine="cuts")
    assert exact.objective is not None
    assert exact.bound is not None
    assert cuts.bound is not None
    assert cuts.objective is not None
    assert cuts.bound <= exact.objective * (1 + 1e-6)
    assert exact.bound <= cuts.objective * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(8))
def test_every_cut_is_valid_everywhere(seed: int) -> None:
    """A cut made at one point under-estimates the recourse of any other layout."""
    rng = np.random.default_rng(seed)
    problem = random_case(seed, sites=5, points=8, states=1).problem
    arcs = problem.arcs
    for k in range(problem.commodities):
        price = rng.random(problem.sites) * rng.choice([0.0, 50.0])
        weight = np.zeros(problem.sites)
        need = np.ascontiguousarray(problem.need[0, :, k])
        penalty = np.ascontiguousarray(problem.penalty[:, k])
        ways = AllArcs(arcs.first, arcs.site, arcs.origin, arcs.time_ds)
        x, load = rng.random(problem.sites), np.zeros(problem.sites)
        price = price * rng.random(problem.sites)
        constant = look(0, ways, Wanted(problem.rate[k : k + 1], need, penalty), x, price, load, weight)
        for _ in range(20):
            open_ = (rng.random(problem.sites) < 0.6).astype(float)
            usable = np.zeros((1, problem.sites, problem.commodities))
            usable[0, :, k] = open_ * rng.random(problem.sites) * rng.choice([50.0, 3_000.0])
            transport, unmet = response_terms(problem, usable)
            others = (problem.need[0] * problem.penalty).sum() - need @ penalty
            value = float(transport[0] + unmet[0] - others)
            assert constant - price @ usable[0, :, k] - weight @ open_ <= value + 1e-6 * max(1.0, value)


def test_stop_keeps_the_best_layout() -> None:
    """A stop during the first relaxation still yields a layout that keeps the rules, with its true value."""

    def stop(progress: Progress) -> None:
        if progress.stage == "cuts: relaxation":
            monitor.stop()

    monitor = Monitor(stop)
    problem = random_case(3, sites=8, points=20, states=4).problem
    outcome = PriceCuts(problem).solve(TIGHT, monitor)
    assert outcome.status is Status.FEASIBLE
    assert outcome.layout is not None
    assert outcome.bound is not None
    assert outcome.bound <= sum(objective_terms(problem, outcome.layout).values())


def test_a_stop_before_anything_is_priced_still_gives_a_layout() -> None:
    """A stop that comes first of all: the first layout that keeps the rules, with its true value."""
    monitor = Monitor()
    monitor.stop()
    problem = random_case(3, sites=8, points=20, states=4).problem
    result = solve_problem(problem, TIGHT, monitor, engine="cuts")
    assert result.status is Status.FEASIBLE
    assert result.limit is Limit.STOPPED
    assert result.objective == pytest.approx(sum(result.terms.values()))


def test_who_stops_at_the_first_relaxation_has_something_to_send() -> None:
    """The cheapest layout by itself holds nothing, and a plan without stock helps nobody."""

    def stop(progress: Progress) -> None:
        if progress.stage == "cuts: relaxation":
            monitor.stop()

    monitor = Monitor(stop)
    tiers = (counted(CITY, CountRule(2, None)), TOWN)
    problem = random_case(3, sites=12, points=40, states=6, tiers=tiers).problem
    outcome = PriceCuts(problem).solve(SolveLimits(time_s=60.0, gap=1e-6), monitor)
    assert outcome.limit is Limit.STOPPED
    assert outcome.layout is not None
    assert outcome.layout.stock.sum() > 0


def test_a_relaxation_that_is_asked_to_stop_ends_without_a_point() -> None:
    """Nothing is called infeasible then, and the next relaxation goes on."""
    problem = random_case(3, sites=8, points=20, states=4).problem
    master = CutMaster(problem, least_response(problem))
    assert master.relax(10.0, lambda: True) is None
    assert not master.infeasible
    assert master.relax(10.0) is not None


def test_same_seed_same_answer() -> None:
    """Workers change the speed, not the answer."""
    problem = random_case(5, sites=8, points=20, states=6).problem
    one = solve_problem(problem, SolveLimits(time_s=60.0, gap=1e-3, workers=1), engine="cuts")
    two = solve_problem(problem, SolveLimits(time_s=60.0, gap=1e-3, workers=2), engine="cuts")
    assert one.plan == two.plan
    assert one.objective == two.objective


@pytest.mark.parametrize("where", ["constant", "price"])
def test_a_cut_that_is_not_finite_is_an_engine_error(where: str) -> None:
    """Engines answer non-finite coefficients with errors of their own kinds; none ever reaches them."""
    problem = random_case(3, sites=4, points=6, states=2).problem
    master = CutMaster(problem, least_response(problem))
    with ThreadPoolExecutor(1) as pool:
        found = Separation(problem, master.stage.unit, pool, lambda: False)
        assert found.at(np.full(problem.sites, 0.5), 0.3 * master.stage.unit)
    getattr(found, where)[:] = np.nan
    with pytest.raises(EngineError, match="not finite"):
        master.add_cuts(found, np.ones(master.groups.count, dtype=np.bool_))
