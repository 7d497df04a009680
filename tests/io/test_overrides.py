"""Overrides change keys and cells by name; two that set one key are a fault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from depotopt.errors import InputError, UsageError
from depotopt.io.fingerprint import scenario_hash
from depotopt.io.overrides import chosen_blocks, conflicts, leaves, merge
from depotopt.io.scenario_files import load_scenario
from tests.io.minimal_copy import MINIMAL, append, copy_minimal, edit, faults_of

TREES = st.recursive(
    st.integers(0, 3),
    lambda children: st.dictionaries(st.sampled_from("abc"), children, max_size=3),
    max_leaves=6,
)
BLOCKS = st.dictionaries(st.sampled_from("abc"), TREES, max_size=3)


def test_an_override_changes_one_key_and_keeps_its_neighbours() -> None:
    base, lost = load_scenario(MINIMAL), load_scenario(MINIMAL, ["bridge_lost"])
    assert repr(lost.hazards[0]) == repr(base.hazards[0]).replace(
        "bridge_probability=0.2", "bridge_probability=1.0"
    )
    assert lost.overrides == ("bridge_lost",)
    assert lost.sites == base.sites


def test_an_override_changes_a_cell_of_a_table() -> None:
    scenario = load_scenario(MINIMAL, ["more_vans"])
    assert [(entry.vehicle_type, entry.count) for entry in scenario.fleet] == [("truck", 1), ("van", 3)]


def test_an_override_replaces_a_list_as_a_whole() -> None:
    (rule,) = load_scenario(MINIMAL, ["no_township"]).tiers[1].counts
    assert (rule.minimum, rule.maximum) == (0, 0)


def test_several_overrides_apply_together_in_any_order() -> None:
    names = ["bridge_lost", "hill_cut", "more_vans"]
    forward, backward = load_scenario(MINIMAL, names), load_scenario(MINIMAL, names[::-1])
    assert forward.hazards == backward.hazards
    assert forward.fleet == backward.fleet


@pytest.mark.parametrize(
    ("block", "fault"),
    [
        (
            "[overrides.other.hazards.river]\nbridge_probability = 1.0\n",
            "scenario.toml  overrides.other.hazards.river.bridge_probability   found "
            "'hazards.river.bridge_probability' set by override 'bridge_lost' as well, "
            "expected only one of 'bridge_lost' and 'other' to set it",
        ),
        (
            "[overrides.other]\nhazards = 3\n",
            "scenario.toml  overrides.other.hazards   found 'hazards' set by override 'bridge_lost' as well, "
            "expected only one of 'bridge_lost' and 'other' to set it",
        ),
    ],
)
def test_two_overrides_that_set_one_key_are_a_fault_even_with_equal_values(
    block: str, fault: str, tmp_path: Path
) -> None:
    folder = copy_minimal(tmp_path)
    append("scenario.toml", "\n" + block)(folder)
    assert fault in faults_of(folder, ("bridge_lost", "other"))


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("tables.site.WEST.docks = 2", "tables.site   found 'site', no such table (did you mean 'sites'?)"),
        ("tables.sites.WST.docks = 2", "tables.sites.WST   found 'WST', no such row (did you mean 'WEST'?)"),
        (
            "tables.sites.WEST.dock = 2",
            "tables.sites.WEST.dock   found 'dock', no such column (did you mean 'docks'?)",
        ),
        ("tables.sites.WEST.docks = 0", "tables.sites.WEST.docks   found '0', expected a whole number >= 1"),
        (
            "tables.sites.WEST.docks = true",
            "tables.sites.WEST.docks   found 'true', expected a whole number >= 1",
        ),
        ("tables.sites.WEST = 3", "tables.sites.WEST   found 3, expected columns by name"),
        ("tables.sites = 3", "tables.sites   found 3, expected rows by identifier"),
        ("tables = 3", "tables   found 3, expected tables by name"),
        ("rules.horizon_days = 0", "rules.horizon_days   found 0, expected a number > 0"),
        ("rules.horizon = 1", "rules.horizon   found 'horizon', no such key (did you mean 'horizon_days'?)"),
        ("rule.horizon_days = 1", "rule   found 'rule', no such key (did you mean 'rules'?)"),
    ],
)
def test_faults_of_an_override_stand_at_the_override(block: str, message: str, tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append("scenario.toml", f"\n[overrides.slip]\n{block}\n")(folder)
    assert faults_of(folder) == []
    assert faults_of(folder, ("slip",)) == [f"scenario.toml  overrides.slip.{message}"]


def test_an_override_that_is_no_table_is_a_fault(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append("scenario.toml", "\n[overrides]\nslip = 3\n")(folder)
    assert faults_of(folder) == ["scenario.toml  overrides.slip   found 3, expected a table of changes"]


def test_a_row_without_single_key_is_named_by_all_of_them(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append("scenario.toml", '\n[overrides.more.tables.own_stock."P-HILL/water/village"]\nquantity = 250\n')(
        folder
    )
    scenario = load_scenario(folder, ["more"])
    assert scenario.demand_points[3].own_stock == (("water", 250.0),)


def test_an_override_may_fill_a_column_the_table_does_not_have(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append(
        "scenario.toml",
        "\n[overrides.small.tables.sites.EAST]\ncapacity_kg = 900\ntiers = ['township', 'county']\n",
    )(folder)
    east = load_scenario(folder, ["small"]).sites[1]
    assert (east.capacity_kg, east.tiers) == (900.0, ("township", "county"))


def test_naming_an_override_twice_is_misuse() -> None:
    with pytest.raises(UsageError, match="override 'hill_cut' is named twice"):
        load_scenario(MINIMAL, ["hill_cut", "hill_cut"])


def test_an_override_leaves_keys_out(tmp_path: Path) -> None:
    """They take their defaults, and the hash is that of a file without them."""
    folder = copy_minimal(tmp_path)
    append("scenario.toml", "\n[overrides.plain]\nunset = ['rules.horizon_days', 'rules.response_h']\n")(
        folder
    )
    scenario = load_scenario(folder, ["plain"])
    assert (scenario.rules.horizon_days, scenario.rules.response_s) == (3.0, 36_000.0)
    assert load_scenario(folder).rules.horizon_days == 2.0
    (tmp_path / "other").mkdir()
    without = copy_minimal(tmp_path / "other")
    edit("scenario.toml", "horizon_days = 2\nresponse_h = 8\n", "")(without)
    assert scenario_hash(load_scenario(without)) == scenario_hash(scenario)


def test_an_override_leaves_whole_tables_out_and_names_with_dots(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    block = "\n[hazards.'river.2']\nkind = 'closures'\nstreets = []\n[overrides.dry]\n"
    append("scenario.toml", block + "unset = ['hazards.\"river.2\"', 'hazards.river']\n")(folder)
    assert [hazard.name for hazard in load_scenario(folder, ["dry"]).hazards] == ["slide"]


@pytest.mark.parametrize(
    ("block", "message"),
    [
        ("unset = 3", "unset   found 3, expected a list of keys"),
        ("unset = [3]", "unset[0]   found 3, expected a key like 'rules.budget'"),
        ("unset = ['rules.']", "unset[0]   found 'rules.', expected a key like 'rules.budget'"),
        (
            "unset = ['title', 'rules.horizon_day']",
            "unset[1]   found 'rules.horizon_day', no such key is set (did you mean 'rules.horizon_days'?)",
        ),
        (
            "unset = ['tables.sites.WEST.docks']",
            "unset[0]   found 'tables.sites.WEST.docks', expected a key of the file; a cell is left out by "
            "setting it to ''",
        ),
        (
            "unset = ['rules.horizon_days']\nrules.horizon_days = 3",
            "unset[0]   found 'rules.horizon_days', expected a key that this override does not set as well",
        ),
        (
            "unset = ['rules']\nrules.horizon_days = 3",
            "unset[0]   found 'rules', expected a key that this override does not set as well",
        ),
    ],
)
def test_keys_that_cannot_be_left_out_are_faults(block: str, message: str, tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append("scenario.toml", f"\n[overrides.slip]\n{block}\n")(folder)
    assert f"scenario.toml  overrides.slip.{message}" in faults_of(folder, ("slip",))


def test_a_key_that_must_be_there_is_missed_when_left_out(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append("scenario.toml", "\n[overrides.slip]\nunset = ['start']\n")(folder)
    (fault,) = faults_of(folder, ("slip",))
    assert "start" in fault


def test_one_override_that_sets_what_another_leaves_out_is_a_fault(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    blocks = "\n[overrides.a]\nrules.horizon_days = 4\n[overrides.b]\nunset = ['rules.horizon_days']\n"
    append("scenario.toml", blocks)(folder)
    (fault,) = faults_of(folder, ("a", "b"))
    assert "'rules.horizon_days' set by override 'a' as well" in fault


@given(base=BLOCKS, one=BLOCKS, two=BLOCKS)
def test_overrides_without_conflict_commute(
    base: dict[str, Any], one: dict[str, Any], two: dict[str, Any]
) -> None:
    if conflicts({"one": one, "two": two}):
        return
    assert merge(base, {"one": one, "two": two})[0] == merge(base, {"two": two, "one": one})[0]


@given(one=BLOCKS, two=BLOCKS)
def test_a_shared_leaf_is_always_a_conflict(one: dict[str, Any], two: dict[str, Any]) -> None:
    if leaves(one).keys() & leaves(two).keys():
        assert conflicts({"one": one, "two": two})


def test_an_override_can_stand_in_a_file_of_its_own(tmp_path: Path) -> None:
    path = tmp_path / "more.toml"
    path.write_text("rules.budget = 5.0\n", encoding="utf-8")
    assert chosen_blocks({"overrides": {"a": {}}}, [str(path), "a"]) == {
        "more": {"rules": {"budget": 5.0}},
        "a": {},
    }


@pytest.mark.parametrize(
    ("text", "error"), [("rules = ", "not TOML"), ("[overrides.x]\n", "keys of one override only")]
)
def test_a_broken_override_file_is_a_fault(tmp_path: Path, text: str, error: str) -> None:
    path = tmp_path / "more.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=error):
        chosen_blocks({}, [str(path)])


def test_an_override_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no override file"):
        chosen_blocks({}, [str(tmp_path / "none.toml")])


def test_faults_of_an_override_file_name_that_file(tmp_path: Path) -> None:
    folder, path = copy_minimal(tmp_path), tmp_path / "more.toml"
    path.write_text("unset = ['rules.nothing']\n", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        load_scenario(folder, overrides=[str(path)])
    assert [(fault.file, fault.where) for fault in caught.value.faults] == [(str(path), "unset[0]")]
