from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
import python_calamine
from benchmarks.town import Town

from depotopt.errors import UsageError
from depotopt.report import workbook
from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.write import write_report


def test_equal_content_gives_equal_files(report: ReportFiles, tmp_path: Path) -> None:
    again = write_report(tmp_path / "again", Town().content())
    for path in sorted(p for p in report.folder.rglob("*") if p.is_file()):
        other = again.folder / path.relative_to(report.folder)
        assert other.read_bytes() == path.read_bytes(), path.name


def test_nothing_is_left_behind_when_writing_fails(
    content: ReportContent, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(workbook, "write_workbook", broken)
    with pytest.raises(OSError, match="disk full"):
        write_report(tmp_path / "run", content)
    assert list(tmp_path.iterdir()) == []


def test_an_older_report_is_replaced_whole(content: ReportContent, tmp_path: Path) -> None:
    write_report(tmp_path / "run", dataclasses.replace(content, attachments={"plan/old.json": b"{}"}))
    files = write_report(tmp_path / "run", dataclasses.replace(content, dispatch=None, siting=None))
    assert files.sheets is None
    assert not (tmp_path / "run" / "sheets.html").exists()
    assert not (tmp_path / "run" / "plan").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_is_no_report_is_not_touched(content: ReportContent, tmp_path: Path) -> None:
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(UsageError, match="not a report folder"):
        write_report(tmp_path, content)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_attachments_stand_beside_the_report(content: ReportContent, tmp_path: Path) -> None:
    files = write_report(tmp_path / "run", dataclasses.replace(content, attachments={"plan/d.json": b"[]"}))
    assert files.attachments["plan/d.json"].read_bytes() == b"[]"


@pytest.mark.parametrize("name", ["../out.txt", "/out.txt"])
def test_attachments_do_not_leave_the_folder(content: ReportContent, name: str) -> None:
    with pytest.raises(UsageError, match="leave the report folder"):
        dataclasses.replace(content, attachments={name: b""})


def test_an_attachment_does_not_replace_a_file_of_the_report(content: ReportContent, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="overwrite"):
        write_report(tmp_path / "run", dataclasses.replace(content, attachments={"map.html": b""}))


def test_workbook_and_sheets_speak_chinese(content: ReportContent, tmp_path: Path) -> None:
    files = write_report(tmp_path / "run", content, language="zh")
    with python_calamine.CalamineWorkbook.from_path(files.workbook) as book:
        assert book.sheet_names[:3] == ["概况", "布局", "库存"]
        assert "未满足需求" in book.sheet_names
    assert files.sheets is not None
    assert "装货" in files.sheets.read_text(encoding="utf-8")
    assert '<html lang="zh-CN" data-language="zh">' in files.map.read_text(encoding="utf-8")
