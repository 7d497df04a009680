from __future__ import annotations

from pathlib import Path

import pytest

from tests.scenarios.shipped import REAL, SCENARIOS, build_script, road_data


@pytest.mark.parametrize("name", REAL)
def test_build_writes_the_committed_files_again(name: str, tmp_path: Path) -> None:
    """Nobody edits a built file by hand, and the build depends on nothing but facts and road data."""
    source = road_data()
    if not source.exists():
        pytest.skip(f"{source.name} is not there: set DEPOTOPT_BENCHDATA to run this test")
    build_script(name).build(source, tmp_path)
    built = sorted(path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file())
    assert Path("roads/links.csv") in built
    different = [
        str(path)
        for path in built
        if (tmp_path / path).read_bytes() != (SCENARIOS / name / path).read_bytes()
    ]
    assert different == []


def test_parts_of_a_split_sum_to_the_whole() -> None:
    build_script(REAL[0])
    from highways import apportion  # type: ignore[import-not-found]

    assert apportion(10, [1, 1, 1]) == [4, 3, 3]
    assert sum(apportion(205_571, [16.0, 18.2, 14.0, 9.0, 9.0, 11.0, 8.0, 6.0, 8.8])) == 205_571


def test_the_module_of_the_package_is_read_as_text(tmp_path: Path) -> None:
    """Two of three nodes lie in the box; the link between them is kept once, in metres."""
    build_script(REAL[0])
    from highways import Box, cut

    text = (
        "\nfrom scgraph.core import GeoGraph\n"
        "graph=[{1: 1.25, 2: 9.0}, {0: 1.25}, {0: 9.0}]\n"
        "nodes=[[40.1, 80.2], [40.2, 80.3], [50.0, 90.0]]\n"
    )
    path = tmp_path / "world_highways.py"
    path.write_text(text, encoding="utf-8")
    roads = cut(tmp_path, Box(south=40.0, north=41.0, west=80.0, east=81.0))
    assert roads.lon.tolist() == [80.2, 80.3]
    assert roads.lat.tolist() == [40.1, 40.2]
    assert (roads.tail.tolist(), roads.head.tolist(), roads.length_m.tolist()) == ([0], [1], [1250])
