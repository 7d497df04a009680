"""Dispatch tests count rounds: the guard of slow machines is out of the way, however busy the machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.dispatch import solve
from depotopt.dispatch.problem import DispatchProblem
from depotopt.solving import SolveLimits

PATIENCE_S = 600.0


@pytest.fixture(autouse=True)
def rounds_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Rounds still follow from the limits; only the moment after which nothing is begun moves away."""
    of = solve.Effort.of

    def patient(limits: SolveLimits, problem: DispatchProblem, begin: float) -> solve.Effort:
        return replace(of(limits, problem, begin), until=begin + PATIENCE_S)

    monkeypatch.setattr(solve.Effort, "of", staticmethod(patient))
