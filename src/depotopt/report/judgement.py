"""`judgement.html`: what a layout achieves on road states it was not chosen on, in charts and tables."""

from __future__ import annotations

import html
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from depotopt.evaluation.evaluate import Evaluation
from depotopt.report.chart_page import chart_page, html_table
from depotopt.report.charts import Axis, Line, line_chart, stacked_bars
from depotopt.report.content import ReportContent
from depotopt.report.wording import Wording
from depotopt.units import HOUR_S, MINUTE_S, FloatArray

CONFIDENCE = 0.95
UNMET = "unmet_person_days"


def unmet_distribution(evaluation: Evaluation) -> tuple[FloatArray, FloatArray, float]:
    """How probable it is that more than some amount of need stays unmet.

    Returns
    -------
    tuple
        Amounts in person-days, ascending from 0, shape ``(S + 1,)``; probability of more than that; and the
        half width of a 95 % confidence band around the whole curve, ``sqrt(ln(2 / 0.05) / (2 n))``
        with ``n`` the effective number of road states (Massart 1990, Annals of Probability 18, 1269-1283;
        with unequal weights ``n = 1 / sum(w^2)`` after Kish, which makes it an approximation).
    """
    values, weights = evaluation.column(UNMET), evaluation.probability
    order = np.argsort(values, kind="stable")
    amounts = np.concatenate([[0.0], values[order]])
    beyond = np.concatenate([[1.0], 1.0 - np.cumsum(weights[order])])
    beyond[amounts <= 0] = float(weights[values > 0].sum())
    effective = 1.0 / float((weights**2).sum())
    return amounts, np.clip(beyond, 0.0, 1.0), math.sqrt(math.log(2 / (1 - CONFIDENCE)) / (2 * effective))


@dataclass(frozen=True, slots=True)
class JudgementPage:
    """Writes the page of one report.

    Attributes
    ----------
    content
        What is told; with evaluations.
    say
        Language of the page.
    """

    content: ReportContent
    say: Wording

    def page(self) -> str:
        """The whole page as text; it loads nothing from anywhere."""
        judged = self.content.judged
        states = len(next(iter(judged.values())).states)
        parts = [
            f'<p class="note">{html.escape(self.say("judgement.unseen", states=f"{states:,}"))}</p>',
            self._summary(judged),
            self._coverage(judged),
            self._unmet(judged),
            self._stock(),
        ]
        return chart_page(self.say("judgement.title"), self.content.scenario.title, parts, self.say.language)

    def _name(self, contender: str) -> str:
        return self.say.named("judgement.of", contender)

    def _summary(self, judged: Mapping[str, Evaluation]) -> str:
        """Main metrics, every layout below the other."""
        say = self.say
        head = [say("judgement.metric"), say("judgement.whose")]
        head += [say(f"judgement.{name}") for name in ("before", "expected", "worst_5", "worst")]
        rows = []
        summaries = {name: one.summary() for name, one in judged.items()}
        for metric in next(iter(summaries.values())):
            for name, summary in summaries.items():
                row = summary[metric]
                cells = [self._amount(metric, row[key]) for key in ("before", "expected")]
                if row["half_width"] is not None:
                    cells[1] += f" ± {self._amount(metric, row['half_width'])}"
                cells += [self._amount(metric, row[key]) for key in ("worst_5_percent", "worst")]
                first = name == next(iter(summaries))
                rows.append([self._metric(metric) if first else "", self._name(name), *cells])
        return f"<h2>{html.escape(say('judgement.summary'))}</h2>" + html_table(head, rows)

    def _metric(self, metric: str) -> str:
        """Name of a metric; those with a time in their name are put together."""
        family, _, time = metric.partition("_")
        if family in ("coverage", "backup", "overlap"):
            number, _, unit = time.partition("_")
            return self.say(f"judgement.{family}", time=self.say(f"judgement.in_{unit}", n=number))
        return self.say(f"judgement.{metric}")

    def _amount(self, metric: str, value: float | int | str | None) -> str:
        if value is None:
            return "–"
        number = float(value)
        if metric in (UNMET, "isolated_people", "flooded_people"):
            return f"{number:,.0f}"
        # Adding 0 turns a rounded -0.0 into 0.0.
        return f"{number:.3f}" if metric == "gini" else f"{round(100 * number, 1) + 0.0:.1f} %"

    def _coverage(self, judged: Mapping[str, Evaluation]) -> str:
        say, lines = self.say, []
        for style, (name, one) in enumerate(judged.items()):
            names = ("within_s", "before", "expected", "half_width", "worst_5_percent")
            column = {key: np.array([row[key] for row in one.coverage], dtype=np.float64) for key in names}
            x, width = column["within_s"], np.nan_to_num(column["half_width"])
            for dash, key in enumerate(("before", "expected", "worst_5_percent")):
                label = f"{self._name(name)}, {say('judgement.' + ('worst_5' if dash == 2 else key))}"
                band = (
                    (np.clip(column[key] - width, 0, 1), np.clip(column[key] + width, 0, 1))
                    if key == "expected"
                    else (np.empty(0), np.empty(0))
                )
                lines.append(Line(label, x, column[key], style, dash, *band))
        end = _settled(lines)
        minutes = end < 2 * HOUR_S
        unit_s, unit = (MINUTE_S, "min") if minutes else (HOUR_S, "h")
        steps = Axis("", end / unit_s, str).marks()
        x_axis = Axis(
            say(f"judgement.time_{unit}"), end, lambda s: f"{s / unit_s:g}", tuple(n * unit_s for n in steps)
        )
        y_axis = Axis(say("judgement.people_share"), 1.0, lambda y: f"{100 * y:.0f} %")
        title = say("judgement.coverage_chart")
        note = f'<p class="note">{html.escape(say("judgement.coverage_note"))}</p>'
        shown = [_until(line, end) for line in lines]
        return f"<h2>{html.escape(title)}</h2>{note}" + line_chart(shown, x_axis, y_axis, title)

    def _unmet(self, judged: Mapping[str, Evaluation]) -> str:
        say, lines = self.say, []
        for style, (name, one) in enumerate(judged.items()):
            amounts, beyond, width = unmet_distribution(one)
            low, high = np.clip(beyond - width, 0, 1), np.clip(beyond + width, 0, 1)
            lines.append(Line(self._name(name), amounts, beyond, style, 0, low, high, step=True))
        end = max(float(line.x[-1]) for line in lines)
        title = say("judgement.unmet_chart")
        note = f'<p class="note">{html.escape(say("judgement.unmet_note"))}</p>'
        x_axis = Axis(say("judgement.person_days"), end or 1.0, lambda x: f"{x:,.0f}")
        y_axis = Axis(say("judgement.share_of_states"), 1.0, lambda y: f"{100 * y:.0f} %")
        return f"<h2>{html.escape(title)}</h2>{note}" + line_chart(lines, x_axis, y_axis, title)

    def _stock(self) -> str:
        """Volume held by tier and commodity."""
        scenario, layout, say = self.content.scenario, self.content.layout, self.say
        if layout is None or not layout.stock:
            return ""
        tier_of = {opened.site: opened.tier for opened in layout.open_sites}
        tiers = [tier.ident for tier in scenario.tiers if tier.ident in tier_of.values()]
        held = np.zeros((len(scenario.commodities), len(tiers)))
        for line in layout.stock:
            k = scenario.commodity_index[line.commodity]
            held[k, tiers.index(tier_of[line.site])] += line.quantity * scenario.commodities[k].m3_per_unit
        parts = [(scenario.commodities[k].name, held[k]) for k in np.flatnonzero(held.any(axis=1))]
        titles = {tier.ident: tier.title for tier in scenario.tiers}
        count = {tier: sum(own == tier for own in tier_of.values()) for tier in tiers}
        names = [f"{titles[tier]} ({count[tier]})" for tier in tiers]
        title = say("judgement.stock_chart")
        end = float(held.sum(axis=0).max())
        chart = stacked_bars(names, parts, Axis("m³", end, lambda y: f"{y:,.0f}"), title)
        head = [say("judgement.commodity"), *names]
        rows = [[name, *(f"{value:,.1f}" for value in row)] for name, row in parts]
        shown = html.escape(say("judgement.as_table"))
        table = f"<details><summary>{shown}</summary>{html_table(head, rows)}</details>"
        return f"<h2>{html.escape(title)}</h2>{chart}{table}"


def _until(line: Line, end: float) -> Line:
    """A line up to some ``x``."""
    keep = line.x <= end
    band = (line.low[keep], line.high[keep]) if len(line.low) else (line.low, line.high)
    return replace(line, x=line.x[keep], y=line.y[keep], low=band[0], high=band[1])


def _settled(lines: Sequence[Line]) -> float:
    """Where curves may end: a fifth beyond the last time any of them still rises noticeably."""
    x = lines[0].x
    rising = np.any([line.y < line.y[-1] - 0.005 for line in lines], axis=0)
    last = float(x[np.flatnonzero(rising)[-1]]) if rising.any() else 0.0
    return min(float(x[-1]), max(1.2 * last, 30 * MINUTE_S))
