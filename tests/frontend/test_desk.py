"""An officer's way through the web app, in a real browser, with requests to nowhere else."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

playwright = pytest.importorskip("playwright.sync_api")
expect = playwright.expect

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


def run_small(desk: Page, *overrides: str) -> None:
    """Run the minimal scenario with few states and wait for its map."""
    desk.get_by_role("button", name=re.compile("Two banks")).click()
    desk.wait_for_selector(".good")
    for name in overrides:
        desk.get_by_label(name).check()
        desk.wait_for_selector(".good")
    for field, value in (("states", "3"), ("unseen", "6"), ("state", "-1")):
        desk.fill(f"input[name={field}]", value)
    desk.get_by_role("button", name="Run", exact=True).click()
    desk.wait_for_selector("iframe.map[data-ready=yes]", timeout=PATIENCE_MS)


def test_an_officer_closes_a_road_and_gets_the_changed_sheets(desk: Page) -> None:
    """Click a street, draw an area, take it off again, slow the street, plan anew, open the sheets."""
    run_small(desk)
    canvas = desk.frame_locator("iframe.map").locator(".canvas")
    report = next(frame for frame in desk.frames if "map.html" in frame.url)
    pixel = report.evaluate(
        """() => {
            const { model, chart, map } = depotopt;
            const piece = model.names.indexOf("Old Bridge");
            const at = chart.roads.middle([...model.roads.name].indexOf(piece));
            // Close up, so that no place's symbol lies over the road.
            map.getView().setCenter([at[0] + model.roads.origin[0], at[1] + model.roads.origin[1]]);
            map.getView().setResolution(3);
            map.renderSync();
            return map.getSize().map((side) => side / 2);
        }"""
    )
    canvas.click(position={"x": pixel[0], "y": pixel[1]})
    desk.get_by_text("Old Bridge", exact=True).wait_for()
    desk.get_by_role("button", name="Close it").click()
    desk.get_by_role("button", name="Draw an area").click()
    for x, y in ((220, 60), (300, 60), (300, 130)):
        canvas.click(position={"x": x, "y": y})
    canvas.press("Enter")
    desk.get_by_text("area with 3 corners").wait_for()
    desk.get_by_role("button", name="Remove area with 3 corners").click()
    desk.get_by_label(re.compile("Old Bridge.*: until")).fill("6")
    desk.fill("input[name=at_h]", "0.5")
    desk.get_by_role("button", name="Re-plan from now on").click()
    desk.wait_for_selector(".changes", timeout=PATIENCE_MS)
    assert "New route sheets" in desk.locator(".changes").inner_text()
    command = desk.locator(".command").text_content() or ""
    assert "depotopt replan" in command
    assert '"until_s": 21600' in command
    with desk.context.expect_page() as opened:
        desk.get_by_role("link", name="Open the changed route sheets to print").click()
    sheets = opened.value
    sheets.wait_for_load_state()
    assert "/sheets.html" in sheets.url
    sheets.close()
    desk.wait_for_selector("iframe.map[data-ready=yes]", timeout=PATIENCE_MS)
    assert "Closures: 1" in desk.locator(".panel").inner_text()


def test_a_planner_edits_runs_again_and_compares(desk: Page) -> None:
    """Keep other counts as an override, run with and without, lay both side by side and swipe the maps."""
    run_small(desk)
    desk.get_by_role("button", name=re.compile("Two banks")).click()
    desk.wait_for_selector(".good")
    desk.get_by_text("Edit tiers, budget and other settings").click()
    desk.locator("input[name='rules.budget']").fill("-3")
    desk.fill("input[name=override]", "cheap")
    desk.get_by_role("button", name="Keep and choose it").click()
    desk.get_by_text("overrides.cheap.rules.budget").wait_for()
    desk.locator("input[name='rules.budget']").fill("9000")
    desk.fill("input[name=override]", "cheap")
    desk.get_by_role("button", name="Keep and choose it").click()
    desk.get_by_label(re.compile("cheap")).wait_for()
    assert desk.get_by_label(re.compile("cheap")).is_checked()
    desk.wait_for_selector(".good")
    desk.get_by_role("button", name="Run", exact=True).click()
    desk.wait_for_selector("iframe.map[data-ready=yes]", timeout=PATIENCE_MS)
    assert "cheap.toml" in (desk.locator(".command").text_content() or "")
    for box in desk.locator(".run input").all():
        box.check()
    desk.get_by_role("button", name="Compare the chosen runs").click()
    desk.wait_for_selector(".two.beside", timeout=PATIENCE_MS)
    assert "yearly cost" in desk.locator("table").first.inner_text()
    for frame in desk.locator("iframe.map").all():
        expect(frame).to_have_attribute("data-ready", "yes", timeout=PATIENCE_MS)
    desk.get_by_label("swiped").check()
    slider = desk.get_by_label("How much of the left map shows")
    slider.fill("30")
    assert "30%" in (desk.locator(".two.swiped .half").last.get_attribute("style") or "")


def test_a_planner_reads_the_front_by_mouse_and_keys(desk: Page) -> None:
    desk.get_by_role("button", name=re.compile("Two banks")).click()
    desk.wait_for_selector(".good")
    for field, value in (("states", "3"), ("unseen", "6"), ("points", "3")):
        desk.fill(f"input[name={field}]", value)
    desk.get_by_role("button", name="What more money buys").click()
    desk.wait_for_selector(".chart .dot", timeout=PATIENCE_MS)
    dots = desk.locator(".chart .dot")
    dots.last.click()
    assert dots.last.get_attribute("aria-pressed") == "true"
    dots.first.focus()
    desk.keyboard.press("Enter")
    assert dots.first.get_attribute("aria-pressed") == "true"
    desk.get_by_role("button", name="Run the scenario under this budget").click()
    desk.wait_for_selector("iframe.map[data-ready=yes]", timeout=PATIENCE_MS)


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
