"""What the README of the minimal scenario works out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.hazards.states import Damage, RoadState, intact
from depotopt.io.network import load_network
from depotopt.io.scenario_files import load_scenario
from depotopt.need import need, unmet_weight
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.travel import TravelTimes
from depotopt.units import FloatArray
from tests.io.minimal_copy import MINIMAL

SITES, POINTS = ("WEST", "EAST", "NORTH"), ("P-WEST", "P-EAST", "P-NORTH", "P-HILL")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    return load_scenario(MINIMAL)


@pytest.fixture(scope="module")
def network(scenario: Scenario) -> RoadNetwork:
    return load_network(scenario)


def minutes(network: RoadNetwork, state: RoadState) -> FloatArray:
    times = TravelTimes(network, DijkstraEngine(network), SITES, POINTS)
    return times.of_state(state) / 60


def without(network: RoadNetwork, name: str) -> RoadState:
    base = intact(4, 4)
    street = [i for i, street in enumerate(network.streets.name) if street == name]
    assert street
    return RoadState(
        0,
        1.0,
        Damage.of(street),
        ("test",),
        base.site_survival,
        base.site_power,
        base.need_factor,
        base.point_flooded,
    )


def test_need_over_two_days(scenario: Scenario) -> None:
    assert need(scenario).tolist() == [[600, 20], [1200, 40], [900, 30], [200, 10]]


def test_minutes_with_all_roads(network: RoadNetwork) -> None:
    expected = [[9, 15, 20, 35], [6, 0, 25, 20], [34, 30, 5, 50]]
    assert minutes(network, intact(4, 4)) == pytest.approx(np.array(expected), abs=0.05)


def test_without_the_bridge_the_shelter_is_too_far_from_the_west(network: RoadNetwork) -> None:
    times = minutes(network, without(network, "Old Bridge"))
    assert times[0, 3] == pytest.approx(65, abs=0.05)
    assert times[1, 3] == pytest.approx(20, abs=0.05)


def test_without_the_track_nobody_reaches_the_shelter(network: RoadNetwork) -> None:
    assert np.isinf(minutes(network, without(network, "Hill Track"))[:, 3]).all()


def test_the_shelter_without_supply_is_worth_166_person_days(scenario: Scenario) -> None:
    assert (need(scenario) * unmet_weight(scenario))[3].sum() == pytest.approx(200 / 3 + 100)
