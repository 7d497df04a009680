"""`CLEAN_STDOUT`: native code that prints must not get between the lines of a program's own output."""

from __future__ import annotations

import ctypes
import os
import sys
import tempfile
import threading
from types import TracebackType
from typing import BinaryIO, Final

STRAY: Final = b"HighsMipSolverData::transformNewIntegerFeasibleSolution"
"""Lines with this say nothing to anybody: HiGHS inside or-tools 9.15 prints them whatever the options."""


class CleanStdout:
    """While entered, what goes to file descriptor 1 is kept; afterwards it goes to the standard error.

    `STRAY` lines are dropped. Threads may enter at once: the first one turns the output aside, the last one
    turns it back. Without both streams (a program without a console) it does nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._aside: tuple[int, BinaryIO] | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            try:
                os.fstat(2)
                stdout = os.dup(1)
            except OSError:
                return
            # A file, not a pipe: nobody has to read while native code writes.
            kept = tempfile.TemporaryFile()
            self._flush()
            os.dup2(kept.fileno(), 1)
            self._aside = stdout, kept

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside or self._aside is None:
                return
            stdout, kept = self._aside
            self._aside = None
            self._flush()
            os.dup2(stdout, 1)
            os.close(stdout)
            with kept:
                kept.seek(0)
                told = b"".join(line for line in kept if STRAY not in line)
            if told:
                os.write(2, told)

    def _flush(self) -> None:
        """Write out what Python and the C library hold back, so that it goes where it was meant to."""
        if sys.stdout is not None:
            sys.stdout.flush()
        library = ctypes.CDLL(None) if os.name == "posix" else ctypes.CDLL("msvcrt")
        library.fflush(None)


CLEAN_STDOUT = CleanStdout()
"""The one of this process: there is only one standard output."""
