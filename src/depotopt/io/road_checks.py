"""Checks that need the roads: places near them, and hazards and reports that lie on them."""

from __future__ import annotations

from collections.abc import Hashable
from dataclasses import dataclass, field

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.hazards.ensemble import hazard_faults
from depotopt.hazards.protocol import Exposure
from depotopt.io.network import load_network
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario


@dataclass(slots=True)
class RoadChecks:
    """Checks scenarios against their roads; scenarios with the same roads and places share a network."""

    _networks: dict[Hashable, RoadNetwork | tuple[Fault, ...]] = field(default_factory=dict)

    def faults(self, scenario: Scenario) -> tuple[Fault, ...]:
        """Places too far from a road; once there are none, hazards and reports that meet no road."""
        sites = tuple((site.ident, site.lon, site.lat) for site in scenario.sites)
        points = tuple((point.ident, point.lon, point.lat) for point in scenario.demand_points)
        key = (scenario.roads, scenario.connectors, sites, points)
        if key not in self._networks:
            try:
                self._networks[key] = load_network(scenario)
            except InputError as error:
                self._networks[key] = error.faults
        network = self._networks[key]
        if not isinstance(network, RoadNetwork):
            return network
        exposure = Exposure(
            network=network,
            site_lon=np.array([lon for _, lon, _ in sites], dtype=np.float64),
            site_lat=np.array([lat for _, _, lat in sites], dtype=np.float64),
            point_lon=np.array([lon for _, lon, _ in points], dtype=np.float64),
            point_lat=np.array([lat for _, _, lat in points], dtype=np.float64),
        )
        return tuple(hazard_faults(scenario.hazards, exposure, scenario.road_reports))
