"""Tests of `depotopt.io.shakemaps`."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest

from depotopt.errors import InputError
from depotopt.io.shakemaps import read_shakemap
from tests.io.hazard_files import shakemap_xml

ROWS = "10 1 20 40\n11 1 30 60\n10 0 10 20\n11 0 5 10"


def refused(path: Path, text: str) -> str:
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError) as caught:
        read_shakemap(path)
    return str(caught.value)


def test_grid_xml_is_read_in_percent_of_g_whatever_its_row_order(tmp_path: Path) -> None:
    (tmp_path / "grid.xml").write_text(shakemap_xml(ROWS), encoding="utf-8")
    grid = read_shakemap(tmp_path / "grid.xml")
    assert np.exp(grid.ln_pga).tolist() == [pytest.approx([0.1, 0.05]), pytest.approx([0.2, 0.3])]
    assert np.exp(grid.ln_sa10[1]).tolist() == pytest.approx([0.4, 0.6])
    assert grid.magnitude == 7.1
    assert set(grid.sigma_pga.ravel().round(3)) == {0.565}


def test_a_map_knows_its_own_uncertainty(tmp_path: Path) -> None:
    rows = "\n".join(f"{row} 0.3" for row in ROWS.splitlines())
    text = shakemap_xml(rows, ("LON", "LAT", "PGA", "PSA10", "STDPGA"))
    (tmp_path / "grid.xml").write_text(text, encoding="utf-8")
    assert set(read_shakemap(tmp_path / "grid.xml").sigma_pga.ravel()) == {0.3}


def test_faults_of_grid_xml(tmp_path: Path) -> None:
    path = tmp_path / "grid.xml"
    assert "no XML" in refused(path, "nothing")
    assert "no grid_data" in refused(path, "<shakemap_grid/>")
    assert "no PSA10" in refused(path, shakemap_xml("1 2 3", ("LON", "LAT", "PGA")))
    assert "no regular grid" in refused(path, shakemap_xml("10 1 20 40\n11 1 30 60\n10 0 10 20"))
    assert "no regular grid" in refused(path, shakemap_xml("10 1 20 40\n10 1 20 40\n10 0 1 2\n11 0 1 2"))
    assert "not a table of numbers" in refused(path, shakemap_xml("10 1 20"))
    assert "1 negative values" in refused(path, shakemap_xml(ROWS.replace(" 5 ", " -5 ")))


def test_arrays_are_read_like_the_grid(tmp_path: Path) -> None:
    lon, lat = np.meshgrid([10.0, 11.0], [1.0, 0.0])
    np.savez(
        tmp_path / "m.npz",
        lon=lon.ravel(),
        lat=lat.ravel(),
        PGA_pctg=[20, 30, 10, 5],
        SA10_pctg=[40, 60, 20, 0],
    )
    grid = read_shakemap(tmp_path / "m.npz")
    assert np.exp(grid.ln_pga).tolist() == [pytest.approx([0.1, 0.05]), pytest.approx([0.2, 0.3])]
    assert np.isfinite(grid.ln_sa10).all()
    assert np.isnan(grid.magnitude)


def test_arrays_that_are_missing_are_named(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", lon=[1.0], lat=[1.0])
    with pytest.raises(InputError, match="no PGA_pctg and no SA10_pctg"):
        read_shakemap(tmp_path / "m.npz")
    for content in (b"nothing", b"", b"PK\x03\x04 broken"):
        (tmp_path / "m.npz").write_bytes(content)
        with pytest.raises(InputError, match="no npz"):
            read_shakemap(tmp_path / "m.npz")


def test_the_shakemap_of_pisco_is_read() -> None:
    """The 2007 M 8.0 Pisco earthquake, USGS usp000fjta: strongest shaking near the coast of Peru."""
    data = Path(os.environ.get("DEPOTOPT_BENCHDATA", Path(__file__).parents[3] / "shared" / "benchdata"))
    path = data / "roads" / "hazard" / "peru_pisco2007_shakemap_usp000fjta.npz"
    if not path.is_file():
        pytest.skip(f"{path.name} is not there")
    grid = read_shakemap(path)
    motion = grid.motion(np.array([-76.2, -70.0]), np.array([-13.7, -8.0]))
    assert np.exp(motion.ln_pga[0]) > 0.2
    assert np.exp(motion.ln_pga[1]) < 0.05
