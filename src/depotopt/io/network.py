"""The roads of a scenario, with its sites and demand points tied to them."""

from __future__ import annotations

import numpy as np

from depotopt.errors import InputError
from depotopt.roads.importers import read_network
from depotopt.roads.network import RoadNetwork
from depotopt.roads.snapping import ConnectorLink, FarPlacesError, far_fault, snap_places
from depotopt.scenario import DemandPoint, Scenario, Site


def load_network(scenario: Scenario) -> RoadNetwork:
    """Read the scenario's roads and tie its places to them: sites first, then demand points.

    Returns
    -------
    RoadNetwork
        With `RoadNetwork.places` set; places keep the order of the scenario.

    Raises
    ------
    InputError
        If the roads cannot be read, or with every place farther from a road than
        ``scenario.roads.snap_limit_m``, each with the file and row it was read from.
    """
    roads = scenario.roads
    network = read_network(roads.path, default_speed_kmh=roads.default_speed_kmh)
    places: list[Site | DemandPoint] = [*scenario.sites, *scenario.demand_points]
    try:
        return snap_places(
            network,
            [place.ident for place in places],
            np.array([place.lon for place in places], dtype=np.float64),
            np.array([place.lat for place in places], dtype=np.float64),
            limit_m=roads.snap_limit_m,
            access_speed_kmh=roads.access_speed_kmh,
            connectors=[
                ConnectorLink(c.place, c.lon, c.lat, c.length_m, c.speed_kmh) for c in scenario.connectors
            ],
        )
    except FarPlacesError as error:
        faults = []
        for place in error.places:
            file, where = scenario.place_origin.get(place.ident, ("scenario", place.ident))
            faults.append(far_fault(place, error.limit_m, file, where))
        raise InputError(scenario.ident, faults) from error
