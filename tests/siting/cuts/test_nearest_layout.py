"""The nearest layout keeps the rules, and weighs a helper against what it supports."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.siting.cuts.nearest_layout import NearestLayout
from depotopt.siting.cuts.outcome import keeps_rules
from depotopt.siting.engines.highs import HighsEngine
from depotopt.siting.model.problem import CountLimit, Layout, SitingProblem, SupportRule
from depotopt.solving import SolveLimits
from depotopt.units import FloatArray
from tests.siting.cases import random_case
from tests.siting.test_extensive import ruled_case


def _nearest(problem: SitingProblem) -> NearestLayout:
    return NearestLayout(problem, HighsEngine(), SolveLimits(time_s=60.0))


def _supported(helper_cost: float) -> tuple[SitingProblem, FloatArray]:
    """Sites 0 and 1 help: 0 supports sites 2 to 5, 1 only site 6; only one of them may open."""
    problem = random_case(2, sites=7, points=10, states=2).problem
    site = problem.options.site
    of = [np.flatnonzero(site == j).astype(np.int32) for j in range(7)]
    helpers = (*([of[0]] * 4), of[1])
    rules = (
        SupportRule("support", tuple(of[2:]), helpers),
        CountLimit("one helper", np.concatenate(of[:2]), None, 1),
    )
    cost = np.where(site < 2, helper_cost, 100.0)
    share = np.zeros(len(site))
    for j, wanted in enumerate([0.3, 0.4, 0.3, 0.3, 0.3, 0.3, 0.4]):
        share[of[j][0]] = wanted
    return replace(problem, rules=rules, options=replace(problem.options, cost=cost)), share


@pytest.mark.parametrize(("helper_cost", "opens"), [(150.0, 0), (10_000.0, None)])
def test_a_helper_opens_where_it_is_worth_it(helper_cost: float, opens: int | None) -> None:
    """Of two helpers the one that supports more opens though its share is less; one too dear does not."""
    problem, share = _supported(helper_cost)
    site = problem.options.site
    found = _nearest(problem).find(share, np.zeros(len(site), dtype=np.bool_), site < 2)
    assert found is not None
    open_now = [j for j in (0, 1) if found[site == j].sum() > 0.5]
    assert open_now == ([] if opens is None else [opens])
    # What is not decided now follows its support, up to its share.
    assert found[site >= 2].sum() == pytest.approx(1.2 if opens == 0 else 0.0, abs=1e-6)


def test_what_is_known_stays() -> None:
    """A helper decided already is not taken back, though another would support more."""
    problem, share = _supported(150.0)
    site = problem.options.site
    first = int(np.flatnonzero(site == 1)[0])
    share[site == 1] = 0.0
    share[first] = 1.0
    found = _nearest(problem).find(share, site == 1, site == 0)
    assert found is not None
    assert found[first] == pytest.approx(1.0)
    assert found[site == 0].sum() == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize("seed", range(5))
def test_a_whole_layout_keeps_all_rules(seed: int) -> None:
    """Whatever is asked for, options are open in full or not at all and rules hold."""
    problem = ruled_case(seed).problem
    share = np.random.default_rng(seed).random(len(problem.options))
    none = np.zeros(len(share), dtype=np.bool_)
    found = _nearest(problem).find(share, none, ~none)
    if found is None:
        pytest.skip("no layout keeps the rules of this case")
    assert np.minimum(found, 1.0 - found) == pytest.approx(0.0, abs=1e-6)
    options = np.flatnonzero(found > 0.5).astype(np.int32)
    assert keeps_rules(problem, Layout(options, np.zeros((problem.sites, problem.commodities))))
