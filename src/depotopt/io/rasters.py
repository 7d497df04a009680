"""GeoTIFF depth rasters become `DepthGrid`: reprojected where needed, unknown kept apart from dry."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from depotopt.errors import Fault, InputError, MissingExtraError
from depotopt.hazards.depth_grid import DepthGrid
from depotopt.units import FloatArray


def read_depth_grid(path: Path, name: str = "") -> DepthGrid:
    """Read the first band of a raster as water depth in metres.

    A raster in another coordinate reference system is warped to degrees by nearest neighbour, which
    neither invents depths nor smears them over dikes.

    Parameters
    ----------
    path
        GeoTIFF, or anything GDAL reads.
    name
        Name for faults; the file's own where left out.

    Raises
    ------
    MissingExtraError
        If rasterio is not installed.
    InputError
        If the file is no raster, has no coordinate reference system, no data at all, or negative depths.
    """
    try:
        import rasterio
    except ImportError as error:
        raise MissingExtraError("rasterio", "raster", "reading a depth raster") from error

    file = name or path.name
    with warnings.catch_warnings():
        # Its own use of older calls, and a raster without place, which is refused below.
        warnings.simplefilter("ignore", PendingDeprecationWarning)
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        try:
            with rasterio.open(path) as source:
                depth, west, north, step_lon, step_lat = _in_degrees(source, file)
        except rasterio.errors.RasterioIOError as error:
            expected = "expected a GeoTIFF of depths in metres"
            raise _refused(file, "a file that is no raster", expected, "file") from error
    depth[~np.isfinite(depth)] = np.nan
    if np.isnan(depth).all():
        raise _refused(file, "no cell with data", "expected depths in metres", "no-data")
    negative = int((depth < 0).sum())
    if negative:
        found = f"{negative} negative depths (least {np.nanmin(depth):g})"
        raise _refused(
            file, found, "expected depths >= 0, cells without data declared as nodata", "negative-depth"
        )
    depth.setflags(write=False)
    return DepthGrid(west, north, step_lon, step_lat, depth, file)


def _in_degrees(source: Any, file: str) -> tuple[FloatArray, float, float, float, float]:
    """Depths with ``nan`` for no data, and the grid: west, north, cell width and height in degrees."""
    from rasterio.crs import CRS
    from rasterio.warp import Resampling, calculate_default_transform, reproject

    if source.crs is None:
        raise _refused(
            file, "no coordinate reference system", "expected one, so that places are known", "crs"
        )
    band = source.read(1, masked=True).astype(np.float64) * source.scales[0] + source.offsets[0]
    depth: FloatArray = band.filled(np.nan)
    transform, degrees = source.transform, CRS.from_epsg(4326)
    north_up = transform.b == 0 and transform.d == 0 and transform.a > 0 and transform.e < 0
    if source.crs != degrees or not north_up:
        target, width, height = calculate_default_transform(
            source.crs, degrees, source.width, source.height, *source.bounds
        )
        warped = np.full((height, width), np.nan)
        reproject(
            depth,
            warped,
            src_transform=transform,
            src_crs=source.crs,
            dst_transform=target,
            dst_crs=degrees,
            src_nodata=np.nan,
            dst_nodata=np.nan,
            resampling=Resampling.nearest,
        )
        depth, transform = warped, target
    return depth, transform.c, transform.f, transform.a, -transform.e


def _refused(file: str, found: str, expected: str, kind: str) -> InputError:
    return InputError(file, [Fault(file, "band 1" if "depth" in kind else "", found, expected, kind)])
