"""The scenario hash follows what a scenario says, and nothing else."""

from __future__ import annotations

import importlib
import json
import pkgutil
import shutil
from dataclasses import MISSING, field, fields, is_dataclass, make_dataclass
from pathlib import Path
from typing import Any

import pytest

import depotopt.hazards
from depotopt.io.fingerprint import FORM, hash_form, scenario_hash
from depotopt.io.scenario_files import load_scenario
from depotopt.scenario import Scenario
from depotopt.solving import SolveLimits
from tests.io.minimal_copy import MINIMAL, Spoil, append, cell, copy_minimal, edit

FROZEN = Path(__file__).parent / "frozen_defaults.json"
SPOKEN_OF = (
    "depotopt.scenario",
    "depotopt.rules",
    "depotopt.roads.profiles",
    *(f"depotopt.hazards.{one.name}" for one in pkgutil.iter_modules(depotopt.hazards.__path__)),
)


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


def test_a_value_written_out_that_is_the_default_hashes_like_none(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    edit("scenario.toml", "horizon_days = 2", "horizon_days = 2\nsingle_source = false")(folder)
    assert scenario_hash(load_scenario(folder)) == scenario_hash(load_scenario(MINIMAL))


def test_a_key_added_to_the_schema_later_leaves_the_hash_as_it_is() -> None:
    """A field that this version of depotopt does not know yet, at its default and set."""
    scenario = load_scenario(MINIMAL)
    later = make_dataclass(
        "Scenario", [("colour", str, field(default="green"))], bases=(Scenario,), frozen=True
    )
    values = {item.name: getattr(scenario, item.name) for item in fields(scenario)}
    assert scenario_hash(later(**values)) == scenario_hash(scenario)
    assert scenario_hash(later(**values, colour="red")) != scenario_hash(scenario)


def test_the_form_of_a_hash_is_read_from_it() -> None:
    assert hash_form(scenario_hash(load_scenario(MINIMAL))) == FORM
    assert hash_form("76392a3e9c96d3a0eb224e2260edd10e846c2fb32fc576e3644686f72494bec4") == 1


def defaults() -> dict[str, dict[str, str]]:
    """Defaults of everything a scenario is made of, by class and field."""
    kinds: set[Any] = {SolveLimits}
    for name in SPOKEN_OF:
        members = vars(importlib.import_module(name)).values()
        kinds |= {one for one in members if isinstance(one, type) and is_dataclass(one)}
    return {
        kind.__name__: {
            item.name: repr(item.default)
            for item in fields(kind)
            if item.default is not MISSING and not is_dataclass(item.default)
        }
        for kind in kinds
    }


def test_defaults_are_those_that_hashes_of_this_form_left_out() -> None:
    """Who changes a default raises `FORM` and writes the file anew."""
    now = defaults()
    frozen = json.loads(FROZEN.read_text(encoding="utf-8"))
    assert frozen.pop("form") == FORM
    changed = {
        f"{kind}.{name}": (value, now.get(kind, {}).get(name))
        for kind, values in frozen.items()
        for name, value in values.items()
        if now.get(kind, {}).get(name) != value
    }
    assert changed == {}
