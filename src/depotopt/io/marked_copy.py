"""An officer's faulty workbook, returned with the faulty cells marked."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from depotopt.errors import Fault, UsageError
from depotopt.io.fault_wording import sentence
from depotopt.io.raw_tables import WORKBOOK, RawTable, letters, read_tables
from depotopt.io.workbook import LONGEST_CELL, write_tables
from depotopt.language.speech import N_, Speech, speech

if TYPE_CHECKING:
    from openpyxl import Workbook

FAULT_SHEET = "_faults"
"""Sheet that lists all faults; its name keeps it from being read as a table."""

AUTHOR: Final = "depotopt"
HEADS: Final = (N_("sheet"), N_("cell"), N_("fault"))
MARK_RGB: Final = "FFFFC7CE"
MOST_NOTES: Final = 2_000
"""Cells marked at most: a workbook with more notes opens slowly. The list holds all faults."""

_CELL = re.compile(r"sheet (?P<sheet>.+), cell (?P<cell>[A-Z]+[0-9]+)")
_ROW = re.compile(r"sheet (?P<sheet>.+), row (?P<row>[0-9]+)(, .*)?")
_SHEET = re.compile(r"sheet (?P<sheet>.+)")
_CSV_PLACE = re.compile(r"row (?P<row>[0-9]+)(, column (?P<column>.+))?")


def place_in_workbook(fault: Fault) -> tuple[str, str] | None:
    """Sheet and cell a fault stands at; a row is marked at its first cell, a sheet at A1.

    Returns ``None`` for faults outside sheets (``scenario.toml``, the whole file).
    """
    found = _CELL.fullmatch(fault.where)
    if found:
        return found["sheet"], found["cell"]
    found = _ROW.fullmatch(fault.where)
    if found:
        return found["sheet"], f"A{found['row']}"
    found = _SHEET.fullmatch(fault.where)
    return (found["sheet"], "A1") if found else None


def write_marked_copy(
    scenario: str | Path,
    faults: Iterable[Fault],
    path: str | Path,
    *,
    language: str = "en",
    say: Callable[[Fault], str] | None = None,
) -> int:
    """Write a workbook with every faulty cell coloured and explained, and all faults on a sheet.

    Of a workbook it is a copy: the officer's own formatting, drop-downs and notes stay. Marks of an
    earlier copy are removed, so that a copy can be corrected and checked again. CSV files become a
    workbook first.

    Parameters
    ----------
    scenario
        The workbook the faults were found in, or the scenario folder.
    faults
        What is wrong, places as `depotopt.io.scenario_files` gives them.
    path
        Workbook to write.
    language
        Language of headings and sentences: ``en`` or ``zh``.
    say
        Turns a fault into the sentence shown, where another one is wanted.

    Returns
    -------
    int
        Number of cells marked.

    Raises
    ------
    UsageError
        If the workbook cannot be opened or the language is not known.
    """
    words = speech(language)
    if say is None:
        say = partial(sentence, language=language)
    source = Path(scenario)
    if source.is_dir() and (source / WORKBOOK).is_file():
        source = source / WORKBOOK
    if source.is_dir():
        tables = read_tables(source).tables
        write_tables(Path(path), {name: _grid(table) for name, table in tables.items()}, language)
        faults = [_in_sheet(fault, tables) for fault in faults]
        source = Path(path)
    book = _open(source)
    _remove_marks(book)
    ordered = sorted(faults, key=lambda fault: fault.order_key)
    notes: dict[tuple[str, str], list[str]] = {}
    for fault in ordered:
        place = place_in_workbook(fault)
        if place is not None and place[0] in book.sheetnames:
            notes.setdefault(place, []).append(_clean(say(fault)))
    marked = list(notes.items())[:MOST_NOTES]
    for (sheet, cell), sentences in marked:
        _mark(book[sheet][cell], "\n".join(sentences))
    _list(book, ordered, words, say)
    book.save(path)
    return len(marked)


def _grid(table: RawTable) -> tuple[list[str], list[list[str]]]:
    """Headers and rows of a table, blank rows where it had them."""
    blank = [""] * len(table.headers)
    rows = [blank] * (table.numbers[-1] - 1 if table.numbers else 0)
    for number, row in zip(table.numbers, table.rows, strict=True):
        rows[number - 2] = [cell[:LONGEST_CELL] for cell in row]
    return table.headers, rows


def _in_sheet(fault: Fault, tables: Mapping[str, RawTable]) -> Fault:
    """A fault of a CSV file at the cell of the sheet made from it."""
    table = next((table for table in tables.values() if table.file == fault.file), None)
    found = _CSV_PLACE.fullmatch(fault.where)
    if table is None or (found is None and fault.where):
        return fault
    row, column = (found["row"], found["column"]) if found else ("1", None)
    position = 0
    if column in table.headers:
        position = table.headers.index(column)
    elif column is not None and column.isdecimal() and row == "1":
        position = int(column) - 1
    return replace(fault, where=f"sheet {table.name}, cell {letters(position)}{row}")


def _clean(text: str) -> str:
    """Text without the control characters that XML cannot hold."""
    from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE

    cleaned: str = ILLEGAL_CHARACTERS_RE.sub("", text)
    return cleaned


def _open(path: Path) -> Workbook:
    from zipfile import BadZipFile

    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        return openpyxl.load_workbook(path)
    except (OSError, BadZipFile, InvalidFileException, KeyError, ValueError) as error:
        raise UsageError(f"{path.name} cannot be opened as a workbook: {error}") from error


def _remove_marks(book: Workbook) -> None:
    from openpyxl.styles import PatternFill

    if FAULT_SHEET in book.sheetnames:
        del book[FAULT_SHEET]
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            for cell in row:
                if cell.comment is not None and cell.comment.author == AUTHOR:
                    own, _, _ = cell.comment.text.rpartition(_SEPARATOR)
                    cell.comment = _comment(own, "") if own else None
                    cell.fill = PatternFill()


_SEPARATOR = "\n-- depotopt --\n"
"""Stands between an officer's own note and ours."""


def _comment(text: str, author: str) -> Any:
    from openpyxl.comments import Comment

    comment = Comment(text, author)
    comment.width, comment.height = 320, 120
    return comment


def _mark(cell: Any, text: str) -> None:
    from openpyxl.cell.cell import MergedCell
    from openpyxl.styles import PatternFill

    if isinstance(cell, MergedCell):
        return
    own = cell.comment.text if cell.comment is not None else ""
    cell.comment = _comment(own + _SEPARATOR + text if own else text, AUTHOR)
    cell.fill = PatternFill("solid", start_color=MARK_RGB, end_color=MARK_RGB)


def _list(book: Workbook, faults: list[Fault], words: Speech, say: Callable[[Fault], str]) -> None:
    """Write the sheet of all faults, first in the workbook, with links to the cells."""
    from openpyxl.styles import Font

    sheet = book.create_sheet(FAULT_SHEET, 0)
    sheet.append([words(head) for head in HEADS])
    for cell in sheet[1]:
        cell.font = Font(bold=True)
    for number, fault in enumerate(faults, start=2):
        place = place_in_workbook(fault)
        sentence = _clean(say(fault))
        sheet_name, cell_name = place or (fault.file, fault.where)
        for column, text in enumerate((sheet_name, cell_name, sentence), start=1):
            cell = sheet.cell(number, column, text)
            # A sentence that begins with = is no formula.
            cell.data_type = "s"
        if place is not None and place[0] in book.sheetnames and number <= MOST_NOTES:
            sheet.cell(number, 2).hyperlink = f"#'{place[0]}'!{place[1]}"
            sheet.cell(number, 2).style = "Hyperlink"
    for letter, width in zip("ABC", (18, 12, 100), strict=True):
        sheet.column_dimensions[letter].width = width
    sheet.freeze_panes = "A2"
    book.active = 0
