"""What an officer does with the map, in a real browser."""

from __future__ import annotations

import re
import zlib
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from depotopt.report.content import ReportContent
from depotopt.report.ledger import draw_ledger
from depotopt.report.reach import point_cuts
from depotopt.report.write import write_report
from tests.report.test_reach import cut_off

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


def click_place(page: Page, kind: str, index: int) -> None:
    x, y = page.evaluate(f"depotopt.pixelOf('{kind}', {index})")
    box = page.locator(".canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x, box["y"] + y)


def test_opening_the_file_asks_nobody_for_anything(browser: Browser, map_file: Path) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(map_file.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    page.mouse.move(700, 400)
    page.mouse.wheel(0, -600)
    page.wait_for_timeout(300)
    page.close()
    # Firefox does not count the file itself as a request.
    assert set(asked) <= {map_file.as_uri()}


def test_the_policy_stops_what_would_leave_the_page(browser: Browser, map_file: Path) -> None:
    """A server that would answer everything is asked for nothing."""
    asked: list[str] = []

    class Listener(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Listener) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(map_file.as_uri())
        page.wait_for_selector("html[data-ready=yes]")
        injected = page.evaluate(
            """async (home) => {
                const refused = await fetch(home + "fetched").then(() => 0, () => 1);
                const make = (tag, set) => Object.assign(document.createElement(tag), set);
                const add = (tag, set) => document.body.append(make(tag, set));
                add("img", { src: home + "a.png" });
                add("script", { src: home + "a.js" });
                add("script", { textContent: "window.injected = 1" });
                add("iframe", { src: home });
                await new Promise((done) => setTimeout(done, 500));
                return [refused, window.injected ?? null];
            }""",
            f"http://127.0.0.1:{server.server_port}/",
        )
        page.goto(f"http://127.0.0.1:{server.server_port}/seen")
        page.close()
        server.shutdown()
    assert injected == [1, None]
    # Browsers ask for the icon of a page they were sent to.
    assert [path for path in asked if path != "/favicon.ico"] == ["/seen"]


def test_clicking_a_depot_tells_its_stock(page: Page, content: ReportContent) -> None:
    click_place(page, "site", 0)
    card = page.locator(".card")
    card.wait_for()
    assert card.locator("h2").inner_text() == content.scenario.sites[0].name
    assert "Drinking water" in card.inner_text()


def test_clicking_a_point_without_supplies_says_why(page: Page, content: ReportContent) -> None:
    index = draw_ledger(content).state.index("flooded")
    click_place(page, "point", index)
    card = page.locator(".card")
    card.wait_for()
    assert card.locator("h2").inner_text() == content.scenario.demand_points[index].name
    assert "stands in the hazard" in card.inner_text()
    assert "No road" in card.inner_text()


def test_clicking_a_lost_road_tells_cause_and_end(page: Page, content: ReportContent) -> None:
    # Places and routes would be hit first.
    for name in ("Demand points", "Depots", "Routes"):
        for switch in page.get_by_role("group", name=name).get_by_role("checkbox").all():
            switch.set_checked(False)
    piece = page.evaluate("depotopt.model.losses[0].pieces[0]")
    x, y = page.evaluate(
        """(piece) => {
            const { roads } = depotopt.model;
            const v = 2 * roads.first[piece] + 2;
            const [x, y] = roads.origin;
            return depotopt.map.getPixelFromCoordinate([roads.xy[v] + x, roads.xy[v + 1] + y]);
        }""",
        piece,
    )
    box = page.locator(".canvas").bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + x, box["y"] + y)
    card = page.locator(".card")
    card.wait_for()
    text = card.inner_text()
    assert "lost" in text
    assert "flood" in text
    assert "until 2024-07-02 06:00" in text


def test_search_finds_a_vehicle_by_keyboard(page: Page, content: ReportContent) -> None:
    assert content.plan is not None
    trip = content.plan.trips[0]
    page.get_by_role("combobox").fill(trip.vehicle.lower())
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    card = page.locator(".card")
    card.wait_for()
    assert card.locator("h2").inner_text() == trip.vehicle
    assert card.locator("ol.stops > li").count() == len(trip.stops)
    page.keyboard.press("Escape")
    assert card.count() == 0


def test_the_tables_hold_every_point_and_lead_to_the_map(page: Page, content: ReportContent) -> None:
    page.get_by_role("button", name="Tables").click()
    rows = page.locator(".tables section").first.locator("tbody tr")
    assert rows.count() == len(content.scenario.demand_points)
    rows.first.get_by_role("button").click()
    assert page.locator(".card h2").inner_text() == content.scenario.demand_points[0].name
    assert page.locator(".stage").is_visible()


def test_the_page_speaks_chinese_throughout(page: Page) -> None:
    before = page.locator("body").inner_text()
    page.get_by_role("button", name="Switch language to Chinese").click()
    text = page.locator("body").inner_text()
    assert "需求点" in text
    english = {
        "Overview",
        "Demand points",
        "Road losses",
        "Routes",
        "Served",
        "Flooded",
        "People in need",
        "Print",
    }
    assert {word for word in english if word.upper() in before.upper()} >= {"Served", "Print"}
    assert {word for word in english if word.upper() in text.upper()} == set()
    assert page.evaluate("document.documentElement.lang") == "zh-CN"


def test_switching_a_state_off_hides_its_points(page: Page, content: ReportContent) -> None:
    index = draw_ledger(content).state.index("flooded")
    page.get_by_role("checkbox", name="Flooded").uncheck()
    pixel = page.evaluate(f"depotopt.pixelOf('point', {index})")
    hit = page.evaluate("(pixel) => depotopt.pick(pixel)", pixel)
    assert hit is None or hit["kind"] != "point"


def test_keyboard_moves_and_zooms_the_map(page: Page) -> None:
    page.locator(".canvas").focus()
    state = "[...depotopt.map.getView().getCenter(), depotopt.map.getView().getResolution()]"
    x0, _, r0 = page.evaluate(state)
    for key, moved in (("ArrowRight", 0), ("+", 2)):
        before = page.evaluate(state)[moved]
        page.keyboard.press(key)
        # The view glides; a busy machine glides slowly.
        for _ in range(100):
            page.wait_for_timeout(100)
            if page.evaluate(state)[moved] != before:
                break
    x1, _, r1 = page.evaluate(state)
    assert x1 > x0
    assert r1 < r0


def test_the_first_drag_and_the_first_wheel_move_the_map(page: Page) -> None:
    """Nobody clicks into a map before taking hold of it."""
    view = "depotopt.map.getView()"
    box = page.locator(".canvas").bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    resolution = page.evaluate(f"{view}.getResolution()")
    page.mouse.wheel(0, -400)
    page.wait_for_function(f"() => {view}.getResolution() < {resolution} && !{view}.getAnimating()")
    before = page.evaluate(f"{view}.getCenter()")
    page.mouse.down()
    page.mouse.move(x + 60, y + 40, steps=5)
    page.mouse.up()
    assert page.evaluate(f"{view}.getCenter()") != before


def test_every_control_has_a_name(page: Page) -> None:
    nameless = page.evaluate(
        """() => {
            const named = (e) => e.getAttribute("aria-label") || e.textContent.trim()
                || e.closest("label")?.textContent.trim();
            const silent = (e) => e.closest("[hidden], [role=status], [role=listbox]");
            const all = [...document.querySelectorAll("button, input, [role]")];
            return all.filter((e) => !named(e) && !silent(e)).map((e) => e.outerHTML);
        }"""
    )
    assert nameless == []


def test_the_slider_shows_who_is_served_by_then(page: Page, content: ReportContent) -> None:
    ledger = draw_ledger(content)
    served = [i for i, state in enumerate(ledger.state) if state == "served"]
    noon = 9000.0
    by_then = sum(ledger.last_arrival_s[i] <= noon for i in served)
    assert 0 < by_then < len(served)
    page.get_by_role("slider", name="Time").fill(str(int(noon)))
    assert f"{by_then} of {len(served)} points served" in page.locator(".timeline output").inner_text()
    page.get_by_role("button", name="Whole plan").click()
    assert "points served" not in page.locator(".timeline output").inner_text()


def test_an_isolated_point_names_what_cuts_it_off(
    browser: Browser, tmp_path: Path, content: ReportContent
) -> None:
    point = draw_ledger(content).state.index("served")
    isolated = cut_off(content, point)
    (cut,) = point_cuts(isolated, draw_ledger(isolated)).values()
    page = browser.new_page()
    page.goto(write_report(tmp_path / "run", isolated).map.as_uri())
    page.wait_for_selector("html[data-ready=yes]")
    page.get_by_role("combobox").fill(content.scenario.demand_points[point].ident)
    page.keyboard.press("Enter")
    listed = page.locator(".cutoff li")
    listed.first.wait_for()
    assert listed.count() == len(cut)
    assert "slide" in listed.first.inner_text()
    page.close()


def test_the_view_is_saved_as_a_picture_any_program_reads(page: Page, content: ReportContent) -> None:
    # Firefox tells its driver of no download: what is handed to it is looked at.
    page.evaluate(
        """() => {
            const hand = URL.createObjectURL;
            URL.createObjectURL = (blob) => {
                window.saved = blob.text();
                return hand(blob);
            };
        }"""
    )
    page.get_by_role("button", name="Save as SVG").click()
    root = ET.fromstring(page.evaluate("window.saved"))
    texts = {element.text for element in root.iter("{http://www.w3.org/2000/svg}text")}
    assert content.scenario.sites[0].name in texts
    assert content.network.attribution in texts
    paths = list(root.iter("{http://www.w3.org/2000/svg}path"))
    assert len(paths) > len(content.scenario.demand_points)
    assert not any("NaN" in path.get("d", "") for path in paths)


def test_the_map_prints_on_one_page(page: Page) -> None:
    printed = page.pdf(prefer_css_page_size=True, print_background=True)
    # Objects lie openly in the file or in compressed streams.
    packed = [part for part in re.findall(rb"stream\r?\n(.*?)endstream", printed, re.S) if part[:1] == b"x"]
    plain = printed + b"".join(zlib.decompressobj().decompress(part) for part in packed)
    assert len(re.findall(rb"/Type\s*/Page\b", plain)) == 1
    # Afterwards the screen is as before.
    assert page.evaluate("document.documentElement.classList.contains('printing')") is False
    assert page.get_by_role("button", name="Print").is_visible()
