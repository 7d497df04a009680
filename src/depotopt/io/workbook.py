"""The tables of a scenario as one Excel workbook: drop-downs, notes on every header, a guide sheet."""

from __future__ import annotations

import datetime as dt
import math
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from depotopt.errors import Fault, InputError, UsageError
from depotopt.io.cells import NUMBER, expectation
from depotopt.io.column_notes import column_comment, column_examples, column_field, validation
from depotopt.io.guide_sheet import write_guide
from depotopt.io.overrides import TOML_FILE
from depotopt.io.raw_tables import SETTINGS, read_tables
from depotopt.io.settings_sheet import (
    HEADERS,
    REMARKS,
    TEMPLATE_KEYS,
    described,
    flatten,
    key_options,
    key_path,
    key_text,
    pattern,
    value_cell,
)
from depotopt.io.table_schemas import TABLES
from depotopt.language.speech import Speech, in_paragraphs, speech

if TYPE_CHECKING:
    from xlsxwriter.format import Format
    from xlsxwriter.workbook import Workbook
    from xlsxwriter.worksheet import Worksheet

LAST_ROW: Final = 1_048_575
"""Last row of a sheet, counted from 0."""

LONGEST_CELL: Final = 32_767
"""Characters a cell of Excel can hold."""

DAY: Final = re.compile(r"\d{4}-\d\d-\d\d", re.ASCII)
FIRST_DAY, LAST_DAY = "1900-03-01", "9999-12-31"
"""Days Excel counts right: it takes 1900 for a leap year."""


def write_workbook(
    folder: str | Path, path: str | Path, language: str = "en", *, settings: bool = False
) -> None:
    """Write the tables of a scenario folder as one workbook.

    The workbook in place of ``tables/`` makes the same scenario, with the same `scenario_hash`; with
    ``settings`` it stands for the whole folder but the roads and other files that keys point to.

    Parameters
    ----------
    folder
        Scenario folder with ``tables/`` or ``tables.xlsx``.
    path
        Workbook to write (``.xlsx``).
    language
        Language of notes and guide: ``en`` or ``zh``.
    settings
        Whether to add a sheet ``scenario`` with the keys of ``scenario.toml``.

    Raises
    ------
    InputError
        If the tables or ``scenario.toml`` cannot be read.
    UsageError
        If the language is not known.
    """
    read = read_tables(Path(folder))
    faults = list(read.faults)
    keys: list[tuple[str, Any]] | None = None
    if settings:
        try:
            data = tomllib.loads((Path(folder) / TOML_FILE).read_text(encoding="utf-8-sig"))
            keys = [(key_text(at), value) for at, value in flatten(data)]
        except (OSError, ValueError) as error:
            faults.append(Fault(TOML_FILE, "", f"no readable file ({error})", "expected TOML", "unreadable"))
    if faults:
        raise InputError(str(folder), faults)
    tables = {name: (table.headers, table.rows) for name, table in read.tables.items()}
    write_tables(Path(path), tables, language, keys)


def write_template(path: str | Path, language: str = "en") -> None:
    """Write an empty workbook for a whole scenario: every key, table and column, with notes and examples.

    Parameters
    ----------
    path
        Workbook to write (``.xlsx``).
    language
        Language of notes and guide: ``en`` or ``zh``.

    Raises
    ------
    UsageError
        If the language is not known.
    """
    tables: dict[str, tuple[Sequence[str], list[list[str]]]] = {
        name: (spec.columns, []) for name, spec in TABLES.items()
    }
    write_tables(Path(path), tables, language, [(key, "") for key in TEMPLATE_KEYS])


def write_tables(
    path: Path,
    tables: Mapping[str, tuple[Sequence[str], Iterable[Sequence[str]]]],
    language: str,
    keys: Sequence[tuple[str, Any]] | None = None,
) -> None:
    """Write tables as sheets in the order of `TABLES`; equal tables give equal bytes.

    Parameters
    ----------
    path
        Workbook to write.
    tables
        Headers and rows of text cells by table name.
    language
        ``en`` or ``zh``.
    keys
        Keys and values of the sheet ``scenario``; ``None`` for no such sheet.
    """
    say = speech(language)
    import xlsxwriter

    path.open("ab").close()  # xlsxwriter words a place it cannot write to in an error of its own.
    with xlsxwriter.Workbook(str(path), {"in_memory": True}) as book:
        # A fixed date: the same tables give the same file.
        book.set_properties({"title": "depotopt", "created": dt.datetime(2000, 1, 1)})
        formats = {
            "required": book.add_format({"bold": True, "font_color": "white", "bg_color": "#1F3864"}),
            "optional": book.add_format({"bold": True, "bg_color": "#D9E2F3"}),
            "wrap": book.add_format({"text_wrap": True, "valign": "top"}),
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
        }
        if keys is not None:
            _write_settings(book, keys, formats, say)
        columns = {name: headers for name, (headers, _) in tables.items()}
        for name in TABLES:
            if name in tables:
                _write_sheet(book, name, columns, tables[name][1], formats, say)
        write_guide(book, formats, say)


def _write_settings(
    book: Workbook, keys: Sequence[tuple[str, Any]], formats: Mapping[str, Format], say: Speech
) -> None:
    sheet: Worksheet = book.add_worksheet(SETTINGS)
    sheet.freeze_panes(1, 0)
    widths = (44, 40, 12, 70, 28)
    for position, (header, width) in enumerate(zip((*HEADERS, *REMARKS), widths, strict=True)):
        sheet.write_string(0, position, header, formats["required" if position < 2 else "optional"])
        sheet.set_column(position, position, width)
    paths = [key_path(key) or () for key, _ in keys]
    kinds = {
        at[1]: str(value)
        for at, (_, value) in zip(paths, keys, strict=True)
        if len(at) == 3 and (at[0], at[2]) == ("hazards", "kind")
    }
    for row, (at, (key, value)) in enumerate(zip(paths, keys, strict=True), start=1):
        kind = kinds.get(at[1], "") if len(at) > 1 else ""
        default, meaning = described(at, kind)
        example = column_examples().get((SETTINGS, pattern(at)), "")
        sheet.write_string(row, 0, key)
        cell = value_cell(value)
        if isinstance(cell, bool):
            sheet.write_boolean(row, 1, cell)
        elif isinstance(cell, float):
            sheet.write_number(row, 1, cell)
        elif cell:
            sheet.write_string(row, 1, cell)
        options = key_options(at, kind)
        if options:
            sheet.data_validation(row, 1, row, 1, {"validate": "list", "source": options})
        default = say("required") if default == "required" else default
        remarks = (default, say(in_paragraphs(meaning)), example)
        for position, text in enumerate(remarks, start=2):
            sheet.write_string(row, position, text, formats["wrap"])


def _write_sheet(
    book: Workbook,
    name: str,
    columns: Mapping[str, Sequence[str]],
    rows: Iterable[Sequence[str]],
    formats: Mapping[str, Format],
    say: Speech,
) -> None:
    spec, headers = TABLES[name], columns[name]
    sheet: Worksheet = book.add_worksheet(name)
    sheet.freeze_panes(1, 0)
    kinds = []
    for position, header in enumerate(headers):
        sheet.set_column(position, position, max(11, len(header) + 2))
        if header not in spec.columns:
            # Only a copy made to show faults has such a column.
            sheet.write_string(0, position, header)
            kinds.append("text")
            continue
        required = header in spec.required_columns
        sheet.write_string(0, position, header, formats["required" if required else "optional"])
        sheet.write_comment(
            0, position, column_comment(name, spec, header, say), {"x_scale": 2.2, "y_scale": 1.6}
        )
        rule = validation(name, header, columns, say)
        if rule:
            sheet.data_validation(1, position, LAST_ROW, position, rule)
        kinds.append(expectation(column_field(spec, header)).kind)
    for number, row in enumerate(rows, start=1):
        for position, (cell, kind) in enumerate(zip(row, kinds, strict=True)):
            if cell:
                _write_cell(sheet, number, position, cell, kind, formats["date"])


def _write_cell(sheet: Worksheet, row: int, column: int, cell: str, kind: str, date: Format) -> None:
    """Write a text cell so that it reads back as the same value.

    Raises
    ------
    UsageError
        If the text is longer than a cell can be.
    """
    if kind in ("number", "integer", "coordinate") and NUMBER.fullmatch(cell) and math.isfinite(float(cell)):
        sheet.write_number(row, column, float(cell))
    elif kind == "date" and FIRST_DAY <= cell <= LAST_DAY and DAY.fullmatch(cell):
        try:
            sheet.write_datetime(row, column, dt.datetime.fromisoformat(cell), date)
        except ValueError:
            sheet.write_string(row, column, cell)
    elif len(cell) > LONGEST_CELL:
        raise UsageError(f"a text of {len(cell)} characters is too long for Excel ({LONGEST_CELL}): use CSV")
    else:
        sheet.write_string(row, column, cell)
