"""Every word of the web app exists in both languages and is asked for; the page names no other place."""

from __future__ import annotations

import json
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
ASSETS = ROOT / "src" / "depotopt" / "web" / "assets"
WORDS: dict[str, dict[str, str]] = json.loads((ASSETS / "words.json").read_text(encoding="utf-8"))
SOURCES = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "frontend" / "desk").glob("*.ts"))
SAID = set(re.findall(r"""["'`]((?:desk|stage|metric|field|change|status|block)\.\w+)["'`]""", SOURCES))
CODED = set(re.findall(r"""say\(`([a-z]+)\.\$""", SOURCES))


def test_every_word_is_there_in_both_languages() -> None:
    for key, texts in WORDS.items():
        assert set(texts) == {"en", "zh"}, key
        assert all(texts.values()), key
        assert len({tuple(sorted(re.findall(r"\{\w+\}", text))) for text in texts.values()}) == 1, key


def test_every_word_the_page_says_is_known() -> None:
    assert len(SAID) > 50
    assert sorted(SAID - WORDS.keys()) == []


def test_no_word_is_kept_that_nobody_says() -> None:
    left = {key for key in WORDS if key not in SAID and key.partition(".")[0] not in CODED}
    assert sorted(left) == []


def test_the_page_names_no_other_place() -> None:
    for name in ("index.html", "app.js", "app.css"):
        text = re.sub(r"/\*.*?\*/", "", (ASSETS / name).read_text(encoding="utf-8"), flags=re.S)
        found = set(re.findall(r"https?://[\w./]+", text))
        assert found <= {"http://www.w3.org/2000/svg"}, name


def test_the_page_and_the_command_line_call_the_yearly_cost_alike() -> None:
    catalogue = ROOT / "src" / "depotopt" / "language" / "locale" / "zh" / "LC_MESSAGES" / "depotopt.po"
    text = catalogue.read_text(encoding="utf-8")
    for key in ("desk.yearly_cost", "desk.serves_before"):
        assert f'msgid "{WORDS[key]["en"]}"\nmsgstr "{WORDS[key]["zh"]}"\n' in text
