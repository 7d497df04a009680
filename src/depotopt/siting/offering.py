"""`Offering`: a monitor that turns what an engine offers as incumbent into what the one behind it keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from depotopt.solving import Monitor


class Offering(Monitor):
    """Passes on progress and the wish to stop as they are, and incumbents translated.

    Parameters
    ----------
    heard
        The monitor behind.
    translate
        Makes what is kept (a layout, a plan) from what is offered (columns of a program, a layout).
    """

    def __init__(self, heard: Monitor, translate: Callable[[Any], object]) -> None:
        super().__init__()
        self._heard, self._translate = heard, translate

    @property
    def stopped(self) -> bool:
        """Whether the user asked the monitor behind to stop."""
        return self._heard.stopped

    @property
    def keeping(self) -> bool:
        """Whether somebody keeps what the monitor behind is offered."""
        return self._heard.keeping

    def stop(self) -> None:
        """Ask the monitor behind."""
        self._heard.stop()

    def report(
        self, stage: str, objective: float | None = None, bound: float | None = None, message: str = ""
    ) -> None:
        """Pass progress on."""
        self._heard.report(stage, objective, bound, message)

    def offer(
        self,
        plan: Callable[[], object],
        objective: float,
        bound: float | None = None,
        ranked: tuple[float, ...] = (),
    ) -> None:
        """Pass an incumbent on, translated only if somebody wants it."""
        self._heard.offer(lambda: self._translate(plan()), objective, bound, ranked)
