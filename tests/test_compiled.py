from __future__ import annotations

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
import pytest

from depotopt.cache import CACHE_VARIABLE
from depotopt.compiled import compiled, source_stamp


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


def outer_value(folder: Path, monkeypatch: pytest.MonkeyPatch, inner: str) -> int:
    """What a kernel returns that calls a function of the file given, in a fresh import of both."""
    (folder / "hamlet").mkdir(exist_ok=True)
    (folder / "hamlet" / "inner.py").write_text(inner, encoding="utf-8")
    (folder / "hamlet" / "outer.py").write_text(
        "from depotopt.compiled import kernel\n"
        "from hamlet.inner import FACTOR, inner\n\n"
        "@kernel\ndef outer(n):\n    return FACTOR * inner(n)\n",
        encoding="utf-8",
    )
    monkeypatch.syspath_prepend(folder)
    for name in [name for name in sys.modules if name.partition(".")[0] == "hamlet"]:
        del sys.modules[name]
    importlib.invalidate_caches()
    source_stamp.cache_clear()
    found = importlib.import_module("hamlet.outer").outer
    value: int = found(1)
    assert len(found.stats.cache_misses) + len(found.stats.cache_hits) == 1
    return value if found.stats.cache_misses else -value


@pytest.mark.parametrize("changed", ["n + 3", "n + 1"])
def test_code_is_compiled_anew_when_what_it_takes_from_other_files_changes(
    changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "dont_write_bytecode", True)
    source = "from depotopt.compiled import kernel\nFACTOR = 10\n@kernel\ndef inner(n):\n    return n + 1\n"
    assert outer_value(tmp_path, monkeypatch, source) == 20
    assert outer_value(tmp_path, monkeypatch, source) == -20, "kept on disk"
    other = source.replace("n + 1", changed).replace("10", "10" if changed == "n + 3" else "100")
    assert outer_value(tmp_path, monkeypatch, other) == (40 if changed == "n + 3" else 200)
