"""Coverage of people by a layout, recounted: with no road lost, and over road states."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from depotopt.hazards.states import RoadState, intact
from depotopt.plans import SitingPlan
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import ANY_TRUCK, TravelProfile
from depotopt.rules import Tier
from depotopt.scenario import Scenario
from depotopt.travel import TravelTimes
from depotopt.units import FloatArray
from depotopt.verify.check import TIME_TOLERANCE_S

SHARE_TOLERANCE = 1e-6


def siting_profile(scenario: Scenario) -> TravelProfile:
    """Profile whose travel times siting rules speak of."""
    if not scenario.rules.siting_vehicle:
        return ANY_TRUCK
    return scenario.vehicle_types[scenario.vehicle_type_index[scenario.rules.siting_vehicle]].profile


def covered_people(
    scenario: Scenario, network: RoadNetwork, plan: SitingPlan, tier: Tier, states: Sequence[RoadState]
) -> float:
    """People within the standard of a tier, with their credit, averaged over road states."""
    height = scenario.tier_index[tier.ident]
    serving = [o.site for o in plan.open_sites if scenario.tier_index[o.tier] <= height]
    if not serving:
        return 0.0
    people = np.array([point.people for point in scenario.demand_points])
    points = tuple(point.ident for point in scenario.demand_points)
    times = TravelTimes(network, DijkstraEngine(network), tuple(serving), points, siting_profile(scenario))
    at = [scenario.site_index[site] for site in serving]
    found = weight = 0.0
    for state in states:
        alive = state.site_survival[at] > 0
        credit = _credit(tier, times.of_state(state)[alive])
        found += state.probability * float(credit @ people)
        weight += state.probability
    return found / weight


def _credit(tier: Tier, seconds: FloatArray) -> FloatArray:
    """Credit of each point from the time of its ``backup``-th nearest depot, shape ``(I,)``."""
    count, points = seconds.shape
    if count < tier.backup:
        return np.zeros(points)
    decisive = np.sort(seconds, axis=0)[tier.backup - 1]
    steps = tier.graded or (((tier.service_standard_s or 0.0), 1.0),)
    credit = np.zeros(points)
    for within_s, worth in reversed(steps):
        credit[decisive <= within_s + TIME_TOLERANCE_S] = worth
    return credit


def low_coverage(scenario: Scenario, network: RoadNetwork, plan: SitingPlan) -> list[str]:
    """Tiers whose coverage with no road lost is below what is demanded."""
    calm = [intact(len(scenario.sites), len(scenario.demand_points))]
    return [
        f"tier {tier.ident}: {share:.2%} of people covered, at least {tier.min_coverage:.2%}"
        for tier, share in _shares(scenario, network, plan, calm, "min_coverage")
        if share < tier.min_coverage - SHARE_TOLERANCE
    ]


def low_expected_coverage(
    scenario: Scenario, network: RoadNetwork, plan: SitingPlan, states: Sequence[RoadState]
) -> list[str]:
    """Tiers whose coverage over road states is below what is demanded."""
    return [
        f"tier {tier.ident}: {share:.2%} of people covered over the road states, "
        f"at least {tier.min_expected_coverage:.2%}"
        for tier, share in _shares(scenario, network, plan, states, "min_expected_coverage")
        if share < tier.min_expected_coverage - SHARE_TOLERANCE
    ]


def _shares(
    scenario: Scenario, network: RoadNetwork, plan: SitingPlan, states: Sequence[RoadState], demanded: str
) -> list[tuple[Tier, float]]:
    total = sum(point.people for point in scenario.demand_points)
    return [
        (tier, covered_people(scenario, network, plan, tier, states) / total)
        for tier in scenario.tiers
        if getattr(tier, demanded) > 0 and total > 0
    ]


def uncovered_cost(
    scenario: Scenario, network: RoadNetwork, plan: SitingPlan, states: Sequence[RoadState]
) -> dict[str, float]:
    """The term ``uncovered`` of the objective; empty where no tier prices it."""
    total = sum(point.people for point in scenario.demand_points)
    priced = [tier for tier in scenario.tiers if tier.uncovered_cost > 0]
    if not priced:
        return {}
    cost = sum(
        tier.uncovered_cost * (total - covered_people(scenario, network, plan, tier, states))
        for tier in priced
    )
    return {"uncovered": cost}
