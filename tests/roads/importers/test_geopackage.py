"""Roads from GeoPackage layers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pytest
import shapely

from depotopt.errors import InputError
from depotopt.roads.importers import read_network
from depotopt.units import great_circle_m

NODES: dict[str, list[Any]] = {"node": ["a", "b", "c"]}
POINTS = [(0.0, 0.0), (0.01, 0.0), (0.01, 0.01)]
LINKS: dict[str, list[Any]] = {"tail": ["a", "b"], "head": ["b", "c"], "length_m": [1200.0, 1300.0]}
LINES = [[(0.0, 0.0), (0.01, 0.0)], [(0.01, 0.0), (0.02, 0.005), (0.01, 0.01)]]


def write(
    tmp_path: Path,
    links: dict[str, list[Any]] = LINKS,
    nodes: dict[str, list[Any]] = NODES,
    crs: str = "EPSG:4326",
) -> Path:
    file = tmp_path / "roads.gpkg"
    points, lines = shapely.points(POINTS), np.array([shapely.LineString(line) for line in LINES])
    for layer, shapes, columns, kind in (
        ("nodes", points, nodes, "Point"),
        ("links", lines, links, "LineString"),
    ):
        data = [
            np.array(values, dtype=object if isinstance(values[0], str) else None)
            for values in columns.values()
        ]
        pyogrio.raw.write(
            file, shapely.to_wkb(shapes), data, list(columns), layer=layer, driver="GPKG", geometry_type=kind,
            crs=crs, append=file.exists(),
        )  # fmt: skip
    return file


def faults(file: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_network(file)
    return [str(fault) for fault in caught.value.faults]


def test_layers_are_read_with_their_lines(tmp_path: Path) -> None:
    network = read_network(write(tmp_path, {**LINKS, "bridge": [0, 1], "max_weight_kg": [np.nan, 7500.0]}))
    assert (network.nodes, network.links) == (3, 4)
    assert sorted(network.length_m.tolist()) == [1200.0, 1200.0, 1300.0, 1300.0]
    bridge = np.flatnonzero(network.bridge)
    assert network.max_weight_kg[bridge].tolist() == [7500.0, 7500.0]
    assert np.isinf(network.max_weight_kg[~network.bridge]).all()
    assert network.line(int(bridge[0])).shape == (3, 2)


def test_without_lengths_the_lines_are_measured(tmp_path: Path) -> None:
    network = read_network(write(tmp_path, {key: LINKS[key] for key in ("tail", "head")}))
    assert network.length_m.min() == pytest.approx(float(great_circle_m(0, 0, 0.01, 0)))


def test_faults_name_layer_feature_and_column(tmp_path: Path) -> None:
    bad: dict[str, list[Any]] = {
        "tail": ["a", "x"],
        "head": ["b", "c"],
        "length_m": [-5.0, 1.0],
        "oneway": [2, 0],
    }
    assert faults(write(tmp_path, bad)) == [
        "roads.gpkg, layer links  feature 1, column length_m   found '-5', expected a length in metres >= 0",
        "roads.gpkg, layer links  feature 1, column oneway   found '2', expected 0 or 1",
        "roads.gpkg, layer links  feature 2, column tail   found 'x', no such node",
    ]


def test_unknown_columns_and_projected_layers_are_faults(tmp_path: Path) -> None:
    assert faults(write(tmp_path, {**LINKS, "lenght": [1, 2]}))[0].startswith(
        "roads.gpkg, layer links  header   found 'lenght', no such column"
    )
    (tmp_path / "roads.gpkg").unlink()
    assert faults(write(tmp_path, crs="EPSG:3857")) == [
        "roads.gpkg, layer links   found EPSG:3857, expected EPSG:4326",
        "roads.gpkg, layer nodes   found EPSG:3857, expected EPSG:4326",
    ]


def test_missing_layers_are_faults(tmp_path: Path) -> None:
    file = tmp_path / "roads.gpkg"
    pyogrio.raw.write(
        file, shapely.to_wkb(shapely.points(POINTS)), [np.array(["a", "b", "c"], dtype=object)], ["node"],
        layer="nodes", driver="GPKG", geometry_type="Point", crs="EPSG:4326",
    )  # fmt: skip
    [fault] = faults(file)
    assert fault.startswith("roads.gpkg, layer links   found no readable layer")


def test_a_file_that_is_none_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "roads.gpkg").write_bytes(b"no database")
    assert [fault.partition(" (")[0] for fault in faults(tmp_path / "roads.gpkg")] == [
        "roads.gpkg, layer links   found no readable layer",
        "roads.gpkg, layer nodes   found no readable layer",
    ]
