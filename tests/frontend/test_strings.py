"""Every word the page asks for exists, and no word is kept that nobody asks for."""

from __future__ import annotations

import re
from pathlib import Path

from depotopt.report.wording import all_strings

ROOT = Path(__file__).parents[2]
SOURCES = [*(ROOT / "frontend" / "src").glob("*.ts"), *(ROOT / "src" / "depotopt" / "report").glob("*.py")]
KEY = re.compile(r"""["'`]([a-z_]+\.[a-z_0-9 ]+)["'`]""")
GROUPS = {key.partition(".")[0] for key in all_strings()}
CODED = re.compile(
    r"""say\(f?["'`]([a-z_]+)\.[{$]|(?:named|title)\(["']([a-z_]+)["']|wording\(f?["']([a-z_]+)\.\{"""
)


def asked() -> tuple[set[str], set[str]]:
    """Keys written out in the sources, and groups whose keys are put together from codes."""
    keys, groups = set(), set()
    for path in SOURCES:
        text = path.read_text(encoding="utf-8")
        keys |= {key for key in KEY.findall(text) if key.partition(".")[0] in GROUPS}
        groups |= {name for found in CODED.findall(text) for name in found if name}
    return keys, groups


def test_every_key_the_sources_ask_for_exists() -> None:
    keys, _ = asked()
    files = {"map.js", "map.css", "map.html", "sheets.css", "sheets.html", "map.built"}
    files |= {"judgement.html", "judgement.of"}
    assert len(keys) > 100
    assert sorted(keys - all_strings().keys() - files) == []


def test_no_string_is_kept_that_nobody_asks_for() -> None:
    keys, groups = asked()
    # Groups of the codes that tables name in `Table.coded`.
    coded = groups | {"cause", "depot", "gb_group", "power", "rotation", "site_status", "stock_mode"}
    left = {key for key in all_strings() if key not in keys and key.partition(".")[0] not in coded}
    assert sorted(left) == []
