"""`plan.xlsx`: the tables of a report as sheets an officer can filter and print."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from depotopt.report.content import ReportContent
from depotopt.report.summary import Figure
from depotopt.report.table import METRIC, SENTENCE, Cell, Column, Kind, Table
from depotopt.report.wording import Wording

if TYPE_CHECKING:
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

FORMATS: Final[dict[str, str]] = {
    "text": "@",
    "integer": "0",
    "number": "#,##0.00",
    "units": "#,##0",
    "kg": "#,##0",
    "m3": "#,##0.00",
    "min": "#,##0",
    "moment": "yyyy-mm-dd hh:mm",
    "share": "0.0%",
    "degrees": "0.00000",
    "date": "yyyy-mm-dd",
    "count": "#,##0",
    "people": "#,##0",
    "t": "#,##0.0",
    "km": "#,##0.0",
    "person_days": "#,##0",
}
WHOLE: Final = frozenset(
    {"quantity", "held", "to_buy", "need", "delivered", "unmet", "people", "people_in_need"}
)
"""Columns of units and of people, shown without decimals."""
WIDEST: Final = 48
BANDED: Final = {"manifests": 2, "stops": 2, "withdrawals": 2, "trips": 1}
"""Leading columns whose change starts a new group, marked by a line above."""

NAVY, LINE, WASH = "#12324a", "#c9d2d9", "#eef2f5"


def write_workbook(
    path: Path,
    content: ReportContent,
    tables: tuple[Table, ...],
    figures: tuple[Figure, ...],
    states: list[tuple[str, int, float]],
    wording: Wording,
) -> None:
    """Write a summary sheet and one sheet per table.

    Clock times are the scenario's start plus seconds. The file's creation date is the one in the
    provenance, else the scenario's start, so that equal reports are equal files.

    Parameters
    ----------
    path
        File to make.
    content
        What is told.
    tables
        Tables in the order of their sheets.
    figures, states
        Key figures, and points and people by state.
    wording
        Language of titles, headings and codes.
    """
    import xlsxwriter

    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        book.set_properties({"title": content.scenario.title, "created": _created(content)})
        formats = _formats(book, wording)
        start = content.scenario.start.replace(tzinfo=None)
        _summary(book.add_worksheet(wording("table.summary")), content, figures, states, wording, formats)
        for table in tables:
            title = wording.title("table", table.name)[:31]
            _sheet(book.add_worksheet(title), table, start, wording, formats)


def _created(content: ReportContent) -> dt.datetime:
    given = content.provenance.get("created")
    moment = dt.datetime.fromisoformat(given) if isinstance(given, str) else content.scenario.start
    return moment.replace(tzinfo=None)


def _formats(book: Workbook, wording: Wording) -> dict[str, Any]:
    formats = {}
    for kind, code in FORMATS.items():
        base = {"num_format": code, "valign": "top", "font_size": 10}
        formats[kind] = book.add_format(base)
        formats[f"{kind}/first"] = book.add_format({**base, "top": 1, "top_color": LINE})
        figure = {**base, "num_format": _with_unit(code, kind, wording)}
        formats[f"{kind}/figure"] = book.add_format(
            {**figure, "font_size": 12, "bold": True, "align": "left"}
        )
    formats["head"] = book.add_format(
        {"bold": True, "font_color": "white", "bg_color": NAVY, "text_wrap": True, "valign": "vcenter"}
    )
    formats["title"] = book.add_format({"bold": True, "font_size": 18, "font_color": NAVY})
    formats["section"] = book.add_format({"bold": True, "font_size": 12, "font_color": NAVY, "bottom": 1})
    formats["wrap"] = book.add_format({"text_wrap": True, "valign": "top"})
    return formats


def _with_unit(code: str, kind: str, wording: Wording) -> str:
    """Number format that shows the unit of a key figure behind it; the number stays a number."""
    unit = wording(f"unit.{kind}", value="") if kind in ("people", "t", "km") else ""
    return f'{code}"{unit}"' if unit else code


def _shown_as(column: Column) -> str:
    """Format of a column: by its kind, numbers by what they count."""
    if column.kind != "number":
        return column.kind
    if column.name in WHOLE:
        return "units"
    ending = column.name.rpartition("_")[2]
    return ending if ending in FORMATS else "number"


def _summary(
    sheet: Worksheet,
    content: ReportContent,
    figures: tuple[Figure, ...],
    states: list[tuple[str, int, float]],
    wording: Wording,
    formats: Mapping[str, Any],
) -> None:
    sheet.set_column(0, 0, 44)
    sheet.set_column(1, 3, 18)
    sheet.hide_gridlines(2)
    sheet.set_paper(9)
    start = content.scenario.start.replace(tzinfo=None)
    sheet.write_string(0, 0, content.scenario.title, formats["title"])
    sheet.merge_range(1, 0, 1, 3, content.scenario.description, formats["wrap"])
    sheet.set_row(1, 15 * (1 + len(content.scenario.description) // 90))
    moment = start + dt.timedelta(seconds=content.at_s)
    state = wording("summary.state", index=content.road_state.index, moment=f"{moment:%Y-%m-%d %H:%M}")
    sheet.write_string(2, 0, state)
    row = 4
    sheet.write_string(row, 0, wording("summary.figures"), formats["section"])
    for figure in figures:
        row += 1
        sheet.write_string(row, 0, wording(f"figure.{figure.key}"))
        kind: Any = figure.unit
        _write(sheet, row, 1, figure.value, kind, start, formats[f"{kind}/figure"])
    row += 2
    for column, key in enumerate(("summary.points", "summary.points_count", "summary.people")):
        sheet.write_string(row, column, wording(key), formats["section"])
    for name, points, people in states:
        row += 1
        sheet.write_string(row, 0, wording(f"state.{name}"))
        sheet.write_number(row, 1, points, formats["count"])
        sheet.write_number(row, 2, people, formats["people"])
    row += 2
    sheet.write_string(row, 0, wording("summary.roads"), formats["section"])
    sheet.write_string(row + 1, 0, content.network.attribution or content.network.source)


def _sheet(
    sheet: Worksheet, table: Table, start: dt.datetime, wording: Wording, formats: Mapping[str, Any]
) -> None:
    coded = dict(table.coded)
    titles = [wording.title("column", column.name) for column in table.columns]
    widths = [max(len(word) for word in title.split() or [""]) + 2 for title in titles]
    band = BANDED.get(table.name, 0)
    shown = [_shown_as(column) for column in table.columns]
    for c, title in enumerate(titles):
        sheet.write_string(0, c, title, formats["head"])
    for r, row in enumerate(table.rows, start=1):
        first = band > 0 and (r == 1 or row[:band] != table.rows[r - 2][:band])
        for c, (value, column) in enumerate(zip(row, table.columns, strict=True)):
            if column.name in coded and isinstance(value, str):
                group = coded[column.name]
                value = _said(value, group, wording)
            _write(sheet, r, c, value, column.kind, start, formats[shown[c] + "/first" * first])
            if isinstance(value, str):
                # Chinese characters are two columns wide.
                widths[c] = max(widths[c], sum(2 if ord(sign) > 0x2E80 else 1 for sign in value) + 1)
    for c, column in enumerate(table.columns):
        least = 17 if column.kind == "moment" else 11 if column.kind == "date" else 9
        sheet.set_column(c, c, min(WIDEST, max(least, widths[c])))
    sheet.set_row(0, 32)
    sheet.freeze_panes(1, 2)
    sheet.autofilter(0, 0, max(1, len(table.rows)), len(titles) - 1)
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.repeat_rows(0)
    sheet.set_footer("&L&A&R&P / &N")


def _said(value: str, group: str, wording: Wording) -> str:
    if group == SENTENCE:
        return wording.sentence(value)
    return wording.metric(value) if group == METRIC else wording.named(group, value)


def _write(
    sheet: Worksheet, row: int, column: int, value: Cell, kind: Kind, start: dt.datetime, style: Any
) -> None:
    if value is None:
        sheet.write_blank(row, column, None, style)
    elif isinstance(value, str) and kind == "date":
        sheet.write_datetime(row, column, dt.datetime.fromisoformat(value), style)
    elif isinstance(value, str):
        # Always as text: a name that begins with "=" is not a formula.
        sheet.write_string(row, column, value, style)
    elif kind == "moment":
        sheet.write_datetime(row, column, start + dt.timedelta(seconds=round(value)), style)
    else:
        sheet.write_number(row, column, value, style)
