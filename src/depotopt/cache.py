"""The folder on disk where results that are slow to compute are kept between runs."""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO, Final

CACHE_VARIABLE: Final = "DEPOTOPT_CACHE"
"""Environment variable naming the cache folder; set to nothing, it switches the cache off."""


def cache_folder() -> Path | None:
    """Folder for cached results, created if need be; ``None`` where nothing can be written.

    The environment variable `CACHE_VARIABLE` names it; otherwise it is ``depotopt`` in the user's cache
    folder of the operating system. A missing cache costs time, never an answer, so a folder that cannot
    be written is not an error.
    """
    chosen = os.environ.get(CACHE_VARIABLE)
    if chosen is not None and not chosen.strip():
        return None
    try:
        folder = Path(chosen).expanduser() if chosen else _user_folder() / "depotopt"
        folder.mkdir(parents=True, exist_ok=True)
    except (OSError, RuntimeError):  # RuntimeError: no home directory
        return None
    return folder if os.access(folder, os.W_OK | os.X_OK) else None


def write_atomically(path: Path, write: Callable[[BinaryIO], object]) -> bool:
    """Write a file so that other processes see the whole of it or nothing.

    Parameters
    ----------
    path
        Where it goes; its folder is made if need be.
    write
        Called with the open binary file.

    Returns
    -------
    bool
        Whether the file is there now; ``False`` where the disk is full or read-only.
    """
    name = ""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=path.name, suffix=".part", dir=path.parent)
        with os.fdopen(handle, "wb") as file:
            write(file)
        Path(name).replace(path)
    except OSError:
        if name:
            with contextlib.suppress(OSError):
                Path(name).unlink()
        return False
    return True


def _user_folder() -> Path:
    if sys.platform == "win32":
        local = os.environ.get("LOCALAPPDATA")
        return Path(local) if local else Path.home() / "AppData" / "Local"
    if sys.platform == "darwin":
        return Path.home() / "Library" / "Caches"
    named = os.environ.get("XDG_CACHE_HOME")
    return Path(named) if named else Path.home() / ".cache"
