"""Roads from bare arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from depotopt.errors import InputError
from depotopt.roads.importers import read_network
from depotopt.roads.network import SpeedSource

GOOD: dict[str, object] = {
    "lat": [0.0, 0.0, 0.0, 1.0],
    "lon": [0.0, 0.1, 0.2, 1.0],
    "u": [0, 1, 1, 0],
    "v": [1, 2, 1, 2],
    "km": [11.0, 12.0, 3.0, 30.0],
}


def archive(tmp_path: Path, **changes: object) -> Path:
    arrays = {name: np.array(values) for name, values in (GOOD | changes).items() if values is not None}
    file = tmp_path / "roads.npz"
    np.savez(file, **arrays)  # type: ignore[arg-type]
    return file


def test_every_road_leads_both_ways_at_the_assumed_speed(tmp_path: Path) -> None:
    network = read_network(archive(tmp_path), default_speed_kmh=36.0)
    assert (network.nodes, network.links) == (3, 6)
    assert network.length_m.tolist() == [11e3, 30e3, 11e3, 12e3, 30e3, 12e3]
    assert network.free_flow_s == pytest.approx(network.length_m / 10.0)
    assert set(network.speed_source.tolist()) == {SpeedSource.ASSUMED}


def test_loops_and_islands_are_reported(tmp_path: Path) -> None:
    dropped = read_network(archive(tmp_path)).dropped
    assert dropped["roads from a node to itself"] == 1
    assert dropped["nodes without a road"] == 1


BAD = [
    ({"km": None}, "roads.npz  km   found no such array"),
    ({"lat": [0.0, 0.0]}, "roads.npz  lat, lon   found 2 and 4 entries"),
    ({"u": [0.5, 1.0, 1.0, 0.0]}, "roads.npz  u   found 1-dimensional float64"),
    ({"km": [1.0, -2.0, 3.0, -4.0]}, "roads.npz  km[1]   found -2.0 and 1 more, expected a length >= 0"),
    ({"lat": [0.0, 95.0, 0.0, 1.0]}, "roads.npz  lat[1]   found 95.0, expected a latitude"),
    ({"lon": [0.0, 0.1, np.nan, 1.0]}, "roads.npz  lon[2]   found nan, expected a longitude"),
    ({"v": [1, 2, 1, 9]}, "roads.npz  v[3]   found 9, expected a node from 0 to 3"),
]


@pytest.mark.parametrize(("changes", "message"), BAD)
def test_bad_arrays_are_faults(tmp_path: Path, changes: dict[str, object], message: str) -> None:
    with pytest.raises(InputError) as caught:
        read_network(archive(tmp_path, **changes))
    assert any(str(fault).startswith(message) for fault in caught.value.faults)


def test_what_is_no_archive_is_a_fault(tmp_path: Path) -> None:
    file = archive(tmp_path)
    good = file.read_bytes()
    central = good.index(b"PK\x01\x02")
    version = good[: central + 6] + b"\xdb" + good[central + 7 :]
    for bad in (b"not an archive", b"", good[: len(good) // 2], version):
        file.write_bytes(bad)
        with pytest.raises(InputError, match="no readable archive"):
            read_network(file)
