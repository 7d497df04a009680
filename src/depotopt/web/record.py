"""Files a recorded command leaves, and how one is started."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

EVENTS: Final = "events.jsonl"
RESULT: Final = "result.json"
EXIT: Final = "exit.json"
PROGRAM: Final = "depotopt.cli.recorded"
"""Module that runs a command line with its words kept; the command line is a floor above, so it is only
ever started as a process."""


def command(folder: Path, words: Sequence[str]) -> list[str]:
    """Arguments of the process that runs ``words`` and keeps its record in ``folder``."""
    return [sys.executable, "-m", PROGRAM, str(folder.resolve()), *words]
