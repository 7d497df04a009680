"""One made-up region and its report, written once."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.town import Town

from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.write import write_report


@pytest.fixture(scope="session")
def content() -> ReportContent:
    return Town().content()


@pytest.fixture(scope="session")
def report(content: ReportContent, tmp_path_factory: pytest.TempPathFactory) -> ReportFiles:
    folder: Path = tmp_path_factory.mktemp("runs") / "town"
    return write_report(folder, content)
