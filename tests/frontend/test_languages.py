"""In Chinese the web app says nothing in English, and what it says is in its catalogue."""

from __future__ import annotations

import json
import re
from importlib.resources import files
from typing import TYPE_CHECKING

import pytest

from tests.frontend.journey import choose, finished, mapped, run

if TYPE_CHECKING:
    from playwright.sync_api import Page, Route

BEGIN, END = "\u27e6", "\u27e7"
OWN = re.compile(f"{BEGIN}[^{END}]*{END}")
CHINESE = re.compile(r"[\u4e00-\u9fff]")
"""What the server said in Chinese may name things (CVaR, scenario.toml)."""
WORD = re.compile(r"[A-Za-z]{2,}")
SPOKEN = """() => {
    const own = (element) => element.closest("[translate=no], script, style, iframe, pre.command");
    const found = [];
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) if (!own(walk.currentNode.parentElement)) found.push(walk.currentNode.data);
    for (const element of document.querySelectorAll("[title], [placeholder], [aria-label]"))
        for (const name of ["title", "placeholder", "aria-label"])
            if (element.hasAttribute(name) && element.tagName !== "IFRAME" && !own(element))
                found.push(element.getAttribute(name));
    return found;
}"""
"""Every text on the page but names, which are the same in every language."""


def unspoken(desk: Page) -> list[str]:
    """Texts with a word of Latin letters outside what the catalogue said."""
    left = [(text, OWN.sub("", text)) for text in desk.evaluate(SPOKEN)]
    # Nested marks close twice; names in labels are runs, sites, streets and their files.
    english = {text for text, rest in left if WORD.search(NAMES.sub("", rest)) and not CHINESE.search(rest)}
    return sorted(english)


NAMES = re.compile(
    r"minimal-[0-9a-f.h-]+|more_depots|\b(EAST|WEST|T\d+|SMALL|LARGE)[\w-]*|scenario\.toml|Excel"
)


@pytest.mark.parametrize("browser", ["chromium"], indirect=True)
def test_every_text_comes_from_the_catalogue(desk: Page) -> None:
    """A made-up Chinese that puts marks around what it says leaves nothing outside them."""
    words = json.loads((files("depotopt.web") / "assets" / "words.json").read_text(encoding="utf-8"))
    for texts in words.values():
        texts["zh"] = f"{BEGIN}{texts['zh']}{END}"

    def marked(route: Route) -> None:
        route.fulfill(json=words)

    desk.route("**/assets/words.json", marked)
    desk.reload()
    desk.wait_for_selector(".entry")
    desk.locator("header .language").click()
    choose(desk, "minimal")
    desk.locator(".settings summary").first.click()
    desk.locator(".settings-block").first.wait_for()
    assert unspoken(desk) == []
    run(desk, site_time=2, dispatch_time=2)
    assert unspoken(desk) == []
    desk.locator(".run input").check()
    desk.locator("nav .primary").click()
    finished(desk)
    assert unspoken(desk) == []
    desk.locator(".run .entry").first.click()
    mapped(desk)
    desk.locator("main .links button").click()
    finished(desk)
    assert unspoken(desk) == []
