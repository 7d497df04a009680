"""The road cases and the reader they are judged by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import osmium
import pytest
from benchmarks.case import Plan
from benchmarks.process import measure
from benchmarks.readers.raw_roads import raw_bridges
from benchmarks.suites.roads_import import cases

from tests.roads.importers.osm_text import Way, write_osm

STEP_KM = 0.1112


def test_raw_bridges_are_summed_piece_by_piece(tmp_path: Path) -> None:
    ways = [
        Way("abc", {"bridge": "yes"}),
        Way("cde", {"bridge": "viaduct", "oneway": "yes"}),
        Way("ef", {"bridge": "no"}),
        Way("fg", {"bridge": "yes", "highway": "footway"}),
    ]
    found = raw_bridges(write_osm(tmp_path / "roads.osm", ways))
    assert found.ways == 3
    assert found.drivable_km == pytest.approx(4 * STEP_KM, rel=1e-3)
    assert found.directed_km == pytest.approx(6 * STEP_KM, rel=1e-3)


def test_only_pieces_between_known_vertices_are_inside(tmp_path: Path) -> None:
    found = raw_bridges(write_osm(tmp_path / "roads.osm", [Way("abcd", {"bridge": "yes"})]))
    inside = found.inside_km(np.array([0.0]), np.array([0.0]), np.array([[0.001, 0.0], [0.002, 0.0]]))
    assert inside == pytest.approx(2 * STEP_KM, rel=1e-3)


def test_every_road_file_of_the_folder_is_a_case_and_smoke_takes_the_small_ones(tmp_path: Path) -> None:
    (tmp_path / "town.osm.pbf").touch()
    (tmp_path / "county_osmnx.graphml.gz").touch()
    (tmp_path / "notes.txt").touch()
    (tmp_path / "land.npz").write_bytes(bytes(2_000_000))
    full = [case.name for case in cases(Plan(tmp_path, smoke=False, seed=1))]
    smoke = [case.name for case in cases(Plan(tmp_path, smoke=True, seed=1))]
    assert [name for name in full if name.endswith("-import")] == [
        "county-import",
        "town-import",
        "land-import",
    ]
    assert "town-bridges" in smoke
    assert "land-import" not in smoke
    assert "county-bridges" not in full


def test_without_a_folder_the_usual_files_are_named(tmp_path: Path) -> None:
    names = [case.name for case in cases(Plan(tmp_path / "absent", smoke=False, seed=1))]
    assert {"andorra-import", "porto-import", "porto-bridges", "shenzhen-import", "china-import"} <= set(
        names
    )


def test_a_case_reads_and_judges_its_file(tmp_path: Path) -> None:
    ways = [Way("abc"), Way("cd", {"bridge": "yes"}), Way("de")]
    text = write_osm(tmp_path / "roads.osm", ways)
    with osmium.SimpleWriter(str(tmp_path / "andorra.osm.pbf")) as writer:
        for item in osmium.FileProcessor(str(text)):
            writer.add(item)
    plan = Plan(tmp_path, smoke=True, seed=1)
    [case] = [case for case in cases(plan) if case.name == "andorra-bridges"]
    rows = measure("roads", case, plan)
    assert [row.metric for row in rows] == ["bridge_km", "kept_bridge_km"]
    for row in rows:
        assert row.value == pytest.approx(STEP_KM, rel=1e-3)
        assert row.reference == pytest.approx(STEP_KM, rel=1e-3)
        assert row.faults == ()
