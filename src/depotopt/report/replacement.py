"""`move_into_place`: a report folder becomes another in steps of which a killed process loses none."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Final

OLD: Final = ".old"
"""Ending of the hidden folder that holds a replaced report for a moment."""


def move_into_place(made: Path, folder: Path) -> None:
    """Give a folder its name; an older one of that name goes once the new one is there.

    A folder cannot be renamed over one with files in it, so the older one is moved aside first. A process
    killed between the two renames leaves it there: `bring_back` finds it.

    Parameters
    ----------
    made
        The new folder, complete, beside ``folder``.
    folder
        Its name.
    """
    if not folder.exists():
        made.rename(folder)
        return
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", suffix=OLD, dir=folder.parent))
    folder.rename(aside / folder.name)
    made.rename(folder)
    shutil.rmtree(aside)


def bring_back(parent: Path) -> list[Path]:
    """Give back their names to reports whose replacement was cut short, and forget those that were replaced.

    Call it only while nothing writes reports there: at the start of whoever owns the folder.

    Parameters
    ----------
    parent
        Folder of report folders.

    Returns
    -------
    list of Path
        Reports that have their name again.
    """
    found = []
    for aside in sorted(parent.glob(f".*{OLD}")):
        if not aside.is_dir():
            continue
        for kept in sorted(aside.iterdir()):
            if not (parent / kept.name).exists():
                kept.rename(parent / kept.name)
                found.append(parent / kept.name)
        shutil.rmtree(aside)
    return found
