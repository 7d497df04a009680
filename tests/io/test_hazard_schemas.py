"""Tests of `depotopt.io.hazard_schemas`: every kind is read, every fault has its own message."""

from __future__ import annotations

import math
import re
import tomllib
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from depotopt.errors import Fault
from depotopt.hazards.area import AreaHazard
from depotopt.hazards.chain import Chained
from depotopt.hazards.closures import Closures
from depotopt.hazards.earthquake import Earthquake
from depotopt.hazards.ensemble import sample_ensemble
from depotopt.hazards.flood import Flood
from depotopt.hazards.independent import IndependentFailure
from depotopt.hazards.protocol import Hazard
from depotopt.hazards.zones import Zones
from depotopt.io.hazard_blocks import KINDS
from depotopt.io.hazard_schemas import build_hazards
from tests.hazards.towns import exposure, line
from tests.io.hazard_files import shakemap_xml, write_geojson, write_geopackage, write_raster

DOCS = Path(__file__).parents[2] / "docs" / "hazards.md"


def build(text: str, folder: Path = Path()) -> tuple[tuple[Hazard, ...], list[Fault]]:
    return build_hazards(tomllib.loads(text), folder)


def one(body: str, folder: Path = Path()) -> Hazard:
    """The only hazard ``h`` of a body without faults."""
    (hazard,), faults = build(f"[h]\n{body}", folder)
    assert faults == []
    return hazard


def faults_of(body: str, folder: Path = Path()) -> list[str]:
    """Faults of a hazard ``h`` as ``where: found -> expected``."""
    _, faults = build(f"[h]\n{body}", folder)
    return [f"{fault.file} {fault.where}: {fault.found} -> {fault.expected}" for fault in faults]


def test_every_kind_has_an_example_in_the_documentation_that_is_read(tmp_path: Path) -> None:
    blocks = re.findall(r"```toml\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    tables: dict[str, Any] = {}
    for block in blocks:
        if block.startswith("[hazards."):
            tables |= tomllib.loads(block)["hazards"]
    (tmp_path / "hazards").mkdir()
    for name in set(re.findall(r'(?:file|raster) = "(hazards/[^"]+)"', DOCS.read_text(encoding="utf-8"))):
        path = tmp_path / name
        if path.suffix == ".geojson":
            write_geojson(path, [{"depth_m": 0.5, "probability": 0.2}])
        elif path.suffix == ".tif":
            pytest.importorskip("rasterio")
            write_raster(path, np.ones((2, 2), dtype=np.float32), "EPSG:4326", -1.0)
    hazards, faults = build_hazards(tables, tmp_path)
    assert faults == []
    assert {table["kind"] for table in tables.values()} == set(KINDS)
    assert len(hazards) == len(tables)


def test_closures_are_read_in_seconds() -> None:
    hazard = one(
        'kind = "closures"\nclosures = [{streets = ["b1"], probability = 0.5, from_h = 1, until_h = 2}]'
    )
    assert isinstance(hazard, Closures)
    assert (hazard.closures[0].from_s, hazard.closures[0].until_s) == (3600.0, 7200.0)
    assert hazard.closures[0].streets == ("b1",)


def test_every_way_to_write_a_place_is_read() -> None:
    places = """
    {wkt = "POINT (10 0)", radius_m = 5}, {point = [10, 0], radius_m = 5},
    {points = [[10, 0], [10.02, 0]], radius_m = 5}, {line = [[10, 0], [10.01, 0]]},
    {polygon = [[10, -1], [10.01, -1], [10.01, 1]], probability = 0.25}"""
    hazard = one(f'kind = "area"\nprobability = 0.75\nareas = [{places}]')
    assert isinstance(hazard, AreaHazard)
    assert [area.probability for area in hazard.areas] == [0.75] * 4 + [0.25]
    touched = hazard.prepare(exposure(line())).entries
    assert [int((touched.group == number).sum()) for number in range(5)] == [1, 1, 3, 2, 2]


def test_features_of_a_file_are_places_of_their_own(tmp_path: Path) -> None:
    write_geojson(tmp_path / "a.geojson", [{"probability": 0.1}, {"probability": None}])
    hazard = one('kind = "area"\nprobability = 0.9\nareas = [{file = "a.geojson"}]', tmp_path)
    assert isinstance(hazard, AreaHazard)
    assert [area.probability for area in hazard.areas] == [0.1, 0.9]


def test_a_layer_in_metres_is_reprojected(tmp_path: Path) -> None:
    write_geopackage(tmp_path / "w.gpkg", "EPSG:32632", metres=True)
    hazard = one('kind = "flood"\nwater = [{file = "w.gpkg"}]', tmp_path)
    assert isinstance(hazard, Flood)
    wet = hazard.prepare(exposure(line())).wet[0]
    assert (wet.street.tolist(), wet.depth_m.tolist()) == ([0, 2], [0.7, 0.7])


def test_zones_are_read_with_their_trigger() -> None:
    hazard = one(
        'kind = "zones"\nzones = [{point = [10, 0], radius_m = 9}]\ntrigger_probability = 0.1\n'
        "trigger_sampled = 0.5\ncorrelation_km = 3\nprobability = 0.4\nfloods = true\nuntil_h = 5"
    )
    assert isinstance(hazard, Zones)
    assert (hazard.trigger.probability, hazard.trigger.sampled, hazard.correlation_range_m) == (
        0.1,
        0.5,
        3000.0,
    )
    assert hazard.consequence.floods
    assert hazard.consequence.until_s == 18_000.0


def test_independent_failure_is_read_with_its_classes() -> None:
    hazard = one(
        'kind = "independent"\nclass_probability = {primary = 0.1}\nbridge_probability = 0.2\nper_km = true'
    )
    assert isinstance(hazard, IndependentFailure)
    assert hazard.class_probability == (("primary", 0.1),)
    assert hazard.per_km


def test_a_chain_is_read() -> None:
    text = """
    [a]
    kind = "independent"
    street_probability = 0.5
    [b]
    kind = "targeted"
    streets = ["s1"]
    after = ["a"]
    after_probability = 0.5
    after_delay_h = 1
    """
    hazards, faults = build(text)
    assert faults == []
    assert isinstance(hazards[1], Chained)
    assert hazards[1].delay_s == 3600.0


def test_an_earthquake_is_read_and_drawn() -> None:
    hazard = one(
        'kind = "earthquake"\nmagnitude = 7\nlon = 10.05\nlat = 0.05\n'
        'relation = "allen-2012"\ndepth_km = 10\n'
        'bridge_class = "HWB5"\npower_lost_from = "slight"\nsubstation_class = "low-unanchored"\n'
        "slopes = [{point = [10, 0], radius_m = 900, critical_g = 0.05, debris_clear_h = 12}]\n"
        "need_by_intensity = [[5, 0], [9, 1]]"
    )
    assert isinstance(hazard, Earthquake)
    assert hazard.seismicity.power_lost_from == 1
    assert hazard.slopes[0].debris_clear_s == 43_200.0
    assert len(sample_ensemble((hazard,), exposure(line()), 20, 1).damage) > 0


def test_a_shakemap_brings_its_magnitude(tmp_path: Path) -> None:
    rows = "9 1 80 90\n11 1 80 90\n9 -1 80 90\n11 -1 80 90"
    (tmp_path / "grid.xml").write_text(shakemap_xml(rows), encoding="utf-8")
    hazard = one('kind = "earthquake"\nshakemap = "grid.xml"', tmp_path)
    assert isinstance(hazard, Earthquake)
    assert hazard.magnitude == 7.1
    assert len(sample_ensemble((hazard,), exposure(line()), 50, 1).damage) > 0


NO_PLACE = "expected exactly one of wkt, point, points, line, polygon, file"
QUAKE = 'kind = "earthquake"\nmagnitude = 7\nlon = 10\nlat = 0\n'
WATER = 'kind = "flood"\nwater = '
POINT = "{point = [10, 0], radius_m = 5"


CASES = tomllib.loads(Path(__file__).with_name("bad_hazards.toml").read_text(encoding="utf-8"))["case"]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["faults"][0].partition(" -> ")[0])
def test_every_fault_has_its_own_message(case: dict[str, Any]) -> None:
    assert faults_of(case["body"]) == [f"scenario.toml hazards.h{fault}" for fault in case["faults"]]


def test_unknown_seismic_classes_are_listed_with_the_known() -> None:
    (fault,) = faults_of(QUAKE + 'relation = "yu-2013-east"\nroad_class = "HRD9"')
    assert fault == "scenario.toml hazards.h.road_class: 'HRD9' -> expected one of HRD1, HRD2, HTU-GF, HWB-GF"


def test_faults_inside_files_name_the_file_and_the_feature(tmp_path: Path) -> None:
    write_geojson(tmp_path / "a.geojson", [{"depth_m": 0.5}, {"depth_m": -2.0}, {}])
    assert faults_of('kind = "flood"\nwater = [{file = "a.geojson"}]', tmp_path) == [
        "a.geojson feature 2, property depth_m: '-2.0' -> expected a number >= 0",
        "a.geojson hazards.h.water[0]: no depth_m (feature 3) -> expected a depth in metres",
    ]
    write_geojson(tmp_path / "p.geojson", [{"probability": 7}])
    assert faults_of('kind = "area"\nareas = [{file = "p.geojson"}]', tmp_path) == [
        "p.geojson feature 1, property probability: '7' -> expected a number from 0 to 1"
    ]


def test_a_layer_without_reference_system_is_refused(tmp_path: Path) -> None:
    with pytest.warns(UserWarning, match="crs"):
        write_geopackage(tmp_path / "w.gpkg", None)
    assert faults_of('kind = "flood"\nwater = [{file = "w.gpkg"}]', tmp_path) == [
        "w.gpkg : no coordinate reference system -> expected one, so that places are known"
    ]


def test_files_that_hold_nothing_are_refused(tmp_path: Path) -> None:
    write_geojson(tmp_path / "empty.geojson", [])
    (tmp_path / "text.geojson").write_text("nothing")
    (fault,) = faults_of('kind = "area"\nareas = [{file = "empty.geojson"}]', tmp_path)
    assert "no features" in fault
    (fault,) = faults_of('kind = "area"\nareas = [{file = "text.geojson"}]', tmp_path)
    assert "unreadable" in fault


def test_faults_of_rasters_come_with_the_others(tmp_path: Path) -> None:
    pytest.importorskip("rasterio")
    write_raster(tmp_path / "d.tif", np.full((2, 2), -1.0, dtype=np.float32), "EPSG:4326", None)
    assert faults_of('kind = "flood"\nwater = [{raster = "d.tif"}, {}]', tmp_path) == [
        "d.tif band 1: 4 negative depths (least -1) -> "
        "expected depths >= 0, cells without data declared as nodata",
        f"scenario.toml hazards.h.water[1]: no place -> {NO_PLACE}",
    ]


def test_faults_of_all_hazards_come_at_once() -> None:
    _, faults = build(
        '[a]\nkind = "x"\n[b]\nkind = "targeted"\nstreets = []\n[c]\nkind = "flood"\nafter = ["z"]'
    )
    assert [fault.where for fault in faults] == [
        "hazards.a.kind",
        "hazards.b.streets",
        "hazards.c",
        "hazards.c.after",
    ]


def test_open_ends_are_infinite() -> None:
    hazard = one(WATER + "[" + POINT + ", depth_m = 1}]")
    assert isinstance(hazard, Flood)
    assert hazard.consequence.until_s == math.inf
