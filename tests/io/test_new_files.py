"""Files are written where they belong and never over others."""

from __future__ import annotations

from pathlib import Path

import pytest

from depotopt.errors import UsageError
from depotopt.io.new_files import require_ending, require_new_file


def test_a_new_file_of_the_right_kind_may_be_written(tmp_path: Path) -> None:
    require_new_file(tmp_path / "救灾 物资.XLSX", ".xlsx")
    assert not list(tmp_path.iterdir())


def test_what_stands_there_already_stays(tmp_path: Path) -> None:
    (tmp_path / "filled-in.xlsx").write_text("hours of work", encoding="utf-8")
    with pytest.raises(UsageError, match="exists already"):
        require_new_file(tmp_path / "filled-in.xlsx", ".xlsx")


def test_another_ending_is_refused() -> None:
    with pytest.raises(UsageError, match=r"does not end in \.gpkg"):
        require_ending(Path("scenario.toml"), ".gpkg")
