"""The scenario hash follows what a scenario says, and nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from depotopt.io.fingerprint import scenario_hash
from depotopt.io.scenario_files import load_scenario
from tests.io.minimal_copy import MINIMAL, Spoil, append, cell, copy_minimal, edit


def test_the_same_scenario_elsewhere_has_the_same_hash(tmp_path: Path) -> None:
    folder = tmp_path / "other name"
    shutil.copytree(MINIMAL, folder)
    assert scenario_hash(load_scenario(folder)) == scenario_hash(load_scenario(MINIMAL))


def test_form_does_not_matter(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    edit("tables/fleet.csv", "truck,WEST,1\n", "\ntruck, WEST ,1.0\n")(folder)
    append("scenario.toml", "\n# a remark\n")(folder)
    assert scenario_hash(load_scenario(folder)) == scenario_hash(load_scenario(MINIMAL))


def test_an_override_hashes_like_the_values_it_sets(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    edit("scenario.toml", "bridge_probability = 0.2", "bridge_probability = 1.0")(folder)
    assert scenario_hash(load_scenario(folder)) == scenario_hash(load_scenario(MINIMAL, ["bridge_lost"]))


@pytest.mark.parametrize(
    "change",
    [
        cell("stock", 2, "quantity", "2001"),
        cell("stock", 2, "expiry", "2027-07-01"),
        cell("demand_points", 2, "lon", "100.09241"),
        edit("scenario.toml", "horizon_days = 2", "horizon_days = 2.5"),
        edit("scenario.toml", "bridge_probability = 0.2", "bridge_probability = 0.3"),
        edit("scenario.toml", "design_seed = 1", "design_seed = 3"),
        edit("roads/links.csv", "1,2,9000", "1,2,9001"),
    ],
)
def test_every_change_of_content_changes_the_hash(change: Spoil, tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    change(folder)
    assert scenario_hash(load_scenario(folder)) != scenario_hash(load_scenario(MINIMAL))
