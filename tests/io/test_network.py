"""The roads of a scenario with its places."""

from __future__ import annotations

import dataclasses
import datetime as dt
from pathlib import Path

import pytest

from depotopt.errors import InputError
from depotopt.io.network import load_network
from depotopt.scenario import Connector, DemandPoint, RoadSource, Scenario, Site


@pytest.fixture
def scenario(tmp_path: Path) -> Scenario:
    roads = tmp_path / "roads"
    roads.mkdir()
    (roads / "nodes.csv").write_text("node,lon,lat\na,0,0\nb,0.1,0\n", encoding="utf-8")
    (roads / "links.csv").write_text("tail,head,length_m\na,b,11120\n", encoding="utf-8")
    return Scenario(
        ident="toy",
        title="",
        description="",
        folder=tmp_path,
        start=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        tiers=(),
        sites=(Site("D", "Depot", 0.02, 0.0, ("county",)),),
        commodities=(),
        demand_points=(
            DemandPoint("P", "Village", 0.07, 0.001, people=10),
            DemandPoint("Q", "Hamlet", 0.05, 0.2, people=3),
        ),
        stock=(),
        vehicle_types=(),
        fleet=(),
        roads=RoadSource(roads, snap_limit_m=30_000, access_speed_kmh=10.0, default_speed_kmh=40.0),
        place_origin={"D": ("tables/sites.csv", "row 2"), "Q": ("tables/points.csv", "row 3")},
    )


def with_limit(scenario: Scenario, limit_m: float) -> Scenario:
    return dataclasses.replace(scenario, roads=dataclasses.replace(scenario.roads, snap_limit_m=limit_m))


def test_places_are_the_sites_then_the_points(scenario: Scenario) -> None:
    network = load_network(scenario)
    assert network.places is not None
    assert network.places.ident == ("D", "P", "Q")
    assert network.node_lon[network.places.node] == pytest.approx([0.02, 0.07, 0.05])
    assert network.places.access_s[2] == pytest.approx(network.places.distance_m[2] / (10 / 3.6))
    assert network.free_flow_s.sum() == pytest.approx(2 * 11120 / (40 / 3.6))


def test_a_place_too_far_off_is_a_fault_at_its_row(scenario: Scenario) -> None:
    with pytest.raises(InputError) as caught:
        load_network(with_limit(scenario, 1000.0))
    [fault] = caught.value.faults
    assert (fault.file, fault.where, fault.kind) == ("tables/points.csv", "row 3", "too-far-from-road")
    assert fault.found == "'Q', whose place is 22.2 km from the nearest road"


def test_a_connector_heals_it(scenario: Scenario) -> None:
    near = with_limit(scenario, 1000.0)
    healed = dataclasses.replace(near, connectors=(Connector("Q", 0.05, 0.0, 25_000, 30.0, "gravel road"),))
    assert load_network(healed).places is not None


def test_bad_roads_are_faults(scenario: Scenario) -> None:
    (scenario.folder / "roads" / "links.csv").write_text("tail,head,length_m\na,c,1\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_network(scenario)
    assert [str(fault) for fault in caught.value.faults] == [
        "roads/links.csv  row 2, column head   found 'c', no such node"
    ]
