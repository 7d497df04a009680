"""How much time a search has: what is kept for the end grows with what the beginning took."""

from __future__ import annotations

import time

import pytest

from depotopt.dispatch.search.effort import CLOSING_SHARE, Effort, closing_s
from depotopt.solving import SolveLimits


def test_the_slower_the_machine_the_more_time_is_kept_for_the_end() -> None:
    kept = [closing_s(300.0, assembled_s) for assembled_s in (0.0, 1.0, 8.0)]
    assert kept[0] == 0.0
    assert kept[1] > 1.0
    assert kept[2] == pytest.approx(8 * kept[1])


def test_most_of_the_time_is_left_to_the_search() -> None:
    assert closing_s(300.0, 1e6) == CLOSING_SHARE * 300.0


def test_operations_do_not_depend_on_how_fast_the_machine_is(monkeypatch: pytest.MonkeyPatch) -> None:
    efforts = []
    for moment in (100.1, 120.0):
        monkeypatch.setattr(time, "perf_counter", lambda moment=moment: moment)
        efforts.append(Effort.of(SolveLimits(time_s=60.0), 100.0))
    assert efforts[0].budget.total == efforts[1].budget.total
    assert efforts[0].routing(50) == efforts[1].routing(50)
