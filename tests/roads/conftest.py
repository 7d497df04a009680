"""Road tests keep nothing in the user's cache and find the benchmark data where it is."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.registry import default_data

from depotopt.cache import CACHE_VARIABLE


@pytest.fixture(autouse=True)
def no_user_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))


@pytest.fixture
def road_data() -> Path:
    """Folder of the benchmark roads; the test is skipped where there is none."""
    folder = default_data("roads")
    if not folder.is_dir():
        pytest.skip(f"no benchmark data in {folder}")
    return folder
