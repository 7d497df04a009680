"""Route sheets become a PDF, by a browser or by typst; where neither is there, the message says so."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path

import pytest

from depotopt.errors import EngineError, MissingExtraError, UsageError
from depotopt.report.content import ReportFiles
from depotopt.report.paper import VARIABLE, chromium, print_sheets, with_pdf
from depotopt.report.typeset import typeset


def pages(pdf: Path) -> int:
    """Pages a PDF says it has, where its page tree is not packed away; else 0."""
    counts = re.findall(
        rb"/Type\s*/Pages\b[^>]*?/Count (\d+)|/Count (\d+)[^>]*?/Type\s*/Pages\b", pdf.read_bytes()
    )
    return max((int(a or b) for a, b in counts), default=0)


def test_typst_sets_a_page_per_vehicle_at_least(
    report: ReportFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "")
    assert report.sheets is not None
    assert print_sheets(report.sheets, tmp_path / "sheets.pdf") == "typst"
    assert (tmp_path / "sheets.pdf").read_bytes().startswith(b"%PDF-")
    vehicles = report.sheets.read_text(encoding="utf-8").count('<section class="sheet"')
    assert vehicles > 1
    assert pages(tmp_path / "sheets.pdf") in (0, *range(vehicles, 3 * vehicles))


def test_names_are_texts_never_markup(tmp_path: Path) -> None:
    page = '<body><section class="sheet"><h1>#panic("x") $ * _ \\ "q" 乌什</h1></section></body>'
    typeset(page, tmp_path / "x.pdf")
    assert (tmp_path / "x.pdf").stat().st_size > 1000


@pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine")
def test_a_browser_prints_them(report: ReportFiles, tmp_path: Path) -> None:
    assert report.sheets is not None
    assert print_sheets(report.sheets, tmp_path / "sheets.pdf") == "chromium"
    vehicles = report.sheets.read_text(encoding="utf-8").count('<section class="sheet"')
    assert pages(tmp_path / "sheets.pdf") >= vehicles


def test_without_either_the_message_names_the_extra(
    report: ReportFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, "")
    monkeypatch.setattr(importlib.util, "find_spec", lambda _: None)
    assert report.sheets is not None
    with pytest.raises(MissingExtraError, match=r"depotopt\[pdf\]"):
        print_sheets(report.sheets, tmp_path / "sheets.pdf")


def test_a_browser_that_fails_is_named(
    report: ReportFiles, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken = tmp_path / "browser"
    broken.write_text("#!/bin/sh\nexit 7\n")
    broken.chmod(0o755)
    monkeypatch.setenv(VARIABLE, str(broken))
    assert report.sheets is not None
    with pytest.raises(EngineError, match="code 7"):
        print_sheets(report.sheets, tmp_path / "sheets.pdf")


def test_without_a_plan_there_is_nothing_to_print(report: ReportFiles, tmp_path: Path) -> None:
    from dataclasses import replace

    with pytest.raises(UsageError, match="no route sheet"):
        with_pdf(replace(report, sheets=None))
    with pytest.raises(UsageError, match="no route sheets at"):
        print_sheets(tmp_path / "nowhere.html", tmp_path / "x.pdf")
