"""Faults stand in reading order, however many there are."""

from __future__ import annotations

from pathlib import Path

from depotopt.errors import Fault, InputError
from tests.io.minimal_copy import copy_minimal, faults_of, write


def test_row_three_stands_before_row_fourteen() -> None:
    rows = [Fault("tables/stock.csv", f"row {row}, column lot", "x", "expected y") for row in (14, 3, 100)]
    assert [fault.where for fault in InputError("case", rows).faults] == [
        "row 3, column lot",
        "row 14, column lot",
        "row 100, column lot",
    ]


def test_thousands_of_faults_are_all_reported(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    rows = "".join(f"L{number},S{number},water,1\n" for number in range(3_000))
    write("tables/stock.csv", "lot,site,commodity,quantity\n" + rows)(folder)
    messages = faults_of(folder)
    assert len(messages) == 3_000
    assert messages[-1] == "tables/stock.csv  row 3001, column site   found 'S2999', no such site"
