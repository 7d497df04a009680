"""Dispatch tests count operations: the guard of slow machines is out of the way, however busy the machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.dispatch import replanning, solve
from depotopt.solving import SolveLimits

PATIENCE_S = 600.0


@pytest.fixture(autouse=True)
def rounds_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operations still follow from the limits; only the moment after which nothing is begun moves away."""
    of = solve.Effort.of

    def patient(limits: SolveLimits, begin: float) -> solve.Effort:
        return replace(of(limits, begin), until=begin + PATIENCE_S)

    monkeypatch.setattr(solve.Effort, "of", staticmethod(patient))
    # Short searches: what they find is not what is tested.
    monkeypatch.setattr(solve, "SEARCH_SHARE", 0.3)
    monkeypatch.setattr(replanning, "WARM_SHARE", 0.3)
