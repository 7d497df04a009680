"""`map.html`: one file with code, style, words and data inside that asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
import html
import json
from collections.abc import Mapping, Sequence
from functools import cache
from importlib import resources

from depotopt.language.speech import LANGUAGES
from depotopt.report.content import ReportContent
from depotopt.report.ledger import Ledger
from depotopt.report.map_data import pack_map
from depotopt.report.pieces import RoadPieces
from depotopt.report.summary import Figure
from depotopt.report.wording import Wording, all_strings


@cache
def asset(name: str) -> str:
    """Text of a file shipped with the package."""
    return resources.files("depotopt.report").joinpath("assets", name).read_text(encoding="utf-8")


def content_security_policy(script: str, style: str) -> str:
    """Policy that runs this script and this style and nothing else, and loads nothing from anywhere."""
    return (
        f"default-src 'none'; script-src '{_source(script)}'; style-src '{_source(style)}'; "
        "img-src data: blob:; font-src 'none'; connect-src 'none'; base-uri 'none'; form-action 'none'"
    )


def map_page(
    content: ReportContent,
    ledger: Ledger,
    pieces: RoadPieces,
    figures: tuple[Figure, ...],
    wording: Wording,
) -> str:
    """The whole page as text.

    Parameters
    ----------
    content, ledger, pieces, figures
        What is told and what was derived from it.
    wording
        Language the page opens in; readers can switch.
    """
    blocks = pack_map(content, ledger, pieces, figures)
    plan = content.plan
    return page_of(
        blocks,
        content.scenario.title,
        wording,
        said=() if plan is None else sorted({line.explanation for line in plan.unmet if line.explanation}),
    )


def page_of(blocks: Mapping[str, str], title: str, wording: Wording, said: Sequence[str] = ()) -> str:
    """Put packed blocks into the page (the title is the only text a user wrote outside of them).

    Parameters
    ----------
    blocks
        Packed data by name.
    title
        Title of the page.
    wording
        Language it opens in.
    said
        English sentences of the plan; the page gets them in its other languages under ``said.SENTENCE``.
    """
    script, style = asset("map.js"), asset("map.css")
    policy = content_security_policy(script, style)
    strings = {
        language: {key: entry[language] for key, entry in all_strings().items()} for language in LANGUAGES
    }
    for language in LANGUAGES[1:]:
        strings[language] |= {f"said.{text}": Wording(language).sentence(text) for text in said}
    words = json.dumps(strings, ensure_ascii=False, separators=(",", ":")).replace("</", "<\\/")
    data = "\n".join(
        f'<script type="text/plain" id="data-{name}">{text}</script>' for name, text in blocks.items()
    )
    lang = {"zh": "zh-CN"}.get(wording.language, wording.language)
    return (
        f'<!doctype html>\n<html lang="{lang}" data-language="{wording.language}">\n<head>\n'
        '<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n<link rel="icon" href="data:,">\n'
        f"<title>{html.escape(title)}</title>\n<style>{style}</style>\n</head>\n<body>\n"
        f'<div id="app"><noscript>{html.escape(wording("map.noscript"))}</noscript></div>\n'
        f'<script type="application/json" id="strings">{words}</script>\n{data}\n'
        f"<script>{script}</script>\n</body>\n</html>\n"
    )


def _source(text: str) -> str:
    digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
    return f"sha256-{digest}"
