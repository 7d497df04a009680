"""Rounding tier by tier: every layout keeps the rules, and what is decided stays decided."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest

from depotopt.siting.cuts.cut_master import CutMaster
from depotopt.siting.cuts.joint_steps import JointSteps
from depotopt.siting.cuts.nearest_layout import NearestLayout
from depotopt.siting.cuts.outcome import keeps_rules
from depotopt.siting.cuts.price_cuts import least_response
from depotopt.siting.cuts.rounding import Rounding
from depotopt.siting.engines.highs import HighsEngine
from depotopt.siting.model.problem import CountLimit, Layout, SitingProblem, SupportRule
from depotopt.solving import SolveLimits
from depotopt.units import BoolArray, FloatArray, Int32Array
from tests.siting.cases import random_case
from tests.siting.test_extensive import ruled_case


def _rounded(
    problem: SitingProblem, asked: list[FloatArray] | None = None, sweeps: int = 60
) -> Int32Array | None:
    master = CutMaster(problem, least_response(problem))
    with ThreadPoolExecutor(1) as pool:
        steps = JointSteps(problem, master, pool, lambda: False)
        steps.advance(sweeps)

        return Rounding(problem, steps, _Asked(problem, [] if asked is None else asked)).run()


class _Asked(NearestLayout):
    """Keeps which shares it was asked for."""

    def __init__(self, problem: SitingProblem, asked: list[FloatArray]) -> None:
        super().__init__(problem, HighsEngine(), SolveLimits(time_s=100.0))
        self._asked = asked

    def find(self, share: FloatArray, known: BoolArray, now: BoolArray) -> FloatArray | None:
        """The nearest layout."""
        self._asked.append(share.copy())
        return super().find(share, known, now)


@pytest.mark.parametrize("seed", range(5))
def test_a_rounded_layout_keeps_all_rules(seed: int) -> None:
    """Counts, support, coverage and budgets hold, and a site is open in one way."""
    problem = ruled_case(seed).problem
    options = _rounded(problem)
    if options is None:
        pytest.skip("no layout keeps the rules of this case")
    assert len(np.unique(problem.options.site[options])) == len(options)
    assert keeps_rules(problem, Layout(options, np.zeros((problem.sites, problem.commodities))))


@pytest.mark.parametrize("seed", range(3))
def test_little_is_left_to_the_nearest_layout(seed: int) -> None:
    """When the rules are asked, each tier's undecided shares are a small part of what it opens."""
    problem = ruled_case(seed).problem
    asked: list[FloatArray] = []
    _rounded(problem, asked)
    share, tier = asked[-1], problem.options.tier
    for t in np.unique(tier):
        mine = share[tier == t]
        # Tiers below may still move while those above are held.
        assert np.minimum(mine, 1.0 - mine).sum() <= 0.03 * mine.sum() + 1e-9


def test_a_tier_opens_what_supports_most_though_others_are_wanted_more() -> None:
    """Two helpers are open in equal parts; the one whose closing would leave more in a hole stays."""
    problem = random_case(2, sites=8, points=16, states=2).problem
    site = problem.options.site
    of = [np.flatnonzero(site == j).astype(np.int32) for j in range(8)]
    rules = (
        SupportRule("support", tuple(of[2:]), (*([of[0]] * 5), of[1])),
        CountLimit("one helper", np.concatenate(of[:2]), None, 1),
    )
    tier = np.where(site < 2, 0, 1).astype(np.int32)
    cost = np.where(site < 2, 3.0, 2.0) * float(problem.options.cost.mean())
    options = replace(problem.options, tier=tier, cost=cost)
    problem = replace(problem, rules=rules, options=options)
    asked: list[FloatArray] = []
    found = _rounded(problem, asked)
    assert found is not None
    assert asked[0][site >= 2].sum() > 0.5
    opened = set(site[found].tolist())
    assert 1 not in opened
    assert 0 in opened


class _First(NearestLayout):
    """Wants only the first option of a tier that supports others."""

    def find(self, share: FloatArray, known: BoolArray, now: BoolArray) -> FloatArray | None:
        """One option, or the nearest layout where all is to be decided."""
        if now.all():
            return super().find(share, known, now)
        found = np.zeros(len(share))
        found[np.flatnonzero(now)[0]] = 1.0
        return found


def test_a_tier_that_supports_opens_no_more_than_the_model_asks_for() -> None:
    """Shares that are left over once the model has chosen do not open another dear site."""
    problem = random_case(2, sites=8, points=16, states=2).problem
    site = problem.options.site
    of = [np.flatnonzero(site == j).astype(np.int32) for j in range(8)]
    rules = (SupportRule("support", tuple(of[2:]), (np.concatenate(of[:2]),) * 6),)
    tier = np.where(site < 2, 0, 1).astype(np.int32)
    cost = np.where(site < 2, 0.2, 0.1) * float(problem.options.cost.mean())
    problem = replace(problem, rules=rules, options=replace(problem.options, tier=tier, cost=cost))
    nearest = _First(problem, HighsEngine(), SolveLimits(time_s=100.0))
    with ThreadPoolExecutor(1) as pool:
        steps = JointSteps(problem, CutMaster(problem, least_response(problem)), pool, lambda: False)
        assert steps.advance(60)
        steps.values[of[1]] = 0.0
        steps.values[of[1][-1]] = 1.0
        found = Rounding(problem, steps, nearest).run()
    assert found is not None
    assert set(site[found].tolist()) & {0, 1} == {0}


def test_a_search_that_ends_still_rounds_to_a_layout_that_keeps_the_rules() -> None:
    """What is not decided when time is up is left to the nearest layout."""
    problem = ruled_case(0).problem
    ended = [False]
    with ThreadPoolExecutor(1) as pool:
        steps = JointSteps(problem, CutMaster(problem, least_response(problem)), pool, lambda: ended[0])
        assert steps.advance(60)
        ended[0] = True
        options = Rounding(problem, steps, _Asked(problem, [])).run()
    assert options is not None
    assert keeps_rules(problem, Layout(options, np.zeros((problem.sites, problem.commodities))))
