"""`typeset`: the page of route sheets as PDF by typst, from the same HTML that a browser would print."""

from __future__ import annotations

import html
import json
import re
import tempfile
from html.parser import HTMLParser
from pathlib import Path
from typing import Final

from depotopt.errors import EngineError

FONTS: Final = ("Noto Sans", "Noto Sans CJK SC", "Microsoft YaHei", "SimSun", "DejaVu Sans")
PREAMBLE: Final = f"""#set page(paper: "a4", margin: (x: 10mm, y: 12mm))
#set text(size: 9.5pt, font: {json.dumps(FONTS).replace("[", "(").replace("]", ")")})
#set table(stroke: (x, y) => (bottom: 0.5pt + rgb("#bbbbbb")), inset: (x: 1.5mm, y: 1.2mm))
"""
DRAWING: Final = re.compile(r"<svg ([^>]*class=\"(code|sketch)\"[^>]*)>(.*?)</svg>", re.DOTALL)
SVG: Final = 'xmlns="http://www.w3.org/2000/svg"'
BOLD, SMALL, HEADS = (
    frozenset({"b", "dd", "th"}),
    frozenset({"small", "footer", "figcaption"}),
    {"h1": 22, "h2": 13},
)
PICTURES: Final = {
    # The code stands at the right of the trip's heading and facts.
    "code": '#place(right, dy: -16mm, image("%s", width: 26mm))#v(10mm)\n',
    "sketch": '#image("%s", width: 100%%)',
}
COLUMNS: Final = "(auto, auto, auto, 3fr, 3fr, 4fr, auto, 16mm)"


def typeset(page: str, pdf: Path) -> None:
    """Typeset a page of route sheets.

    Parameters
    ----------
    page
        HTML of `depotopt.report.sheets.SheetWriter`.
    pdf
        File to make.

    Raises
    ------
    EngineError
        If typst fails.
    """
    import typst

    style = re.search(r"<style>(.*?)</style>", page, re.DOTALL)
    drawn = _own_rules(style.group(1)) if style else ""
    with tempfile.TemporaryDirectory() as folder:
        count = 0

        def keep(found: re.Match[str]) -> str:
            nonlocal count
            count += 1
            # A drawing by itself knows neither its namespace nor the style of the page.
            own = "" if "xmlns=" in found[1] else SVG
            rules = f"<style>{drawn}</style>" if found[2] == "sketch" else ""
            drawing = f"<svg {own} {found[1]}>{rules}{found[3]}</svg>"
            (Path(folder) / f"{count}.svg").write_text(drawing, encoding="utf-8")
            return f'<img class="{found[2]}" src="{count}.svg">'

        writer = _Markup()
        writer.feed(DRAWING.sub(keep, page.partition("<body>")[2]))
        source = Path(folder) / "sheets.typ"
        source.write_text(PREAMBLE + writer.markup(), encoding="utf-8")
        try:
            typst.compile(str(source), output=str(pdf), root=folder)
        except RuntimeError as error:
            raise EngineError("typst", str(error)) from error


def _own_rules(style: str) -> str:
    """Rules of the style sheet that are about drawings."""
    rules = re.findall(r"^\.sketch [^{]+\{[^}]*\}", style, re.MULTILINE)
    return html.escape(" ".join(rule.removeprefix(".sketch ") for rule in rules), quote=False)


class _Markup(HTMLParser):
    """Turns the HTML of route sheets into typst markup; every text becomes a string, never markup."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._parts: list[str] = []
        self._open: list[str] = []
        self._sheets = 0

    def markup(self) -> str:
        """What was made."""
        return "".join(self._parts)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Open what typst calls it."""
        given = dict(attrs)
        if tag in ("br", "img"):
            self._parts.append(" \\\n" if tag == "br" else PICTURES[given["class"] or ""] % given["src"])
            return
        self._open.append(tag)
        if tag == "section":
            self._parts.append("\n#pagebreak()\n" if self._sheets else "\n")
            self._sheets += 1
        elif tag == "table":
            self._parts.append(f"\n#table(columns: {COLUMNS},\n")
        elif tag in ("thead", "tbody"):
            self._parts.append("table.header(" if tag == "thead" else "")
        elif tag in ("td", "th"):
            self._parts.append("[")
        elif tag in HEADS:
            self._parts.append(f'\n\n#text(size: {HEADS[tag]}pt, weight: "bold")[')
        elif tag in ("p", "figure"):
            self._parts.append("\n\n")
        elif tag == "dl":
            self._parts.append("\n\n#block(width: 155mm)[")
        if tag in BOLD:
            self._parts.append("#strong[")
        elif tag in SMALL:
            self._parts.append("\n\n#text(size: 8pt)[" if tag != "small" else "#text(size: 8pt)[")

    def handle_endtag(self, tag: str) -> None:
        """Close it."""
        if tag not in self._open:
            return
        self._open.remove(tag)
        if tag in BOLD | SMALL or tag in HEADS:
            self._parts.append("]")
        if tag in ("td", "th"):
            self._parts.append("],")
        elif tag == "thead":
            self._parts.append("),\n")
        elif tag == "table":
            self._parts.append(")\n")
        elif tag == "dl":
            self._parts.append("]\n")
        elif tag == "div" and "dl" in self._open:
            self._parts.append(" #h(6mm) ")
        elif tag in ("p", *HEADS):
            self._parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        """A text as a string literal."""
        text = " ".join(data.split())
        if text and not {"table", "tr", "thead", "tbody"} & set(self._open[-1:]):
            quoted = text.replace("\\", "\\\\").replace('"', '\\"')
            lead, tail = " " * data[:1].isspace(), " " * data[-1:].isspace()
            self._parts.append(f'{lead}#"{quoted}"{tail}')
            if self._open[-1:] == ["dt"]:
                self._parts.append(" ")
