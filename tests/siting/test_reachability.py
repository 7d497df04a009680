"""Points out of reach of every possible site are named, with the numbers."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.scenario import FleetEntry, SiteStatus, VehicleType
from depotopt.siting.reachability import has_aircraft, out_of_reach
from tests.siting.cases import Case, random_case


def with_deadline(case: Case, point: int, deadline_s: float) -> Case:
    points = list(case.scenario.demand_points)
    points[point] = replace(points[point], deadline_s=deadline_s)
    return case.with_scenario(demand_points=tuple(points))


def reached(case: Case, response_s: float = 1e6) -> Case:
    """The case with time enough for every point."""
    points = tuple(replace(point, deadline_s=response_s) for point in case.scenario.demand_points)
    return case.with_scenario(demand_points=points)


def test_a_case_with_time_enough_names_nobody() -> None:
    case = reached(random_case(1))
    assert out_of_reach(case.scenario, case.network, engine=case.engine) == ()


def test_a_deadline_before_the_fastest_site_is_named_with_both_times() -> None:
    case = with_deadline(reached(random_case(1)), 2, 60.0)
    places = case.network.places
    assert places is not None
    sites = len(case.scenario.sites)
    ready_s = np.array([site.readiness_s for site in case.scenario.sites])
    length = np.hypot(places.lon[:sites] - places.lon[sites + 2], places.lat[:sites] - places.lat[sites + 2])
    arrive_s = ready_s + length * 111_000.0 / (60 / 3.6)
    (said,) = out_of_reach(case.scenario, case.network, engine=case.engine)
    assert said == (
        f"point P2 has to be reached within 1 min, but D{arrive_s.argmin()}, the fastest site there may be, "
        f"takes {arrive_s.min() / 60:,.0f} min with no road lost"
    )


def test_closed_sites_reach_nobody() -> None:
    case = reached(random_case(1))
    shut = tuple(replace(site, status=SiteStatus.CLOSED) for site in case.scenario.sites[1:])
    far = replace(case.scenario.sites[0], readiness_s=2e6)
    case = case.with_scenario(sites=(far, *shut))
    said = out_of_reach(case.scenario, case.network, engine=case.engine)
    assert len(said) == len(case.scenario.demand_points)
    assert all("but D0," in one for one in said)


def test_points_without_need_are_left_alone() -> None:
    case = with_deadline(reached(random_case(1)), 2, 60.0)
    points = list(case.scenario.demand_points)
    points[2] = replace(points[2], people=0.0)
    case = case.with_scenario(demand_points=tuple(points))
    assert out_of_reach(case.scenario, case.network, engine=case.engine) == ()


def test_only_vehicles_that_are_there_and_need_no_road_are_aircraft() -> None:
    heli = VehicleType("heli", "Helicopter", 900.0, 6.0, TravelProfile(Mode.AIR, cruise_kmh=200.0))
    case = random_case(1).with_scenario(vehicle_types=(heli,))
    assert not has_aircraft(case.with_scenario(fleet=(FleetEntry("heli", "D0", 0),)).scenario)
    assert has_aircraft(case.with_scenario(fleet=(FleetEntry("heli", "D0", 1),)).scenario)
