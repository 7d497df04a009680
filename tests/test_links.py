"""Pictures, pages and headings the documentation points to are there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    [
        *ROOT.glob("*.md"),
        *ROOT.glob("docs/*.md"),
        *ROOT.glob("benchmarks/*.md"),
        *ROOT.glob("scenarios/**/*.md"),
    ]
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page: Path) -> None:
    """To a file that is there and, behind a ``#``, to one of its headings."""
    links = re.findall(r"\]\(([^)#\s]*)(?:#([^)\s]+))?", page.read_text(encoding="utf-8"))
    for target, heading in links:
        if "://" in target or target.startswith("mailto:"):
            continue
        file = page.parent / target if target else page
        assert file.exists(), f"no file {target}"
        assert not heading or heading in headings(file), f"no heading #{heading} in {file.name}"


def headings(page: Path) -> set[str]:
    """Headings as the addresses a reader on the web jumps to."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = re.findall(r"^#+ +(.+?) *$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}
