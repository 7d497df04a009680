"""Workbook, route sheets and chart pages say every text through their words, whatever the language."""

from __future__ import annotations

import html
import re
from pathlib import Path

import openpyxl
import pytest

from depotopt.report import wording
from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.write import write_report
from tests.language.pseudo import LETTERS, PSEUDO, marked, unmarked

UNITS = {"km", "kg", "m", "m³", "t", "d", "h", "min", "P"}


@pytest.fixture
def files(content: ReportContent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ReportFiles:
    """A report in a made-up language that marks its words."""
    strings = {key: {**entry, "pseudo": marked(entry["en"])} for key, entry in wording.all_strings().items()}
    monkeypatch.setattr(wording, "LANGUAGES", ("en", "zh", "pseudo"))
    monkeypatch.setattr(wording, "all_strings", lambda: strings)
    monkeypatch.setattr(wording, "speech", lambda _: PSEUDO)
    return write_report(tmp_path / "report", content, language="pseudo")


def chosen_by_people(content: ReportContent) -> set[str]:
    """Words of the scenario, of its roads and of the plan's identifiers."""
    network = content.network
    parts = [repr(content.scenario), *network.streets.name, *network.streets.ident, network.attribution]
    parts += [network.source, *content.road_state.causes, repr(content.plan)]
    return set(LETTERS.findall(" ".join([*parts, repr(content.evaluation)]))) | UNITS


def test_the_workbook_is_said(files: ReportFiles, content: ReportContent) -> None:
    known = chosen_by_people(content)
    said = 0
    for sheet in openpyxl.load_workbook(files.workbook):
        assert unmarked(sheet.title) == set()
        for row in sheet.iter_rows():
            for cell in row:
                if isinstance(cell.value, str):
                    left = {word for word in unmarked(cell.value) - known if not re.search(r"\d", word)}
                    assert left == set(), (sheet.title, cell.coordinate, cell.value)
                    said += "\u27e6" in cell.value
    assert said > 100


def test_the_route_sheets_are_said(files: ReportFiles, content: ReportContent) -> None:
    assert files.sheets is not None
    page = files.sheets.read_text(encoding="utf-8").split("</head>")[1]
    page = re.sub(r"<svg class=\"code\".*?</svg>", " ", page, flags=re.DOTALL)
    text = html.unescape(re.sub(r"<[^>]*>", " ", page))
    labels = " ".join(re.findall(r'(?:aria-label|title|alt)="([^"]*)"', page))
    known = chosen_by_people(content) | {"A", "B", "C"}
    left = {word for word in unmarked(f"{text} {labels}") - known if not re.search(r"\d", word)}
    assert left == set()
    assert "\u27e6" in text
