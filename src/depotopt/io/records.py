"""From text cells and TOML values to checked rows and blocks; pydantic's errors become faults."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, get_args, get_origin

from pydantic import BaseModel, TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from depotopt.errors import Fault
from depotopt.io.cells import NUMBER, Expect, expectation
from depotopt.io.overrides import TOML_FILE, KeyPath
from depotopt.io.raw_tables import RawTable
from depotopt.io.suggestions import did_you_mean
from depotopt.io.table_schemas import TABLES, Row
from depotopt.io.toml_schemas import ScenarioFile

_NOTHING = Expect("something else", "value")


def read_rows(table: RawTable) -> tuple[list[Row | None], list[Fault]]:
    """Check every cell of a table.

    Parameters
    ----------
    table
        Text cells.

    Returns
    -------
    tuple
        One row per row of the table, ``None`` where a cell is at fault; and the faults.
    """
    spec = TABLES[table.name]
    headers = [header if header in spec.columns else "" for header in table.headers]
    if any(column not in headers for column in spec.required_columns):
        return [None] * len(table.rows), []
    records = [
        {header: cell for header, cell in zip(headers, row, strict=True) if cell and header}
        for row in table.rows
    ]
    whole = [i for i in range(len(records)) if i not in table.ragged]
    adapter: TypeAdapter[list[Row]] = TypeAdapter(list[spec.model])  # type: ignore[name-defined]
    try:
        return _spread(len(records), whole, adapter.validate_python([records[i] for i in whole])), []
    except ValidationError as error:
        details = error.errors(include_url=False, include_context=True)
    faults, bad = [], set()
    for detail in details:
        row, column = whole[int(detail["loc"][0])], str(detail["loc"][1])
        bad.add(row)
        file, where = table.place(row, column)
        cell = records[row].get(column, "")
        fault = _fault(file, where, detail, cell, column_expectation(spec.model, column))
        if column == "lat" and fault.kind == "coordinate" and _is_latitude(records[row].get("lon", "")):
            fault = replace(fault, expected=f"{fault.expected} (lon and lat swapped?)")
        faults.append(fault)
    good = [i for i in whole if i not in bad]
    return _spread(len(records), good, adapter.validate_python([records[i] for i in good])), faults


def _spread(size: int, positions: Sequence[int], rows: Sequence[Row]) -> list[Row | None]:
    """Put checked rows back where they stood, ``None`` between them."""
    spread: list[Row | None] = [None] * size
    for i, row in zip(positions, rows, strict=True):
        spread[i] = row
    return spread


def _is_latitude(cell: str) -> bool:
    return NUMBER.fullmatch(cell) is not None and abs(float(cell)) <= 90


def column_expectation(model: type[BaseModel], column: str) -> Expect:
    """What a column expects; columns are known by their header."""
    for name, field in model.model_fields.items():
        if column in (name, field.alias):
            return expectation(field)
    return _NOTHING


def _fault(file: str, where: str, detail: ErrorDetails, cell: str, expect: Expect) -> Fault:
    hint = str(detail.get("ctx", {}).get("hint", ""))
    phrase = f"expected {expect.phrase}" + (f", {hint}" if hint else "")
    found = f"'{cell}'"
    if detail["type"] == "missing" or cell == "":
        return Fault(file, where, "blank", phrase, "missing")
    zero = expect.zero_is_missing and detail["type"] == "greater_than" and float(cell) == 0
    return Fault(file, where, found, phrase, "missing" if zero else expect.kind)


def read_file(
    data: Mapping[str, Any], origin: Mapping[KeyPath, str]
) -> tuple[ScenarioFile | None, list[Fault]]:
    """Check the merged content of ``scenario.toml``.

    Parameters
    ----------
    data
        Merged content.
    origin
        Which override set which key path.

    Returns
    -------
    tuple
        The checked file, or ``None`` with faults.
    """
    try:
        return ScenarioFile.model_validate(dict(data)), []
    except ValidationError as error:
        details = error.errors(include_url=False)
    return None, [_key_fault(detail, origin) for detail in details]


def _key_fault(detail: ErrorDetails, origin: Mapping[KeyPath, str]) -> Fault:
    path = tuple(part for part in detail["loc"] if part != "[key]")
    model, field = _walk(path)
    where = key_place(path, origin)
    if detail["type"] == "missing":
        return Fault(TOML_FILE, where, "no such key", f"expected {field.phrase}", "missing-key")
    if detail["type"] == "extra_forbidden":
        hint = did_you_mean(str(path[-1]), model.model_fields) if model else ""
        return Fault(TOML_FILE, where, f"'{path[-1]}'", f"no such key{hint}", "unknown-key")
    return Fault(TOML_FILE, where, shown(detail["input"]), f"expected {field.phrase}", field.kind)


def shown(value: Any) -> str:
    """A TOML value as the user would recognise it."""
    if isinstance(value, str):
        return f"'{value}'"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list | tuple):
        return "an empty list" if not value else "a list"
    return str(value)


def key_place(path: Sequence[str | int], origin: Mapping[KeyPath, str]) -> str:
    """Dotted name of a key, inside the override that set it where one did."""
    names = tuple(str(part) for part in path)
    by = next((origin[names[:n]] for n in range(len(names), 0, -1) if names[:n] in origin), None)
    text = "" if by is None else f"overrides.{by}"
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def _walk(path: Sequence[str | int]) -> tuple[type[BaseModel] | None, Expect]:
    """Model and expectation at a key path of `ScenarioFile`."""
    model: type[BaseModel] | None = ScenarioFile
    expect = _NOTHING
    for part in path:
        if isinstance(part, int) or model is None or part not in model.model_fields:
            continue
        field = model.model_fields[part]
        expect = _block_expectation(field.annotation) or expectation(field)
        model = block_of(field) or model
    return model, expect


def _block_expectation(annotation: Any) -> Expect | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return Expect(f"a table: {annotation.__doc__}", "table")
    return None


def block_of(field: FieldInfo) -> type[BaseModel] | None:
    """Model of the block a key holds, or of the entries of its list; ``None`` for plain values."""
    return _block_in(field.annotation)


def _block_in(annotation: Any) -> type[BaseModel] | None:
    # A generic like tuple[X, ...] is a type to isinstance, but no class.
    if isinstance(annotation, type) and get_origin(annotation) is None:
        return annotation if issubclass(annotation, BaseModel) else None
    for part in get_args(annotation):
        found = _block_in(part)
        if found is not None:
            return found
    return None


def default_text(field: FieldInfo) -> str:
    """Default of a column or key as text: ``required``, or blank where there is none."""
    if field.is_required():
        return "required"
    default = field.get_default(call_default_factory=True)
    if default is None or default in ("", (), {}) or isinstance(default, BaseModel):
        return ""
    if isinstance(default, bool):
        return "true" if default else "false"
    if isinstance(default, tuple):
        return (
            "[" + ", ".join(f'"{item}"' if isinstance(item, str) else f"{item:g}" for item in default) + "]"
        )
    return f"{default:g}" if isinstance(default, float) else str(default)
