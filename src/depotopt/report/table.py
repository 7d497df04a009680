"""`Table`: rows under named columns, the one shape that workbook, Parquet and sheets are made of."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, cast

import numpy as np

from depotopt.errors import UsageError

Kind = Literal["text", "integer", "number", "moment", "share", "degrees", "date"]
"""What a column holds; ``moment`` is seconds from the scenario's start, ``date`` ISO 8601 text."""
Cell = str | int | float | None
Row = tuple[Cell, ...]
SENTENCE: Final = "sentence"
METRIC: Final = "metric"


@dataclass(frozen=True, slots=True)
class Column:
    """Name and kind of a column; the name carries the unit."""

    name: str
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under named columns.

    Attributes
    ----------
    name
        Name of the table, of its Parquet file and of its string ``table.NAME``.
    columns
        Names and kinds.
    rows
        One tuple per row, as long as ``columns``; ``None`` where nothing is known.
    coded
        Columns whose values are codes with strings ``GROUP.CODE``, as ``{column: group}``; those of the
        group `SENTENCE` hold English sentences of depotopt, those of `METRIC` names of metrics.
    """

    name: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    coded: tuple[tuple[str, str], ...] = ()


def columns(text: str) -> tuple[Column, ...]:
    """Columns from ``"name:kind name ..."``, text where no kind stands."""
    pairs = (word.partition(":") for word in text.split())
    return tuple(Column(name, cast(Kind, kind or "text")) for name, _, kind in pairs)


def frame_table(name: str, frame: object) -> Table:
    """Make a table of records or of a pandas frame; the kind of a column follows its values.

    The index of a pandas frame becomes its first columns.

    Raises
    ------
    UsageError
        If the frame is neither.
    """
    # pandas is recognised by its methods: importing it costs a second.
    records: Any = frame
    if hasattr(records, "reset_index"):
        records = records.reset_index(drop=records.index.names == [None]).to_dict("records")
    if not isinstance(records, (list, tuple)) or not all(isinstance(r, Mapping) for r in records):
        raise UsageError(f"frame '{name}' is neither a list of records nor a pandas frame")
    names = list(dict.fromkeys(key for record in records for key in record))
    rows = tuple(tuple(_cell(record.get(key)) for key in names) for record in records)
    kinds = [_kind([row[c] for row in rows]) for c in range(len(names))]
    own = tuple(Column(str(n), kind) for n, kind in zip(names, kinds, strict=True))
    return Table(name, own, rows, (("metric", METRIC),) if "metric" in names else ())


def _cell(value: object) -> Cell:
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or isinstance(value, (str, int)):
        return value
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return str(value)


def _kind(values: Iterable[Cell]) -> Kind:
    known = [value for value in values if value is not None]
    if known and all(isinstance(value, int) for value in known):
        return "integer"
    return "number" if known and all(isinstance(value, (int, float)) for value in known) else "text"


def moment(seconds: float) -> float | None:
    """Seconds from the start, ``None`` for never."""
    return float(seconds) if math.isfinite(seconds) else None
