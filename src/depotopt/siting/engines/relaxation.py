"""`Relaxation`: a linear programme solved again and again with a few more rows or other bounds, by HiGHS.

HiGHS is called directly here, because through MathOpt it starts anew every time. Measured on the 344
relaxations of one tree (hurricanes of Rawls and Turnquist: up to 2,000 cuts over 300 columns): HiGHS from its
last basis takes 5.7 CPU s and 69,526 iterations, GLOP's incremental solves through MathOpt 33.6 and 260,020.

highspy 1.15 brings a shared library of the same name as OR-Tools' own HiGHS, and whichever is loaded second
fails; up to 1.14 it has none, so `pyproject.toml` asks for these.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from depotopt.errors import EngineError
from depotopt.solving import Status
from depotopt.units import FloatArray, Int64Array

BRIEF_S: Final = 0.3
"""Seconds without a look at the user's wish to stop. A solve that is not over then asks after each step (20
microseconds) and runs in one piece: in slices of a second, each with a start of its own, the first relaxation
of 15,600 rows and 13,300 columns did not end in 97 CPU s; in one piece it takes 4.7."""
PERTURBATION: Final = 0.1
"""Of the costs, in HiGHS's own measure: the tree above takes 7.2 CPU s at 1, 6.1 at 0.1, 6.4 at 0, where
near-parallel cuts may stall the simplex."""


@dataclass(frozen=True, slots=True)
class Relaxed:
    """A solved relaxation.

    Attributes
    ----------
    objective
        Least value.
    values, reduced_cost
        Per column.
    price
        Dual value per row.
    """

    objective: float
    values: FloatArray
    reduced_cost: FloatArray
    price: FloatArray


class Relaxation:
    """A minimisation over columns and rows whose last basis is the next one's start.

    Parameters
    ----------
    cost, lower, upper
        Per column.

    Raises
    ------
    depotopt.errors.EngineError
        Here and below, if HiGHS refuses what it is given.
    """

    def __init__(self, cost: FloatArray, lower: FloatArray, upper: FloatArray) -> None:
        from highspy import Highs

        self._lower, self._upper = lower.tolist(), upper.tolist()
        self._held: dict[int, tuple[float, float]] = {}
        self._highs: Any = Highs()
        self._told("setOptionValue", "output_flag", False)
        self._told("setOptionValue", "dual_simplex_cost_perturbation_multiplier", PERTURBATION)
        columns = np.arange(len(cost), dtype=np.int32)
        self._told("addVars", len(cost), lower, upper)
        self._told("changeColsCost", len(cost), columns, cost)

    @property
    def rows(self) -> int:
        """Rows now."""
        return int(self._highs.getNumRow())

    def add_rows(
        self, low: FloatArray, high: FloatArray, first: Int64Array, column: Int64Array, value: FloatArray
    ) -> None:
        """Add rows ``low <= sum value * column <= high``; row ``r`` has entries ``first[r]:first[r + 1]``."""
        starts, columns = first[:-1].astype(np.int32), column.astype(np.int32)
        self._told("addRows", len(low), low, high, len(value), starts, columns, value)

    def delete_rows(self, rows: Int64Array) -> None:
        """Delete rows by position; those behind move up."""
        if len(rows):
            self._told("deleteRows", len(rows), rows.astype(np.int32))

    def limit_row(self, row: int, lower: float, upper: float) -> None:
        """Change the bounds of a row."""
        self._told("changeRowBounds", row, lower, upper)

    def hold(self, held: dict[int, tuple[float, float]]) -> None:
        """Hold columns between two values; free all others."""
        changed = {c: (self._lower[c], self._upper[c]) for c in self._held.keys() - held.keys()}
        changed |= {c: between for c, between in held.items() if self._held.get(c) != between}
        if changed:
            columns = np.fromiter(changed, dtype=np.int32)
            bounds = np.array([changed[int(c)] for c in columns])
            low, high = np.ascontiguousarray(bounds[:, 0]), np.ascontiguousarray(bounds[:, 1])
            self._told("changeColsBounds", len(columns), columns, low, high)
        self._held = dict(held)

    def solve(self, time_s: float, stopped: Callable[[], bool]) -> tuple[Status, Relaxed | None]:
        """Solve from the last basis.

        Parameters
        ----------
        time_s
            Seconds it may take.
        stopped
            Whether the user asked to stop; asked all along once a solve takes long.

        Returns
        -------
        tuple
            ``OPTIMAL`` with the solution, ``INFEASIBLE``, or ``UNKNOWN`` when time is up, the user stopped
            it, or HiGHS failed from its last basis and from scratch.
        """
        from highspy import HighsModelStatus

        highs = self._highs
        began_s = float(highs.getRunTime())
        anew = False
        while not stopped():
            now_s = float(highs.getRunTime())
            left_s = time_s - (now_s - began_s)
            if left_s <= 0:
                break
            if now_s - began_s < BRIEF_S:
                # HiGHS counts the seconds of all its runs.
                self._told("setOptionValue", "time_limit", now_s + min(BRIEF_S, left_s))
                highs.run()
            else:
                self._told("setOptionValue", "time_limit", now_s + left_s)
                self._run_listening(stopped)
            status = highs.getModelStatus()
            if status == HighsModelStatus.kOptimal:
                return Status.OPTIMAL, self._solution()
            if status == HighsModelStatus.kInfeasible:
                return Status.INFEASIBLE, None
            if status not in (HighsModelStatus.kTimeLimit, HighsModelStatus.kInterrupt):
                if anew:
                    break
                anew = True
                highs.clearSolver()
        return Status.UNKNOWN, None

    def _run_listening(self, stopped: Callable[[], bool]) -> None:
        """One run that asks after each step of the simplex whether to stop."""

        def ask(step: Any) -> None:
            # What the last solve was told stands until it is told anew.
            step.data_in.user_interrupt = stopped()

        asked = self._highs.cbSimplexInterrupt
        asked.subscribe(ask)
        try:
            self._highs.run()
        finally:
            asked.unsubscribe(ask)

    def _solution(self) -> Relaxed:
        found = self._highs.getSolution()
        objective = float(self._highs.getInfo().objective_function_value)
        values, reduced, price = (np.array(a) for a in (found.col_value, found.col_dual, found.row_dual))
        return Relaxed(objective, values, reduced, price)

    def _told(self, name: str, *given: object) -> None:
        from highspy import HighsStatus

        try:
            status = getattr(self._highs, name)(*given)
        except (TypeError, ValueError, RuntimeError) as error:
            raise EngineError("highs", f"refused {name} ({error})") from error
        if status == HighsStatus.kError:
            raise EngineError("highs", f"refused {name}")
