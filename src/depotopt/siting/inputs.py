"""What siting asks of a scenario besides its rules: travel times, deadlines, the stock table."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import ANY_TRUCK, TravelProfile
from depotopt.scenario import Scenario, StockMode
from depotopt.travel import TravelTimes
from depotopt.units import FloatArray

KG_PER_T = 1_000.0
DS_PER_H = 36_000.0


class TravelInputs:
    """Roads and engine, and the travel times siting asks of them."""

    def __init__(self, network: RoadNetwork, engine: TravelTimeEngine) -> None:
        self.network, self.engine = network, engine

    def times(self, scenario: Scenario, sites: Sequence[int], to_sites: bool = False) -> TravelTimes:
        """Travel times from some sites to all demand points (or among the sites themselves)."""
        origins = tuple(scenario.sites[j].ident for j in sites)
        points = tuple(point.ident for point in scenario.demand_points)
        return TravelTimes(
            self.network, self.engine, origins, origins if to_sites else points, siting_profile(scenario)
        )


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


def stock_table(scenario: Scenario) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Physical units, agreement units times honour probability, agreement units; each ``(J, K)``."""
    physical = np.zeros((len(scenario.sites), len(scenario.commodities)))
    agreed, agreements = np.zeros_like(physical), np.zeros_like(physical)
    for lot in scenario.stock:
        at = scenario.site_index[lot.site], scenario.commodity_index[lot.commodity]
        if lot.mode is StockMode.PHYSICAL:
            physical[at] += lot.quantity
        else:
            agreed[at] += lot.quantity * lot.honour_probability
            agreements[at] += lot.quantity
    return physical, agreed, agreements
