"""The sheet ``guide`` of a workbook: every column and key with what it takes and means."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Final

from pydantic import BaseModel

from depotopt.io.column_notes import column_description, expected_value
from depotopt.io.hazard_blocks import KINDS
from depotopt.io.raw_tables import SETTINGS
from depotopt.io.records import block_of, default_text
from depotopt.io.table_schemas import TABLES
from depotopt.language.speech import N_, Speech, in_paragraphs

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

GUIDE = "guide"
GUIDE_HEADS: Final = (
    N_("sheet"), N_("column"), N_("required"), N_("expected"), N_("default"), N_("meaning"), N_("example"),
)  # fmt: skip
INTRO: Final = N_(
    "Row 1 of each sheet holds the column names: keep them. Units stand in the names. Columns in dark blue "
    "are required. Blank cells take the default. In the sheet scenario fill the column value; further tiers "
    "and entries of lists get rows of their own, numbered [0], [1], ... This sheet is not read."
)


def write_guide(book: Workbook, formats: Mapping[str, Format], say: Speech) -> None:
    """Add the sheet: the columns of every table, then the keys of every kind of hazard."""
    sheet: Worksheet = book.add_worksheet(GUIDE)
    sheet.freeze_panes(3, 0)
    sheet.merge_range(0, 0, 0, 6, say(INTRO), formats["wrap"])
    sheet.set_row(0, 48)
    heads = tuple(say(head) for head in GUIDE_HEADS)
    for position, (head, width) in enumerate(zip(heads, (15, 34, 10, 34, 12, 60, 22), strict=True)):
        sheet.write_string(2, position, head, formats["required"])
        sheet.set_column(position, position, width)
    rows = [
        (name, header, *column_description(name, spec, header, say))
        for name, spec in TABLES.items()
        for header in spec.columns
    ]
    rows += [
        (SETTINGS, *line)
        for kind, model in KINDS.items()
        for line in _hazard_keys(model, "hazards.NAME", kind, say)
    ]
    for row, cells in enumerate(rows, start=3):
        for position, text in enumerate(cells):
            sheet.write_string(row, position, text, formats["wrap"])


def _hazard_keys(
    model: type[BaseModel], at: str, kind: str, say: Speech
) -> Iterator[tuple[str, str, str, str, str, str]]:
    """Key, need, expectation, default, meaning and example of each key of a hazard, with blocks inside."""
    for name, field in model.model_fields.items():
        key = f"{at}.{name}"
        inner = block_of(field)
        need = say("required") if field.is_required() else say("optional")
        if name == "kind":
            yield key, need, kind, "", say(in_paragraphs(model.__doc__ or "")), kind
            continue
        meaning = say(in_paragraphs(field.description or ""))
        if inner is not None:
            yield f"{key}[0]", need, "", "", meaning, ""
            yield from _hazard_keys(inner, f"{key}[0]", kind, say)
            continue
        default = "" if field.is_required() else default_text(field)
        yield key, need, say.sentence(expected_value(field)), default, meaning, ""
