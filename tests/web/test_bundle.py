"""The committed page is the one its sources make, and every word exists in both languages."""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
FRONTEND = ROOT / "frontend"
ASSETS = ROOT / "src" / "depotopt" / "web" / "assets"


def sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def record() -> dict[str, dict[str, str]]:
    read: dict[str, dict[str, str]] = json.loads((ASSETS / "app.built.json").read_text(encoding="utf-8"))
    return read


def test_the_page_was_built_from_these_sources() -> None:
    """After a change under frontend/desk run `npm ci && node build-desk.mjs` there and commit the assets."""
    sources = [*(FRONTEND / "desk").iterdir(), FRONTEND / "build-desk.mjs"]
    assert {path.relative_to(FRONTEND).as_posix(): sha256(path) for path in sources} == record()["sources"]


def test_the_page_is_the_one_that_was_built() -> None:
    assert {name: sha256(ASSETS / name) for name in record()["built"]} == record()["built"]


def test_every_word_is_there_in_both_languages() -> None:
    words = json.loads((ASSETS / "words.json").read_text(encoding="utf-8"))
    for key, texts in words.items():
        assert set(texts) == {"en", "zh"}, key
        assert all(texts.values()), key
        assert len({tuple(sorted(re.findall(r"\{\w+\}", text))) for text in texts.values()}) == 1, key


def test_every_word_the_page_says_is_known() -> None:
    words = json.loads((ASSETS / "words.json").read_text(encoding="utf-8"))
    said: set[str] = set()
    for path in (FRONTEND / "desk").glob("*.ts"):
        said |= set(re.findall(r'"((?:desk|stage|metric)\.\w+)"', path.read_text(encoding="utf-8")))
    assert said
    assert said <= set(words)


def test_the_page_names_no_other_place() -> None:
    for name in ("index.html", "app.js", "app.css"):
        assert "//" not in re.sub(
            r"/\*.*?\*/", "", (ASSETS / name).read_text(encoding="utf-8"), flags=re.S
        ), name
