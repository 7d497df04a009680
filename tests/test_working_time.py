"""Time limits do not count compilation."""

from __future__ import annotations

import time
from typing import Any, cast

import numba
from hypothesis import given
from hypothesis import strategies as st

import depotopt.compiled  # noqa: F401 - it stops the clock
from depotopt.working_time import compiling_begins, compiling_ends, working_s


def test_the_clock_stands_still_while_loops_are_compiled() -> None:
    began, wall = working_s(), time.perf_counter()
    compiling_begins()
    compiling_begins()
    inside = working_s()
    time.sleep(0.02)
    compiling_ends()
    assert working_s() == inside
    compiling_ends()
    lost = (time.perf_counter() - wall) - (working_s() - began)
    assert lost >= 0.02


def test_compiling_a_loop_takes_no_working_time() -> None:
    def triple(x: float) -> float:
        return 3 * x

    loop: Any = numba.njit(cast("Any", triple))
    began, wall = working_s(), time.perf_counter()
    loop(5.0)
    assert time.perf_counter() - wall > working_s() - began


@given(st.lists(st.booleans(), max_size=20))
def test_it_never_runs_backwards(begins: list[bool]) -> None:
    depth, last = 0, working_s()
    for begin in begins:
        if begin:
            compiling_begins()
            depth += 1
        elif depth:
            compiling_ends()
            depth -= 1
        now = working_s()
        assert now >= last
        last = now
    for _ in range(depth):
        compiling_ends()
