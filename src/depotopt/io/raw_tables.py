"""Tables as they stand in the files: text cells that know their place. CSV and Excel become the same."""

from __future__ import annotations

import csv
import datetime as dt
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from depotopt.errors import Fault
from depotopt.io.suggestions import did_you_mean, listed
from depotopt.io.table_schemas import TABLES

WORKBOOK = "tables.xlsx"
SETTINGS = "scenario"
"""Sheet of a workbook that holds the keys of ``scenario.toml``."""
NOTE_SHEETS = ("guide",)
"""Sheets of a workbook that explain and hold no data; so do those whose name starts with ``_``."""


@dataclass(slots=True)
class RawTable:
    """A table before its cells are understood.

    Attributes
    ----------
    name
        Name of the table (``"stock"``).
    file
        File as the user knows it (``"tables/stock.csv"``, ``"tables.xlsx"``).
    sheet
        Sheet of a workbook, empty for CSV.
    headers
        Column names as found; blank where a column has none.
    rows
        Cells as text, blank where empty.
    numbers
        Row number of each row as a spreadsheet shows it.
    moved
        Cells that an override replaced: ``(row, column)`` to file and place of the override.
    ragged
        Rows with more or fewer cells than the header; their cells may stand in the wrong column.
    """

    name: str
    file: str
    sheet: str
    headers: list[str]
    rows: list[list[str]]
    numbers: list[int]
    moved: dict[tuple[int, str], tuple[str, str]] = field(default_factory=dict)
    ragged: set[int] = field(default_factory=set)

    def place(self, row: int, column: str = "") -> tuple[str, str]:
        """File and place of a cell, or of a row when no column is named."""
        if (row, column) in self.moved:
            return self.moved[row, column]
        number = self.numbers[row]
        if not self.sheet:
            return self.file, f"row {number}" + (f", column {column}" if column else "")
        if column in self.headers:
            return self.file, f"sheet {self.sheet}, cell {letters(self.headers.index(column))}{number}"
        return self.file, f"sheet {self.sheet}, row {number}" + (f", column {column}" if column else "")

    def head(self, column: int | None = None) -> str:
        """Place of a header, or of the header row."""
        if not self.sheet:
            return "row 1" if column is None else f"row 1, column {column + 1}"
        return f"sheet {self.sheet}" + ("" if column is None else f", cell {letters(column)}1")

    def cell(self, row: int, column: str) -> str:
        """Text of a cell; blank where the table does not have the column."""
        return self.rows[row][self.headers.index(column)] if column in self.headers else ""

    def column(self, name: str) -> list[str]:
        """Cells of a column as text; blank where the table does not have it."""
        if name not in self.headers:
            return [""] * len(self.rows)
        position = self.headers.index(name)
        return [row[position] for row in self.rows]


def letters(column: int) -> str:
    """Name of a spreadsheet column (0 is A, 26 is AA)."""
    name = ""
    column += 1
    while column:
        column, rest = divmod(column - 1, 26)
        name = chr(65 + rest) + name
    return name


@dataclass(slots=True)
class TableFiles:
    """The tables of a scenario folder, what is wrong with them and what they were read from.

    Attributes
    ----------
    tables
        Tables by name.
    faults, notices
        What is wrong, and what was read in an unusual way.
    read
        Bytes of each file by name.
    has_settings
        Whether a workbook also holds the keys of ``scenario.toml``.
    """

    tables: dict[str, RawTable]
    faults: list[Fault]
    notices: list[str]
    read: dict[str, bytes]
    has_settings: bool = False


def read_tables(folder: Path, workbook: Path | None = None) -> TableFiles:
    """Read ``tables/*.csv`` or ``tables.xlsx``, whichever is there, or the workbook given.

    Parameters
    ----------
    folder
        Scenario folder.
    workbook
        A workbook that holds the whole scenario.

    Returns
    -------
    TableFiles
        Tables that could be read, faults of those that could not, notices, and the bytes of each file.
    """
    files = TableFiles({}, [], [], {})
    tables = folder / "tables"
    book = workbook or folder / WORKBOOK
    if workbook is None and book.is_file() and tables.is_dir():
        files.faults.append(
            Fault(WORKBOOK, "", "also a folder tables/", "expected one of the two only", "two-table-sources")
        )
        return files
    if book.is_file():
        read_workbook(book, book.name, files)
    elif tables.is_dir():
        _read_folder(tables, files)
    else:
        files.faults.append(
            Fault("tables", "", "no such folder", f"expected tables/*.csv or {WORKBOOK}", "missing-table")
        )
        return files
    unreadable = {fault.file for fault in files.faults if fault.kind == "unreadable"}
    for name, spec in TABLES.items():
        file, where = (book.name, f"sheet {name}") if book.is_file() else (f"tables/{name}.csv", "")
        if spec.required and name not in files.tables and file not in unreadable:
            expected = f"expected this table: {spec.model.__doc__}"
            files.faults.append(Fault(file, where, "no such table", expected, "missing-table"))
    return files


def _read_folder(folder: Path, files: TableFiles) -> None:
    for path in sorted(folder.iterdir()):
        if path.name.startswith((".", "~$")):
            continue
        name, file = path.stem, f"tables/{path.name}"
        if path.suffix != ".csv" or name not in TABLES:
            known = [f"{table}.csv" for table in TABLES]
            files.faults.append(
                Fault(
                    file,
                    "",
                    f"'{path.name}'",
                    f"no such table{did_you_mean(path.name, known)}",
                    "unknown-table",
                )
            )
            continue
        content = path.read_bytes()
        files.read[file] = content
        text = _decode(content, file, files)
        if text is None:
            continue
        try:
            lines = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error as error:
            files.faults.append(Fault(file, "", f"broken CSV ({error})", "expected CSV", "unreadable"))
            continue
        _take(name, file, "", [[cell.strip() for cell in line] for line in lines], files)


def _decode(content: bytes, file: str, files: TableFiles) -> str | None:
    """Text of a CSV file: UTF-8 with or without mark, else GB 18030 with a notice."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\x00" in content:
        files.faults.append(Fault(file, "", "UTF-16 or binary data", "expected UTF-8 text", "unreadable"))
        return None
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
    try:
        text = content.decode("gb18030")
    except UnicodeDecodeError:
        files.faults.append(
            Fault(
                file,
                f"row {line}",
                "bytes that are neither UTF-8 nor GB 18030",
                "expected UTF-8 text",
                "unreadable",
            )
        )
        return None
    files.notices.append(f"{file} is not UTF-8 and was read as GB 18030: check its Chinese names")
    return text


def read_workbook(path: Path, file: str, files: TableFiles) -> None:
    """Read every sheet of a workbook into ``files``.

    Parameters
    ----------
    path
        The workbook.
    file
        Its name in faults.
    files
        Where tables and faults go.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    files.read[file] = path.read_bytes()
    try:
        workbook = CalamineWorkbook.from_path(str(path))
        files.has_settings = SETTINGS in workbook.sheet_names
        sheets = {
            name: workbook.get_sheet_by_name(name).to_python(skip_empty_area=False)
            for name in workbook.sheet_names
            if name not in (*NOTE_SHEETS, SETTINGS) and not name.startswith("_")
        }
    except (CalamineError, OSError, ValueError) as error:
        files.faults.append(
            Fault(file, "", f"no readable workbook ({error})", "expected .xlsx", "unreadable")
        )
        return
    for name, grid in sheets.items():
        if name not in TABLES:
            if not any(any(line) for line in grid):
                continue
            files.faults.append(
                Fault(
                    file,
                    f"sheet {name}",
                    f"'{name}'",
                    f"no such table{did_you_mean(name, TABLES)}",
                    "unknown-table",
                )
            )
            continue
        _take(
            name,
            file,
            name,
            [[cell.strip() if type(cell) is str else cell_text(cell) for cell in line] for line in grid],
            files,
        )


def cell_text(value: Any) -> str:
    """Text a spreadsheet cell would have in a CSV file."""
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, dt.datetime):
        midnight = value.time() == dt.time()
        return value.date().isoformat() if midnight else value.isoformat(sep=" ")
    if value is None:
        return ""
    return str(value)


def _take(name: str, file: str, sheet: str, grid: list[list[str]], files: TableFiles) -> None:
    """Check the shape of a grid of cells and keep it as a table."""
    spec = TABLES[name]
    headers = grid[0] if grid else []
    while headers and not headers[-1]:
        headers = headers[:-1]
    table = RawTable(name, file, sheet, headers, [], [])
    before = len(files.faults)
    _check_headers(table, files.faults)
    width = len(headers)
    for number, line in enumerate(grid[1:], start=2):
        if not any(line):
            continue
        # A sheet is padded to its widest row; a CSV row states how long it is.
        if any(line[width:]) or (not sheet and len(line) != width):
            if headers:
                where = f"sheet {sheet}, row {number}" if sheet else f"row {number}"
                found, expected = f"{len(line)} cells", f"expected {width} as in the header"
                files.faults.append(Fault(file, where, found, expected, "row-width"))
            table.ragged.add(len(table.rows))
        table.rows.append((line + [""] * width)[:width])
        table.numbers.append(number)
    if len(table.rows) < spec.least_rows and len(files.faults) == before:
        files.faults.append(Fault(file, table.head(), "no rows", "expected at least one", "empty-table"))
    files.tables[name] = table


def _check_headers(table: RawTable, faults: list[Fault]) -> None:
    spec = TABLES[table.name]
    headers, file = table.headers, table.file
    if not any(headers):
        faults.append(
            Fault(file, table.head(), "no headers", f"expected {listed(spec.columns, 99)}", "missing-header")
        )
        return
    if len(headers) == 1 and (";" in headers[0] or "\t" in headers[0]):
        mark = "semicolons" if ";" in headers[0] else "tabs"
        faults.append(Fault(file, table.head(), f"{mark} between cells", "expected commas", "separator"))
        return
    for position, header in enumerate(headers):
        if not header:
            faults.append(
                Fault(file, table.head(position), "blank", "expected a column header", "missing-header")
            )
        elif headers.index(header) != position:
            faults.append(
                Fault(
                    file,
                    table.head(position),
                    f"'{header}'",
                    "this column stands there twice",
                    "duplicate-header",
                )
            )
        elif header not in spec.columns:
            faults.append(
                Fault(
                    file,
                    table.head(position),
                    f"'{header}'",
                    f"no such column{did_you_mean(header, spec.columns)}",
                    "unknown-column",
                )
            )
    for column in spec.required_columns:
        if column not in headers:
            faults.append(Fault(file, table.head(), f"no column {column}", "expected it", "missing-column"))
