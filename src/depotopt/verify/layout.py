"""Layouts: counts, capacities, classes, support, coverage, budget and yearly cost, recomputed."""

from __future__ import annotations

from collections import defaultdict

import numpy as np

from depotopt.hazards.ensemble import sites_covered
from depotopt.hazards.protocol import Exposure
from depotopt.hazards.states import intact
from depotopt.plans import SitingPlan
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.roads.network import RoadNetwork
from depotopt.rules import CountRule, Tier
from depotopt.scenario import Scenario, SiteStatus
from depotopt.travel import TravelTimes
from depotopt.units import FloatArray
from depotopt.verify.check import QUANTITY_TOLERANCE, TIME_TOLERANCE_S, Check
from depotopt.verify.costs import borne_by, size_class, table_quantity, yearly_cost
from depotopt.verify.coverage import low_coverage, siting_profile


def intact_seconds(
    scenario: Scenario, network: RoadNetwork, origins: tuple[str, ...], destinations: tuple[str, ...]
) -> FloatArray:
    """Travel times with no road lost, by the oracle engine, shape ``(O, D)``."""
    times = TravelTimes(network, DijkstraEngine(network), origins, destinations, siting_profile(scenario))
    return times.of_state(intact(len(scenario.sites), len(scenario.demand_points)))


def verify_layout(scenario: Scenario, network: RoadNetwork, plan: SitingPlan) -> Check:
    """Check a layout against every first-stage rule and recompute its yearly cost.

    Parameters
    ----------
    scenario, network
        The planning case and its roads with places.
    plan
        The layout.

    Returns
    -------
    Check
        ``objective`` is the yearly cost; terms ``fixed``, ``holding`` and ``purchase``.
    """
    broken = _references(scenario, plan)
    if broken:
        return Check(tuple(broken))
    broken += _statuses(scenario, plan)
    broken += _exclusions(scenario, network, plan)
    broken += _counts(scenario, plan)
    broken += _stocks(scenario, plan)
    broken += _support(scenario, network, plan)
    broken += low_coverage(scenario, network, plan)
    terms = yearly_cost(scenario, plan)
    total = sum(terms.values())
    budget = scenario.rules.budget
    if budget is not None and total > budget * (1 + 1e-9) + 1e-6:
        broken.append(f"yearly cost {total:.2f} exceeds the budget {budget:.2f}")
    for owner, most in scenario.rules.owner_budgets:
        borne = borne_by(scenario, plan, owner)
        if borne > most * (1 + 1e-9) + 1e-6:
            broken.append(f"{owner} bears {borne:.2f} a year, its budget is {most:.2f}")
    return Check(tuple(broken), total, terms)


def _references(scenario: Scenario, plan: SitingPlan) -> list[str]:
    broken = []
    for opened in plan.open_sites:
        if opened.site not in scenario.site_index:
            broken.append(f"open site {opened.site} is not a site")
        elif opened.tier not in scenario.tier_index:
            broken.append(f"site {opened.site} is open in the unknown tier {opened.tier}")
        elif opened.size_class not in {
            size.ident for size in scenario.tiers[scenario.tier_index[opened.tier]].size_classes
        }:
            broken.append(f"site {opened.site}: tier {opened.tier} has no size class {opened.size_class}")
    for line in plan.stock:
        if line.site not in scenario.site_index:
            broken.append(f"stock line at the unknown site {line.site}")
        if line.commodity not in scenario.commodity_index:
            broken.append(f"stock line of the unknown commodity {line.commodity}")
        if line.mode not in ("physical", "agreement"):
            broken.append(f"stock line at {line.site} has the unknown mode {line.mode}")
    return broken


def _statuses(scenario: Scenario, plan: SitingPlan) -> list[str]:
    broken = []
    opened_at = [opened.site for opened in plan.open_sites]
    for ident in sorted({site for site in opened_at if opened_at.count(site) > 1}):
        broken.append(f"site {ident} is open more than once")
    for opened in plan.open_sites:
        site = scenario.sites[scenario.site_index[opened.site]]
        if site.status is SiteStatus.CLOSED:
            broken.append(f"site {site.ident} is closed and may not be used")
        if site.status is SiteStatus.MUTUAL_AID:
            broken.append(f"site {site.ident} lends mutual aid: it is not the layout's to open")
        if opened.tier not in site.tiers:
            broken.append(f"site {site.ident} may not belong to tier {opened.tier}")
    for site in scenario.sites:
        if site.status is SiteStatus.MUST_OPEN and site.ident not in opened_at:
            broken.append(f"site {site.ident} must be open and is not")
    return broken


def _exclusions(scenario: Scenario, network: RoadNetwork, plan: SitingPlan) -> list[str]:
    opened = [scenario.sites[scenario.site_index[item.site]] for item in plan.open_sites]
    named = {name for site in opened for name in site.hazards_excluded}
    if not named:
        return []
    exposure = Exposure(
        network,
        np.array([site.lon for site in opened]),
        np.array([site.lat for site in opened]),
        np.empty(0),
        np.empty(0),
    )
    covered = sites_covered([hazard for hazard in scenario.hazards if hazard.name in named], exposure)
    return [
        f"site {site.ident} stands in the hazard {name} and may not be open"
        for n, site in enumerate(opened)
        for name in site.hazards_excluded
        if name in covered and covered[name][n]
    ]


def _counts(scenario: Scenario, plan: SitingPlan) -> list[str]:
    broken = []
    for tier in scenario.tiers:
        members = [opened.site for opened in plan.open_sites if opened.tier == tier.ident]
        for rule in tier.counts:
            for zone in _zones(scenario, tier, rule):
                number = sum(_counts_in(scenario, ident, rule.kind, zone) for ident in members)
                what = " ".join(
                    part for part in (tier.ident, rule.kind, f"in {zone}" if zone else "") if part
                )
                if rule.minimum is not None and number < rule.minimum:
                    broken.append(f"tier {what}: {number} open, at least {rule.minimum}")
                if rule.maximum is not None and number > rule.maximum:
                    broken.append(f"tier {what}: {number} open, at most {rule.maximum}")
    return broken


def _zones(scenario: Scenario, tier: Tier, rule: CountRule) -> list[str]:
    if rule.zone != "*":
        return [rule.zone]
    own = (site for site in scenario.sites if site.status is not SiteStatus.MUTUAL_AID)
    return sorted({site.zone for site in own if tier.ident in site.tiers and site.zone})


def _counts_in(scenario: Scenario, ident: str, kind: str, zone: str) -> bool:
    site = scenario.sites[scenario.site_index[ident]]
    return (not kind or site.kind == kind) and (not zone or site.zone == zone)


def _stocks(scenario: Scenario, plan: SitingPlan) -> list[str]:
    broken = []
    opened = {item.site: item for item in plan.open_sites}
    volume: defaultdict[str, float] = defaultdict(float)
    weight: defaultdict[str, float] = defaultdict(float)
    for line in plan.stock:
        site = scenario.sites[scenario.site_index[line.site]]
        commodity = scenario.commodities[scenario.commodity_index[line.commodity]]
        if line.quantity < -QUANTITY_TOLERANCE:
            broken.append(f"stock of {line.commodity} at {line.site} is negative")
        if line.site not in opened:
            broken.append(f"stock of {line.commodity} at {line.site}, which is not open")
        if site.commodity_classes and commodity.commodity_class not in site.commodity_classes:
            broken.append(
                f"site {line.site} may not store {line.commodity} (class {commodity.commodity_class})"
            )
        if line.mode == "agreement":
            agreed = table_quantity(scenario, line.site, line.commodity, "agreement")
            if line.quantity > agreed + QUANTITY_TOLERANCE * max(1.0, agreed):
                broken.append(
                    f"agreement stock of {line.commodity} at {line.site}: {line.quantity:g}, "
                    f"agreed {agreed:g}"
                )
        else:
            volume[line.site] += line.quantity * commodity.m3_per_unit
            weight[line.site] += line.quantity * commodity.kg_per_unit
    for ident, item in sorted(opened.items()):
        site, size = scenario.sites[scenario.site_index[ident]], size_class(scenario, item)
        for held, most, unit in (
            (volume[ident], min(size.capacity_m3, site.capacity_m3), "m3"),
            (weight[ident], min(size.capacity_kg, site.capacity_kg), "kg"),
        ):
            if held > most * (1 + QUANTITY_TOLERANCE) + QUANTITY_TOLERANCE:
                broken.append(f"site {ident} holds {held:.3f} {unit}, capacity {most:.3f} {unit}")
    return broken


def _support(scenario: Scenario, network: RoadNetwork, plan: SitingPlan) -> list[str]:
    broken = []
    for height, tier in enumerate(scenario.tiers):
        if tier.support_s is None:
            continue
        above = tuple(o.site for o in plan.open_sites if scenario.tier_index[o.tier] < height)
        members = tuple(o.site for o in plan.open_sites if o.tier == tier.ident)
        if not members:
            continue
        nearest = (
            intact_seconds(scenario, network, above, members).min(axis=0)
            if above
            else np.full(len(members), np.inf)
        )
        for ident, seconds in zip(members, nearest, strict=True):
            if seconds > tier.support_s + TIME_TOLERANCE_S:
                broken.append(
                    f"site {ident}: nearest open site of a higher tier {seconds / 60:.1f} min away, "
                    f"at most {tier.support_s / 60:.1f}"
                )
    return broken
