"""GeoTIFF depth rasters become `DepthGrid`: reprojected where needed, unknown kept apart from dry."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from depotopt.errors import Fault, InputError, MissingExtraError
from depotopt.hazards.depth_grid import DepthGrid


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
        from rasterio.errors import RasterioIOError
        from rasterio.warp import Resampling, calculate_default_transform, reproject
    except ImportError as error:
        raise MissingExtraError("rasterio", "raster", "reading a depth raster") from error

    import warnings

    file = name or path.name
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", rasterio.errors.NotGeoreferencedWarning)
        try:
            source = rasterio.open(path)
        except RasterioIOError as error:
            raise _refused(
                file, "a file that is no raster", "expected a GeoTIFF of depths in metres", "file"
            ) from error
    with source:
        if source.crs is None:
            expected = "expected one, so that places are known"
            raise _refused(file, "no coordinate reference system", expected, "crs")
        depth = source.read(1, masked=True).astype(np.float64).filled(np.nan)
        transform, degrees = source.transform, rasterio.crs.CRS.from_epsg(4326)
        turned = transform.b != 0 or transform.d != 0 or transform.e > 0 or transform.a < 0
        if source.crs != degrees or turned:
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
    return DepthGrid(transform.c, transform.f, transform.a, -transform.e, depth, file)


def _refused(file: str, found: str, expected: str, kind: str) -> InputError:
    return InputError(file, [Fault(file, "band 1" if "depth" in kind else "", found, expected, kind)])
