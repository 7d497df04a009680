"""Every kind of bad input has its own message, and all of them come at once."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.io.defects import CASES
from tests.io.minimal_copy import Case, cell, copy_minimal, edit, faults_of, together


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_each_kind_of_bad_input_has_its_message(case: Case, tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    case.spoil(folder)
    assert faults_of(folder) == case.messages()


def test_all_faults_are_reported_at_once(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    together(
        cell("stock", 3, "quantity", "12O"),
        cell("sites", 4, "lon", "400"),
        cell("fleet", 2, "site", "EASTT"),
        edit("scenario.toml", "response_h = 8", "respons_h = 8"),
    )(folder)
    assert faults_of(folder) == [
        "scenario.toml  rules.respons_h   found 'respons_h', no such key (did you mean 'response_h'?)",
        "tables/fleet.csv  row 2, column site   found 'EASTT', no such site (did you mean 'EAST'?)",
        "tables/sites.csv  row 4, column lon   found '400', expected degrees from -180 to 180",
        "tables/stock.csv  row 3, column quantity   found '12O', expected a whole number >= 0",
    ]
