"""Where published instances lie, if they do."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


def siting_data() -> Path:
    """Folder of published siting instances; skips the test where it is absent."""
    beside = Path(__file__).parents[3] / "shared" / "benchdata"
    folder = Path(os.environ.get("DEPOTOPT_BENCHDATA", beside)) / "siting"
    if not (folder / "optima.csv").exists():
        pytest.skip(f"no published siting instances in {folder}")
    return folder
