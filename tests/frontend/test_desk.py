"""An officer's way through the web app, in a real browser, with requests to nowhere else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PATIENCE_MS = 180_000


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
    tab.goto(address)
    tab.wait_for_selector(".entry")
    yield tab
    tab.close()
    assert faults == []


def test_choose_run_look_and_explain(desk: Page) -> None:
    assert "token" not in desk.url
    desk.get_by_role("button", name=re.compile("Two banks")).click()
    desk.wait_for_selector(".good")
    desk.get_by_label("bridge_lost").check()
    desk.wait_for_selector(".good")
    desk.fill("input[name=states]", "3")
    desk.fill("input[name=unseen]", "6")
    desk.get_by_role("button", name="Run", exact=True).click()
    desk.wait_for_selector("iframe.map", timeout=PATIENCE_MS)
    assert desk.locator("h1").inner_text() == "Done"
    assert "People within 15 min" in desk.locator("table").inner_text()
    assert "depotopt run" in (desk.locator(".command").text_content() or "")
    report = desk.frame_locator("iframe.map")
    report.locator("html[data-ready=yes]").wait_for(state="attached", timeout=PATIENCE_MS)
    desk.get_by_role("button", name="Why these depots?").click()
    desk.get_by_text("Without it, per year").wait_for(timeout=PATIENCE_MS)
    assert "WEST" in desk.locator("table").inner_text()


def test_stop_keeps_the_best_plan(desk: Page) -> None:
    desk.get_by_role("button", name=re.compile("Two banks")).click()
    desk.wait_for_selector(".good")
    desk.fill("input[name=states]", "3")
    desk.fill("input[name=unseen]", "60000")
    desk.get_by_role("button", name="Run", exact=True).click()
    desk.get_by_text(re.compile("of 60000 road states")).wait_for(timeout=PATIENCE_MS)
    desk.get_by_role("button", name="Stop and keep the best plan").click()
    desk.wait_for_selector("iframe.map", timeout=PATIENCE_MS)
    assert desk.locator("h1").inner_text() == "Stopped; the best plan is kept"


def test_the_page_speaks_chinese(desk: Page) -> None:
    desk.get_by_role("button", name="中文").click()
    assert "规划情景" in desk.locator("nav").inner_text()
    assert desk.evaluate("document.documentElement.lang") == "zh-CN"
