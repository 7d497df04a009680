"""Tests of `depotopt.io.rasters`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest

from depotopt.errors import InputError, MissingExtraError
from depotopt.io.rasters import read_depth_grid
from tests.io.hazard_files import write_raster

pytest.importorskip("rasterio")

DEPTH = np.array([[0.0, 1.0, -9999.0], [0.5, 2.0, 0.25]], dtype=np.float32)


def kinds(path: Path) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_depth_grid(path)
    return [fault.kind for fault in caught.value.faults]


def test_no_data_is_unknown_and_not_dry(tmp_path: Path) -> None:
    write_raster(tmp_path / "d.tif", DEPTH, "EPSG:4326", -9999.0)
    grid = read_depth_grid(tmp_path / "d.tif")
    assert np.isnan(grid.depth_m[0, 2])
    assert grid.depth_m[1].tolist() == [0.5, 2.0, 0.25]
    depth = grid.at(np.array([10.005, 10.015, 10.025]), np.array([0.005, 0.015, 0.015]))
    assert depth.tolist() == pytest.approx([0.5, 1.0, np.nan], nan_ok=True)


def test_another_reference_system_is_reprojected(tmp_path: Path) -> None:
    """UTM kilometres from 10 E on the equator; nearest neighbour invents no depths."""
    write_raster(tmp_path / "d.tif", DEPTH, "EPSG:32632", -9999.0)
    grid = read_depth_grid(tmp_path / "d.tif")
    depth = grid.at(np.array([10.0045, 10.0135, 10.0225]), np.array([0.0055, 0.0145, 0.0055]))
    assert depth.tolist() == [0.5, 1.0, 0.25]
    known = grid.depth_m[~np.isnan(grid.depth_m)]
    assert set(known) <= {0.0, 0.25, 0.5, 1.0, 2.0}


def test_a_raster_without_reference_system_is_refused(tmp_path: Path) -> None:
    write_raster(tmp_path / "d.tif", DEPTH, None, -9999.0)
    assert kinds(tmp_path / "d.tif") == ["crs"]


def test_negative_depths_are_refused(tmp_path: Path) -> None:
    write_raster(tmp_path / "d.tif", DEPTH, "EPSG:4326", None)
    assert kinds(tmp_path / "d.tif") == ["negative-depth"]


def test_a_raster_without_data_is_refused(tmp_path: Path) -> None:
    write_raster(tmp_path / "d.tif", np.full((2, 2), -9999.0, dtype=np.float32), "EPSG:4326", -9999.0)
    assert kinds(tmp_path / "d.tif") == ["no-data"]


def test_what_is_no_raster_is_refused(tmp_path: Path) -> None:
    (tmp_path / "d.tif").write_text("not a raster")
    assert kinds(tmp_path / "d.tif") == ["file"]


def test_without_rasterio_the_extra_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'depotopt\[raster\]'"):
        read_depth_grid(tmp_path / "d.tif")
