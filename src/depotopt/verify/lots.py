"""Lots a road state leaves usable, recomputed for the check of trips."""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass

from depotopt.hazards.states import RoadState
from depotopt.plans import SitingPlan
from depotopt.scenario import Scenario, SiteStatus, Stock, StockMode
from depotopt.units import DAY_S


@dataclass(frozen=True, slots=True)
class UsableLot:
    """Whole units of one lot that can be loaded, and from when."""

    site: str
    commodity: str
    quantity: float
    available_s: float


def open_sites(scenario: Scenario, layout: SitingPlan | None) -> dict[str, str]:
    """Tier of every open site by identifier, helpers outside the plan among them."""
    standing = {SiteStatus.MUTUAL_AID}
    if layout is None:
        standing |= {SiteStatus.EXISTING, SiteStatus.MUST_OPEN}
    tiers = {site.ident: site.tiers[0] for site in scenario.sites if site.status in standing}
    if layout is not None:
        tiers |= {opened.site: opened.tier for opened in layout.open_sites}
    return tiers


def dispatching_sites(scenario: Scenario, layout: SitingPlan | None) -> set[str]:
    """Open sites whose tier dispatches."""
    return {
        ident
        for ident, tier in open_sites(scenario, layout).items()
        if scenario.tiers[scenario.tier_index[tier]].dispatches
    }


def replenishing_sites(scenario: Scenario, layout: SitingPlan | None) -> dict[str, tuple[str, ...]]:
    """Tiers that each open site replenishes, where there are any."""
    tiers = {
        site: scenario.tiers[scenario.tier_index[tier]] for site, tier in open_sites(scenario, layout).items()
    }
    return {site: tier.replenishes for site, tier in tiers.items() if tier.replenishes}


def usable_lots(scenario: Scenario, layout: SitingPlan | None, state: RoadState) -> dict[str, UsableLot]:
    """Lots at depots that dispatch or replenish, by identifier; see `docs/semantics.md`, *Usable stock*."""
    depots = dispatching_sites(scenario, layout) | set(replenishing_sites(scenario, layout))
    lots: dict[str, UsableLot] = {}

    def add(ident: str, lot: Stock, quantity: float) -> None:
        agreed = lot.mode is StockMode.AGREEMENT
        share = float(state.site_survival[scenario.site_index[lot.site]])
        share *= lot.honour_probability if agreed else 1.0
        # Survival is kept in single precision: 0.3 must not turn 10 units into 2.
        units = math.floor(quantity * share * (1 + 1e-6) + 1e-9)
        if units > 0 and lot.site in depots and not _expired(scenario, lot):
            lots[ident] = UsableLot(
                lot.site, lot.commodity, float(units), lot.activation_delay_s if agreed else 0.0
            )

    for lot in scenario.stock:
        lent = scenario.sites[scenario.site_index[lot.site]].status is SiteStatus.MUTUAL_AID
        if layout is None or lent:
            add(lot.lot, lot, lot.quantity)
    if layout is None:
        return lots
    planned: defaultdict[tuple[str, str, str], float] = defaultdict(float)
    for line in layout.stock:
        planned[line.site, line.commodity, line.mode] += line.quantity
    for (site, commodity, mode), quantity in sorted(planned.items()):
        left = quantity
        own = [
            lot
            for lot in scenario.stock
            if (lot.site, lot.commodity, str(lot.mode)) == (site, commodity, mode)
        ]
        for lot in sorted(own, key=lambda lot: (lot.expiry is None, str(lot.expiry), lot.lot)):
            taken = min(left, lot.quantity)
            add(lot.lot, lot, taken)
            left -= taken
        if mode == "physical":
            add(f"new/{site}/{commodity}", Stock("", site, commodity, left), left)
        else:
            first = own[0] if own else None
            add(
                f"new-agreement/{site}/{commodity}",
                Stock(
                    "",
                    site,
                    commodity,
                    left,
                    mode=StockMode.AGREEMENT,
                    activation_delay_s=first.activation_delay_s if first else DAY_S,
                    honour_probability=first.honour_probability if first else 1.0,
                ),
                left,
            )
    return lots


def _expired(scenario: Scenario, lot: Stock) -> bool:
    return lot.expiry is not None and lot.expiry < scenario.start.date()
