"""Layouts by position and plans by identifier: the same things under two names."""

from __future__ import annotations

import numpy as np

from depotopt.errors import UsageError
from depotopt.plans import OpenSite, SitingPlan, StockLine
from depotopt.siting.model.problem import Layout, SitingProblem


def as_plan(problem: SitingProblem, layout: Layout) -> SitingPlan:
    """A layout by identifiers; opened sites keep the agreements of the stock table."""
    o = problem.options
    opened = sorted(
        OpenSite(
            problem.site_ids[o.site[option]],
            problem.tier_ids[o.tier[option]],
            problem.class_ids[o.tier[option]][o.size_class[option]],
        )
        for option in layout.options
        if o.size_class[option] >= 0
    )
    lines = [
        StockLine(problem.site_ids[j], problem.commodity_ids[k], float(layout.stock[j, k]))
        for j, k in np.argwhere(layout.stock > 0)
    ]
    sites = np.unique(o.site[layout.options[o.size_class[layout.options] >= 0]])
    for j in sites:
        for k in np.flatnonzero(problem.storable[j] & (problem.table_agreements[j] > 0)):
            quantity = float(problem.table_agreements[j, k])
            lines.append(StockLine(problem.site_ids[j], problem.commodity_ids[k], quantity, "agreement"))
    return SitingPlan(tuple(opened), tuple(sorted(lines)))


def as_layout(problem: SitingProblem, plan: SitingPlan) -> Layout:
    """A plan by positions; agreement lines stand in the problem already.

    Raises
    ------
    UsageError
        If the plan opens a site in a way the problem does not allow.
    """
    o = problem.options
    position = {
        (
            problem.site_ids[o.site[n]],
            problem.tier_ids[o.tier[n]],
            problem.class_ids[o.tier[n]][o.size_class[n]],
        ): n
        for n in np.flatnonzero(o.size_class >= 0).tolist()
    }
    # Helpers outside the plan are always there.
    options: list[int] = np.flatnonzero(o.size_class < 0).tolist()
    home = {}
    for item in plan.open_sites:
        key = (item.site, item.tier, item.size_class)
        if key not in position:
            raise UsageError(f"site {item.site} may not be open in tier {item.tier}, class {item.size_class}")
        options.append(position[key])
        home[item.site] = int(o.site[position[key]])
    commodity = {ident: k for k, ident in enumerate(problem.commodity_ids)}
    stock = np.zeros((problem.sites, problem.commodities))
    for line in plan.stock:
        if line.mode == "physical" and line.site in home:
            stock[home[line.site], commodity[line.commodity]] += line.quantity
    return Layout(np.array(sorted(options), dtype=np.int32), stock)
