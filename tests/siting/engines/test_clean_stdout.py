"""What native code prints during a solve stays out of the standard output."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

PROGRAM = """
import ctypes
from depotopt.siting.engines.clean_stdout import CLEAN_STDOUT

native = ctypes.CDLL(None)
print("before")
with CLEAN_STDOUT:
    with CLEAN_STDOUT:
        native.puts(b"noise")
        native.puts(b"HighsMipSolverData::transformNewIntegerFeasibleSolution tmpSolver.run();")
    native.puts(b"more noise")
print("after")
"""


@pytest.mark.skipif(os.name != "posix", reason="loads the C library by its POSIX name")
def test_native_lines_go_to_the_standard_error() -> None:
    """Own lines before and after stay in place, nested entries too; what says nothing is dropped."""
    found = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    assert found.stdout == "before\nafter\n"
    assert found.stderr == "noise\nmore noise\n"
