"""The page of a Pareto sweep tells the document's numbers."""

from __future__ import annotations

from typing import Any

import pytest

from depotopt.report.front_page import front_page
from depotopt.report.wording import Wording


def row(expected: float, worst: float, half_width: float | None = 1.0) -> dict[str, float | None]:
    return {"expected": expected, "half_width": half_width, "worst_5_percent": worst}


def document(*, stopped: bool = False) -> dict[str, Any]:
    layout = {"open_sites": [{"site": "A"}], "stock": []}
    unseen = [
        {"unmet_person_days": row(1_200.0, 4_000.0, 35.0), "coverage_15_min": row(0.5, 0.2)},
        {"unmet_person_days": row(300.0, 900.0, None), "coverage_15_min": row(0.8, 0.7)},
    ]
    points = [
        {"yearly_cost": 1_000.0 * (n + 1), "gap": 0.005, "layout": layout, "unseen": one}
        for n, one in enumerate(unseen)
    ]
    return {"stopped": stopped, "points": points}


@pytest.mark.parametrize("language", ["en", "zh"])
def test_two_charts_and_a_table_that_load_nothing(language: str) -> None:
    text = front_page(document(), "Two banks", Wording(language))
    assert text.count('<figure class="chart">') == 2
    assert "http" not in text.replace("http-equiv", "")
    assert "1,200 ± 35" in text
    assert "<td>300</td>" in text


def test_a_stopped_sweep_says_so() -> None:
    sentence = Wording("en")("front.stopped")
    assert sentence in front_page(document(stopped=True), "t", Wording("en"))
    assert sentence not in front_page(document(), "t", Wording("en"))


def test_every_layout_is_a_mark_in_every_line() -> None:
    assert front_page(document(), "t", Wording("en")).count("<circle") == 2 * 2 * 2
