"""What cannot be meant is refused; odd but sane numbers are not."""

from __future__ import annotations

from pathlib import Path

import pytest

from depotopt.errors import InputError
from depotopt.io.scenario_files import load_scenario
from tests.io.minimal_copy import copy_minimal, edit

HALL = "capacity_m3 = 500, capacity_kg = 200000"
HEAD = "id,name,unit,kg_per_unit,m3_per_unit,per_person_day,unit_cost\n"


@pytest.mark.parametrize(
    "storage",
    [
        "capacity_m3 = 500, capacity_kg = 1e9",  # No limit on weight.
        "capacity_m3 = 1e9, capacity_kg = 200000",  # None on volume.
        "capacity_m3 = 1e9, capacity_kg = 1e9",
        "capacity_m3 = 400000, capacity_kg = 4e7",  # A national depot.
    ],
)
def test_storage_may_be_huge_or_limited_by_one_of_the_two(tmp_path: Path, storage: str) -> None:
    folder = copy_minimal(tmp_path)
    edit("scenario.toml", HALL, storage)(folder)
    assert load_scenario(folder).tiers[0].size_classes[0].capacity_kg >= 200_000


@pytest.mark.parametrize(
    "storage", ["capacity_m3 = 500, capacity_kg = 200", "capacity_m3 = 0.5, capacity_kg = 2e5"]
)
def test_tonnes_for_kilograms_and_thousands_of_cubic_metres_are_refused(tmp_path: Path, storage: str) -> None:
    folder = copy_minimal(tmp_path)
    edit("scenario.toml", HALL, storage)(folder)
    with pytest.raises(InputError, match="are the units right"):
        load_scenario(folder)


@pytest.mark.parametrize(
    "row",
    [
        "water,Water,L,1,0.001,3,0.1",
        "water,Tablets,strip,0.02,0.00002,0.2,0.1",
        "water,Sleeping mat,piece,0.35,0.03,1,2",
        "water,Steel pegs,piece,0.4,0.0001,1,2",
    ],
)
def test_litres_strips_mats_and_pegs_are_sane(tmp_path: Path, row: str) -> None:
    folder = copy_minimal(tmp_path)
    table = folder / "tables" / "commodities.csv"
    table.write_text(f"{HEAD}{row}\ntent,Tent,piece,55,0.3,0.2,100\n", encoding="utf-8")
    assert load_scenario(folder).commodities[0].m3_per_unit > 0
