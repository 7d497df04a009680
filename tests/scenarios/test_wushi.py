from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from depotopt.hazards.earthquake import Earthquake
from depotopt.hazards.ground_motion import RELATIONS, RuptureShaking
from depotopt.need import people_in_need
from depotopt.pipeline.stages import sample_ensemble
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.travel import TravelTimes
from tests.scenarios.shipped import SCENARIOS, rows, shipped

FOLDER = SCENARIOS / "wushi-2024"
CENSUS_2020 = {"WS": 205_571, "AHQ": 44_369, "KP": 50_619, "WSU": 266_002, "AKS": 715_319, "BC": 231_113}


def test_townships_sum_to_the_census_of_their_county() -> None:
    people: dict[str, float] = {}
    for point in shipped("wushi-2024").scenario.demand_points:
        people[point.zone] = people.get(point.zone, 0) + point.people
    assert people == CENSUS_2020


def test_the_earthquake_is_the_one_of_23_january_2024() -> None:
    scenario = shipped("wushi-2024").scenario
    assert scenario.start == dt.datetime.fromisoformat("2024-01-23T02:09:00+08:00")
    mainshock = next(hazard for hazard in scenario.hazards if hazard.name == "mainshock")
    assert isinstance(mainshock, Earthquake)
    assert isinstance(mainshock.source, RuptureShaking)
    rupture = mainshock.source.rupture
    assert (rupture.magnitude, rupture.lon, rupture.lat) == (7.1, 78.63, 41.26)


def test_shaking_agrees_with_the_official_intensity_map() -> None:
    """The median intensity lies within one degree of the mean of the zones that touch a township."""
    scenario = shipped("wushi-2024").scenario
    mainshock = next(hazard for hazard in scenario.hazards if hazard.name == "mainshock")
    assert isinstance(mainshock, Earthquake)
    assert isinstance(mainshock.source, RuptureShaking)
    places = [place for place in rows(FOLDER / "facts" / "places.csv") if place["zones"]]
    relation = RELATIONS[mainshock.source.relation]
    lon, lat = (np.array([float(place[key]) for place in places]) for key in ("lon", "lat"))
    median = relation.intensity(mainshock.source.rupture, lon, lat)  # type: ignore[attr-defined]
    official = np.array([np.mean([int(zone) for zone in place["zones"].split(";")]) for place in places])
    assert np.abs(median - official).max() < 1.0


def test_about_as_many_people_are_in_need_as_were_moved() -> None:
    """12,426 people were moved on the first day; the scenario plans for up to half as many again."""
    assert 12_426 < people_in_need(shipped("wushi-2024").scenario).sum() < 1.5 * 12_426


def test_the_road_laid_through_akqi_keeps_the_length_of_the_data() -> None:
    """The data's link from Yamansu to Artux is 264,349 m long, whatever towns it is laid through."""
    valley = [link for link in rows(FOLDER / "roads" / "links.csv") if "akqi-valley" in link["name"]]
    assert len(valley) == 6
    assert sum(int(link["length_m"]) for link in valley) == 264_349


@pytest.mark.parametrize("place", ["KP-01", "AHQ-01", "BC-01"])
def test_towns_far_off_the_data_stand_on_declared_roads(place: str) -> None:
    """Keping, Akqi and Baicheng lie 13 to 17 km from any link of the data, yet on the network."""
    network = shipped("wushi-2024").network
    assert network.places is not None
    assert network.places.distance_m[network.places.index((place,))[0]] < 1.0


def test_cut_roads_part_akqi_from_aksu_in_every_state() -> None:
    case = shipped("wushi-2024", "roads_cut")
    times = TravelTimes(case.network, DijkstraEngine(case.network), ("AKS-D1",), ("AHQ-01", "WS-01"))
    seconds = times.seconds(sample_ensemble(case.network, case.scenario, 12, 3))[:, 0]
    assert np.isinf(seconds[:, 0]).all()
    assert np.isfinite(seconds[:, 1]).any()


def test_power_off_takes_the_power_of_every_depot_near_the_epicentre() -> None:
    case = shipped("wushi-2024", "power_off")
    power = sample_ensemble(case.network, case.scenario, 6, 3).site_power
    index = case.scenario.site_index
    assert not power[:, [index["AKS-D1"], index["WS-D1"], index["AHQ-D1"]]].any()
    assert power[:, index["KSH-D1"]].all()


def test_without_communications_reports_stay_longer_and_are_trusted_less() -> None:
    before = {report.ident: report for report in shipped("wushi-2024").scenario.road_reports}
    after = {report.ident: report for report in shipped("wushi-2024", "comms_off").scenario.road_reports}
    assert before.keys() == after.keys()
    for ident, report in before.items():
        assert after[ident].trust < report.trust
        assert after[ident].until_s > report.until_s
