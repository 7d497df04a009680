"""Tests of `depotopt.executor`."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.executor import LocalExecutor, available_workers
from depotopt.units import FloatArray


def squares(context: FloatArray, numbers: range) -> list[float]:
    return [float(context[number] ** 2) for number in numbers]


def touch(context: FloatArray, numbers: range) -> bool:
    return bool(context.flags.writeable)


def fail(context: FloatArray, numbers: range) -> float:
    return 1 / (numbers.start - 2)


def test_results_come_in_order_whatever_the_number_of_workers() -> None:
    context = np.arange(23.0)
    one = list(LocalExecutor(1).map_blocks(squares, context, 23, 4))
    two = list(LocalExecutor(2).map_blocks(squares, context, 23, 4))
    assert one == two
    assert [len(part) for part in one] == [4, 4, 4, 4, 4, 3]
    assert [value for part in one for value in part] == [float(i * i) for i in range(23)]


def test_workers_share_read_only_arrays() -> None:
    assert list(LocalExecutor(2).map_blocks(touch, np.arange(1000.0), 4, 1)) == [False] * 4


def test_an_error_in_a_worker_reaches_the_caller() -> None:
    with pytest.raises(ZeroDivisionError):
        list(LocalExecutor(2).map_blocks(fail, np.zeros(1), 4, 1))


def test_a_script_without_a_guard_is_told_so(tmp_path: Path) -> None:
    """Each worker imports the script again, and would start workers of its own."""
    script = tmp_path / "script.py"
    script.write_text(
        "from depotopt.executor import LocalExecutor\n"
        "print(list(LocalExecutor(2).map_blocks(divmod, 7, 4, 1)))\n",
        encoding="utf-8",
    )
    done = subprocess.run([sys.executable, str(script)], capture_output=True, text=True, timeout=120)
    assert done.returncode == 1
    assert "UsageError: worker processes ended unexpectedly" in done.stderr


def test_nothing_to_do_yields_nothing() -> None:
    assert list(LocalExecutor(2).map_blocks(squares, np.zeros(1), 0, 5)) == []


@pytest.mark.parametrize(("workers", "block"), [(0, 1), (1, 0)])
def test_numbers_below_one_are_refused(workers: int, block: int) -> None:
    with pytest.raises(UsageError, match="at least one"):
        list(LocalExecutor(workers).map_blocks(squares, np.zeros(1), 1, block))


def test_a_processor_is_available() -> None:
    assert available_workers() >= 1
