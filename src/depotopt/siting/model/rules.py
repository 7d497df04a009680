"""The rules of a scenario over the options: status, hazard areas, counts, support, coverage, budget."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Protocol, runtime_checkable

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.hazards.protocol import Exposure
from depotopt.hazards.states import intact
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.rules import CountRule
from depotopt.scenario import Scenario, SiteStatus
from depotopt.siting.model.inputs import TravelInputs
from depotopt.siting.model.problem import BudgetRule, CountLimit, Options, Rule, SupportRule
from depotopt.siting.model.roles import Roles
from depotopt.units import BoolArray, Int32Array

NO_TIER = np.iinfo(np.int32).max
"""Tier of options that no rule on tiers speaks of: below all others."""


@runtime_checkable
class CoversSites(Protocol):
    """A prepared hazard that knows which sites stand in its area."""

    def covered_sites(self) -> BoolArray:
        """Sites inside, hit or not, shape ``(J,)``."""
        ...


def scenario_rules(
    scenario: Scenario, roles: Roles, options: Options, network: RoadNetwork, engine: TravelTimeEngine
) -> Iterator[Rule]:
    """Yield every rule of the scenario over the options.

    Parameters
    ----------
    scenario, network, engine
        The planning case, its roads with places, a travel-time engine.
    roles, options
        What the positions of the problem stand for, and how each may be open.

    Raises
    ------
    InputError
        If a site excludes itself from a hazard that has no area, or a coverage has no standard.
    """
    yield from _ways(scenario, roles, options)
    options = own_options(roles, options)
    yield from _status_rules(scenario, options, network)
    for t, tier in enumerate(scenario.tiers):
        of_tier = np.flatnonzero(options.tier == t).astype(np.int32)
        for rule in tier.counts:
            yield from _count_limits(scenario, options, of_tier, tier.ident, rule)
    yield from _support_rules(scenario, options, TravelInputs(network, engine))
    if scenario.rules.budget is not None:
        yield BudgetRule(f"yearly cost at most {scenario.rules.budget:,.0f} (budget)", scenario.rules.budget)
    for owner, amount in scenario.rules.owner_budgets:
        yield _owner_budget(scenario, roles, options, owner, amount)


def own_options(roles: Roles, options: Options) -> Options:
    """Options by sites of the scenario; helpers outside the plan belong to no tier and count nowhere."""
    return replace(
        options,
        site=roles.site[options.site],
        tier=np.where(options.size_class < 0, NO_TIER, options.tier).astype(np.int32),
    )


def _ways(scenario: Scenario, roles: Roles, options: Options) -> Iterator[CountLimit]:
    """What is so by nature: a site with several ways of working is open in one; helpers are there."""
    home = roles.site[options.site]
    for j, site in enumerate(scenario.sites):
        mine = np.flatnonzero(home == j).astype(np.int32)
        if site.status is SiteStatus.MUTUAL_AID:
            yield CountLimit(f"site {site.ident} lends mutual aid", mine, 1, None, given=True)
        elif len(np.unique(options.site[mine])) > 1:
            yield CountLimit(f"site {site.ident} is open in one way only", mine, None, 1, given=True)


def _owner_budget(
    scenario: Scenario, roles: Roles, options: Options, owner: str, amount: float
) -> BudgetRule:
    """What one owner bears: its share of fixed cost where it owns or co-funds, stock where it owns."""
    cost = np.zeros(len(options))
    for n, j in enumerate(options.site):
        site = scenario.sites[j]
        if site.owner == owner:
            cost[n] += options.cost[n]
        if owner in site.co_funders and options.full_cost is not None:
            cost[n] += (1.0 - site.cost_share) * options.full_cost[n] / len(site.co_funders)
    owned = np.array([scenario.sites[j].owner == owner for j in roles.site], dtype=np.float64)
    return BudgetRule(f"{owner} bears at most {amount:,.0f} a year (owner_budgets)", amount, cost, owned)


def _status_rules(scenario: Scenario, options: Options, network: RoadNetwork) -> Iterator[Rule]:
    covered = _covered_sites(scenario, network)
    for j, site in enumerate(scenario.sites):
        mine = np.flatnonzero((options.site == j) & (options.tier != NO_TIER)).astype(np.int32)
        if site.status is SiteStatus.MUST_OPEN:
            yield CountLimit(f"site {site.ident} must be open", mine, 1, None)
        for name in site.hazards_excluded if len(mine) else ():
            if covered[name][j]:
                yield CountLimit(
                    f"site {site.ident} stands in hazard '{name}' and may not open", mine, None, 0
                )


def _covered_sites(scenario: Scenario, network: RoadNetwork) -> dict[str, BoolArray]:
    """Sites inside each hazard that some site excludes itself from."""
    wanted = {name: site for site in scenario.sites for name in site.hazards_excluded}
    known = {hazard.name: hazard for hazard in scenario.hazards}
    exposure = Exposure(
        network,
        np.array([site.lon for site in scenario.sites]),
        np.array([site.lat for site in scenario.sites]),
        np.array([point.lon for point in scenario.demand_points]),
        np.array([point.lat for point in scenario.demand_points]),
    )
    covered: dict[str, BoolArray] = {}
    faults = []
    for name, site in sorted(wanted.items()):
        prepared: object = known[name].prepare(exposure) if name in known else None
        if isinstance(prepared, CoversSites):
            covered[name] = prepared.covered_sites()
            continue
        found = f"'{name}', " + ("a hazard without an area" if name in known else "no such hazard")
        where = f"site {site.ident}, column hazards_excluded"
        faults.append(Fault("tables/sites.csv", where, found, "expected a hazard with an area"))
    if faults:
        raise InputError(f"scenario {scenario.ident}", faults)
    return covered


def _count_limits(
    scenario: Scenario, options: Options, of_tier: Int32Array, tier: str, rule: CountRule
) -> Iterator[CountLimit]:
    """One limit per zone the rule applies to; a blank zone counts all sites together."""
    sites = [scenario.sites[j] for j in options.site[of_tier]]
    if rule.kind:
        keep = np.array([site.kind == rule.kind for site in sites], dtype=np.bool_)
    else:
        keep = np.ones(len(sites), dtype=np.bool_)
    zone_of = np.array([site.zone for site in sites], dtype=object)
    if rule.zone == "*":
        able = (site for site in scenario.sites if site.status is not SiteStatus.MUTUAL_AID)
        zones = sorted({site.zone for site in able if tier in site.tiers and site.zone})
    else:
        zones = [rule.zone]
    kind = f" of kind '{rule.kind}'" if rule.kind else ""
    for zone in zones:
        chosen = keep & (zone_of == zone) if zone else keep
        place = f" in zone '{zone}'" if zone else ""
        yield CountLimit(
            f"tier {tier}: {_between(rule.minimum, rule.maximum)} open site(s){kind}{place}",
            of_tier[chosen],
            rule.minimum,
            rule.maximum,
        )


def _between(minimum: int | None, maximum: int | None) -> str:
    if minimum is not None and minimum == maximum:
        return f"exactly {minimum}"
    if minimum is not None and maximum is not None:
        return f"{minimum} to {maximum}"
    return f"at least {minimum}" if minimum is not None else f"at most {maximum}"


def _support_rules(scenario: Scenario, options: Options, travel: TravelInputs) -> Iterator[Rule]:
    """Support by higher tiers, with no road lost."""
    calm = intact(len(scenario.sites), len(scenario.demand_points))
    sites = sorted({int(j) for j in options.site})
    row = {j: r for r, j in enumerate(sites)}
    if any(tier.support_s is not None for tier in scenario.tiers) and sites:
        between = travel.times(scenario, sites, sites).of_state(calm)
        for t, tier in enumerate(scenario.tiers):
            if tier.support_s is not None:
                yield _support(scenario, options, t, between <= tier.support_s, row)


def _support(
    scenario: Scenario, options: Options, t: int, near: BoolArray, row: dict[int, int]
) -> SupportRule:
    """``near[a, b]``: from site ``a`` to site ``b`` in time; the supporting depot is the origin."""
    limit = scenario.tiers[t].support_s
    assert limit is not None
    needing, helpers = [], []
    rows = np.array([row[int(j)] for j in options.site], dtype=np.int64)
    for j in sorted({int(j) for j in options.site[options.tier == t]}):
        needing.append(np.flatnonzero((options.site == j) & (options.tier == t)).astype(np.int32))
        helps = (options.tier < t) & near[rows, row[j]] & (options.site != j)
        helpers.append(np.flatnonzero(helps).astype(np.int32))
    return SupportRule(
        f"tier {scenario.tiers[t].ident}: an open site of a higher tier within {limit / 60:g} min",
        tuple(needing),
        tuple(helpers),
    )
