"""A workbook says the same as CSV files, and helps whoever fills it in."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pytest

from depotopt.errors import InputError, UsageError
from depotopt.io.column_notes import column_examples, validation
from depotopt.io.fingerprint import scenario_hash
from depotopt.io.guide_sheet import GUIDE
from depotopt.io.hazard_blocks import KINDS
from depotopt.io.raw_tables import SETTINGS, cell_text, letters
from depotopt.io.scenario_files import load_scenario
from depotopt.io.settings_sheet import TEMPLATE_KEYS, key_path, pattern
from depotopt.io.table_schemas import TABLES
from depotopt.io.workbook import write_template, write_workbook
from depotopt.language.speech import in_paragraphs, speech
from tests.io.defects import cells, contents, reports
from tests.io.minimal_copy import MINIMAL, Case, append, cell, copy_minimal, faults_of


def with_workbook(tmp_path: Path, source: Path = MINIMAL) -> Path:
    folder = tmp_path / "book"
    shutil.copytree(source, folder, ignore=shutil.ignore_patterns("tables"))
    write_workbook(source, folder / "tables.xlsx")
    return folder


def test_csv_and_workbook_make_the_same_scenario(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    (folder / "tables" / "road_reports.csv").write_text(
        "id,street,speed_factor,from,until,trust\nR,Old Bridge,0.5,2027-03-01 07:30,2027-03-02,0.25\n",
        encoding="utf-8",
    )
    cell("sites", 4, "name", "007")(folder)
    book = load_scenario(with_workbook(tmp_path, folder))
    text = load_scenario(folder)
    assert scenario_hash(book) == scenario_hash(text)
    assert (book.sites, book.stock, book.road_reports) == (text.sites, text.stock, text.road_reports)
    assert book.sites[2].name == "007"


def test_writing_a_workbook_again_gives_equal_bytes(tmp_path: Path) -> None:
    folder = with_workbook(tmp_path)
    write_workbook(folder, tmp_path / "again.xlsx")
    assert (tmp_path / "again.xlsx").read_bytes() == (folder / "tables.xlsx").read_bytes()


def test_dates_and_numbers_typed_in_excel_are_read_as_such(tmp_path: Path) -> None:
    folder = with_workbook(tmp_path)
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    assert book["stock"]["I2"].is_date
    assert book["stock"]["D2"].value == 2000
    book["demand_points"]["I2"] = 7
    book.save(folder / "tables.xlsx")
    assert load_scenario(folder).demand_points[0].zone == "7"


@pytest.mark.parametrize(
    ("sheet", "cell_name", "value", "message"),
    [
        ("stock", "D2", True, "cell D2   found 'true', expected a whole number >= 0"),
        ("stock", "D2", 1.5, "cell D2   found '1.5', expected a whole number >= 0"),
        ("stock", "I5", 46203, "cell I5   found '46203', expected a date like 2027-03-31"),
        ("stock", "I2", "30.6.2027", "cell I2   found '30.6.2027', expected a date like 2027-03-31"),
        ("stock", "D3", None, "cell D3   found blank, expected a whole number >= 0"),
        ("stock", "J2", "note", "row 2   found 10 cells, expected 9 as in the header"),
        ("stock", "J1", "remark", "cell J1   found 'remark', no such column"),
        ("stock", "D1", "Quantity", "cell D1   found 'Quantity', no such column (did you mean 'quantity'?)"),
        ("fleet", "A2", "lorry", "cell A2   found 'lorry', no such vehicle type"),
        ("sites", "A5", "WEST", "cell A5   found 'WEST', already in row 2"),
    ],
)
def test_faults_of_a_workbook_name_sheet_and_cell(
    sheet: str, cell_name: str, value: object, message: str, tmp_path: Path
) -> None:
    folder = with_workbook(tmp_path)
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    book[sheet][cell_name] = value
    book.save(folder / "tables.xlsx")
    assert f"tables.xlsx  sheet {sheet}, {message}" in faults_of(folder)


def test_missing_and_unknown_sheets_are_named(tmp_path: Path) -> None:
    folder = with_workbook(tmp_path)
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    book["fleet"].title = "flet"
    book.save(folder / "tables.xlsx")
    assert faults_of(folder) == [
        "tables.xlsx  sheet fleet   found no such table, expected this table: Vehicles at their home depots.",
        "tables.xlsx  sheet flet   found 'flet', no such table (did you mean 'fleet'?)",
    ]


def test_sheets_of_notes_are_not_read(tmp_path: Path) -> None:
    folder = with_workbook(tmp_path)
    book = openpyxl.load_workbook(folder / "tables.xlsx")
    assert GUIDE in book.sheetnames
    book.create_sheet("_mine")["A1"] = "to do"
    book.save(folder / "tables.xlsx")
    assert faults_of(folder) == []


def test_tables_that_cannot_be_read_are_not_written(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append("tables/fleet.csv", "van,EAST\n")(folder)
    with pytest.raises(InputError, match="2 cells"):
        write_workbook(folder, tmp_path / "book.xlsx")


@pytest.mark.parametrize("language", ["en", "zh"])
def test_the_template_has_every_column_with_a_note(language: str, tmp_path: Path) -> None:
    write_template(tmp_path / "template.xlsx", language)
    book = openpyxl.load_workbook(tmp_path / "template.xlsx")
    assert book.sheetnames == [SETTINGS, *TABLES, GUIDE]
    for name, spec in TABLES.items():
        headers = list(book[name][1])
        assert [header.value for header in headers] == list(spec.columns)
        for header in headers:
            field = next(f for n, f in spec.model.model_fields.items() if header.value in (n, f.alias))
            assert field.description is not None
            meaning = speech(language)(in_paragraphs(field.description))
            assert meaning
            assert header.comment.text.startswith(meaning)


def test_the_template_offers_drop_downs(tmp_path: Path) -> None:
    write_template(tmp_path / "template.xlsx")
    book = openpyxl.load_workbook(tmp_path / "template.xlsx")
    rules = {str(rule.sqref).split(":")[0]: rule for rule in book["stock"].data_validations.dataValidation}
    assert rules["F2"].formula1 == '"physical,agreement"'
    assert rules["B2"].formula1 == "sites!$A$2:$A$20000"
    assert (rules["H2"].type, rules["H2"].formula1, rules["H2"].formula2) == ("decimal", "0", "1")


def test_the_guide_tells_every_key_of_every_hazard(tmp_path: Path) -> None:
    write_template(tmp_path / "template.xlsx", "zh")
    rows = list(openpyxl.load_workbook(tmp_path / "template.xlsx")[GUIDE].values)[3:]
    told = [str(row[1]) for row in rows if str(row[1]).startswith("hazards.NAME.")]
    assert told.count("hazards.NAME.kind") == len(KINDS)
    for model in KINDS.values():
        for name in model.model_fields:
            assert {f"hazards.NAME.{name}", f"hazards.NAME.{name}[0]"} & set(told)
    assert "hazards.NAME.events[0].water[0].depth_m" in told


def test_the_settings_offer_kinds_of_hazards(tmp_path: Path) -> None:
    write_template(tmp_path / "template.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "template.xlsx")[SETTINGS]
    (row,) = (number for number, (key, *_) in enumerate(sheet.values, 1) if key == "hazards.river.kind")
    offered = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    assert offered[f"B{row}"] == f'"{",".join(KINDS)}"'


def test_drop_downs_find_the_identifier_wherever_it_stands() -> None:
    columns = {"stock": ["site"], "sites": ["name", "lon", "id"]}
    assert validation("stock", "site", columns)["source"] == "=sites!$C$2:$C$20000"


def test_every_column_has_its_example() -> None:
    expected = {(name, column) for name, spec in TABLES.items() for column in spec.columns}
    expected |= {(SETTINGS, pattern(key_path(key) or ())) for key in TEMPLATE_KEYS}
    assert set(column_examples()) == expected


def test_examples_are_valid() -> None:
    for name, spec in TABLES.items():
        row = {column: column_examples()[name, column] for column in spec.columns}
        assert spec.model.model_validate({column: text for column, text in row.items() if text})


def test_an_unknown_language_is_misuse(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no language 'fr': there are en, zh"):
        write_template(tmp_path / "template.xlsx", "fr")


@pytest.mark.parametrize(("column", "name"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA")])
def test_columns_have_the_names_of_spreadsheets(column: int, name: str) -> None:
    assert letters(column) == name


@pytest.mark.parametrize(
    ("value", "text"),
    [(5.0, "5"), (0.1, "0.1"), (1e22, "1e+22"), (True, "true"), ("  a ", "a"), (None, "")],
)
def test_a_spreadsheet_cell_reads_like_its_csv_text(value: object, text: str) -> None:
    assert cell_text(value) == text


def test_a_text_too_long_for_excel_is_not_cut_silently(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    cell("sites", 2, "owner", "x" * 40_000)(folder)
    assert faults_of(folder) == []
    with pytest.raises(UsageError, match="40000 characters is too long"):
        write_workbook(folder, tmp_path / "book.xlsx")


CELL_CASES = [
    case
    for case in [*cells.CASES, *contents.CASES, *reports.CASES]
    if all(place.startswith("tables/") for place, _, _ in case.faults)
]


@pytest.mark.parametrize("case", CELL_CASES, ids=[case.name for case in CELL_CASES])
def test_a_workbook_has_the_faults_of_its_csv_files(case: Case, tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    case.spoil(folder)
    write_workbook(folder, folder / "tables.xlsx")
    shutil.rmtree(folder / "tables")
    with pytest.raises(InputError) as caught:
        load_scenario(folder)
    assert sorted(fault.expected for fault in caught.value.faults) == sorted(
        expected for _, _, expected in case.faults
    )
    assert all(", cell " in fault.where for fault in caught.value.faults if "column" not in fault.where)
