"""`shortage_result`: the answer where capacities are too small for any layout, given before any search."""

from __future__ import annotations

import time
from typing import Any

from depotopt.solving import SolveResult, Status


def shortage_result(short: tuple[str, ...], engine: str, started: float) -> SolveResult[Any] | None:
    """``INFEASIBLE`` with what is short as conflicts; ``None`` where nothing is.

    Parameters
    ----------
    short
        What is short, as sentences.
    engine
        Who says so.
    started
        Clock (`time.perf_counter`) when it began.
    """
    if not short:
        return None
    seconds = time.perf_counter() - started
    return SolveResult(Status.INFEASIBLE, None, None, None, engine, seconds, conflicts=short)
