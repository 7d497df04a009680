"""Every seeded kind of defect, as CSV, TOML and workbook: exit 3, the place named, in both languages."""

from __future__ import annotations

import csv
import json
import re
import shutil
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.exceptions import IllegalCharacterError

from depotopt.cli import main
from depotopt.cli.exits import Exit
from depotopt.io.table_schemas import TABLES
from tests.io.defects import CASES
from tests.io.minimal_copy import Case, copy_minimal

LEAST_KINDS = 130
"""Kinds of defect seeded; docs/report.md names the count."""
CHINESE = re.compile("[\u4e00-\u9fff]")
IN_TABLES = [case for case in CASES if all(".csv" in place for place, _, _ in case.faults)]


def test_there_are_enough_kinds_and_each_has_its_name() -> None:
    assert len({case.name for case in CASES}) == len(CASES) >= LEAST_KINDS
    assert len(IN_TABLES) > 60


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_a_defect_exits_3_and_names_its_place(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_minimal(tmp_path)
    case.spoil(folder)
    assert main(["check", str(folder), "--json"]) == Exit.BAD_INPUT
    faults = json.loads(capsys.readouterr().out)["faults"]
    told = [(f"{f['file']}  {f['where']}".rstrip(), f["found"], f["expected"]) for f in faults]
    assert set(case.faults) <= set(told)
    assert main(["--lang", "zh", "check", str(folder)]) == Exit.BAD_INPUT
    seen = capsys.readouterr()
    lines = [line for line in seen.out.splitlines() if line.startswith("  ")]
    assert "Traceback" not in seen.out + seen.err
    assert all("发现：" in line for line in lines)
    for file in {place.partition("  ")[0] for place, _, _ in case.faults}:
        assert file in seen.out


def as_workbook(folder: Path) -> bool:
    """Put the tables of a folder into ``tables.xlsx`` as they stand; whether a sheet can hold them."""
    book = openpyxl.Workbook()
    book.remove(book.worksheets[0])
    for path in sorted((folder / "tables").glob("*.csv")):
        if path.stem not in TABLES:
            return False
        try:
            rows = list(csv.reader(path.read_text(encoding="utf-8").splitlines(keepends=True)))
        except UnicodeDecodeError:
            return False
        sheet = book.create_sheet(path.stem)
        for row in rows:
            try:
                sheet.append(row)
            except IllegalCharacterError:
                return False  # Control characters: no workbook holds them.
    if not book.worksheets:
        return False
    shutil.rmtree(folder / "tables")
    book.save(folder / "tables.xlsx")
    return True


@pytest.mark.parametrize("case", IN_TABLES, ids=[case.name for case in IN_TABLES])
def test_the_same_defect_in_a_workbook_names_sheet_and_cell(
    case: Case, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = copy_minimal(tmp_path)
    case.spoil(folder)
    if not as_workbook(folder):
        pytest.skip("no workbook can hold this defect")
    code = main(["check", str(folder), "--json"])
    faults = json.loads(capsys.readouterr().out)["faults"]
    if code == Exit.OK:
        assert any("cells" in found or "between cells" in found for _, found, _ in case.faults), (
            "kept in xlsx"
        )
        return
    assert code == Exit.BAD_INPUT
    sheets = {Path(place.partition("  ")[0]).stem for place, _, _ in case.faults}
    named = {found.group(1) for f in faults if (found := re.match(r"sheet (\w+)", f["where"]))}
    assert sheets & named or any("no such table" in f["found"] or "sheet" in f["where"] for f in faults)
    assert main(["--lang", "zh", "check", str(folder)]) == Exit.BAD_INPUT
    seen = capsys.readouterr()
    assert "Traceback" not in seen.out + seen.err
    assert CHINESE.search(seen.out)
