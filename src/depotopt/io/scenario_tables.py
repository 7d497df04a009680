"""All tables of a scenario with their checked rows, for checks across tables."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from depotopt.errors import Fault
from depotopt.io.overrides import row_keys
from depotopt.io.raw_tables import RawTable
from depotopt.io.records import read_rows
from depotopt.io.suggestions import did_you_mean
from depotopt.io.table_schemas import TABLES, Row

RowT = TypeVar("RowT", bound=Row)


@dataclass(slots=True)
class ScenarioTables:
    """Tables as text and as checked rows.

    Attributes
    ----------
    raw
        Tables by name; missing ones are left out.
    rows
        Rows by table name, ``None`` where a cell is at fault.
    faults
        Faults found in single cells.
    unfilled
        Rows by table whose catalogue entry could not fill them: what they lack is not reported again.
    hints_left
        Near misses still looked for: each takes long among many names, and nobody reads thousands.
    """

    raw: dict[str, RawTable]
    rows: dict[str, list[Row | None]] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)
    unfilled: dict[str, frozenset[int]] = field(default_factory=dict)
    hints_left: int = 200

    def __post_init__(self) -> None:
        for name, table in self.raw.items():
            self.rows[name], found = read_rows(table)
            self.faults += found

    def checked(self, name: str, model: type[RowT]) -> Iterator[tuple[int, RowT]]:
        """Rows of a table without faults, with their positions."""
        for i, row in enumerate(self.rows.get(name, [])):
            if isinstance(row, model):
                yield i, row

    def complete(self, name: str, model: type[RowT]) -> list[RowT]:
        """All rows of a table that has no faults."""
        return [row for _, row in self.checked(name, model)]

    def known(self, name: str) -> frozenset[str]:
        """Identifiers of a table, also of rows at fault; empty where the table is missing."""
        if name not in self.raw:
            return frozenset()
        return frozenset(self.raw[name].column(TABLES[name].key[0])) - {""}

    def keys(self, name: str) -> list[str]:
        """Identifier of each row as overrides use it."""
        return row_keys(self.raw[name]) if name in self.raw else []

    def fault(self, name: str, row: int, column: str, expected: str, kind: str, found: str = "") -> Fault:
        """Build a fault at a cell; what was found is the cell unless given."""
        table = self.raw[name]
        cell = table.cell(row, column)
        file, where = table.place(row, column)
        return Fault(file, where, found or (f"'{cell}'" if cell else "blank"), expected, kind)

    def unknown(
        self, name: str, row: int, column: str, value: str, known: frozenset[str], what: str
    ) -> Fault:
        """Build the fault of a reference that leads nowhere."""
        hint = did_you_mean(value, known) if self.hints_left > 0 else ""
        self.hints_left -= 1
        return self.fault(
            name, row, column, f"no such {what}{hint}", f"unknown-{what}".replace(" ", "-"), f"'{value}'"
        )
