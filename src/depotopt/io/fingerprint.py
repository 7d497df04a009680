"""Content hashes: of every file read, and of a scenario whatever its files looked like."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path, PurePath
from typing import Any

import numpy as np

from depotopt.io.overrides import TOML_FILE
from depotopt.scenario import Scenario

FORM_FIELDS = frozenset({"ident", "folder", "overrides", "input_hashes", "place_origin", "notices"})
"""Fields that tell where and how a scenario was written, not what it says."""


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

    Covers every value after overrides and defaults, and the content of the roads and of files that
    hazards read; not the names of overrides, since the values they set are covered.
    """
    content = {
        item.name: _plain(getattr(scenario, item.name), scenario.folder)
        for item in fields(scenario)
        if item.name not in FORM_FIELDS
    }
    content["files"] = {
        name: digest
        for name, digest in scenario.input_hashes.items()
        if name != TOML_FILE and not name.endswith(".xlsx") and not name.startswith("tables/")
    }
    text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _plain(value: Any, folder: Path) -> Any:
    """Turn a value into JSON types; floats by their shortest exact text."""
    if is_dataclass(value) and not isinstance(value, type):
        content = {item.name: _plain(getattr(value, item.name), folder) for item in fields(value)}
        return {"type": type(value).__name__, **content}
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
