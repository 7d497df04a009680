"""Speeds by class and zone."""

from __future__ import annotations

import re
from pathlib import Path

from depotopt.catalog.road_speeds import road_speeds, zone_speeds
from depotopt.roads.importers.osm_tags import HIGHWAYS, MINOR_HIGHWAYS
from depotopt.roads.network import ROAD_CLASSES

DOCUMENT = Path(__file__).parents[2] / "docs" / "roads.md"


def test_every_highway_read_has_a_speed_with_source_and_mark() -> None:
    for name in (*HIGHWAYS, *MINOR_HIGHWAYS, *HIGHWAYS.values()):
        if name == "road":
            continue
        speed = road_speeds()[name]
        assert 0 < speed.speed_kmh <= 130
        assert speed.source
        assert speed.mark == "v"


def test_only_classes_that_are_assumptions_have_no_speed() -> None:
    assert set(ROAD_CLASSES) - road_speeds().keys() == {"highway", "connector"}


def test_ramps_are_no_faster_than_their_road() -> None:
    table = road_speeds()
    for name, speed in table.items():
        if name.endswith("_link"):
            assert speed.speed_kmh <= table[name.removesuffix("_link")].speed_kmh


def test_zones_are_lower_case_with_source_and_mark() -> None:
    for name, zone in zone_speeds().items():
        assert name == name.lower()
        assert 0 < zone.speed_kmh <= 140
        assert (zone.mark, bool(zone.source)) == ("v", True)


def test_the_document_shows_the_table() -> None:
    shown = {
        name: float(speed)
        for line in DOCUMENT.read_text(encoding="utf-8").splitlines()
        for name, speed in re.findall(r"\| ([a-z_]+) \| (\d+) (?=\|)", line)
    }
    assert shown == {name: speed.speed_kmh for name, speed in road_speeds().items()}
