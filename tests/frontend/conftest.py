"""The system's Chromium without a GPU, or a skip that says so."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.town import Town

from depotopt.report.content import ReportContent
from depotopt.report.write import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def chromium() -> str | None:
    """Path of a browser: ``DEPOTOPT_CHROMIUM`` or the first that is installed."""
    names = (os.environ.get("DEPOTOPT_CHROMIUM", ""), "chromium", "chromium-browser", "google-chrome")
    return next((path for name in names if name and (path := shutil.which(name))), None)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    path = chromium()
    if path is None:
        pytest.skip("no Chromium installed (set DEPOTOPT_CHROMIUM to use another)")
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        options = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]
        window = driver.chromium.launch(executable_path=path, args=options)
        yield window
        window.close()


@pytest.fixture(scope="session")
def content() -> ReportContent:
    return Town().content()


@pytest.fixture(scope="session")
def map_file(content: ReportContent, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_report(tmp_path_factory.mktemp("runs") / "town", content).map


@pytest.fixture
def page(browser: Browser, map_file: Path) -> Iterator[Page]:
    """The map, opened from the disk and drawn; errors on the page fail the test."""
    tab = browser.new_page(viewport={"width": 1400, "height": 900})
    faults: list[str] = []
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    tab.goto(map_file.as_uri())
    tab.wait_for_selector("html[data-ready=yes]")
    yield tab
    tab.close()
    assert faults == []
