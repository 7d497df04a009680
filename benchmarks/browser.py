"""Headless browsers without a GPU, Chromium and Firefox, and what is measured in them."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, Playwright

SIZE = {"width": 1600, "height": 1000}
START_MS = 120_000
OPTIONS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)

WATCH = """
window.addEventListener("DOMContentLoaded", () => {
    new MutationObserver(() => {
        if (window.completeMs || document.documentElement.dataset.ready !== "yes") return;
        // Reading a pixel back waits until everything asked for has been painted.
        for (const c of document.querySelectorAll("canvas")) c.getContext("2d").getImageData(0, 0, 1, 1);
        requestAnimationFrame(() => requestAnimationFrame(() => {
            window.completeMs ??= performance.now();
            document.documentElement.dataset.measured = "yes";
        }));
    }).observe(document.documentElement, { attributes: true });
});
"""
"""Takes the time from opening the page to its first complete picture."""

FRAMES = """() => {
    window.frames_ = [];
    let last = performance.now();
    const tick = (now) => {
        window.frames_.push(now - last);
        last = now;
        if (window.frames_.length < 2000) window.asked = requestAnimationFrame(tick);
    };
    window.asked = requestAnimationFrame(tick);
}"""

PICKS = """() => {
    const [width, height] = depotopt.map.getSize();
    const times = [];
    for (let k = 0; k < 200; k++) {
        const pixel = [(k * 0.6180339887 % 1) * width, (k * 0.7548776662 % 1) * height];
        const begin = performance.now();
        depotopt.pick(pixel);
        times.push(performance.now() - begin);
    }
    return times;
}"""
"""Picks at 200 places spread evenly over the map (additive recurrences of the golden and plastic ratio)."""


BROWSERS = {
    "chromium": ("DEPOTOPT_CHROMIUM", "chromium", "chromium-browser", "google-chrome"),
    "firefox": ("DEPOTOPT_FIREFOX", "firefox", "firefox-esr"),
}
"""Variable that names a browser's path, then the commands it is looked for by."""


def installed(name: str) -> str | None:
    """Path of ``chromium`` or ``firefox``: the one its variable names or the first that is installed."""
    variable, *commands = BROWSERS[name]
    names = (os.environ.get(variable, ""), *commands)
    return next((path for name in names if name and (path := shutil.which(name))), None)


def launched(driver: Playwright, name: str, path: str) -> Browser:
    """Start a browser of the system.

    Firefox is driven over WebDriver BiDi, which it ships with: no patched build is needed.
    """
    if name == "firefox":
        return driver.firefox.launch(channel="moz-firefox", executable_path=path, timeout=START_MS)
    return driver.chromium.launch(executable_path=path, args=list(OPTIONS), timeout=START_MS)


@contextmanager
def opened(name: str, path: str) -> Iterator[Browser]:
    """A browser that ends with the block."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = launched(driver, name, path)
        yield browser
        browser.close()


@dataclass(frozen=True, slots=True)
class Opening:
    """How a map opened.

    Attributes
    ----------
    wall_ms
        From opening the file to the first complete picture.
    cpu_ms
        CPU time of the page's process until then: what the wall clock would show at most on an idle machine;
        ``None`` from Firefox, which does not tell.
    page
        The tab.
    """

    wall_ms: float
    cpu_ms: float | None
    page: Page


def open_map(browser: Browser, page_file: Path) -> Opening:
    """Open a map in a fresh tab and wait for its first complete picture."""
    page = browser.new_page(viewport=SIZE)  # type: ignore[arg-type]
    session = page.context.new_cdp_session(page) if browser.browser_type.name == "chromium" else None
    if session is not None:
        session.send("Performance.enable", {"timeDomain": "threadTicks"})
    page.add_init_script(WATCH)
    page.goto(page_file.as_uri())
    page.wait_for_selector("html[data-measured=yes]", timeout=120_000)
    cpu_ms = None
    if session is not None:
        figures: Any = session.send("Performance.getMetrics")["metrics"]
        cpu_ms = next(1000 * float(item["value"]) for item in figures if item["name"] == "ProcessTime")
    found: Any = page.evaluate("window.completeMs")
    return Opening(float(found), cpu_ms, page)


def drag_frames_ms(page: Page, steps: int = 60) -> list[float]:
    """Drag the map by mouse around a circle; milliseconds between frames while the button is down."""
    import math

    page.evaluate("document.querySelector('.zoom button').click()")
    page.wait_for_timeout(1200)
    centre = "depotopt.map.getView().getCenter()"
    before = page.evaluate(centre)
    x, y = 950.0, 500.0
    page.mouse.move(x, y)
    page.mouse.down()
    page.evaluate(FRAMES)
    for k in range(steps):
        angle = 2 * math.pi * k / steps
        page.mouse.move(x + 120 * math.cos(angle) - 120, y + 120 * math.sin(angle))
        page.wait_for_timeout(16)
    frames: Any = page.evaluate("(cancelAnimationFrame(window.asked), window.frames_)")
    page.mouse.move(x - 240, y)
    moved = page.evaluate(centre)
    page.mouse.up()
    page.wait_for_timeout(800)
    if moved == before:
        raise RuntimeError("the map stood still under the mouse: its frames say nothing")
    return [float(frame) for frame in frames[1:]]


def pick_ms(page: Page) -> list[float]:
    """Milliseconds of each of 200 picks over the map, after the page had time to prepare."""
    page.wait_for_timeout(1000)
    found: Any = page.evaluate(PICKS)
    return [float(value) for value in found]
