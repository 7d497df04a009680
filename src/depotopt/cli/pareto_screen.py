"""The front between cost and response: a table for people, JSON for programs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from depotopt.cli.language import say, written
from depotopt.cli.words import in_money, metric_name

if TYPE_CHECKING:
    from depotopt.pipeline.pareto import Front


def tell_front(front: Front, out: Path | None, page: Path | None = None, *, as_json: bool) -> None:
    """Print the front, and write it to the files named: as JSON, as a page of charts."""
    text = json.dumps(front.document(), ensure_ascii=False, indent=1)
    if out is not None:
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text + "\n", encoding="utf-8")
    if page is not None and front.points:
        _write_page(front, page)
    if as_json:
        print(text)
        return
    if not front.points:
        print(say("no layout found"))
        for conflict in front.conflicts:
            print(f"  {say.sentence(conflict)}")
        return
    from rich.console import Console
    from rich.table import Table

    coverage = next(name for name in front.points[0].evaluation.summary() if name.startswith("coverage"))
    heads = (
        in_money(say("yearly cost"), front.case.scenario.rules.currency),
        say("sites"),
        say("gap"),
        say("unmet person-days"),
        say("worst 5 %"),
        say("worst"),
    )
    table = Table(*heads, metric_name(coverage), box=None, pad_edge=False)
    for one in front.points:
        unmet = one.evaluation.spread("unmet_person_days")
        gap, plan = one.point.result.gap, one.point.result.plan
        confidence = "" if unmet.half_width is None else f" +- {unmet.half_width:,.0f}"
        table.add_row(
            f"{one.point.yearly_cost:,.0f}",
            "" if plan is None else str(len(plan.open_sites)),
            "" if gap is None else f"{gap:.2%}",
            f"{unmet.expected:,.0f}{confidence}",
            f"{unmet.cvar_95:,.0f}",
            f"{unmet.worst:,.0f}",
            f"{one.evaluation.spread(coverage).expected:.1%}",
        )
    for column in table.columns:
        column.justify = "right"
    console = Console(highlight=False)
    console.print(table)
    states = len(front.points[0].evaluation.states)
    console.print(say("judged on {states} road states none of the layouts was chosen on", states=states))
    if out is not None:
        console.print(say("front {file}", file=out), soft_wrap=True)
    if page is not None:
        console.print(say("page {file}", file=page), soft_wrap=True)


def _write_page(front: Front, page: Path) -> None:
    from depotopt.report.front_page import front_page
    from depotopt.report.wording import Wording

    page.parent.mkdir(parents=True, exist_ok=True)
    text = front_page(front.document(), front.case.scenario.title, Wording(written(None)))
    page.write_text(text, encoding="utf-8")
