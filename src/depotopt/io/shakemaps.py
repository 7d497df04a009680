"""ShakeMaps of the USGS: ``grid.xml``, and the same columns as arrays in an ``.npz``."""

from __future__ import annotations

import math
from pathlib import Path
from xml.etree import ElementTree
from zipfile import BadZipFile

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.hazards.boore_atkinson import default_sigma_pga
from depotopt.hazards.shake_grid import ShakeGrid
from depotopt.units import FloatArray

_FLOOR_G = 1e-6
"""Least acceleration: maps write 0 far away, which has no logarithm."""


def read_shakemap(path: Path, name: str = "") -> ShakeGrid:
    """Read a ShakeMap.

    ``grid.xml`` needs the fields ``LON``, ``LAT``, ``PGA`` and ``PSA10`` (percent of g) and may have
    ``STDPGA`` (logarithm). An ``.npz`` needs the arrays ``lon``, ``lat``, ``PGA_pctg`` and
    ``SA10_pctg`` and may have ``std_lnPGA`` and ``magnitude``. Without the standard deviation that of
    Boore and Atkinson (2008) is taken.

    Parameters
    ----------
    path
        File.
    name
        Name for faults; the file's own where left out.

    Raises
    ------
    InputError
        If the file is no ShakeMap or its points are no regular grid.
    """
    file = name or path.name
    columns, magnitude = _npz(path, file) if path.suffix == ".npz" else _xml(path, file)
    lon, lat = columns["lon"], columns["lat"]
    west, south = float(lon.min()), float(lat.min())
    wide, high = len(np.unique(lon.round(6))), len(np.unique(lat.round(6)))
    if wide * high != len(lon) or wide < 2 or high < 2:
        raise _refused(file, f"{len(lon)} points that are no regular grid", "expected a regular grid", "grid")
    step_lon, step_lat = float(np.ptp(lon)) / (wide - 1), float(np.ptp(lat)) / (high - 1)
    column, row = np.rint((lon - west) / step_lon).astype(int), np.rint((lat - south) / step_lat).astype(int)

    def grid(values: FloatArray) -> FloatArray:
        array = np.full((high, wide), np.nan)
        array[row, column] = values
        array.setflags(write=False)
        return array

    faults = [
        Fault(
            file,
            key,
            f"{int((columns[key] < 0).sum())} negative values",
            "expected percent of g >= 0",
            "negative",
        )
        for key in ("pga", "sa10")
        if (columns[key] < 0).any()
    ]
    if faults:
        raise InputError(file, faults)
    ln_pga, ln_sa10 = (grid(np.log(np.maximum(columns[key] / 100.0, _FLOOR_G))) for key in ("pga", "sa10"))
    if np.isnan(ln_pga).any() or np.isnan(ln_sa10).any():
        raise _refused(file, "points that are no regular grid", "expected a regular grid", "grid")
    sigma = grid(columns.get("sigma", np.full(len(lon), default_sigma_pga())))
    return ShakeGrid(west, south, step_lon, step_lat, ln_pga, ln_sa10, sigma, magnitude, file)


def _npz(path: Path, file: str) -> tuple[dict[str, FloatArray], float]:
    try:
        # Opened here because numpy leaves a broken file open.
        with path.open("rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            found = {key: np.asarray(arrays[key], dtype=np.float64) for key in arrays.files}
    except (OSError, ValueError, EOFError, BadZipFile) as error:
        raise _refused(file, "a file that is no npz", "expected arrays of a ShakeMap", "file") from error
    names = {"lon": "lon", "lat": "lat", "PGA_pctg": "pga", "SA10_pctg": "sa10"}
    _require(names, found, file)
    columns = {new: found[old].ravel() for old, new in names.items()}
    if "std_lnPGA" in found:
        columns["sigma"] = found["std_lnPGA"].ravel()
    return columns, float(found["magnitude"]) if "magnitude" in found else math.nan


def _xml(path: Path, file: str) -> tuple[dict[str, FloatArray], float]:
    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise _refused(file, f"no XML ({error})", "expected grid.xml of a ShakeMap", "file") from error
    tags = {element.tag.rpartition("}")[2]: element for element in root}
    fields = {
        element.get("name", "").upper(): int(element.get("index", "0")) - 1
        for element in root
        if element.tag.endswith("grid_field")
    }
    data = tags.get("grid_data")
    if data is None:
        raise _refused(file, "no grid_data", "expected grid.xml of a ShakeMap", "file")
    names = {"LON": "lon", "LAT": "lat", "PGA": "pga", "PSA10": "sa10"}
    _require(names, fields, file)
    try:
        values = np.array((data.text or "").split(), dtype=np.float64).reshape(-1, len(fields))
    except ValueError as error:
        found, expected = (
            "grid_data that is not a table of numbers",
            f"expected rows of {len(fields)} numbers",
        )
        raise _refused(file, found, expected, "grid") from error
    columns = {new: values[:, fields[old]] for old, new in names.items()}
    if "STDPGA" in fields:
        columns["sigma"] = values[:, fields["STDPGA"]]
    event = tags.get("event")
    return columns, float(event.get("magnitude", "nan")) if event is not None else math.nan


def _require(names: dict[str, str], found: dict[str, FloatArray] | dict[str, int], file: str) -> None:
    missing = [name for name in names if name not in found]
    if missing:
        there = ", ".join(sorted(found)) or "nothing"
        raise _refused(
            file, f"no {' and no '.join(missing)}", f"expected these fields (there are: {there})", "field"
        )


def _refused(file: str, found: str, expected: str, kind: str) -> InputError:
    return InputError(file, [Fault(file, "", found, expected, kind)])
