from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from depotopt.hazards.states import intact
from depotopt.io.scenario_files import load_scenario
from depotopt.need import need, people_in_need
from depotopt.pipeline.stages import Case, sample_ensemble
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.roads.importers.csv_folder import read_csv_folder
from depotopt.roads.network import ROAD_CLASSES, SpeedSource
from depotopt.travel import TravelTimes
from depotopt.units import FloatArray
from tests.scenarios.shipped import REAL, SCENARIOS, rows, shipped

LARGEST_BYTES = 600_000
"""A scenario is meant to be read and mailed: no heavy data in the repository."""


def travel_s(case: Case) -> FloatArray:
    """Seconds from every site to every point for the siting vehicle, no road lost."""
    scenario = case.scenario
    vehicle = scenario.vehicle_types[scenario.vehicle_type_index[scenario.rules.siting_vehicle]]
    times = TravelTimes(
        case.network,
        DijkstraEngine(case.network),
        tuple(site.ident for site in scenario.sites),
        tuple(point.ident for point in scenario.demand_points),
        vehicle.profile,
    )
    return times.of_state(intact(len(scenario.sites), len(scenario.demand_points)))


@pytest.mark.parametrize("name", ["minimal", "reserve-chain", *REAL])
def test_every_set_of_overrides_loads_without_faults(name: str) -> None:
    """No shipped override conflicts with another, except those made as alternatives."""
    overrides = sorted(load_overrides(name))
    for override in overrides:
        assert load_scenario(SCENARIOS / name, (override,)).overrides == (override,)
    if name in REAL:
        for size in range(2, len(overrides) + 1):
            for chosen in combinations(overrides, size):
                assert set(load_scenario(SCENARIOS / name, chosen).overrides) == set(chosen)


def load_overrides(name: str) -> list[str]:
    """Names of the overrides of a scenario."""
    import tomllib

    content = tomllib.loads((SCENARIOS / name / "scenario.toml").read_text(encoding="utf-8"))
    return list(content.get("overrides", {}))


@pytest.mark.parametrize("name", REAL)
def test_the_scenario_is_small(name: str) -> None:
    size = sum(path.stat().st_size for path in (SCENARIOS / name).rglob("*") if path.is_file())
    assert 50_000 < size < LARGEST_BYTES


@pytest.mark.parametrize("name", REAL)
def test_the_readme_speaks_of_every_table_and_of_the_licence(name: str) -> None:
    folder = SCENARIOS / name
    text = (folder / "README.md").read_text(encoding="utf-8")
    assert "## Facts" in text
    assert "## Assumptions" in text
    assert "OpenStreetMap contributors, ODbL 1.0" in text
    assert "OpenStreetMap contributors" in (folder / "roads" / "ATTRIBUTION.txt").read_text(encoding="utf-8")
    unnamed = [path.name for path in (folder / "tables").glob("*.csv") if path.name not in text]
    assert unnamed == []


@pytest.mark.parametrize(("name", "connected"), [("wushi-2024", 783), ("shanghai-5-8-11-n", 3_234 + 161)])
def test_the_roads_have_the_connected_nodes_of_the_data(name: str, connected: int) -> None:
    """Declared nodes come on top; in Shanghai a declared road joins the component of Chongming."""
    declared = {
        end
        for link in rows(SCENARIOS / name / "roads" / "links.csv")
        if link["road_class"] == "connector"
        for end in (link["tail"], link["head"])
    }
    nodes = rows(SCENARIOS / name / "roads" / "nodes.csv")
    data_nodes = {"wushi-2024": 931, "shanghai-5-8-11-n": 3_403}[name]
    added = {node["node"] for node in nodes[data_nodes:]}
    assert added <= declared
    assert read_csv_folder(SCENARIOS / name / "roads").nodes - len(added) == connected


@pytest.mark.parametrize("name", REAL)
def test_every_declared_road_is_flagged_as_assumed(name: str) -> None:
    network = shipped(name).network
    declared = network.road_class == ROAD_CLASSES.index("connector")
    assert declared.any()
    assert (network.speed_source[declared] == SpeedSource.ASSUMED).all()


@pytest.mark.parametrize("name", REAL)
def test_with_no_road_lost_every_site_reaches_every_point(name: str) -> None:
    assert np.isfinite(travel_s(shipped(name))).all()


@pytest.mark.parametrize("name", REAL)
def test_coverage_rules_can_be_kept(name: str) -> None:
    """With every site of a tier and above open, more people than required are within its standard."""
    case = shipped(name)
    seconds = travel_s(case)
    people = np.array([point.people for point in case.scenario.demand_points])
    above: set[str] = set()
    for tier in case.scenario.tiers:
        above.add(tier.ident)
        if tier.service_standard_s is None:
            continue
        sites = [j for j, site in enumerate(case.scenario.sites) if above & set(site.tiers)]
        covered = (seconds[sites].min(axis=0) <= tier.service_standard_s) @ people / people.sum()
        assert covered > tier.min_coverage + 0.02


@pytest.mark.parametrize("name", REAL)
def test_todays_stock_is_enough_while_nothing_is_lost(name: str) -> None:
    """Shortage in these scenarios comes from lost roads and depots, not from empty shelves."""
    scenario = shipped(name).scenario
    held = np.zeros(len(scenario.commodities))
    for lot in scenario.stock:
        held[scenario.commodity_index[lot.commodity]] += lot.quantity * lot.honour_probability
    assert (held >= need(scenario).sum(axis=0)).all()


@pytest.mark.parametrize("name", REAL)
def test_bad_road_states_cut_people_off(name: str) -> None:
    """Some state leaves some points without road from most depots, and none loses everything."""
    case = shipped(name)
    scenario = case.scenario
    ensemble = sample_ensemble(case.network, scenario, 40, 5)
    depots = tuple(site.ident for site in scenario.sites if site.status in ("existing", "must_open"))
    times = TravelTimes(
        case.network,
        DijkstraEngine(case.network),
        depots,
        tuple(point.ident for point in scenario.demand_points),
    )
    reached = np.isfinite(times.seconds(ensemble))
    in_need = people_in_need(scenario) > 0
    cut_off = (~reached[:, :, in_need]).any(axis=(1, 2))
    assert cut_off.any()
    assert reached.any(axis=(1, 2)).all()


@pytest.mark.parametrize("name", ["minimal", "reserve-chain", *REAL])
def test_the_list_of_scenarios_counts_sites_and_points_right(name: str) -> None:
    lines = (SCENARIOS / "README.md").read_text(encoding="utf-8").splitlines()
    (line,) = (line for line in lines if line.startswith(f"| [`{name}`]"))
    counts = [len(rows(SCENARIOS / name / "tables" / f"{table}.csv")) for table in ("sites", "demand_points")]
    assert [int(cell) for cell in line.split("|")[-3:-1]] == counts
