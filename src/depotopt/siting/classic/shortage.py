"""`shortage_result`: the answer where capacities are too small for any layout, given before any search."""

from __future__ import annotations

from typing import Any

from depotopt.solving import SolveResult, Status
from depotopt.working_time import working_s


def shortage_result(short: tuple[str, ...], engine: str, started: float) -> SolveResult[Any] | None:
    """``INFEASIBLE`` with what is short as conflicts; ``None`` where nothing is.

    Parameters
    ----------
    short
        What is short, as sentences.
    engine
        Who says so.
    started
        Clock (`working_s`) when it began.
    """
    if not short:
        return None
    seconds = working_s() - started
    return SolveResult(Status.INFEASIBLE, None, None, None, engine, seconds, conflicts=short)
