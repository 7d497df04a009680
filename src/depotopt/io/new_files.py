"""Where a file may be written: the right ending, and never over work someone has done."""

from __future__ import annotations

from pathlib import Path

from depotopt.errors import UsageError


def require_ending(path: Path, ending: str) -> None:
    """Refuse a path whose ending tells of another kind of file.

    Raises
    ------
    UsageError
        If the path does not end in ``ending`` (as ``".xlsx"``; case does not count).
    """
    if path.suffix.lower() != ending:
        raise UsageError(f"{path} does not end in {ending}")


def require_new_file(path: Path, ending: str) -> None:
    """Refuse a path where something stands already: a filled-in workbook is hours of work.

    Raises
    ------
    UsageError
        If something has this name, or the ending is another one.
    """
    require_ending(path, ending)
    if path.exists():
        raise UsageError(f"{path} exists already: choose another name or move it away")
