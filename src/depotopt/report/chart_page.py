"""`chart_page`: a page of charts and tables in one file that loads nothing."""

from __future__ import annotations

import html
from collections.abc import Sequence

from depotopt.report.map_page import asset, content_security_policy


def chart_page(title: str, subtitle: str, parts: Sequence[str], language: str) -> str:
    """Put finished pieces of HTML under a title.

    Parameters
    ----------
    title, subtitle
        Plain text.
    parts
        HTML whose texts are already escaped.
    language
        ``"en"`` or ``"zh"``.
    """
    style = asset("charts.css")
    lang = {"zh": "zh-CN"}.get(language, language)
    return (
        f'<!doctype html>\n<html lang="{lang}">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        f'content="{content_security_policy("", style)}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{html.escape(title)}: {html.escape(subtitle)}</title>\n<style>{style}</style>\n"
        f"</head>\n<body>\n<header><h1>{html.escape(title)}</h1><p>{html.escape(subtitle)}</p></header>\n"
        + "\n".join(parts)
        + "\n</body>\n</html>\n"
    )


def html_table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table of plain texts."""
    top = "".join(f"<th>{html.escape(cell)}</th>" for cell in head)
    body = "".join(
        "<tr>" + "".join(f"<td>{html.escape(cell)}</td>" for cell in row) + "</tr>" for row in rows
    )
    return f'<div class="scroll"><table><thead><tr>{top}</tr></thead><tbody>{body}</tbody></table></div>'
