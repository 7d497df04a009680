"""What a layout costs per year, and who bears it, recomputed."""

from __future__ import annotations

from depotopt.plans import OpenSite, SitingPlan
from depotopt.rules import SizeClass
from depotopt.scenario import Scenario, Site, SiteStatus


def yearly_cost(scenario: Scenario, plan: SitingPlan) -> dict[str, float]:
    """Fixed, holding and purchase cost of a layout per year."""
    fixed = 0.0
    for opened in plan.open_sites:
        site = scenario.sites[scenario.site_index[opened.site]]
        fixed += site.cost_share * _whole_fixed_cost(scenario, opened)
    holding, purchase = _stock_cost(scenario, plan, {site.ident for site in scenario.sites})
    return {"fixed": fixed, "holding": holding, "purchase": purchase}


def borne_by(scenario: Scenario, plan: SitingPlan, owner: str) -> float:
    """Yearly cost one owner bears: of its sites with their stock, and its part of those it co-funds."""
    total = 0.0
    for opened in plan.open_sites:
        site = scenario.sites[scenario.site_index[opened.site]]
        part = site.cost_share if site.owner == owner else 0.0
        if owner in site.co_funders:
            part += (1 - site.cost_share) / len(site.co_funders)
        total += part * _whole_fixed_cost(scenario, opened)
    own = {site.ident for site in scenario.sites if site.owner == owner}
    return total + sum(_stock_cost(scenario, plan, own))


def size_class(scenario: Scenario, opened: OpenSite) -> SizeClass:
    """Size class of an open site."""
    tier = scenario.tiers[scenario.tier_index[opened.tier]]
    return next(size for size in tier.size_classes if size.ident == opened.size_class)


def table_quantity(scenario: Scenario, site: str, commodity: str, mode: str) -> float:
    """Units the stock table lists."""
    return sum(
        lot.quantity
        for lot in scenario.stock
        if lot.site == site and lot.commodity == commodity and str(lot.mode) == mode
    )


def _whole_fixed_cost(scenario: Scenario, opened: OpenSite) -> float:
    """Fixed cost of an open site per year whoever bears it: running it, building or upgrading it."""
    site = scenario.sites[scenario.site_index[opened.site]]
    size = size_class(scenario, opened)
    building = size.build_cost
    if site.size_class or site.status in (SiteStatus.EXISTING, SiteStatus.MUST_OPEN):
        building = max(0.0, building - _standing_class(scenario, site).build_cost)
    return size.fixed_cost + site.fixed_cost + building / scenario.rules.amortisation_years


def _standing_class(scenario: Scenario, site: Site) -> SizeClass:
    """Size class a site has today: the one named, or the cheapest of its first tier that fits."""
    sizes = scenario.tiers[scenario.tier_index[site.tiers[0]]].size_classes
    named = [size for size in sizes if size.ident == site.size_class]
    if named:
        return named[0]
    m3 = kg = 0.0
    for commodity in scenario.commodities:
        quantity = table_quantity(scenario, site.ident, commodity.ident, "physical")
        m3 += quantity * commodity.m3_per_unit
        kg += quantity * commodity.kg_per_unit
    roomy = [size for size in sizes if size.capacity_m3 >= m3 and size.capacity_kg >= kg]
    if roomy:
        return min(roomy, key=lambda size: (size.fixed_cost, size.ident))
    return min(sizes, key=lambda size: (-size.capacity_m3, size.ident))


def _stock_cost(scenario: Scenario, plan: SitingPlan, sites: set[str]) -> tuple[float, float]:
    """Holding and purchase cost per year of what is planned at some sites."""
    holding = purchase = 0.0
    for line in plan.stock:
        if line.mode != "physical" or line.site not in sites:
            continue
        commodity = scenario.commodities[scenario.commodity_index[line.commodity]]
        years = scenario.rules.amortisation_years
        if commodity.shelf_life_days is not None:
            years = min(years, commodity.shelf_life_days / 365)
        owned = table_quantity(scenario, line.site, line.commodity, "physical")
        holding += commodity.holding_cost * line.quantity
        purchase += commodity.unit_cost * max(0.0, line.quantity - owned) / years
    return holding, purchase
