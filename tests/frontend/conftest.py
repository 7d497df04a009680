"""The system's browsers without a GPU, or a skip that says so."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.browser import BROWSERS, installed, launched
from benchmarks.suites.map_app import served
from benchmarks.town import Town

from depotopt.report.content import ReportContent
from depotopt.report.write import write_report
from tests.frontend.journey import opened

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright


@pytest.fixture(scope="session")
def driver() -> Iterator[Playwright]:
    playwright = pytest.importorskip("playwright.sync_api")
    with playwright.sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session", params=sorted(BROWSERS))
def browser(request: pytest.FixtureRequest, driver: Playwright) -> Iterator[Browser]:
    name: str = request.param
    path = installed(name)
    if path is None:
        pytest.skip(f"no {name} installed ({BROWSERS[name][0]} names another)")
    window = launched(driver, name, path)
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


@pytest.fixture
def address(tmp_path: Path) -> Iterator[str]:
    """`depotopt serve` as a process of its own."""
    with served(tmp_path / "runs") as found:
        yield found


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Page]:
    """The app, opened by the address it printed; errors and foreign requests fail the test."""
    with opened(browser, address) as tab:
        yield tab
