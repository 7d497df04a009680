"""Copies of the minimal scenario to spoil."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from depotopt.errors import InputError
from depotopt.io.scenario_files import load_scenario

MINIMAL = Path(__file__).parents[2] / "scenarios" / "minimal"
Spoil = Callable[[Path], None]


def copy_minimal(folder: Path) -> Path:
    """A copy of the minimal scenario in ``folder/case``."""
    target = folder / "case"
    shutil.copytree(MINIMAL, target)
    return target


def edit(file: str, old: str, new: str) -> Spoil:
    """Replace one text that stands exactly once in a file."""

    def spoil(folder: Path) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{old!r} stands {text.count(old)} times in {file}"
        path.write_text(text.replace(old, new), encoding="utf-8")

    return spoil


def cell(table: str, row: int, column: str, value: str) -> Spoil:
    """Set a cell by the row number a spreadsheet shows, adding the column where it is missing."""

    def spoil(folder: Path) -> None:
        path = folder / "tables" / f"{table}.csv"
        with path.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.reader(stream))
        if column not in rows[0]:
            rows = [[*line, column if i == 0 else ""] for i, line in enumerate(rows)]
        rows[row - 1][rows[0].index(column)] = value
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows(rows)

    return spoil


def write(file: str, content: str | bytes) -> Spoil:
    """Replace a whole file."""

    def spoil(folder: Path) -> None:
        path = folder / file
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)

    return spoil


def append(file: str, text: str) -> Spoil:
    """Add text at the end of a file."""

    def spoil(folder: Path) -> None:
        path = folder / file
        path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    return spoil


def remove(name: str) -> Spoil:
    """Remove a file or folder."""

    def spoil(folder: Path) -> None:
        path = folder / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()

    return spoil


def together(*spoils: Spoil) -> Spoil:
    """Several changes."""

    def spoil(folder: Path) -> None:
        for each in spoils:
            each(folder)

    return spoil


def faults_of(folder: Path, overrides: tuple[str, ...] = ()) -> list[str]:
    """Messages of loading a folder, empty when it loads."""
    try:
        load_scenario(folder, overrides)
    except InputError as error:
        return [str(fault) for fault in error.faults]
    return []


def cut(file: str, begin: str, end: str) -> Spoil:
    """Remove the text from ``begin`` up to but not including ``end``."""

    def spoil(folder: Path) -> None:
        path = folder / file
        text = path.read_text(encoding="utf-8")
        path.write_text(text[: text.index(begin)] + text[text.index(end) :], encoding="utf-8")

    return spoil


class Case(NamedTuple):
    """One kind of bad input: how the minimal scenario is spoiled, and what is said about it."""

    name: str
    spoil: Spoil
    faults: list[tuple[str, str, str]]
    """Place, what was found, what was expected."""

    def messages(self) -> list[str]:
        return [f"{place}   found {found}, {expected}" for place, found, expected in self.faults]
