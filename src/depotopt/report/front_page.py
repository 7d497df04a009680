"""`front_page`: what more money buys, as a page of charts, from the document of a Pareto sweep."""

from __future__ import annotations

import html
from collections.abc import Mapping
from typing import Any

import numpy as np

from depotopt.report.chart_page import chart_page, html_table
from depotopt.report.charts import Axis, Line, line_chart
from depotopt.report.wording import Wording
from depotopt.units import FloatArray

UNMET = "unmet_person_days"


def front_page(document: Mapping[str, Any], title: str, wording: Wording) -> str:
    """Charts of unmet need and coverage over yearly cost, and the table of layouts.

    Parameters
    ----------
    document
        What `depotopt.pipeline.pareto.Front.document` gives (``docs/pareto.md``), with points.
    title
        Title of the scenario.
    wording
        Language of the page.
    """
    say, points = wording, document["points"]
    # Documents of before tell no currency.
    currency = document.get("currency", "")
    money = say("front.cost") + (f" ({currency})" if currency else "")
    cost = np.array([point["yearly_cost"] for point in points], dtype=np.float64)
    coverage = next(name for name in points[0]["unseen"] if name.startswith("coverage"))
    share = "" if not document["stopped"] else f'<p class="note">{html.escape(say("front.stopped"))}</p>'
    parts = [
        f'<p class="note">{html.escape(say("front.unseen"))}</p>{share}',
        _chart(say, (money, cost), points, UNMET, say("judgement.person_days")),
        _chart(say, (money, cost), points, coverage, say("judgement.people_share")),
        _layouts(say, money, points, coverage),
    ]
    return chart_page(say("front.title"), title, parts, say.language)


def _chart(say: Wording, over: tuple[str, FloatArray], points: Any, metric: str, label: str) -> str:
    """Expected value with its confidence and the worst 5 %, over cost."""
    money, cost = over
    column = {
        key: np.array([point["unseen"][metric][key] for point in points], dtype=np.float64)
        for key in ("expected", "half_width", "worst_5_percent")
    }
    width = np.nan_to_num(column["half_width"])
    low, high = np.maximum(column["expected"] - width, 0.0), column["expected"] + width
    if metric != UNMET:
        high = np.minimum(high, 1.0)
    expected = Line(say("judgement.expected"), cost, column["expected"], 0, 0, low, high, marks=True)
    worst = Line(say("judgement.worst_5"), cost, column["worst_5_percent"], 1, 1, marks=True)
    span = float(cost.max() - cost.min()) or max(abs(float(cost.max())), 1.0)
    x_axis = Axis(
        money,
        float(cost.max()) + 0.05 * span,
        lambda value: f"{value:,.0f}",
        start=max(0.0, float(cost.min()) - 0.05 * span),
    )
    if metric == UNMET:
        title, most = say("front.unmet_chart"), max(float(high.max()), float(worst.y.max()))
        y_axis = Axis(label, 1.05 * most or 1.0, lambda value: f"{value:,.0f}")
    else:
        title = say("front.coverage_chart", what=_within(say, metric))
        y_axis = Axis(label, 1.0, lambda value: f"{100 * value:.0f} %")
    return f"<h2>{html.escape(title)}</h2>" + line_chart([expected, worst], x_axis, y_axis, title)


def _within(say: Wording, metric: str) -> str:
    _, number, unit = metric.split("_")
    return say("judgement.coverage", time=say(f"judgement.in_{unit}", n=number))


def _layouts(say: Wording, money: str, points: Any, coverage: str) -> str:
    head = [money, say("front.sites"), say("front.gap"), say("judgement.unmet_person_days")]
    head += [say("judgement.worst_5"), _within(say, coverage)]
    rows = []
    for point in points:
        unmet, covered = point["unseen"][UNMET], point["unseen"][coverage]
        spread = "" if unmet["half_width"] is None else f" ± {unmet['half_width']:,.0f}"
        rows.append(
            [
                f"{point['yearly_cost']:,.0f}",
                "–" if point["layout"] is None else str(len(point["layout"]["open_sites"])),
                "–" if point["gap"] is None else f"{100 * point['gap']:.2f} %",
                f"{unmet['expected']:,.0f}{spread}",
                f"{unmet['worst_5_percent']:,.0f}",
                f"{100 * covered['expected']:.1f} %",
            ]
        )
    return f"<h2>{html.escape(say('front.table'))}</h2>" + html_table(head, rows)
