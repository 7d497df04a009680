"""Layouts side by side: a table for people, JSON for programs."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from depotopt.cli.language import say
from depotopt.cli.words import in_money, metric_name, word

if TYPE_CHECKING:
    from rich.table import Table

    from depotopt.pipeline.compare import Comparison

PARTS = ("before", "expected", "worst_5_percent", "worst")
STOCK_UNITS = 0.5
"""Stocks of a commodity that differ by less are alike."""


def tell_comparison(comparison: Comparison, *, as_json: bool) -> None:
    """Cost, metrics and regret of each layout; what differing depots cost and serve; stock that differs."""
    if as_json:
        print(json.dumps(_document(comparison), ensure_ascii=False, indent=1))
        return
    from depotopt.cli.screen import console

    out = console()
    out.print(_measures(comparison))
    if comparison.differing_sites:
        out.print("")
        out.print(say("sites that differ"))
        out.print(_sites(comparison))
    stock = {
        ident: units for ident, units in comparison.stock.items() if max(units) - min(units) > STOCK_UNITS
    }
    if stock:
        table = _table(comparison, say("stock that differs"))
        for ident, units in stock.items():
            commodity = comparison.scenario.commodities[comparison.scenario.commodity_index[ident]]
            table.add_row(f"{commodity.name} ({commodity.unit})", *(f"{held:,.0f}" for held in units))
        out.print("")
        out.print(table)
    states = len(comparison.contenders[0].evaluation.states)
    out.print("")
    out.print(say("judged on {states} road states of seed {seed}", states=states, seed=comparison.seed))


def _document(comparison: Comparison) -> dict[str, object]:
    return {
        "scenario": comparison.scenario.ident,
        "seed": comparison.seed,
        "currency": comparison.scenario.rules.currency,
        "layouts": [
            {
                "name": one.name,
                "yearly_cost": one.yearly_cost,
                "open_sites": len(one.layout.open_sites),
                "summary": one.evaluation.summary(),
                "expected_regret": one.expected_regret,
                "worst_5_percent_regret": one.worst_regret,
            }
            for one in comparison.contenders
        ],
        "differing_sites": comparison.differing_sites,
        "parts": {
            ident: [None if part is None else asdict(part) for part in row]
            for ident, row in comparison.parts.items()
        },
        "stock": comparison.stock,
        "names": _names(comparison),
    }


def _names(comparison: Comparison) -> dict[str, str]:
    """Names of the sites that differ and of the commodities, the latter with their units."""
    scenario = comparison.scenario
    sites = {ident: scenario.sites[scenario.site_index[ident]].name for ident in comparison.parts}
    return sites | {one.ident: f"{one.name} ({one.unit})" for one in scenario.commodities}


def _table(comparison: Comparison, head: str) -> Table:
    from rich.table import Table

    table = Table(head, *(word(one.name) for one in comparison.contenders), box=None, pad_edge=False)
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def _measures(comparison: Comparison) -> Table:
    from depotopt.cli.screen import metric_form

    contenders, table = comparison.contenders, _table(comparison, "")
    table.add_row(say("open sites"), *(str(len(one.layout.open_sites)) for one in contenders))
    cost = in_money(say("yearly cost"), comparison.scenario.rules.currency)
    table.add_row(cost, *(f"{one.yearly_cost:,.0f}" for one in contenders))
    summaries = [one.evaluation.summary() for one in contenders]
    for metric in summaries[0]:
        for part in PARTS:
            label = f"{metric_name(metric)} {word(part.replace('_', ' '))}"
            table.add_row(label, *(metric_form(metric).format(one[metric][part]) for one in summaries))
    # Regret is unmet need, not money.
    table.add_row(
        say("regret (person-days), expected"), *(f"{one.expected_regret:,.0f}" for one in contenders)
    )
    table.add_row(say("regret (person-days), worst 5 %"), *(f"{one.worst_regret:,.0f}" for one in contenders))
    return table


def _sites(comparison: Comparison) -> Table:
    """Four lines for each depot that differs: as what it is open, its cost, and what it serves."""
    table, scenario = _table(comparison, say("site")), comparison.scenario
    cost = in_money(say("yearly cost"), scenario.rules.currency)
    for ident, row in comparison.parts.items():
        name = scenario.sites[scenario.site_index[ident]].name
        table.add_row(f"{ident} {name}", *("-" if part is None else part.opened for part in row))
        for label, key in (
            (cost, "yearly_cost"),
            (say("serves person-days, before loss"), "served_before"),
            (say("serves person-days, expected"), "served_expected"),
        ):
            cells = ("-" if part is None else f"{getattr(part, key):,.0f}" for part in row)
            table.add_row(f"  {label}", *cells)
    return table
