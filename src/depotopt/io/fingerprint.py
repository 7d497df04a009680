"""Content hashes: of every file read, and of a scenario whatever its files looked like."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields, is_dataclass
from enum import Enum
from functools import cache
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from depotopt.io.overrides import TOML_FILE
from depotopt.scenario import Scenario

FORM_FIELDS = frozenset({"ident", "folder", "overrides", "input_hashes", "place_origin", "notices"})
"""Fields that tell where and how a scenario was written, not what it says."""

FORM = 2
"""Form of the hash, its first word: raised when a default changes or values are written otherwise.

Form 1 had no such word and covered defaults too, so that each new key changed it."""


def sha256_of(path: Path) -> str:
    """SHA-256 of a file, hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def hash_files(folder: Path, paths: Iterable[Path]) -> dict[str, str]:
    """SHA-256 by name relative to a folder, of files and of the files directly in folders."""
    found: dict[str, str] = {}
    for path in paths:
        for file in sorted(path.iterdir()) if path.is_dir() else [path]:
            if file.is_file():
                name = file.relative_to(folder) if file.is_relative_to(folder) else file
                found[name.as_posix()] = sha256_of(file)
    return dict(sorted(found.items()))


def scenario_hash(scenario: Scenario) -> str:
    """SHA-256 of what a scenario says: the same for CSV and Excel, and wherever its folder stands.

    Covers every value after overrides that differs from its default, and the content of the roads and of
    files that hazards read; not the names of overrides, since the values they set are covered. A key that a
    later version adds leaves it as it is where the key is not used.

    Returns
    -------
    str
        ``FORM-HEXADECIMAL``; hashes of two forms say nothing about one another, see `hash_form`.
    """
    content = {
        name: value for name, value in _plain(scenario, scenario.folder).items() if name not in FORM_FIELDS
    }
    content["files"] = {
        name: digest
        for name, digest in scenario.input_hashes.items()
        if name != TOML_FILE and not name.endswith(".xlsx") and not name.startswith("tables/")
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return f"{FORM}-{hashlib.sha256(text.encode()).hexdigest()}"


def hash_form(written: str) -> int:
    """Form of a hash that some version of depotopt wrote."""
    form, dash, _ = written.partition("-")
    return int(form) if dash and form.isdecimal() else 1


@cache
def _defaults(kind: type) -> dict[str, Any]:
    """Defaults of a dataclass in JSON types; folders do not stand in them."""
    found: dict[str, Any] = {}
    for item in fields(kind):
        if item.default is not MISSING:
            found[item.name] = _plain(item.default, Path())
        elif item.default_factory is not MISSING:
            found[item.name] = _plain(item.default_factory(), Path())
    return found


def _plain(value: Any, folder: Path) -> Any:
    """Turn a value into JSON types; floats by their shortest exact text."""
    if is_dataclass(value) and not isinstance(value, type):
        content = {item.name: _plain(getattr(value, item.name), folder) for item in fields(value)}
        usual = _defaults(type(value))
        set_here = {name: item for name, item in content.items() if name not in usual or item != usual[name]}
        return {"type": type(value).__name__, **set_here}
    if isinstance(value, Enum):
        return _plain(value.value, folder)
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return repr(float(value))
    if isinstance(value, dt.date):
        return value.isoformat()
    if isinstance(value, PurePath):
        path = Path(value)
        return (path.relative_to(folder) if path.is_relative_to(folder) else path).as_posix()
    if isinstance(value, np.ndarray):
        return [str(value.dtype), list(value.shape), hashlib.sha256(value.tobytes()).hexdigest()]
    if isinstance(value, Mapping):
        return {str(key): _plain(item, folder) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, folder) for item in value]
    if isinstance(value, set | frozenset):
        return sorted(str(item) for item in value)
    return str(value)
