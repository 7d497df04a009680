"""The page of charts says what the evaluations say."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from depotopt.evaluation.evaluate import Evaluation, evaluate
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.plans import OpenSite, SitingPlan, StockLine
from depotopt.report.content import ReportContent
from depotopt.report.judgement import JudgementPage, unmet_distribution
from depotopt.report.wording import Wording
from depotopt.solving import SolveResult, Status
from tests.verify.line_case import calm, line_network, line_scenario, without_street

NETWORK, SCENARIO = line_network(), line_scenario()
LAYOUT = SitingPlan(
    (OpenSite("A", "city", "L"), OpenSite("B", "town", "S")),
    (StockLine("A", "tent", 32.0), StockLine("A", "water", 130.0), StockLine("B", "water", 10.0)),
)


@pytest.fixture(scope="module")
def judged() -> Evaluation:
    lost = replace(without_street(NETWORK, 0, 1), index=1, probability=0.25)
    return evaluate(SCENARIO, LAYOUT, NETWORK, RoadLossEnsemble.of([replace(calm(), probability=0.75), lost]))


def page(judged: Evaluation, language: str) -> str:
    siting = SolveResult(Status.FEASIBLE, LAYOUT, 1.0, 0.5, "test", 1.0)
    content = ReportContent(
        SCENARIO, NETWORK, calm(), siting=siting, judged={"layout": judged, "today": judged}
    )
    return JudgementPage(content, Wording(language)).page()


def test_the_distribution_gives_the_probability_of_more_unmet_need(judged: Evaluation) -> None:
    amounts, beyond, width = unmet_distribution(judged)
    assert amounts == pytest.approx([0.0, 20.0, 310.0])
    assert beyond == pytest.approx([1.0, 0.25, 0.0])
    # Effective number of states 1 / (0.75^2 + 0.25^2) = 1.6.
    assert width == pytest.approx(math.sqrt(math.log(40.0) / 3.2))


def test_need_that_is_always_met_has_no_probability_of_more_than_nothing(judged: Evaluation) -> None:
    calm_rows = tuple({**row, "unmet_person_days": 0.0} for row in judged.states)
    _, beyond, _ = unmet_distribution(replace(judged, states=calm_rows))
    assert np.array_equal(beyond, np.zeros(3))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_page_loads_nothing_and_names_every_layout(judged: Evaluation, language: str) -> None:
    text = page(judged, language)
    assert "http" not in text.replace("http-equiv", "")
    for name in ("layout", "today"):
        assert Wording(language)(f"judgement.of.{name}").replace("'", "&#x27;") in text
    assert text.count('<figure class="chart">') == 3


def test_the_table_holds_the_summary(judged: Evaluation) -> None:
    text = page(judged, "en")
    expected = judged.spread("unmet_person_days").expected
    assert f"{expected:,.0f} ±" in text or f">{expected:,.0f}<" in text


def test_the_stock_of_every_tier_is_told_in_cubic_metres(judged: Evaluation) -> None:
    water = next(c for c in SCENARIO.commodities if c.ident == "water")
    assert f"<td>{130 * water.m3_per_unit:,.1f}</td>" in page(judged, "en")
