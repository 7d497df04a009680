"""Named overrides: changes merged over a scenario; two that set one key are a fault."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

from depotopt.errors import Fault, InputError, UsageError
from depotopt.io.raw_tables import RawTable, cell_text
from depotopt.io.suggestions import did_you_mean
from depotopt.io.table_schemas import TABLES, Holder

TOML_FILE = "scenario.toml"
UNSET: Final = "unset"
"""Key of an override that lists the keys it leaves out."""
OVERRIDE_SUFFIX = ".toml"
KeyPath = tuple[str, ...]
LEFT_OUT: Final = object()
"""Stands for the value of a key that an override leaves out."""


def leaves(block: Mapping[str, Any], at: KeyPath = ()) -> dict[KeyPath, Any]:
    """Flatten nested tables to key paths; lists and empty tables are leaves."""
    found: dict[KeyPath, Any] = {}
    for key, value in block.items():
        if isinstance(value, Mapping) and value:
            found |= leaves(value, (*at, key))
        else:
            found[(*at, key)] = value
    return found


def changes_of(block: Mapping[str, Any]) -> dict[KeyPath, Any]:
    """Key paths an override sets, and those it leaves out with the value `LEFT_OUT`."""
    found = leaves({key: value for key, value in block.items() if key != UNSET})
    listed = block.get(UNSET, ())
    paths = map(_key_path, listed) if isinstance(listed, list) else ()
    return found | {path: LEFT_OUT for path in paths if path is not None}


def _key_path(text: Any) -> KeyPath | None:
    """Path of a key as TOML writes it (``tiers."A.1".support_min``), ``None`` where that is none."""
    if not isinstance(text, str) or "=" in text or not text.isprintable():
        return None
    try:
        paths = leaves(tomllib.loads(f"{text} = 0"))
    except tomllib.TOMLDecodeError:
        return None
    return next(iter(paths)) if len(paths) == 1 else None


def override_faults(data: Mapping[str, Any], blocks: Mapping[str, Mapping[str, Any]]) -> list[Fault]:
    """What is wrong with overrides chosen together, whatever the keys they set mean."""
    return conflicts(blocks) + _unset_faults(data, blocks) + _shape_faults(data)


def _shape_faults(data: Mapping[str, Any]) -> list[Fault]:
    blocks = data.get("overrides", {})
    if not isinstance(blocks, dict):
        return [Fault(TOML_FILE, "overrides", f"{blocks!r}", "expected tables by name", "override")]
    return [
        Fault(TOML_FILE, f"overrides.{name}", f"{block!r}", "expected a table of changes", "override")
        for name, block in blocks.items()
        if not isinstance(block, dict)
    ]


def _unset_faults(data: Mapping[str, Any], blocks: Mapping[str, Mapping[str, Any]]) -> list[Fault]:
    """Keys that overrides leave out though they cannot: of no form, not set, or set by the same override."""
    faults = []
    base = leaves({key: value for key, value in data.items() if key != "overrides"})
    there = {path[:size] for path in base for size in range(1, len(path) + 1)}
    names = sorted(".".join(path) for path in there)
    for name, block in blocks.items():
        listed = block.get(UNSET, [])
        if not isinstance(listed, list):
            faults.append(_fault((name, UNSET), repr(listed), "expected a list of keys", "override"))
            continue
        for i, text in enumerate(listed):
            path, expected = _key_path(text), ""
            if path is None:
                expected = "expected a key like 'rules.budget'"
            elif path[0] == "tables":
                expected = "expected a key of the file; a cell is left out by setting it to ''"
            elif any(leaf[: len(path)] == path for leaf in leaves(block)):
                expected = "expected a key that this override does not set as well"
            elif path not in there:
                expected = f"no such key is set{did_you_mean('.'.join(path), names)}"
            if expected:
                faults.append(_fault((name, f"{UNSET}[{i}]"), repr(text), expected, "override"))
    return faults


def override_name(name: str) -> str:
    """What people call an override: its name, or that of its file without folder and suffix."""
    return Path(name).stem if name.endswith(OVERRIDE_SUFFIX) else name


def chosen_blocks(data: Mapping[str, Any], names: Iterable[str]) -> dict[str, Mapping[str, Any]]:
    """Pick the blocks of the overrides asked for.

    Parameters
    ----------
    data
        The scenario's file.
    names
        Names of its overrides, or paths of files (``.toml``) with the keys of one override each.

    Raises
    ------
    UsageError
        If an override does not exist or is named twice.
    InputError
        If a file cannot be read.
    """
    blocks = data.get("overrides", {})
    known = blocks if isinstance(blocks, Mapping) else {}
    chosen: dict[str, Mapping[str, Any]] = {}
    for given in names:
        in_file = given.endswith(OVERRIDE_SUFFIX) and given not in known
        name = override_name(given) if in_file else given
        if not in_file and name not in known:
            there = f"; there are {', '.join(known)}" if known else "; the scenario has none"
            raise UsageError(f"no override '{name}'{did_you_mean(name, known)}{there}")
        if name in chosen:
            raise UsageError(f"override '{name}' is named twice")
        block = _override_file(Path(given)) if in_file else known[name]
        if isinstance(block, Mapping):
            chosen[name] = block
    return chosen


def _override_file(path: Path) -> Mapping[str, Any]:
    try:
        block = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except FileNotFoundError:
        raise UsageError(f"no override file '{path}'") from None
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        fault = Fault(str(path), "", f"a file that is not TOML ({error})", "expected TOML", "unreadable")
        raise InputError(str(path), [fault]) from error
    if "overrides" in block:
        fault = Fault(str(path), "overrides", "a table", "expected keys of one override only", "override")
        raise InputError(str(path), [fault])
    return block


def in_override_files(faults: Iterable[Fault], names: Iterable[str]) -> list[Fault]:
    """Faults of overrides that are files of their own, at those files and the keys as they stand there."""
    files = {f"overrides.{override_name(name)}.": name for name in names if name.endswith(OVERRIDE_SUFFIX)}
    placed = []
    for fault in faults:
        start = next((start for start in files if fault.where.startswith(start)), None)
        if fault.file == TOML_FILE and start is not None:
            fault = replace(fault, file=files[start], where=fault.where.removeprefix(start))
        placed.append(fault)
    return placed


def conflicts(blocks: Mapping[str, Mapping[str, Any]]) -> list[Fault]:
    """Keys that two of the overrides set, one fault each naming both."""
    faults: list[Fault] = []
    leaf_owner: dict[KeyPath, str] = {}
    table_owner: dict[KeyPath, str] = {}
    for name, block in blocks.items():
        paths = changes_of(block)
        for path in paths:
            ends = [path[:size] for size in range(1, len(path) + 1)]
            shared = next((end for end in ends if end in leaf_owner), path)
            by = leaf_owner.get(shared) or table_owner.get(path)
            if by is not None:
                faults.append(
                    Fault(
                        TOML_FILE,
                        f"overrides.{name}.{'.'.join(path)}",
                        f"'{'.'.join(shared)}' set by override '{by}' as well",
                        f"expected only one of '{by}' and '{name}' to set it",
                        "override-conflict",
                    )
                )
        for path in paths:
            leaf_owner[path] = name
            table_owner |= {path[:size]: name for size in range(1, len(path))}
    return faults


def merge(
    data: Mapping[str, Any], blocks: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, Any], dict[KeyPath, str]]:
    """Merge overrides deeply over the base.

    Returns
    -------
    tuple
        The merged data without its ``overrides``, and which override set or made each key path.
    """
    merged = _copy({key: value for key, value in data.items() if key != "overrides"})
    origin: dict[KeyPath, str] = {}
    for name, block in blocks.items():
        found = changes_of({key: value for key, value in block.items() if key != "tables"})
        for path, value in found.items():
            if value is LEFT_OUT:
                _leave_out(merged, path)
                origin[path] = name
                continue
            place = merged
            for depth, key in enumerate(path[:-1], start=1):
                if not isinstance(place.get(key), dict):
                    place[key] = {}
                    origin[path[:depth]] = name
                place = place[key]
            place[path[-1]] = value
            origin[path] = name
    return merged, origin


def _leave_out(merged: dict[str, Any], path: KeyPath) -> None:
    place: Any = merged
    for key in path[:-1]:
        place = place.get(key)
        if not isinstance(place, dict):
            return
    place.pop(path[-1], None)


def _copy(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copy(item) for key, item in value.items()}
    return value


def override_tables(
    tables: dict[str, RawTable], blocks: Mapping[str, Mapping[str, Any]]
) -> tuple[dict[str, RawTable], list[Fault]]:
    """Replace cells of tables as ``tables.TABLE.ROW.COLUMN`` of the overrides says.

    Returns
    -------
    tuple
        New tables (those not touched are shared) and faults.
    """
    result, faults = dict(tables), []
    for name, block in blocks.items():
        changes = block.get("tables", {})
        if not isinstance(changes, Mapping):
            faults.append(_fault((name, "tables"), repr(changes), "expected tables by name", "override"))
            continue
        for table_name, rows in changes.items():
            place = (name, "tables", table_name)
            if table_name not in TABLES:
                hint = did_you_mean(table_name, TABLES)
                faults.append(_fault(place, f"'{table_name}'", f"no such table{hint}", "unknown-table"))
            elif not isinstance(rows, Mapping):
                faults.append(_fault(place, repr(rows), "expected rows by identifier", "override"))
            elif table_name in tables:
                result[table_name] = _changed(result[table_name], rows, place, faults)
    return result, faults


def _changed(table: RawTable, changes: Mapping[str, Any], place: KeyPath, faults: list[Fault]) -> RawTable:
    headers, rows = list(table.headers), [list(row) for row in table.rows]
    moved = dict(table.moved)
    position: dict[str, int] = {}
    for i, key in enumerate(row_keys(table)):
        position.setdefault(key, i)
    columns = TABLES[table.name].columns
    for key, cells in changes.items():
        if key not in position:
            hint = did_you_mean(key, position)
            faults.append(_fault((*place, key), f"'{key}'", f"no such row{hint}", "unknown-row"))
            continue
        if not isinstance(cells, Mapping):
            faults.append(_fault((*place, key), repr(cells), "expected columns by name", "override"))
            continue
        for column, value in cells.items():
            at = (*place, key, column)
            if column not in columns:
                hint = did_you_mean(column, columns)
                faults.append(_fault(at, f"'{column}'", f"no such column{hint}", "unknown-column"))
                continue
            if column not in headers:
                headers.append(column)
                for row in rows:
                    row.append("")
            rows[position[key]][headers.index(column)] = _cell(value)
            moved[position[key], column] = (TOML_FILE, "overrides." + ".".join(at))
    return replace(table, headers=headers, rows=rows, moved=moved)


def _cell(value: Any) -> str:
    if isinstance(value, list):
        return ";".join(_cell(item) for item in value)
    return cell_text(float(value) if isinstance(value, int) and not isinstance(value, bool) else value)


def _fault(path: KeyPath, found: str, expected: str, kind: str) -> Fault:
    return Fault(TOML_FILE, "overrides." + ".".join(path), found, expected, kind)


def row_keys(table: RawTable) -> list[str]:
    """Identifier of each row as overrides use it; lots without one get theirs here."""
    if table.name == "stock":
        return lots(table)
    columns = [table.column(column) for column in TABLES[table.name].key]
    if table.name == "own_stock":
        columns[-1] = [holder or Holder.VILLAGE for holder in columns[-1]]
    return ["/".join(parts) for parts in zip(*columns, strict=True)]


def lots(table: RawTable) -> list[str]:
    """Lot identifiers: as written, else ``SITE/COMMODITY/NUMBER`` with the number of the lot there."""
    seen: dict[tuple[str, str], int] = {}
    names = []
    cells = zip(table.column("lot"), table.column("site"), table.column("commodity"), strict=True)
    for lot, site, commodity in cells:
        seen[site, commodity] = number = seen.get((site, commodity), 0) + 1
        names.append(lot or f"{site}/{commodity}/{number}")
    return names
