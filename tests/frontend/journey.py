"""An officer's and a planner's way through the web app on a shipped scenario, with pictures.

``python -m tests.frontend.journey officer wushi-2024 [--browser firefox] [--pictures FOLDER]`` serves the
scenarios, goes the way in a browser of this machine and fails at the first step that does not hold. A test
starts it where no network is; the pictures in the documentation are its own.
"""

from __future__ import annotations

import argparse
import math
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.browser import installed, launched
from benchmarks.suites.map_app import served

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Frame, Locator, Page

SCENARIOS = Path(__file__).parents[2] / "scenarios"
PATIENCE_MS = 180_000
Picture = Callable[[str], None]

ON_A_ROUTE = """() => {
    const { chart, model, map } = depotopt;
    const size = map.getSize();
    for (const leg of chart.plan.legs) {
        const [west, south, east, north] = leg.box;
        const [x0, y0] = model.roads.origin;
        map.getView().setCenter([(west + east) / 2 + x0, (south + north) / 2 + y0]);
        map.getView().setResolution(Math.max(east - west, north - south, 2000) / 500);
        map.renderSync();
        for (let k = 0; k < 400; k++) {
            const pixel = [size[0] * (0.2 + 0.6 * (k * 0.618 % 1)), size[1] * (0.2 + 0.5 * (k * 0.755 % 1))];
            const [x, y] = map.getCoordinateFromPixel(pixel);
            const hit = depotopt.pick(pixel);
            if (hit?.kind !== "vehicle") continue;
            const road = chart.roadAt(x - x0, y - y0);
            if (road && chart.plan.vehiclesNear(...chart.roads.middle(road.index), 5).length) return pixel;
        }
    }
    return null;
}"""
"""Moves the map to a route and gives a pixel where only its road lies."""


@contextmanager
def opened(browser: Browser, address: str) -> Iterator[Page]:
    """The app in a tab of its own; errors on it and requests to other places fail when it closes."""
    tab = browser.new_page(viewport={"width": 1400, "height": 900})
    tab.set_default_timeout(60_000)
    faults: list[str] = []
    home = address.split("/?")[0]

    def note(text: str) -> None:
        # Firefox's driver hides the caret in pictures by a style that the page does not allow.
        if "blocked an inline style" not in text:
            faults.append(text)

    def follow(url: str) -> None:
        if not url.startswith((home, "data:", "blob:")):
            faults.append(f"request to {url}")

    tab.on("pageerror", lambda error: note(str(error)))
    tab.on("console", lambda message: note(message.text) if message.type == "error" else None)
    tab.on("request", lambda request: follow(request.url))
    tab.goto(address)
    tab.wait_for_selector(".entry")
    yield tab
    tab.close()
    assert faults == []


def done(desk: Page, name: str) -> str:
    """Press the button that starts a job and wait for its end; its outcome as the page tells it."""
    desk.get_by_role("button", name=name, exact=True).click()
    desk.wait_for_selector(".job")
    desk.wait_for_selector(".outcome", timeout=PATIENCE_MS)
    return desk.locator("h1").inner_text()


def enter(box: Locator, text: str) -> None:
    """Write into a box with the keys of a keyboard, as people do."""
    box.click()
    box.press("ControlOrMeta+A")
    box.press_sequentially(text)
    box.press("Tab")


def mapped(desk: Page) -> list[Frame]:
    """Wait until every map on the page stands; their frames, from left to right."""
    desk.wait_for_function(
        """() => {
            const maps = [...document.querySelectorAll("iframe.map")];
            return maps.length > 0 && maps.every((frame) => frame.dataset.ready === "yes");
        }""",
        timeout=PATIENCE_MS,
    )
    found = [element.content_frame() for element in desk.query_selector_all("iframe.map")]
    return [frame for frame in found if frame is not None]


MAP_AT = """(share) => {
    const maps = [...document.querySelectorAll("iframe.map")];
    const box = maps[0].getBoundingClientRect();
    maps[0].scrollIntoView({ block: "center" });
    const { left, width, top, height } = maps[0].getBoundingClientRect();
    return maps.indexOf(document.elementFromPoint(left + share * width, top + height / 2));
}"""
"""Which map lies on top at a share of the width."""


def view_of(frame: Frame) -> tuple[float, float, float]:
    """Centre and resolution of a map."""
    view = "depotopt.map.getView()"
    x, y, resolution = frame.evaluate(f"[...{view}.getCenter(), {view}.getResolution()]")
    return float(x), float(y), float(resolution)


def until_alike(
    left: Frame, right: Frame, *, closer_than: float = math.inf, away_from: tuple[float, ...] = ()
) -> None:
    """Wait, not for ever, until two maps show the same view, closer than a resolution, not the one before."""
    until = time.monotonic() + 60
    while True:
        one, other = view_of(left), view_of(right)
        # A hundredth of a pixel.
        near = 0.01 * one[2]
        alike = all(abs(a - b) <= near for a, b in zip(one[:2], other[:2], strict=True))
        alike = alike and math.isclose(one[2], other[2], rel_tol=1e-6)
        if alike and one[2] < closer_than and one != away_from != other:
            return
        assert time.monotonic() < until, (one, other)
        left.page.wait_for_timeout(50)


def choose(desk: Page, scenario: str) -> None:
    """Choose a scenario by the title it has and wait for its tables to be found good."""
    text = (SCENARIOS / scenario / "scenario.toml").read_text(encoding="utf-8")
    title = re.search(r'^title = "(.+)"$', text, re.MULTILINE)
    assert title is not None
    desk.locator("nav .entry", has_text=title[1]).click()
    desk.wait_for_selector(".good")


def run(desk: Page, **limits: float) -> None:
    """Run the chosen scenario with small limits and wait for its map."""
    limits_box = desk.locator(".limits")
    if limits_box.get_attribute("open") is None:
        limits_box.locator("summary").click()
    for field, value in {"states": 4, "unseen": 8, "site_time": 5, "dispatch_time": 4, **limits}.items():
        enter(desk.locator(f"input[name={field}]"), str(value))
    desk.locator(".go-run .primary").click()
    finished(desk)
    mapped(desk)


def finished(desk: Page) -> None:
    """Wait for the job just started to end well."""
    desk.wait_for_selector(".job")
    desk.wait_for_selector(".outcome", timeout=PATIENCE_MS)
    assert desk.locator(".outcome").get_attribute("data-exit") == "0", desk.locator("main").inner_text()


def officer(desk: Page, scenario: str, picture: Picture) -> None:
    """Run, look, close a road on the way of a truck, plan anew, open the changed sheets, fetch the files."""
    picture("start")
    choose(desk, scenario)
    picture("scenario")
    run(desk)
    picture("outcome")
    (report,) = mapped(desk)
    pixel = report.evaluate(ON_A_ROUTE)
    assert pixel is not None
    desk.frame_locator("iframe.map").locator(".canvas").click(position={"x": pixel[0], "y": pixel[1]})
    desk.locator(".picked .danger").click()
    desk.locator(".work").scroll_into_view_if_needed()
    picture("close")
    desk.locator(".go .primary").click()
    finished(desk)
    desk.wait_for_selector(".changes")
    mapped(desk)
    picture("changes")
    files = [link.get_attribute("href") for link in desk.locator("main .links a").all()]
    assert len(files) >= 4
    for file in files:
        assert desk.evaluate("(file) => fetch(file).then((answer) => answer.status)", file) == 200
    with desk.context.expect_page() as sheets:
        desk.locator(".changes a.primary").click()
    sheets.value.wait_for_load_state()
    assert sheets.value.locator("svg").count() > 0
    sheets.value.close()


def planner(desk: Page, scenario: str, picture: Picture) -> None:
    """Run, change a setting and run again, lay both side by side, swipe, look at what money buys."""
    choose(desk, scenario)
    run(desk)
    choose(desk, scenario)
    desk.locator(".settings summary").first.click()
    box = desk.locator("input[name='objective.cvar']")
    enter(box, str(1 + float(box.input_value())))
    box.scroll_into_view_if_needed()
    picture("edit")
    enter(desk.locator("input[name=override]"), "worst_states_too")
    desk.locator(".settings .primary").click()
    desk.locator(".choice input:checked").wait_for()
    desk.wait_for_selector(".good")
    run(desk)
    for one in desk.locator(".run input").all():
        one.check()
    desk.locator("nav .primary").click()
    finished(desk)
    picture("compare")
    tables = [table.bounding_box() for table in desk.locator("main .scroll").all()]
    assert tables
    assert all(box is not None and box["height"] > 40 for box in tables)
    left, right = mapped(desk)
    until_alike(left, right)
    desk.locator(".maps").scroll_into_view_if_needed()
    picture("beside")
    desk.locator(".maps input[type=radio]").last.check()
    desk.locator(".swipe").fill("30")
    until_alike(left, right)
    assert [desk.evaluate(MAP_AT, share) for share in (0.2, 0.4, 0.9)] == [0, 1, 1]
    picture("swiped")
    choose(desk, scenario)
    desk.locator(".limits summary").click()
    for field, value in {"states": 3, "unseen": 4, "points": 2, "site_time": 4}.items():
        enter(desk.locator(f"input[name={field}]"), str(value))
    desk.locator(".form > button").click()
    finished(desk)
    desk.locator(".chart .dot").first.wait_for()
    picture("front")


JOURNEYS = {"officer": officer, "planner": planner}


def main() -> None:
    """Go one way and say how long it took."""
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description="Go an officer's or a planner's way in a real browser.")
    parser.add_argument("who", choices=sorted(JOURNEYS))
    parser.add_argument("scenario")
    parser.add_argument("--browser", default="chromium")
    parser.add_argument("--chinese", action="store_true")
    parser.add_argument("--pictures", type=Path)
    asked = parser.parse_args()
    path = installed(asked.browser)
    if path is None:
        raise SystemExit(f"no {asked.browser} installed")
    begin = time.monotonic()
    with (
        tempfile.TemporaryDirectory() as runs,
        served(Path(runs)) as address,
        sync_playwright() as driver,
    ):
        browser = launched(driver, asked.browser, path)
        with opened(browser, address) as desk:

            def picture(name: str) -> None:
                if asked.pictures is not None:
                    asked.pictures.mkdir(parents=True, exist_ok=True)
                    desk.wait_for_timeout(500)
                    desk.screenshot(path=asked.pictures / f"{asked.who}-{name}.png")

            if asked.chinese:
                desk.locator("header .language").click()
            JOURNEYS[asked.who](desk, asked.scenario, picture)
        browser.close()
    print(f"{asked.who} on {asked.scenario} in {asked.browser}: {time.monotonic() - begin:.0f} s")


if __name__ == "__main__":
    main()
