"""Pictures, pages, headings and modules the documentation points to are there."""

from __future__ import annotations

import re
from functools import lru_cache
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
CODE = [ROOT / name for name in ("src", "tests", "benchmarks", "scenarios", "frontend/desk", "frontend/src")]


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


@pytest.mark.parametrize(
    "page", [page for page in PAGES if "scenarios" not in page.parts], ids=lambda page: page.name
)
def test_every_module_named_is_there(page: Path) -> None:
    """By its file name, or by folder and name; names in capitals stand for others."""
    text = page.read_text(encoding="utf-8")
    files = re.findall(r"`([a-z0-9_/]+\.py)`", text)
    modules = re.findall(r"`((?:[a-z_]+/)+[a-z_]+)`", text)
    known = code_files()
    assert [name for name in files if not any(path.endswith(f"/{name}") for path in known)] == []
    lost = [name for name in modules if not any(f"/{name}." in path or f"/{name}/" in path for path in known)]
    assert lost == []


@lru_cache(maxsize=1)
def code_files() -> list[str]:
    """Paths below the checkout, each with a leading slash."""
    return [f"/{path.relative_to(ROOT).as_posix()}" for folder in CODE for path in folder.rglob("*")]


def headings(page: Path) -> set[str]:
    """Headings as the addresses a reader on the web jumps to."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    lines = re.findall(r"^#+ +(.+?) *$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", line.lower()).replace(" ", "-") for line in lines}
