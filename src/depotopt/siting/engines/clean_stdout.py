"""`CLEAN_STDOUT`: native code that prints must not get between the lines of a program's own output."""

from __future__ import annotations

import ctypes
import os
import sys
import threading
from types import TracebackType


class CleanStdout:
    """While entered, what goes to file descriptor 1 goes to the standard error.

    HiGHS inside or-tools 9.15 prints a line about ``tmpSolver.run()`` that no option silences. Threads may
    enter at once: the first one turns the output aside, the last one turns it back. Without both streams
    (a program without a console) it does nothing.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._inside = 0
        self._kept: int | None = None

    def __enter__(self) -> None:
        with self._lock:
            self._inside += 1
            if self._inside > 1:
                return
            try:
                os.fstat(2)
                self._kept = os.dup(1)
            except OSError:
                self._kept = None
                return
            self._flush()
            os.dup2(2, 1)

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._lock:
            self._inside -= 1
            if self._inside or self._kept is None:
                return
            self._flush()
            os.dup2(self._kept, 1)
            os.close(self._kept)
            self._kept = None

    def _flush(self) -> None:
        """Write out what Python and the C library hold back, so that it goes where it was meant to."""
        if sys.stdout is not None:
            sys.stdout.flush()
        library = ctypes.CDLL(None) if os.name == "posix" else ctypes.CDLL("msvcrt")
        library.fflush(None)


CLEAN_STDOUT = CleanStdout()
"""The one of this process: there is only one standard output."""
