"""The system's browsers without a GPU, or a skip that says so."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from benchmarks.browser import BROWSERS, installed, launched
from benchmarks.town import Town

from depotopt.report.content import ReportContent
from depotopt.report.write import write_report

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

SCENARIOS = Path(__file__).parents[2] / "scenarios"


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
    words = ["serve", str(SCENARIOS), "--runs", str(tmp_path / "runs"), "--no-browser"]
    server = subprocess.Popen([sys.executable, "-m", "depotopt", *words], stdout=subprocess.PIPE, text=True)
    assert server.stdout is not None
    found = re.search(r"http://\S+", server.stdout.readline())
    assert found is not None
    yield found.group(0)
    server.terminate()
    server.wait(timeout=30)
    server.stdout.close()


@pytest.fixture
def desk(browser: Browser, address: str) -> Iterator[Page]:
    """The app, opened by the address it printed; errors and foreign requests fail the test."""
    tab = browser.new_page(viewport={"width": 1400, "height": 900})
    faults: list[str] = []
    home = address.split("/?")[0]
    tab.on("pageerror", lambda error: faults.append(str(error)))
    tab.on("console", lambda message: faults.append(message.text) if message.type == "error" else None)
    tab.on(
        "request",
        lambda request: (
            None
            if request.url.startswith((home, "data:", "blob:"))
            else faults.append(f"request to {request.url}")
        ),
    )
    tab.set_default_timeout(60_000)
    tab.goto(address)
    tab.wait_for_selector(".entry")
    yield tab
    tab.close()
    assert faults == []
