"""Tables of text cells, checked against columns: every fault with its place."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from depotopt.errors import Fault
from depotopt.units import BoolArray, FloatArray

_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

Parse = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    parse
        Turns the text into a value; a `ValueError` or `KeyError` is a fault.
    expected
        What should stand there, a phrase that begins with *expected*.
    required
        Whether the column must be there and filled in.
    default
        Value of an empty cell.
    """

    parse: Parse
    expected: str
    required: bool = False
    default: object = None


@dataclass(slots=True)
class Table:
    """Values read, by column.

    Attributes
    ----------
    shown
        What the table is called in faults (``"roads/links.csv"``).
    unit
        What a row is called (``"row"``).
    columns
        Values by column; the default where a cell was faulty.
    lines
        Number by which the user knows each row.
    """

    shown: str
    unit: str
    columns: dict[str, list[object]]
    lines: list[int] = field(default_factory=list)

    def numbers(self, name: str) -> FloatArray:
        """A column as floats."""
        return np.array(self.columns[name], dtype=np.float64)

    def flags(self, name: str) -> BoolArray:
        """A column as booleans."""
        return np.array(self.columns[name], dtype=np.bool_)

    def texts(self, name: str) -> list[str]:
        """A column as texts."""
        return [str(value) for value in self.columns[name]]

    def fault(self, row: int, column: str, found: str, expected: str, kind: str = "value") -> Fault:
        """Describe what is wrong with a cell; ``row`` counts from 0."""
        return cell_fault(self.shown, f"{self.unit} {self.lines[row]}", column, found, expected, kind)


def cell_fault(shown: str, row: str, column: str, found: str, expected: str, kind: str = "value") -> Fault:
    """Describe what is wrong with a cell."""
    return Fault(shown, f"{row}, column {column}", f"'{found}'" if found else "nothing", expected, kind)


def checked_table(
    shown: str,
    unit: str,
    header: Sequence[str],
    rows: Iterable[tuple[int, Sequence[str]]],
    columns: dict[str, Column],
    faults: list[Fault],
) -> Table:
    """Read rows of text, adding a fault for everything that does not fit.

    Parameters
    ----------
    shown, unit
        As in `Table`.
    header
        Names of the columns found.
    rows
        Number and cells of each row.
    columns
        Columns known.
    faults
        Faults are added here.
    """
    table = Table(shown, unit, {name: [] for name in columns})
    if not _header_fits(shown, header, columns, faults):
        return table
    where = {name: header.index(name) for name in columns if name in header}
    for line, cells in rows:
        if len(cells) != len(header):
            found, expected = f"{len(cells)} cells", f"expected {len(header)} as in the header"
            faults.append(Fault(shown, f"{unit} {line}", found, expected, "cells"))
            continue
        table.lines.append(line)
        for name, column in columns.items():
            text = cells[where[name]].strip() if name in where else ""
            value, problem = _value(column, text)
            table.columns[name].append(value)
            if problem:
                faults.append(cell_fault(shown, f"{unit} {line}", name, text, column.expected, problem))
    return table


def _value(column: Column, text: str) -> tuple[object, str]:
    """Value of a cell and the kind of fault in it, empty where there is none."""
    problem = "missing" if column.required else ""
    if text:
        try:
            return column.parse(text), ""
        except (ValueError, KeyError):
            problem = "value"
    if column.parse is str:
        return "", problem
    return (math.nan if column.required else column.default), problem


def _header_fits(shown: str, header: Sequence[str], columns: dict[str, Column], faults: list[Fault]) -> bool:
    before = len(faults)
    for name in dict.fromkeys(header):
        if name not in columns:
            close = difflib.get_close_matches(name, columns, n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else f"; there are {', '.join(columns)}"
            faults.append(Fault(shown, "header", f"'{name}'", f"no such column{hint}", "unknown-column"))
        if header.count(name) > 1:
            faults.append(Fault(shown, "header", f"'{name}' twice", "expected it once", "repeated-column"))
    for name, column in columns.items():
        if column.required and name not in header:
            expected = f"expected column {name}"
            faults.append(Fault(shown, "header", "no such column", expected, "missing-column"))
    return len(faults) == before


def number(low: float, high: float, *, above_low: bool = False) -> Parse:
    """Make a parser of plain decimal numbers between bounds (``above_low``: the lower one excluded)."""

    def parse(text: str) -> object:
        if not _NUMBER.fullmatch(text):
            raise ValueError(text)
        value = float(text)
        if not (low < value if above_low else low <= value) or value > high:
            raise ValueError(text)
        return value

    return parse


def flag(text: str) -> object:
    """Parse 0 or 1."""
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"
