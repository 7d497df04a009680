"""The sheet ``scenario`` of a workbook: each key of ``scenario.toml`` in a row with its value."""

from __future__ import annotations

import datetime as dt
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from depotopt.errors import Fault
from depotopt.io.column_notes import options_of
from depotopt.io.hazard_blocks import KINDS
from depotopt.io.overrides import TOML_FILE
from depotopt.io.raw_tables import SETTINGS
from depotopt.io.records import block_of, default_text
from depotopt.io.toml_schemas import (
    CountBlock,
    DispatchBlock,
    EnsembleBlock,
    GradeBlock,
    LateBlock,
    LimitsBlock,
    ObjectiveBlock,
    RoadsBlock,
    RulesBlock,
    ScenarioFile,
    SizeClassBlock,
    TierBlock,
)

HEADERS: Final = ("key", "value")
REMARKS: Final = ("default", "meaning", "example")
"""Further columns, for the reader of the sheet only."""

EMPTY: Final[Mapping[str, Any]] = {"[]": [], "{}": {}}
"""How an empty list or table is written."""

_PART = re.compile(r'(?P<bare>[A-Za-z0-9_-]+)|(?P<quoted>"(?:[^"\\]|\\.)*")')
_INDEX = re.compile(r"\[(\d{1,4})\]")

Keys = tuple[str | int, ...]


@dataclass(slots=True)
class Settings:
    """Keys and values of a workbook.

    Attributes
    ----------
    data
        Nested tables as `tomllib` would give them; ``None`` where the sheet is missing.
    cells
        Cell of each value by its key as faults name it.
    faults
        What is wrong with the sheet itself.
    """

    data: dict[str, Any] | None
    cells: dict[str, str] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


def flatten(value: Any, at: Keys = ()) -> Iterator[tuple[Keys, Any]]:
    """Paths and values of all leaves; empty lists and tables are leaves."""
    if isinstance(value, Mapping) and value:
        for key, item in value.items():
            yield from flatten(item, (*at, key))
    elif isinstance(value, list) and value:
        for number, item in enumerate(value):
            yield from flatten(item, (*at, number))
    else:
        yield at, value


def key_text(path: Sequence[str | int]) -> str:
    """Write a path as a key: ``tiers.county.counts[0].max``; unusual names stand in quotes."""
    text = ""
    for part in path:
        if isinstance(part, int):
            text += f"[{part}]"
            continue
        name = part if re.fullmatch(r"[A-Za-z0-9_-]+", part) else json.dumps(part, ensure_ascii=False)
        text += f".{name}" if text else name
    return text


def key_path(text: str) -> Keys | None:
    """Read a key back to its path; ``None`` where it is none."""
    path: list[str | int] = []
    position = 0
    while True:
        part = _PART.match(text, position)
        if part is None:
            return None
        try:
            path.append(part["bare"] or json.loads(part["quoted"]))
        except ValueError:
            return None
        position = part.end()
        while index := _INDEX.match(text, position):
            path.append(int(index[1]))
            position = index.end()
        if position == len(text):
            return tuple(path)
        if text[position] != ".":
            return None
        position += 1


def fault_key(path: Sequence[str | int]) -> str:
    """The same path as faults name it, without quotes."""
    text = ""
    for part in path:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def cell_value(value: Any, key: str = "") -> Any:
    """Turn what a spreadsheet cell holds into what TOML would hold; ``None`` where it is blank."""
    if isinstance(value, str):
        text = value.strip()
        if text in EMPTY:
            return type(EMPTY[text])()
        if key == "start" or key.endswith(".start"):
            return _moment(text)
        return text or None
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return int(value)
    return value


def _moment(text: str) -> str | dt.datetime | None:
    """A date and time with offset, which a spreadsheet cell can only hold as text."""
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return text or None


def value_cell(value: Any) -> str | float | bool:
    """Turn a TOML value into what a spreadsheet cell can hold; the way back is `cell_value`."""
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int | float) and abs(value) < 2**53:
        return float(value)
    if isinstance(value, Mapping | list):
        return "{}" if isinstance(value, Mapping) else "[]"
    return value.isoformat() if isinstance(value, dt.date | dt.time) else str(value)


def pattern(path: Sequence[str | int]) -> str:
    """Name of a key in the notes: identifiers of tiers become ``ID``, numbers disappear."""
    parts = ["[]" if isinstance(part, int) else f".{part}" for part in path]
    if len(parts) > 1 and path[0] == "tiers":
        parts[1] = ".ID"
    return "".join(parts).removeprefix(".")


TEMPLATE_KEYS: Final = (
    *("title", "description", "start", "accept_unverified[0]"),
    *(f"roads.{key}" for key in RoadsBlock.model_fields),
    *(f"rules.{key}" for key in RulesBlock.model_fields),
    *(
        f"objective.{key}{'[0]' * (key == 'lexicographic')}"
        for key in ObjectiveBlock.model_fields
        if key != "late"
    ),
    *(f"objective.late[0].{key}" for key in LateBlock.model_fields),
    *(f"ensemble.{key}" for key in EnsembleBlock.model_fields),
    *(f"siting.{key}" for key in LimitsBlock.model_fields),
    *(f"dispatch.{key}{'[0]' * (key == 'objectives')}" for key in DispatchBlock.model_fields),
    *(
        f"tiers.county.{key}{'[0]' * (key == 'replenishes')}"
        for key in TierBlock.model_fields
        if key not in ("counts", "graded", "size_classes")
    ),
    *(f"tiers.county.counts[0].{key}" for key in CountBlock.model_fields),
    *(f"tiers.county.graded[0].{key}" for key in GradeBlock.model_fields),
    *(f"tiers.county.size_classes[0].{key}" for key in SizeClassBlock.model_fields),
    "hazards.river.kind",
)
"""Keys a template offers, with blank values; blank values are not read."""


def key_field(path: Sequence[str | int], kind: str = "") -> FieldInfo | None:
    """Field of the schema that a key fills; ``None`` for no key of a scenario, and for overrides.

    Parameters
    ----------
    path
        The key.
    kind
        Kind of the hazard it belongs to, if it belongs to one.
    """
    model: type[BaseModel] | None = ScenarioFile
    names = [part for part in path if isinstance(part, str)]
    if names[:1] == ["tiers"]:
        del names[1:2]
    elif names[:1] == ["hazards"] and kind in KINDS:
        model, names = KINDS[kind], names[2:]
    item: FieldInfo | None = None
    for part in names:
        if model is None or part not in model.model_fields:
            return None
        item = model.model_fields[part]
        model = block_of(item)
    return item


def described(path: Sequence[str | int], kind: str = "") -> tuple[str, str]:
    """Default and meaning of a key, blank where `key_field` knows none."""
    item = key_field(path, kind)
    if item is None:
        return "", ""
    if len(path) == 3 and (path[0], path[2]) == ("hazards", "kind"):
        return "required", KINDS[kind].__doc__ or ""
    return default_text(item), item.description or ""


def key_options(path: Sequence[str | int], kind: str = "") -> list[str]:
    """Words a key takes, if it takes one of a list; entries of lists of such words have them, too."""
    if len(path) == 3 and (path[0], path[2]) == ("hazards", "kind"):
        return list(KINDS)
    item = key_field(path, kind)
    if item is None:
        return []
    entries = get_args(item.annotation) if isinstance(path[-1], int) else ()
    return options_of(entries[0] if entries else item.annotation)


def read_settings(path: Path, file: str) -> Settings:
    """Read the sheet ``scenario`` of a workbook.

    Parameters
    ----------
    path
        The workbook.
    file
        Its name in faults.
    """
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        if SETTINGS not in book.sheet_names:
            missing = f"expected the keys of {TOML_FILE} in a sheet of this name"
            return Settings(
                None, {}, [Fault(file, f"sheet {SETTINGS}", "no such sheet", missing, "missing-table")]
            )
        grid = book.get_sheet_by_name(SETTINGS).to_python(skip_empty_area=False)
    except (CalamineError, OSError, ValueError) as error:
        return Settings(
            None, {}, [Fault(file, "", f"no readable workbook ({error})", "expected .xlsx", "unreadable")]
        )
    settings = Settings({})
    headers = tuple(str(cell).strip() for cell in grid[0][:2]) if grid else ()
    if headers != HEADERS:
        found = " and ".join(f"'{header}'" for header in headers) or "nothing"
        settings.faults.append(
            Fault(
                file,
                f"sheet {SETTINGS}, cell A1",
                found,
                "expected the headers key and value",
                "missing-header",
            )
        )
        return settings
    for number, row in enumerate(grid[1:], start=2):
        text, value = str(row[0]).strip(), cell_value(row[1], str(row[0]).strip())
        if value is None:
            continue
        place = f"sheet {SETTINGS}, cell A{number}"
        keys = key_path(text)
        if keys is None:
            settings.faults.append(
                Fault(file, place, f"'{text}'", "expected a key like rules.response_h", "unknown-key")
            )
        elif not _put(settings.data, keys, value):
            settings.faults.append(
                Fault(file, place, f"'{text}'", "set twice, or beside a key inside it", "duplicate-key")
            )
        else:
            settings.cells[fault_key(keys)] = f"B{number}"
    settings.data, gaps = _lists(settings.data)
    settings.faults += [
        Fault(
            file,
            f"sheet {SETTINGS}",
            f"'{gap}'",
            "expected numbers [0], [1], ... without gaps",
            "unknown-key",
        )
        for gap in gaps
    ]
    return settings


def _put(data: Any, path: Keys, value: Any) -> bool:
    """Set a value in nested tables (lists are tables of numbers here); false where the place is taken."""
    for part in path[:-1]:
        data = data.setdefault(part, {})
        if not isinstance(data, dict):
            return False
    if path[-1] in data:
        return False
    data[path[-1]] = value
    return True


def _lists(data: Any, at: Keys = ()) -> tuple[Any, list[str]]:
    """Turn tables of numbers into lists; also the keys whose numbers have gaps or stand beside names."""
    if not isinstance(data, dict):
        return data, []
    gaps: list[str] = []
    items = {}
    for key, value in data.items():
        items[key], found = _lists(value, (*at, key))
        gaps += found
    if not any(isinstance(key, int) for key in items):
        return items, gaps
    if set(items) != set(range(len(items))):
        return [], [*gaps, fault_key(at)]
    return [items[number] for number in range(len(items))], gaps


def relocated(fault: Fault, settings: Settings, file: str) -> Fault:
    """Move a fault of ``scenario.toml`` to the cell that holds its key, or to the sheet."""
    if fault.file != TOML_FILE:
        return fault
    key = fault.where
    while key:
        if key in settings.cells:
            where = f"sheet {SETTINGS}, cell {settings.cells[key]}"
            # The cell says which key it is unless the fault is about a part of it.
            found = fault.found if key == fault.where else f"{fault.where}: {fault.found}"
            return replace(fault, file=file, where=where, found=found)
        key = key[: max(key.rfind("."), key.rfind("["), 0)]
    found = f"{fault.where}: {fault.found}" if fault.where else fault.found
    return replace(fault, file=file, where=f"sheet {SETTINGS}", found=found)
