"""Dispatch tests count operations: the guard of slow machines is out of the way, however busy the machine."""

from __future__ import annotations

from dataclasses import replace

import pytest

from depotopt.dispatch import replanning
from depotopt.dispatch.search import effort
from depotopt.solving import SolveLimits

PATIENCE_S = 600.0


@pytest.fixture(autouse=True)
def rounds_decide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Operations still follow from the limits; only the moment after which nothing is begun moves away."""
    of = effort.Effort.of

    def patient(limits: SolveLimits, begin: float) -> effort.Effort:
        return replace(of(limits, begin), until=begin + PATIENCE_S)

    monkeypatch.setattr(effort.Effort, "of", staticmethod(patient))
    # Short searches: what they find is not what is tested.
    monkeypatch.setattr(effort, "SEARCH_SHARE", 0.3)
    monkeypatch.setattr(replanning, "WARM_SHARE", 0.3)
