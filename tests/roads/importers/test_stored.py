"""Networks kept on disk."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from depotopt.roads.importers import read_network, stored
from depotopt.roads.importers.stored import content_hash, kept_or_read, load_stored, store
from depotopt.roads.network import RoadNetwork
from tests.roads.importers.osm_text import Way, write_osm


@pytest.fixture
def network(tmp_path: Path) -> RoadNetwork:
    ways = [Way("abc", {"name": "Straße"}), Way("cd", {"bridge": "yes"}), Way("cC", {"access": "no"})]
    return read_network(write_osm(tmp_path / "roads.osm", ways))


def same(one: RoadNetwork, two: RoadNetwork) -> bool:
    for item in dataclasses.fields(one):
        left, right = getattr(one, item.name), getattr(two, item.name)
        if isinstance(left, np.ndarray):
            if not np.array_equal(left, right) or left.dtype != right.dtype or right.flags.writeable:
                return False
        elif item.name == "streets":
            if (left.ident, left.name, left.kind.tolist()) != (right.ident, right.name, right.kind.tolist()):
                return False
        elif item.name == "geometry":
            if not (np.array_equal(left.first, right.first) and np.array_equal(left.lonlat, right.lonlat)):
                return False
        elif left != right:
            return False
    return True


def test_a_stored_network_is_the_same(network: RoadNetwork, tmp_path: Path) -> None:
    file = tmp_path / "network.npz"
    with file.open("wb") as stream:
        store(network, stream)
    kept = load_stored(file)
    assert kept is not None
    assert same(network, kept)


def test_it_is_read_once(network: RoadNetwork, tmp_path: Path) -> None:
    calls: list[int] = []

    def read() -> RoadNetwork:
        calls.append(1)
        return network

    first, second = (kept_or_read(tmp_path / "cache", "content", "options", read) for _ in range(2))
    assert len(calls) == 1
    assert same(first, second)
    kept_or_read(tmp_path / "cache", "other content", "options", read)
    kept_or_read(tmp_path / "cache", "content", "other options", read)
    kept_or_read(None, "content", "options", read)
    assert len(calls) == 4


@pytest.mark.parametrize("damage", ["empty", "cut", "flipped", "foreign"])
def test_a_damaged_file_is_rebuilt(network: RoadNetwork, tmp_path: Path, damage: str) -> None:
    kept_or_read(tmp_path / "cache", "content", "options", lambda: network)
    [file] = (tmp_path / "cache" / "networks").iterdir()
    good = file.read_bytes()
    middle = len(good) // 3
    bad = {
        "empty": b"",
        "cut": good[: len(good) // 2],
        "flipped": good[:middle]
        + bytes(255 - byte for byte in good[middle : middle + 64])
        + good[middle + 64 :],
        "foreign": b"PK\x05\x06" + bytes(18),
    }[damage]
    file.write_bytes(bad)
    rebuilt = kept_or_read(tmp_path / "cache", "content", "options", lambda: network)
    assert same(rebuilt, network)
    assert file.read_bytes() == good


def test_a_change_of_the_importers_makes_old_files_useless(
    network: RoadNetwork, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept_or_read(tmp_path / "cache", "content", "options", lambda: network)
    monkeypatch.setattr(stored, "importer_hash", lambda: "newer")
    kept_or_read(tmp_path / "cache", "content", "options", lambda: network)
    assert len(list((tmp_path / "cache" / "networks").iterdir())) == 2


def test_the_hash_is_of_the_content(tmp_path: Path) -> None:
    for name, text in (("one", "a"), ("two", "a"), ("three", "b")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "nodes.csv").write_text(text, encoding="utf-8")
    one, two, three = (content_hash(tmp_path / name) for name in ("one", "two", "three"))
    assert one == two != three
    (tmp_path / "two" / "nodes.csv").rename(tmp_path / "two" / "links.csv")
    assert content_hash(tmp_path / "two") != one


def test_large_files_are_kept_and_come_back_the_same(tmp_path: Path) -> None:
    ways = [Way("abcdefghij", {"note": "x" * 1000}) for _ in range(80)]
    file = write_osm(tmp_path / "large.osm", ways)
    first = read_network(file, cache_dir=tmp_path / "kept")
    assert len(list((tmp_path / "kept" / "networks").iterdir())) == 1
    assert same(first, read_network(file, cache_dir=tmp_path / "kept"))
    assert same(first, read_network(file, cache_dir=None))
