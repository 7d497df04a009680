"""A workbook alone can hold a whole scenario."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depotopt.io.fingerprint import scenario_hash
from depotopt.io.hazard_blocks import KINDS, WaterPlace
from depotopt.io.marked_copy import write_marked_copy
from depotopt.io.scenario_files import check_scenario, load_scenario
from depotopt.io.settings_sheet import (
    TEMPLATE_KEYS,
    described,
    fault_key,
    flatten,
    key_options,
    key_path,
    key_text,
)
from depotopt.io.workbook import write_template, write_workbook
from tests.io.minimal_copy import MINIMAL, copy_minimal, faults_of


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """The minimal scenario as one workbook beside its roads."""
    shutil.copytree(MINIMAL / "roads", tmp_path / "plan" / "roads")
    path = tmp_path / "plan" / "spring.xlsx"
    write_workbook(MINIMAL, path, settings=True)
    return path


def row_of(path: Path, key: str) -> int:
    cells = openpyxl.load_workbook(path)["scenario"]["A"]
    return next(int(cell.row) for cell in cells if cell.value == key)


def put(path: Path, key: str, value: object, new_key: str | None = None) -> int:
    book, row = openpyxl.load_workbook(path), row_of(path, key)
    book["scenario"][f"B{row}"] = value
    book["scenario"][f"A{row}"] = new_key or key
    book.save(path)
    return row


def test_one_workbook_is_the_same_scenario(book: Path) -> None:
    scenario = load_scenario(book)
    assert scenario_hash(scenario) == scenario_hash(load_scenario(MINIMAL))
    assert scenario.ident == "spring"
    assert check_scenario(book) == ()


def test_overrides_of_a_workbook_apply(book: Path) -> None:
    for name in ("bridge_lost", "hill_cut", "more_vans", "no_township"):
        assert scenario_hash(load_scenario(book, [name])) == scenario_hash(load_scenario(MINIMAL, [name]))


def test_a_folder_with_only_tables_xlsx_is_read_from_it(book: Path) -> None:
    book.rename(book.with_name("tables.xlsx"))
    assert load_scenario(book.parent).title == "Two banks"


def test_an_edited_value_counts(book: Path) -> None:
    put(book, "rules.horizon_days", 2.5)
    put(book, "tiers.township.counts[0].max", 2)
    scenario = load_scenario(book)
    assert scenario.rules.horizon_days == 2.5
    assert scenario.tiers[1].counts[0].maximum == 2


def test_a_blank_value_takes_the_default(book: Path) -> None:
    put(book, "rules.response_h", None)
    assert load_scenario(book).rules.response_s == 36_000


@pytest.mark.parametrize(
    ("key", "value", "new_key", "message"),
    [
        ("rules.horizon_days", "two", None, "cell B{row}   found 'two', expected a number > 0"),
        (
            "rules.horizon_days",
            2,
            "rules.horizon",
            "cell B{row}   found 'horizon', no such key (did you mean 'horizon_days'?)",
        ),
        (
            "rules.horizon_days",
            2,
            "rules..x",
            "cell A{row}   found 'rules..x', expected a key like rules.response_h",
        ),
        (
            "rules.horizon_days",
            2,
            "roads",
            "cell A{row}   found 'roads', set twice, or beside a key inside it",
        ),
        (
            "rules.horizon_days",
            2,
            "title",
            "cell A{row}   found 'title', set twice, or beside a key inside it",
        ),
        (
            "start",
            "tomorrow",
            None,
            "cell B{row}   found 'tomorrow', expected a date and time with offset like "
            "2027-03-31T08:00:00+08:00",
        ),
        ("title", None, None, "   found title: no such key, expected text in quotes"),
        (
            "tiers.county.counts[0].exact",
            2,
            None,
            "cell B{row}   found 2, above the number of its possible sites: 1",
        ),
        (
            "tiers.county.counts[0].exact",
            1,
            "tiers.county.counts[1].exact",
            "   found 'tiers.county.counts', expected numbers [0], [1], ... without gaps",
        ),
    ],
)
def test_faults_name_the_cell_of_the_key(
    key: str, value: object, new_key: str | None, message: str, book: Path
) -> None:
    row = put(book, key, value, new_key)
    separator = "" if message.startswith(" ") else ", "
    assert f"spring.xlsx  sheet scenario{separator}{message.format(row=row)}" in faults_of(book)


def test_a_marked_copy_shows_the_cell_of_a_key(book: Path, tmp_path: Path) -> None:
    row = put(book, "rules.horizon_days", 0)
    write_marked_copy(book, check_scenario(book), tmp_path / "marked.xlsx")
    cell = openpyxl.load_workbook(tmp_path / "marked.xlsx")["scenario"][f"B{row}"]
    assert cell.comment.text == "found 0, expected a number > 0"


def test_a_workbook_without_the_sheet_is_one_fault(tmp_path: Path) -> None:
    write_workbook(MINIMAL, tmp_path / "plan.xlsx")
    assert faults_of(tmp_path / "plan.xlsx") == [
        "plan.xlsx  sheet scenario   found no such sheet, "
        "expected the keys of scenario.toml in a sheet of this name"
    ]


def test_a_sheet_beside_scenario_toml_is_a_fault(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    write_workbook(MINIMAL, folder / "tables.xlsx", settings=True)
    shutil.rmtree(folder / "tables")
    assert faults_of(folder) == [
        "tables.xlsx  sheet scenario   found also a scenario.toml, expected one of the two only"
    ]


def test_an_empty_template_says_what_is_missing_and_nothing_else(tmp_path: Path) -> None:
    write_template(tmp_path / "template.xlsx")
    assert [fault.split("   ")[1].split(",")[0] for fault in faults_of(tmp_path / "template.xlsx")] == [
        "found no rows",
        "found no rows",
        "found roads: no such key",
        "found start: no such key",
        "found tiers: no such key",
        "found title: no such key",
        "found no rows",
    ]


def test_a_file_that_is_not_there_is_one_fault(tmp_path: Path) -> None:
    (message,) = faults_of(tmp_path / "nowhere.xlsx")
    assert message.startswith("nowhere.xlsx   found no readable workbook")


def test_every_key_of_the_template_has_a_meaning() -> None:
    for key in TEMPLATE_KEYS:
        path = key_path(key)
        assert path is not None
        assert described(path, "independent")[1]


@pytest.mark.parametrize("kind", KINDS)
def test_every_key_of_a_hazard_has_a_meaning(kind: str) -> None:
    for name in KINDS[kind].model_fields:
        assert described(("hazards", "river", name), kind)[1]
    assert described(("hazards", "river", "gone"), kind) == ("", "")


def test_a_key_inside_a_list_of_a_hazard_is_found() -> None:
    key = key_path("hazards.river.events[1].water[0].depth_m")
    assert key is not None
    assert described(key, "flood") == ("", WaterPlace.model_fields["depth_m"].description)


@pytest.mark.parametrize(
    ("key", "kind", "options"),
    [
        ("hazards.river.kind", "", list(KINDS)),
        ("hazards.quake.power_lost_from", "earthquake", ["slight", "moderate", "extensive", "complete"]),
        ("hazards.river.bridges_flooded", "flood", ["TRUE", "FALSE"]),
        ("rules.single_source", "", ["TRUE", "FALSE"]),
        (
            "objective.lexicographic[2]",
            "",
            ["farthest", "inequality", "cost", "mean", "cvar", "worst", "fraction"],
        ),
        ("rules.horizon_days", "", []),
        ("overrides.dry.rules.budget", "", []),
    ],
)
def test_keys_offer_the_words_they_take(key: str, kind: str, options: list[str]) -> None:
    path = key_path(key)
    assert path is not None
    assert key_options(path, kind) == options


LEAVES: st.SearchStrategy[Any] = st.one_of(st.integers(-5, 5), st.just([]), st.just({}), st.text(max_size=3))
TREES: st.SearchStrategy[Any] = st.recursive(
    LEAVES,
    lambda inner: st.one_of(
        st.lists(inner, min_size=1, max_size=3),
        st.dictionaries(st.text(min_size=1, max_size=3), inner, max_size=3),
    ),
    max_leaves=8,
)


@given(tree=st.dictionaries(st.text(min_size=1, max_size=4), TREES, min_size=1, max_size=3))
def test_every_key_can_be_read_back(tree: dict[str, Any]) -> None:
    for path, _ in flatten(tree):
        assert key_path(key_text(path)) == path


@pytest.mark.parametrize("text", ["", ".", "a.", ".a", "a..b", "a[", "a[x]", 'a."b', "a b", "[0]", "a[0]b"])
def test_what_is_no_key_is_none(text: str) -> None:
    assert key_path(text) is None


def test_faults_name_keys_without_quotes() -> None:
    assert fault_key(("tables", "fleet", "van/WEST", 0)) == "tables.fleet.van/WEST[0]"
