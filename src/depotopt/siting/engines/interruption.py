"""`Interruption`: a user's wish to stop, handed to MathOpt solves while they run."""

from __future__ import annotations

import threading
from types import TracebackType
from typing import TYPE_CHECKING

from depotopt.solving import Monitor

if TYPE_CHECKING:
    from ortools.util.python.solve_interrupter import SolveInterrupter

POLL_S = 0.1


class Interruption:
    """While entered, a thread watches the monitor and triggers the interrupter when it asks to stop.

    Attributes
    ----------
    interrupter
        For ``mathopt.solve``; ``None`` without a monitor (SCIP complains on stderr about every
        interrupter it gets, so it gets none it does not need).
    """

    def __init__(self, monitor: Monitor | None) -> None:
        self.interrupter: SolveInterrupter | None = None
        self._monitor = monitor
        self._done = threading.Event()
        self._watcher = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Interruption:
        if self._monitor is not None:
            from ortools.util.python.solve_interrupter import SolveInterrupter

            self.interrupter = SolveInterrupter()
            self._watcher.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._done.set()
        if self.interrupter is not None:
            self._watcher.join()

    def _watch(self) -> None:
        while not self._done.is_set():
            if self._monitor is not None and self._monitor.stopped and self.interrupter is not None:
                self.interrupter.interrupt()
                return
            self._done.wait(POLL_S)


class Silent(Monitor):
    """Passes on the wish to stop but no progress: for solves whose numbers mean something else."""

    def __init__(self, heard: Monitor) -> None:
        super().__init__()
        self._heard = heard

    @property
    def stopped(self) -> bool:
        """Whether the user asked the monitor behind to stop."""
        return self._heard.stopped
