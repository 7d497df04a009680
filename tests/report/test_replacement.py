"""A report is replaced without a moment at which a killed process could lose both."""

from __future__ import annotations

from pathlib import Path

import pytest

from depotopt.report.replacement import bring_back, move_into_place


def made(folder: Path, text: str) -> Path:
    folder.mkdir()
    (folder / "layout.json").write_text(text, encoding="utf-8")
    return folder


def test_the_new_report_takes_the_name_and_the_old_one_goes(tmp_path: Path) -> None:
    made(tmp_path / "run", "old")
    move_into_place(made(tmp_path / ".new", "new"), tmp_path / "run")
    assert (tmp_path / "run" / "layout.json").read_text(encoding="utf-8") == "new"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


@pytest.mark.parametrize("renamed", [0, 1])
def test_a_replacement_cut_short_is_brought_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, renamed: int
) -> None:
    """Cut before the new report has its name the old one returns, after it the new one stays."""
    made(tmp_path / "run", "old")
    new, rename, calls = made(tmp_path / ".new", "new"), Path.rename, []

    def cut(path: Path, target: Path) -> Path:
        calls.append(path)
        if len(calls) == 2 and not renamed:
            raise KeyboardInterrupt
        return rename(path, target)

    def no_removal(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "rename", cut)
    monkeypatch.setattr("depotopt.report.replacement.shutil.rmtree", no_removal)
    with pytest.raises(KeyboardInterrupt):
        move_into_place(new, tmp_path / "run")
    monkeypatch.undo()
    brought = bring_back(tmp_path)
    assert brought == ([] if renamed else [tmp_path / "run"])
    assert (tmp_path / "run" / "layout.json").read_text(encoding="utf-8") == ("new" if renamed else "old")
    assert not list(tmp_path.glob("*.old"))
