"""Demand points that no layout could ever serve: out of reach of every possible site with no road lost."""

from __future__ import annotations

import numpy as np

from depotopt.hazards.states import intact
from depotopt.need import need
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import Mode
from depotopt.scenario import Scenario, SiteStatus
from depotopt.siting.model.inputs import TravelInputs, latest_s, travel_engine
from depotopt.units import MINUTE_S

BLOCK = 256
"""Sites whose travel times are looked at together: memory stays small."""


def out_of_reach(
    scenario: Scenario, network: RoadNetwork, *, engine: TravelTimeEngine | None = None
) -> tuple[str, ...]:
    """Sentences on points with need that no site of a dispatching tier reaches in time, all roads whole.

    Such a point stays unserved whatever is opened: a slip in its place or its deadline, or a matter for
    aircraft. Closed sites are left out, helpers outside the plan are not.

    Parameters
    ----------
    scenario, network
        The planning case and its roads with places.
    engine
        Travel-time engine; ``None`` prepares the fastest one.
    """
    needy = np.flatnonzero(need(scenario).any(axis=1))
    dispatching = {tier.ident for tier in scenario.tiers if tier.dispatches}
    able = [
        j
        for j, site in enumerate(scenario.sites)
        if site.status is not SiteStatus.CLOSED and dispatching.intersection(site.tiers)
    ]
    if not len(needy) or not able:
        return ()
    travel = TravelInputs(network, engine or travel_engine(network))
    calm = intact(len(scenario.sites), len(scenario.demand_points))
    fastest_s = np.full(len(scenario.demand_points), np.inf)
    by = np.zeros(len(scenario.demand_points), dtype=np.int64)
    for first in range(0, len(able), BLOCK):
        block = able[first : first + BLOCK]
        ready_s = np.array([scenario.sites[j].readiness_s for j in block])
        arrive_s = travel.times(scenario, block).of_state(calm) + ready_s[:, None]
        best = arrive_s.argmin(axis=0)
        least_s = arrive_s.min(axis=0)
        closer = least_s < fastest_s
        by = np.where(closer, np.array(block)[best], by)
        fastest_s = np.minimum(fastest_s, least_s)
    said = []
    for i in needy[fastest_s[needy] > latest_s(scenario)[needy]]:
        point, most = scenario.demand_points[i].ident, f"{latest_s(scenario)[i] / MINUTE_S:,.0f}"
        if np.isfinite(fastest_s[i]):
            site, least = scenario.sites[by[i]].ident, f"{fastest_s[i] / MINUTE_S:,.0f}"
            said.append(
                f"point {point} has to be reached within {most} min, but {site}, "
                f"the fastest site there may be, takes {least} min with no road lost"
            )
        else:
            said.append(f"point {point} is on no road from any site there may be, with no road lost")
    return tuple(said)


def has_aircraft(scenario: Scenario) -> bool:
    """Whether the fleet has anything that needs no road."""
    kinds = {kind.ident for kind in scenario.vehicle_types if kind.mode is not Mode.ROAD}
    return any(entry.count > 0 and entry.vehicle_type in kinds for entry in scenario.fleet)
