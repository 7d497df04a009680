"""A faulty workbook comes back with its faults marked, and a corrected copy can be read."""

from __future__ import annotations

import shutil
from pathlib import Path

import openpyxl
import pytest

from depotopt.errors import Fault, InputError, UsageError
from depotopt.io.fingerprint import scenario_hash
from depotopt.io.marked_copy import FAULT_SHEET, place_in_workbook, write_marked_copy
from depotopt.io.scenario_files import check_scenario, load_scenario
from depotopt.io.workbook import write_workbook
from tests.io.minimal_copy import MINIMAL, append, cell, copy_minimal, edit, together


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The minimal scenario with a workbook instead of CSV files."""
    target = tmp_path / "case"
    shutil.copytree(MINIMAL, target, ignore=shutil.ignore_patterns("tables"))
    write_workbook(MINIMAL, target / "tables.xlsx")
    return target


def spoil(folder: Path, sheet: str, cell: str, value: object) -> None:
    path = folder / "tables.xlsx"
    book = openpyxl.load_workbook(path)
    book[sheet][cell] = value
    book.save(path)


def faults_of(folder: Path) -> tuple[Fault, ...]:
    with pytest.raises(InputError) as caught:
        load_scenario(folder)
    return caught.value.faults


def test_faults_name_sheet_and_cell(folder: Path) -> None:
    spoil(folder, "stock", "D3", "12O")
    spoil(folder, "sites", "C4", 400)
    assert [str(fault) for fault in faults_of(folder)] == [
        "tables.xlsx  sheet sites, cell C4   found '400', expected degrees from -180 to 180",
        "tables.xlsx  sheet stock, cell D3   found '12O', expected a whole number >= 0",
    ]


def test_faulty_cells_are_coloured_and_explained(folder: Path, tmp_path: Path) -> None:
    spoil(folder, "stock", "D3", "12O")
    marked = write_marked_copy(folder / "tables.xlsx", faults_of(folder), tmp_path / "marked.xlsx")
    cell = openpyxl.load_workbook(tmp_path / "marked.xlsx")["stock"]["D3"]
    assert marked == 1
    assert cell.comment.text == "found '12O', expected a whole number >= 0"
    assert cell.fill.start_color.rgb == "FFFFC7CE"
    assert cell.value == "12O"


def test_all_faults_stand_on_the_first_sheet(folder: Path, tmp_path: Path) -> None:
    spoil(folder, "stock", "D3", "12O")
    spoil(folder, "fleet", "B2", "WST")
    write_marked_copy(folder / "tables.xlsx", faults_of(folder), tmp_path / "marked.xlsx", language="zh")
    book = openpyxl.load_workbook(tmp_path / "marked.xlsx")
    assert book.sheetnames[0] == FAULT_SHEET
    assert [[cell.value for cell in row] for row in book[FAULT_SHEET].iter_rows()] == [
        ["工作表", "单元格", "问题"],
        ["fleet", "B2", "发现：'WST'；没有此库点（是否为“WEST”？）"],
        ["stock", "D3", "发现：'12O'；应为：不小于 0 的整数"],
    ]


def test_a_corrected_copy_is_the_scenario_it_should_be(folder: Path, tmp_path: Path) -> None:
    spoil(folder, "stock", "D3", "12O")
    write_marked_copy(folder / "tables.xlsx", faults_of(folder), folder / "tables.xlsx")
    spoil(folder, "stock", "D3", 1500)
    assert scenario_hash(load_scenario(folder)) == scenario_hash(load_scenario(MINIMAL))


def test_a_second_marking_removes_the_first_and_keeps_notes_of_others(folder: Path, tmp_path: Path) -> None:
    spoil(folder, "stock", "D1", "quantities")
    before = openpyxl.load_workbook(folder / "tables.xlsx")["stock"]["D1"].comment.text
    path = tmp_path / "marked.xlsx"
    write_marked_copy(folder / "tables.xlsx", faults_of(folder), path)
    assert before in openpyxl.load_workbook(path)["stock"]["D1"].comment.text
    assert openpyxl.load_workbook(path)["stock"]["D1"].comment.text != before
    write_marked_copy(path, [], path)
    book = openpyxl.load_workbook(path)
    assert book["stock"]["D1"].comment.text == before
    assert book["stock"]["D1"].fill.fill_type is None
    assert [row[2].value for row in book[FAULT_SHEET].iter_rows()] == ["fault"]


@pytest.mark.parametrize(
    ("where", "place"),
    [
        ("sheet stock, cell D14", ("stock", "D14")),
        ("sheet stock, row 7", ("stock", "A7")),
        ("sheet stock, row 7, column lot", ("stock", "A7")),
        ("sheet stock", ("stock", "A1")),
        ("rules.budget", None),
        ("", None),
    ],
)
def test_places_in_sheets_are_understood(where: str, place: tuple[str, str] | None) -> None:
    assert place_in_workbook(Fault("tables.xlsx", where, "x", "expected y")) == place


def test_text_that_looks_like_a_formula_stays_text(folder: Path, tmp_path: Path) -> None:
    path = tmp_path / "marked.xlsx"
    fault = Fault("tables.xlsx", "sheet stock, cell D3", "x", "expected y")
    write_marked_copy(folder / "tables.xlsx", [fault], path, say=lambda _: "=1+1\x00")
    cell = openpyxl.load_workbook(path)[FAULT_SHEET]["C2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s")


def test_what_is_no_workbook_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "note.xlsx"
    path.write_text("no workbook", encoding="utf-8")
    with pytest.raises(UsageError, match=r"note\.xlsx cannot be opened"):
        write_marked_copy(path, [], tmp_path / "marked.xlsx")


def test_csv_files_become_a_marked_workbook(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    together(
        edit("tables/stock.csv", "W-NEW,WEST,water,1500", "\nW-NEW,WEST,water,12O"),
        edit("tables/fleet.csv", "vehicle_type,site,count", "vehicle_type,place,count"),
        cell("vehicle_types", 2, "volume_m3", "1e999"),
        append("tables/own_stock.csv", "P-HILL,water,1,village,extra\n"),
        edit("scenario.toml", "horizon_days = 2", "horizon_days = 0"),
    )(folder)
    faults = check_scenario(folder)
    marked = write_marked_copy(folder, faults, tmp_path / "marked.xlsx")
    book = openpyxl.load_workbook(tmp_path / "marked.xlsx")
    assert book["stock"]["D4"].value == "12O"
    assert book["stock"]["D4"].comment.text == "found '12O', expected a whole number >= 0"
    assert "found 'place', no such column" in book["fleet"]["B1"].comment.text
    assert "no column site" in book["fleet"]["A1"].comment.text
    assert book["vehicle_types"]["E2"].fill.start_color.rgb == "FFFFC7CE"
    assert "5 cells" in book["own_stock"]["A3"].comment.text
    assert marked == 5
    assert len(list(book[FAULT_SHEET].iter_rows())) == 1 + len(faults) == 7


def test_a_folder_with_a_workbook_is_marked_as_that_workbook(folder: Path, tmp_path: Path) -> None:
    spoil(folder, "stock", "D3", "12O")
    assert write_marked_copy(folder, faults_of(folder), tmp_path / "marked.xlsx") == 1
