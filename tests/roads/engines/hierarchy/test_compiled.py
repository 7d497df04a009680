from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from depotopt.roads.cache import CACHE_VARIABLE
from depotopt.roads.engines.hierarchy.compiled import compiled


def double(value: int) -> int:
    return 2 * value


def refusing(times: int, message: str = "cannot cache function 'double': no locator available") -> Any:
    """numba.njit that finds no folder for its cache the first few times."""
    real: Any = numba.njit
    left = [times]

    def njit(**options: bool) -> Callable[[Any], Any]:
        if options.get("cache") and left[0] > 0:
            left[0] -= 1
            raise RuntimeError(message)
        plain: Callable[[Any], Any] = real(**{**options, "cache": False})
        return plain

    return njit


@pytest.fixture(autouse=True)
def _keep_numbas_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba.config, "CACHE_DIR", "")


def test_a_compiled_function_gives_the_same_value() -> None:
    assert compiled(double)(21) == 42


def test_a_read_only_installation_keeps_code_in_the_cache_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    monkeypatch.setattr(numba, "njit", refusing(1))
    assert compiled(double)(4) == 8
    assert str(tmp_path / "numba") == numba.config.CACHE_DIR  # type: ignore[attr-defined]


def test_without_any_cache_functions_are_compiled_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "")
    monkeypatch.setattr(numba, "njit", refusing(9))
    assert compiled(double)(4) == 8
    assert numba.config.CACHE_DIR == ""  # type: ignore[attr-defined]


def test_other_failures_are_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numba, "njit", refusing(1, "out of registers"))
    with pytest.raises(RuntimeError, match="out of registers"):
        compiled(double)
