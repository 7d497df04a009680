from __future__ import annotations

from collections import Counter

import numpy as np

from depotopt.hazards.ensemble import sites_covered
from depotopt.pipeline.stages import exposure, sample_ensemble
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.travel import TravelTimes
from tests.scenarios.shipped import SCENARIOS, rows, shipped

NAME = "shanghai-5-8-11-n"
FOLDER = SCENARIOS / NAME
CENSUS_2020 = 24_870_895


def test_districts_and_townships_sum_to_the_census() -> None:
    people: Counter[str] = Counter()
    for point in shipped(NAME).scenario.demand_points:
        people[point.zone] += int(point.people)
    census = {row["district"]: int(row["people_2020"]) for row in rows(FOLDER / "facts" / "districts.csv")}
    assert people == census
    assert len(census) == 16
    assert sum(census.values()) == CENSUS_2020


def test_there_are_215_subdistricts_towns_and_townships_with_codes_of_their_own() -> None:
    places = rows(FOLDER / "facts" / "townships.csv")
    kinds = Counter("街道" if place["name"].endswith("街道") else place["name"][-1] for place in places)
    assert kinds == {"街道": 107, "镇": 106, "乡": 2}
    assert len({place["code"] for place in places}) == 215
    assert all(place["code"].startswith("310") for place in places)


def test_the_layout_is_5_and_8_and_11_and_any_number() -> None:
    tiers = {tier.ident: tier for tier in shipped(NAME).scenario.tiers}
    totals = {
        ident: [(rule.minimum, rule.maximum) for rule in tier.counts if not rule.kind and not rule.zone]
        for ident, tier in tiers.items()
    }
    assert totals == {"joint": [(5, 5)], "sector": [(8, 8)], "district": [(11, 11)], "point": []}
    one_each = {(rule.zone, rule.maximum) for rule in tiers["district"].counts if rule.zone}
    assert one_each == {("*", 1)}


def test_every_sector_depot_stores_its_own_classes_and_has_an_alternative() -> None:
    scenario = shipped(NAME).scenario
    sectors = [site for site in scenario.sites if site.tiers == ("sector",)]
    classes = {commodity.commodity_class for commodity in scenario.commodities}
    assert all(site.commodity_classes and set(site.commodity_classes) < classes for site in sectors)
    assert set(Counter(site.kind for site in sectors).values()) == {2}


def test_joint_depots_are_paid_in_part_and_could_be_district_depots() -> None:
    joint = [site for site in shipped(NAME).scenario.sites if "joint" in site.tiers]
    assert len(joint) == 13
    assert all(site.cost_share == 0.5 and "district" in site.tiers for site in joint)


def test_some_candidates_stand_behind_the_red_line() -> None:
    """New depots may not stand where the surge reaches; enough others remain for every count rule."""
    case = shipped(NAME)
    covered = sites_covered(case.scenario.hazards, exposure(case.scenario, case.network))["surge"]
    barred = {
        site.ident
        for site, wet in zip(case.scenario.sites, covered, strict=True)
        if wet and "surge" in site.hazards_excluded
    }
    joint = {site.ident for site in case.scenario.sites if "joint" in site.tiers}
    assert barred & joint
    assert len(joint - barred) >= 5


def test_chongming_hangs_on_the_declared_road_to_the_tunnel() -> None:
    case = shipped(NAME)
    network = case.network
    approach = [i for i, name in enumerate(network.streets.name) if "yangtze-tunnel-approach" in name]
    assert len(approach) == 1
    ensemble = sample_ensemble(network, case.scenario, 30, 9)
    lost = [state.damage.street[state.damage.speed_factor == 0] for state in ensemble]
    closed = np.array([bool(np.isin(streets, approach).any()) for streets in lost])
    times = TravelTimes(network, DijkstraEngine(network), ("JT-08",), ("CM-10",)).seconds(ensemble)
    assert np.array_equal(np.isinf(times[:, 0, 0]) & closed, closed)
    assert 0 < closed.sum() < 30


def test_floods_grow_from_usual_to_extreme() -> None:
    """More townships stand in water, and deeper, in the severer outlines."""
    case = shipped(NAME)
    ensemble = sample_ensemble(case.network, case.scenario, 60, 4)
    flooded = ensemble.point_flooded.sum(axis=1)
    assert flooded.min() == 0
    assert 10 < flooded.max() < 100
