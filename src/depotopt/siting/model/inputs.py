"""What siting asks of a scenario besides its rules: travel times, deadlines, the stock table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from depotopt.errors import UsageError
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import ANY_TRUCK, TravelProfile
from depotopt.rules import SizeClass
from depotopt.scenario import Scenario, Site, SiteStatus, StockMode
from depotopt.travel import TravelTimes
from depotopt.units import HOUR_S, FloatArray, Int64Array

SLACK_S = 1e-9
"""Arrivals this much after the last moment are rounding."""
MOST_LATE_H = 50_000
"""Hours of driving a late class may be worth: arcs hold deciseconds in 32 bits."""
KG_PER_T = 1_000.0
DS_PER_H = 36_000.0


class TravelInputs:
    """Roads and engine, and the travel times siting asks of them."""

    def __init__(self, network: RoadNetwork, engine: TravelTimeEngine) -> None:
        self.network, self.engine = network, engine

    def times(
        self, scenario: Scenario, sites: Sequence[int], to_sites: Sequence[int] | None = None
    ) -> TravelTimes:
        """Travel times from some sites to all demand points, or to other sites."""
        if to_sites is None:
            ends = tuple(point.ident for point in scenario.demand_points)
        else:
            ends = tuple(scenario.sites[j].ident for j in to_sites)
        origins = tuple(scenario.sites[j].ident for j in sites)
        return TravelTimes(self.network, self.engine, origins, ends, siting_profile(scenario))


def travel_engine(network: RoadNetwork) -> TravelTimeEngine:
    """Prepare the travel-time engine the registry prefers."""
    from depotopt.roads.engines.registry import prepare_engine

    return prepare_engine(network)


def siting_profile(scenario: Scenario) -> TravelProfile:
    """Profile of the vehicle whose travel times siting uses."""
    if not scenario.rules.siting_vehicle:
        return ANY_TRUCK
    return scenario.vehicle_types[scenario.vehicle_type_index[scenario.rules.siting_vehicle]].profile


def latest_s(scenario: Scenario) -> FloatArray:
    """Latest arrival that counts per demand point, shape ``(I,)``."""
    return np.array(
        [
            scenario.rules.response_s if point.deadline_s is None else point.deadline_s
            for point in scenario.demand_points
        ]
    )


def late_s(scenario: Scenario, arrive_s: FloatArray, point: Int64Array) -> FloatArray:
    """Seconds of driving that arriving in a late class is worth; arrivals at these points, ``(A,)``.

    A class costs so much per tonne, as an hour on the road does, so a late arrival counts as a longer way.

    Raises
    ------
    UsageError
        If hours on the road cost nothing, or a class costs more than `MOST_LATE_H` of them.
    """
    classes = scenario.objective.late
    if not classes:
        return np.zeros(len(arrive_s))
    after_s, cost = np.array(classes).T
    per_th = scenario.rules.transport_cost_per_th
    priority = np.array([each.priority for each in scenario.demand_points])
    dearest = float(cost.max() * priority.max(initial=0.0))
    if dearest > MOST_LATE_H * per_th:
        raise UsageError(
            f"a late arrival costs up to {dearest:,.10g} a tonne: expected at most {MOST_LATE_H:,} times "
            f"the cost of an hour on the road, {per_th:,.10g}"
        )
    if dearest <= 0:
        return np.zeros(len(arrive_s))
    passed = np.searchsorted(after_s + SLACK_S, arrive_s)
    worth: FloatArray = np.concatenate([[0.0], cost])[passed] * priority[point] / per_th * HOUR_S
    return worth


def stock_table(scenario: Scenario) -> tuple[FloatArray, FloatArray]:
    """Physical units and agreement units of the sites a layout may open; each ``(J, K)``."""
    physical = np.zeros((len(scenario.sites), len(scenario.commodities)))
    agreements = np.zeros_like(physical)
    for lot in scenario.stock:
        at = scenario.site_index[lot.site], scenario.commodity_index[lot.commodity]
        if scenario.sites[at[0]].status is not SiteStatus.MUTUAL_AID:
            (physical if lot.mode is StockMode.PHYSICAL else agreements)[at] += lot.quantity
    return physical, agreements


def promised(scenario: Scenario) -> list[dict[float, FloatArray]]:
    """Per site what others promise to it, by the moment from which it can be loaded; units ``(K,)``.

    Agreements count with their honour probability; at sites that lend mutual aid all stock counts.
    """
    found: list[dict[float, FloatArray]] = [{} for _ in scenario.sites]
    for lot in scenario.stock:
        j = scenario.site_index[lot.site]
        site, units = scenario.sites[j], lot.quantity
        ready_s = site.readiness_s
        if lot.mode is StockMode.AGREEMENT:
            units *= lot.honour_probability
            ready_s = max(ready_s, lot.activation_delay_s)
        elif site.status is not SiteStatus.MUTUAL_AID:
            continue
        by_commodity = found[j].setdefault(ready_s, np.zeros(len(scenario.commodities)))
        by_commodity[scenario.commodity_index[lot.commodity]] += units
    return [dict(sorted(each.items())) for each in found]


def built_today(scenario: Scenario, site: Site, physical: FloatArray) -> float:
    """Building cost of what stands at a site today: its class, also of a candidate that names one; else 0."""
    standing = class_today(scenario, site, physical)
    if standing is None and site.size_class and site.tiers:
        sizes = scenario.tiers[scenario.tier_index[site.tiers[0]]].size_classes
        standing = next((size for size in sizes if size.ident == site.size_class), None)
    return 0.0 if standing is None else standing.build_cost


def class_today(scenario: Scenario, site: Site, physical: FloatArray) -> SizeClass | None:
    """Size class of a site of today: the one named, else the cheapest of its first tier that takes its stock.

    Where none takes it, the roomiest. ``None`` for sites that do not stand today.
    """
    if site.status not in (SiteStatus.EXISTING, SiteStatus.MUST_OPEN) or not site.tiers:
        return None
    sizes = scenario.tiers[scenario.tier_index[site.tiers[0]]].size_classes
    for size in sizes:
        if size.ident == site.size_class:
            return size
    m3 = float(physical @ scenario.m3_per_unit)
    kg = float(physical @ scenario.kg_per_unit)

    def preference(size: SizeClass) -> tuple[bool, float, str]:
        fits = size.capacity_m3 >= m3 and size.capacity_kg >= kg
        return (not fits, size.fixed_cost if fits else -size.capacity_m3, size.ident)

    return min(sizes, key=preference)
