from __future__ import annotations

from pathlib import Path
from typing import BinaryIO

import pytest

from depotopt.cache import CACHE_VARIABLE, cache_folder, write_atomically


def test_environment_names_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "deep" / "cache"))
    assert cache_folder() == tmp_path / "deep" / "cache"
    assert (tmp_path / "deep" / "cache").is_dir()


def test_an_empty_variable_switches_the_cache_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "")
    assert cache_folder() is None


def test_a_file_where_the_folder_should_be_means_no_cache(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "taken").write_text("a file")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "taken"))
    assert cache_folder() is None


def test_without_the_variable_the_users_folder_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(CACHE_VARIABLE, raising=False)
    monkeypatch.setattr("depotopt.cache.sys.platform", "linux")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert cache_folder() == tmp_path / "depotopt"


def test_a_written_file_replaces_the_old_one_whole(tmp_path: Path) -> None:
    path = tmp_path / "orders" / "one.npy"
    assert write_atomically(path, lambda file: file.write(b"old content"))
    assert write_atomically(path, lambda file: file.write(b"new"))
    assert path.read_bytes() == b"new"
    assert [entry.name for entry in path.parent.iterdir()] == ["one.npy"]


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(file: BinaryIO) -> None:
        file.write(b"half")
        raise OSError("disk full")

    assert not write_atomically(tmp_path / "one.npy", fail)
    assert list(tmp_path.iterdir()) == []
