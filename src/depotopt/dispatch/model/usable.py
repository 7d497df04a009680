"""Usable stock in a road state: which lots can be loaded, where and from when."""

from __future__ import annotations

import datetime as dt
import math
from collections import defaultdict

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState
from depotopt.plans import SitingPlan
from depotopt.scenario import Scenario, SiteStatus, Stock, StockMode
from depotopt.units import DAY_S

NEVER = dt.date.max.toordinal()
"""Expiry of a lot that does not expire."""


def open_dispatching(scenario: Scenario, layout: SitingPlan | None) -> tuple[str, ...]:
    """Sites that are open and whose tier dispatches, in scenario order; helpers outside the plan among them.

    Parameters
    ----------
    scenario
        The planning case.
    layout
        A layout, or ``None`` for the sites of status existing and must-open in their first tier.

    Raises
    ------
    UsageError
        If the layout opens a site or uses a tier the scenario does not have.
    """
    tier_of = open_tiers(scenario, layout)
    unknown = sorted(set(tier_of) - scenario.site_index.keys())
    unknown += sorted(set(tier_of.values()) - scenario.tier_index.keys())
    if unknown:
        raise UsageError(f"the layout names sites or tiers the scenario does not have: {', '.join(unknown)}")
    return tuple(
        site.ident
        for site in scenario.sites
        if site.ident in tier_of and scenario.tiers[scenario.tier_index[tier_of[site.ident]]].dispatches
    )


def open_tiers(scenario: Scenario, layout: SitingPlan | None) -> dict[str, str]:
    """Tier of every open site, helpers outside the plan among them."""
    if layout is None:
        stands = (SiteStatus.EXISTING, SiteStatus.MUST_OPEN)
        tier_of = {site.ident: site.tiers[0] for site in scenario.sites if site.status in stands}
    else:
        tier_of = {opened.site: opened.tier for opened in layout.open_sites}
    tier_of |= {site.ident: site.tiers[0] for site in scenario.sites if site.status is SiteStatus.MUTUAL_AID}
    return tier_of


def held_lots(scenario: Scenario, layout: SitingPlan | None) -> list[Stock]:
    """Lots as they are held before the event: the stock table, or what a layout puts in its place.

    With a layout, lots of the table (earliest expiry first) fill the planned quantity of their site,
    commodity and mode; what the plan holds beyond them is a lot of its own. Sites that lend mutual aid keep
    the lots of the table whatever the layout.
    """
    if layout is None:
        return list(scenario.stock)
    table: dict[tuple[str, str, str], list[Stock]] = defaultdict(list)
    held: list[Stock] = []
    for lot in scenario.stock:
        if scenario.sites[scenario.site_index[lot.site]].status is SiteStatus.MUTUAL_AID:
            held.append(lot)
        else:
            table[lot.site, lot.commodity, lot.mode.value].append(lot)
    planned: dict[tuple[str, str, str], float] = defaultdict(float)
    for line in layout.stock:
        planned[line.site, line.commodity, line.mode] += line.quantity
    for (site, commodity, mode), quantity in planned.items():
        lots = sorted(table[site, commodity, mode], key=lambda lot: (_expiry(lot), lot.lot))
        left = quantity
        for lot in lots:
            used = min(lot.quantity, left)
            if used > 0:
                held.append(_resized(lot, used))
            left -= used
        if left > 1e-9:
            held.append(_bought(site, commodity, mode, left, lots))
    return held


def usable_units(scenario: Scenario, lot: Stock, state: RoadState) -> int:
    """Whole units of a lot that can be loaded in a road state."""
    if lot.expiry is not None and lot.expiry < scenario.start.date():
        return 0
    share = float(state.site_survival[scenario.site_index[lot.site]])
    if lot.mode is StockMode.AGREEMENT:
        share *= lot.honour_probability
    # Survival is kept in single precision: 10 x 0.7 must not become 6.
    return max(0, math.floor(lot.quantity * share * (1 + 1e-6) + 1e-9))


def _expiry(lot: Stock) -> int:
    return NEVER if lot.expiry is None else lot.expiry.toordinal()


def _resized(lot: Stock, quantity: float) -> Stock:
    return Stock(
        lot=lot.lot,
        site=lot.site,
        commodity=lot.commodity,
        quantity=quantity,
        owner=lot.owner,
        mode=lot.mode,
        activation_delay_s=lot.activation_delay_s,
        honour_probability=lot.honour_probability,
        expiry=lot.expiry,
    )


def _bought(site: str, commodity: str, mode: str, quantity: float, like: list[Stock]) -> Stock:
    if mode == StockMode.PHYSICAL.value:
        return Stock(f"new/{site}/{commodity}", site, commodity, quantity)
    first = like[0] if like else None
    return Stock(
        lot=f"new-agreement/{site}/{commodity}",
        site=site,
        commodity=commodity,
        quantity=quantity,
        mode=StockMode.AGREEMENT,
        activation_delay_s=first.activation_delay_s if first else DAY_S,
        honour_probability=first.honour_probability if first else 1.0,
    )
