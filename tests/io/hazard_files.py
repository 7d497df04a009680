"""Small hazard files for tests: vector layers, rasters, ShakeMaps."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

SQUARE = [[10.0, -0.01], [10.02, -0.01], [10.02, 0.01], [10.0, 0.01], [10.0, -0.01]]


def write_geojson(path: Path, properties: list[dict[str, object]]) -> None:
    """The same square once per set of properties."""
    features = [
        {"type": "Feature", "properties": item, "geometry": {"type": "Polygon", "coordinates": [SQUARE]}}
        for item in properties
    ]
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}), encoding="utf-8")


def write_geopackage(path: Path, crs: str | None, metres: bool = False) -> None:
    """One square with ``depth_m`` 0.7; in UTM zone 32 (east of Greenwich 9 degrees) if ``metres``."""
    import shapely
    from pyogrio import raw

    square = shapely.Polygon(SQUARE)
    if metres:
        from pyproj import Transformer

        move = Transformer.from_crs(4326, 32632, always_xy=True)
        square = shapely.transform(square, lambda xy: np.column_stack(move.transform(xy[:, 0], xy[:, 1])))
    raw.write(
        path,
        np.array([shapely.to_wkb(square)], dtype=object),
        [np.array([0.7])],
        np.array(["depth_m"], dtype=object),
        geometry_type="Polygon",
        crs=crs,
        driver="GPKG",
    )


def write_raster(
    path: Path,
    depth: np.ndarray[tuple[int, int], np.dtype[np.float32]],
    crs: str | None,
    nodata: float | None,
) -> None:
    """Cells of 0.01 degrees (or 1,000 m in UTM) whose upper left corner is 10 E, 0.02 N."""
    import warnings

    import rasterio
    from rasterio.transform import from_origin

    corner = (611_280.0, 2_211.0, 1000.0) if crs == "EPSG:32632" else (10.0, 0.02, 0.01)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with rasterio.open(
            path,
            "w",
            driver="GTiff",
            height=depth.shape[0],
            width=depth.shape[1],
            count=1,
            dtype="float32",
            crs=crs,
            transform=from_origin(*corner, corner[2]),
            nodata=nodata,
        ) as file:
            file.write(depth.astype(np.float32), 1)


def shakemap_xml(rows: str, fields: tuple[str, ...] = ("LON", "LAT", "PGA", "PSA10")) -> str:
    """A ``grid.xml`` with the given rows of numbers."""
    names = "\n".join(f'<grid_field index="{i}" name="{name}" units=""/>' for i, name in enumerate(fields, 1))
    return (
        '<?xml version="1.0"?>\n<shakemap_grid xmlns="http://earthquake.usgs.gov/eqcenter/shakemap">\n'
        f'<event event_id="x" magnitude="7.1" lat="0" lon="10"/>\n{names}\n'
        f"<grid_data>\n{rows}\n</grid_data>\n</shakemap_grid>\n"
    )
