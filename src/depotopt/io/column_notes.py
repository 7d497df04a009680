"""What the columns of the tables take: in words, and as drop-downs and bounds of Excel."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Mapping, Sequence
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import UnionType
from typing import Annotated, Any, Final, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from depotopt.catalog.numbers import commodity_entries, vehicle_entries
from depotopt.io.cells import Expect, expectation
from depotopt.io.raw_tables import letters
from depotopt.io.records import block_of
from depotopt.io.table_schemas import TABLES, TableSpec
from depotopt.language.speech import Speech, in_paragraphs

LINKS: Final[Mapping[tuple[str, str], str]] = {
    ("stock", "site"): "sites",
    ("stock", "commodity"): "commodities",
    ("own_stock", "point"): "demand_points",
    ("own_stock", "commodity"): "commodities",
    ("fleet", "site"): "sites",
    ("fleet", "vehicle_type"): "vehicle_types",
}
"""Columns whose drop-down offers the identifiers of another sheet."""


@cache
def column_examples() -> Mapping[tuple[str, str], str]:
    """Examples by table and column, from ``column_examples.csv``."""
    text = files("depotopt.io").joinpath("column_examples.csv").read_text(encoding="utf-8")
    return {(line["table"], line["column"]): line["example"] for line in csv.DictReader(text.splitlines())}


def column_field(spec: TableSpec, header: str) -> FieldInfo:
    """Field of the schema that a column fills."""
    return next(field for name, field in spec.model.model_fields.items() if header == (field.alias or name))


def expected_value(field: FieldInfo) -> str:
    """What a column or key takes, in words."""
    own = any(isinstance(item, Expect) for item in field.metadata)
    if not own and (get_origin(field.annotation) is dict or block_of(field) is not None):
        return "a list of tables" if get_origin(field.annotation) is tuple else "a table"
    found = expectation(field)
    if found.kind != "value":
        return found.phrase
    options = options_of(field.annotation)
    return f"`{options[0]}`" if len(options) == 1 else "one of " + ", ".join(options) if options else "values"


def column_comment(name: str, spec: TableSpec, header: str, say: Speech) -> str:
    """Note on the header of a column."""
    need, expected, default, meaning, example = column_description(name, spec, header, say)
    lines = [meaning, say("{need}; expected: {expected}", need=need, expected=expected)]
    if default:
        lines.append(say("default: {value}", value=default))
    if example:
        lines.append(say("example: {value}", value=example))
    return "\n".join(lines)


def column_description(
    name: str, spec: TableSpec, header: str, say: Speech
) -> tuple[str, str, str, str, str]:
    """Need, expectation, default, meaning and example of a column."""
    field = column_field(spec, header)
    need = say("required") if field.is_required() else say("optional")
    default = "" if field.is_required() or field.default in (None, "", ()) else f"{field.default}"
    meaning = say(in_paragraphs(field.description or ""))
    return need, say.sentence(expectation(field).phrase), default, meaning, column_examples()[name, header]


def validation(
    name: str, header: str, columns: Mapping[str, Sequence[str]], say: Speech | None = None
) -> dict[str, Any]:
    """Drop-down or bounds of a column in the terms of XlsxWriter; empty for free text.

    Parameters
    ----------
    name, header
        Table and column.
    columns
        Headers of every sheet of the workbook.
    say
        Language of what Excel says to a value that does not fit; default English.
    """
    field = column_field(TABLES[name], header)
    found = expectation(field)
    phrase = found.phrase if say is None else say.sentence(found.phrase)
    message = {"error_title": header[:32], "error_message": phrase[:255], "ignore_blank": True}
    target = LINKS.get((name, header), "")
    if target in columns and TABLES[target].key[0] in columns[target]:
        column = letters(columns[target].index(TABLES[target].key[0]))
        return {"validate": "list", "source": f"={target}!${column}$2:${column}$20000", **message}
    if header == "catalog":
        entries = commodity_entries() if name == "commodities" else vehicle_entries()
        return {"validate": "list", "source": sorted(entries), **message}
    options = options_of(field.annotation)
    if options:
        return {"validate": "list", "source": options, **message}
    if found.kind == "date":
        return {"validate": "date", "criteria": ">=", "value": dt.date(2000, 1, 1), **message}
    bounds = {
        item: getattr(part, item)
        for part in _constraints(field)
        for item in ("ge", "gt", "le")
        if hasattr(part, item)
    }
    if found.kind not in ("number", "integer", "coordinate") or not bounds:
        return {}
    low, high = bounds.get("ge", bounds.get("gt", 0)), bounds.get("le")
    kind = "integer" if found.kind == "integer" else "decimal"
    if high is None or kind == "integer":
        return {"validate": kind, "criteria": ">" if "gt" in bounds else ">=", "value": low, **message}
    return {"validate": kind, "criteria": "between", "minimum": low, "maximum": high, **message}


def options_of(annotation: Any) -> list[str]:
    """Words a column or key takes, if it takes one of a list."""
    if get_origin(annotation) is Literal:
        return [str(option) for option in get_args(annotation)]
    if annotation is bool:
        return ["TRUE", "FALSE"]
    if isinstance(annotation, type):
        return [str(option) for option in annotation] if issubclass(annotation, StrEnum) else []
    if get_origin(annotation) not in (Union, UnionType, Annotated):
        return []
    return next((found for part in get_args(annotation) if (found := options_of(part))), [])


def _constraints(field: FieldInfo) -> list[Any]:
    """Constraint objects of a field, also inside an optional type."""
    parts = list(field.metadata)
    for part in get_args(field.annotation):
        for item in getattr(part, "__metadata__", ()):
            parts += getattr(item, "metadata", [item])
    return parts
