"""Which language the files of a command are written in."""

from __future__ import annotations

from pathlib import Path

import pytest
from python_calamine import CalamineWorkbook

from depotopt.cli import main
from depotopt.cli.exits import Exit

MEANING = {"en": "One line people recognise.", "zh": "便于识别的一行标题"}


def meaning_of_the_title(template: Path) -> str:
    return str(CalamineWorkbook.from_path(str(template)).get_sheet_by_name("scenario").to_python()[1][3])


@pytest.mark.parametrize(
    ("words", "language"),
    [
        (["--lang", "zh"], "zh"),
        (["--lang", "en"], "en"),
        (["--lang", "zh", "--language", "en"], "en"),
        (["--lang", "en", "--language", "zh"], "zh"),
    ],
)
def test_a_template_speaks_the_language_of_the_command_unless_it_is_asked_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: list[str], language: str
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["template", *words]) == Exit.OK
    assert meaning_of_the_title(tmp_path / "scenario.xlsx") == MEANING[language]


def test_the_locale_chooses_as_well(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DEPOTOPT_LANG", "zh")
    assert main(["template", str(tmp_path / "empty.xlsx")]) == Exit.OK
    assert meaning_of_the_title(tmp_path / "empty.xlsx") == MEANING["zh"]


def test_a_report_of_a_dispatch_speaks_it_too(tmp_path: Path) -> None:
    scenario = Path(__file__).parents[2] / "scenarios" / "minimal"
    words = ["dispatch", str(scenario), "--time", "2", "--progress", "none", "--report", str(tmp_path)]
    assert main([*words, "--lang", "zh"]) == Exit.OK
    assert 'lang="zh' in (tmp_path / "sheets.html").read_text(encoding="utf-8")
