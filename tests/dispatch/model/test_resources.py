"""Docks: work begins at the earliest between what is booked, and never overlaps it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.dispatch.model.resources import Depot, DockPlan, first_slot


def test_work_fits_before_what_is_booked_or_comes_after_it() -> None:
    booked = [[(100.0, 200.0)]]
    assert first_slot([0.0], booked, 10.0, 90.0) == (0, 10.0)
    assert first_slot([0.0], booked, 20.0, 90.0) == (0, 200.0)
    assert first_slot([0.0, 30.0], booked, 20.0, 90.0) == (1, 30.0)


def test_what_has_begun_keeps_its_dock_and_what_begins_later_is_booked() -> None:
    depot = Depot("D", 0, 0.0, 3, 1.0).with_bookings([(50.0, 300.0), (400.0, 500.0), (0.0, 120.0)], 60.0)
    assert depot.dock_queue() == [300.0, 120.0, 0.0]
    assert sum(len(spans) for spans in depot.booked) == 1
    plan = DockPlan(depot)
    assert plan.slot(60.0, 10.0) == (2, 60.0)
    assert depot.with_bookings([], 60.0) == depot


@settings(max_examples=100, deadline=None, derandomize=True)
@given(
    docks=st.integers(1, 3),
    works=st.lists(st.tuples(st.integers(0, 50), st.integers(1, 20)), min_size=1, max_size=12),
)
def test_no_dock_does_two_things_at_once(docks: int, works: list[tuple[int, int]]) -> None:
    plan = DockPlan(Depot("D", 0, 0.0, docks, 1.0))
    for ready, work in works:
        dock, begin = plan.slot(float(ready), float(work))
        assert begin >= ready
        plan.take(dock, begin, begin + work)
    for spans in plan.booked:
        assert all(a[1] <= b[0] + 1e-6 for a, b in pairwise(spans))
