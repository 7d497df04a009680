"""An officer's way through the web app, in a real browser, with requests to nowhere else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.frontend.journey import MAP_AT, PATIENCE_MS, done, enter, mapped, until_alike, view_of

if TYPE_CHECKING:
    from playwright.sync_api import Page

in_chromium = pytest.mark.parametrize("browser", ["chromium"], indirect=True)
"""What one browser proves for both."""


@in_chromium
def test_choose_run_look_and_explain(desk: Page) -> None:
    assert "token" not in desk.url
    run_small(desk, "bridge_lost")
    assert "People within 15 min" in desk.locator("table").first.inner_text()
    assert "depotopt run" in (desk.locator(".command").text_content() or "")
    assert done(desk, "Why these depots?") == "Done"
    assert "Without it, per year" in desk.locator("table").inner_text()
    assert "WEST" in desk.locator("table").inner_text()


def run_small(desk: Page, *overrides: str) -> None:
    """Run the minimal scenario with few states and wait for its map."""
    desk.get_by_role("button", name=re.compile("Two banks")).click()
    desk.wait_for_selector(".good")
    for name in overrides:
        desk.get_by_label(name).check()
        desk.wait_for_selector(".good")
    desk.get_by_text("Search time and road states").click()
    for field, value in (("states", "3"), ("unseen", "6"), ("state", "-1")):
        enter(desk.locator(f"input[name={field}]"), value)
    assert done(desk, "Run") == "Done"
    mapped(desk)


def test_an_officer_closes_a_road_and_gets_the_changed_sheets(desk: Page) -> None:
    """Click a street, draw an area, take it off again, slow the street, plan anew, open the sheets."""
    run_small(desk)
    canvas = desk.frame_locator("iframe.map").locator(".canvas")
    (report,) = mapped(desk)
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
    enter(desk.get_by_label(re.compile("Old Bridge.*: until")), "6")
    enter(desk.locator("input[name=at_h]"), "0.5")
    assert done(desk, "Re-plan from now on") == "Done"
    desk.wait_for_selector(".changes")
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
    mapped(desk)
    assert "Closures: 1" in desk.locator(".panel").inner_text()


def test_a_planner_edits_runs_again_and_compares(desk: Page) -> None:
    """Keep other counts as an override, run with and without, lay both side by side and swipe the maps."""
    run_small(desk)
    desk.get_by_role("button", name=re.compile("Two banks")).click()
    desk.wait_for_selector(".good")
    desk.get_by_text("Edit tiers, budget and other settings").click()
    enter(desk.locator("input[name='rules.budget']"), "-3")
    enter(desk.locator("input[name=override]"), "cheap")
    desk.get_by_role("button", name="Keep and choose it").click()
    desk.locator(".faults").wait_for()
    assert "cheap.toml rules.budget" in desk.locator(".faults").inner_text()
    enter(desk.locator("input[name='rules.budget']"), "9000")
    enter(desk.locator("input[name=override]"), "cheap")
    desk.get_by_role("button", name="Keep and choose it").click()
    desk.get_by_label(re.compile("cheap")).wait_for()
    assert desk.get_by_label(re.compile("cheap")).is_checked()
    desk.wait_for_selector(".good")
    assert done(desk, "Run") == "Done"
    assert "cheap.toml" in (desk.locator(".command").text_content() or "")
    for box in desk.locator(".run input").all():
        box.check()
    assert done(desk, "Compare the chosen runs") == "Done"
    measures, stock, sites = (desk.locator("table").nth(n).inner_text() for n in range(3))
    assert "yearly cost" in measures
    assert "regret, worst 5 %, person-days" in measures
    overlap = next(
        line for line in measures.splitlines() if line.startswith("Overlap of depots within 15 min")
    )
    assert overlap.count("%") == 3
    assert "tent Family tent 16 m2 (tent)" in stock
    assert "EAST Easton school" in sites
    assert "serves person-days, before loss" in sites
    left, right = mapped(desk)
    until_alike(left, right)
    whole = view_of(right)
    for _ in range(2):
        right.evaluate("depotopt.chart.zoomBy(2)")
        desk.wait_for_timeout(400)
    until_alike(left, right, closer_than=whole[2])
    # Each follows while the other is dragged, not only when it is let go.
    begin = view_of(right)
    desk.locator(".two").scroll_into_view_if_needed()
    place = desk.locator("iframe.map").first.bounding_box()
    assert place is not None
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    desk.mouse.move(x, y)
    desk.mouse.down()
    for step in range(1, 9):
        desk.mouse.move(x + 8 * step, y + 5 * step)
        desk.wait_for_timeout(30)
    until_alike(left, right, away_from=begin)
    desk.mouse.up()
    until_alike(left, right)
    # Swiped, the maps that were read stay where they were, one over the other.
    for frame in (left, right):
        frame.evaluate("window.kept = true")
    desk.get_by_label("swiped").check()
    desk.get_by_label("How much of the left map shows").fill("30")
    assert [frame.evaluate("window.kept") for frame in mapped(desk)] == [True, True]
    until_alike(left, right)
    assert [desk.evaluate(MAP_AT, share) for share in (0.2, 0.4, 0.9)] == [0, 1, 1]


@in_chromium
def test_a_planner_reads_the_front_by_mouse_and_keys(desk: Page) -> None:
    desk.get_by_role("button", name=re.compile("Two banks")).click()
    desk.wait_for_selector(".good")
    desk.get_by_text("Search time and road states").click()
    for field, value in (("states", "3"), ("unseen", "6"), ("points", "3")):
        enter(desk.locator(f"input[name={field}]"), value)
    assert done(desk, "What more money buys") == "Done"
    dots = desk.locator(".chart .dot")
    dots.last.click()
    assert dots.last.get_attribute("aria-pressed") == "true"
    dots.first.focus()
    desk.keyboard.press("Enter")
    assert dots.first.get_attribute("aria-pressed") == "true"
    assert done(desk, "Run the scenario under this budget") == "Done"
    mapped(desk)


@in_chromium
def test_stop_keeps_the_best_plan(desk: Page) -> None:
    desk.get_by_role("button", name=re.compile("Two banks")).click()
    desk.wait_for_selector(".good")
    desk.get_by_text("Search time and road states").click()
    enter(desk.locator("input[name=states]"), "3")
    enter(desk.locator("input[name=unseen]"), "60000")
    desk.get_by_role("button", name="Run", exact=True).click()
    desk.get_by_text(re.compile("of 60000 road states")).wait_for(timeout=PATIENCE_MS)
    assert done(desk, "Stop and keep the best plan") == "Stopped; the best plan is kept"
    mapped(desk)


@in_chromium
def test_the_page_speaks_chinese(desk: Page) -> None:
    desk.get_by_role("button", name="中文").click()
    assert "规划情景" in desk.locator("nav").inner_text()
    assert desk.evaluate("document.documentElement.lang") == "zh-CN"
