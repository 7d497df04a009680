"""Roads from a GeoPackage with layers ``nodes`` (points) and ``links`` (lines)."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.roads.importers.link_tables import LINK_COLUMNS, NODE_COLUMNS, check_links, table_network
from depotopt.roads.importers.sections import polyline_lengths
from depotopt.roads.importers.tables import Column, Table, checked_table
from depotopt.roads.network import Geometry, RoadNetwork

NODES, LINKS, NOTICE = "nodes", "links", "attribution"


def read_geopackage(file: Path, *, default_speed_kmh: float = 60.0, source: str = "") -> RoadNetwork:
    """Read layers ``nodes`` (column node) and ``links`` (columns as in ``links.csv``), in degrees.

    Where the column ``length_m`` is missing, the length is that of the line. A table ``attribution``
    with a column of that name becomes the network's notice.

    Raises
    ------
    InputError
        With every fault of both layers.
    """
    import shapely

    faults: list[Fault] = []
    points, node_header, node_cells = _layer(file, NODES, "Point", faults)
    lines, link_header, link_cells = _layer(file, LINKS, "LineString", faults)
    if faults:
        raise InputError(file.name, faults)
    geometry = Geometry(
        np.concatenate([[0], np.cumsum(shapely.get_num_coordinates(lines))]).astype(np.int64),
        shapely.get_coordinates(lines),
    )
    if "length_m" not in link_header:
        link_header = [*link_header, "length_m"]
        link_cells = [*link_cells, [repr(value) for value in polyline_lengths(geometry).tolist()]]
    node_header = [*node_header, "lon", "lat"]
    node_cells = [
        *node_cells,
        *([repr(v) for v in axis] for axis in shapely.get_coordinates(points).T.tolist()),
    ]
    nodes = _table(file, NODES, node_header, node_cells, NODE_COLUMNS, faults)
    links = _table(file, LINKS, link_header, link_cells, LINK_COLUMNS, faults)
    readable = not faults
    ends = check_links(nodes, links, faults)
    if readable and not links.lines:
        faults.append(Fault(links.shown, "", "no links", "expected at least one", "empty"))
    notice = _notice(file, faults)
    if faults:
        raise InputError(file.name, faults)
    return table_network(
        nodes,
        links,
        ends,
        geometry,
        default_speed_kmh=default_speed_kmh,
        source=source or file.name,
        attribution=notice,
    )


def _layer(file: Path, layer: str, kind: str, faults: list[Fault]) -> tuple[Any, list[str], list[list[str]]]:
    """Geometries, column names and columns of text of a layer."""
    import pyogrio
    import shapely

    nothing: tuple[Any, list[str], list[list[str]]] = (np.array([], dtype=object), [], [])
    shown = f"{file.name}, layer {layer}"
    try:
        meta, _, geometry, columns = pyogrio.raw.read(file, layer=layer)
        shapes = shapely.force_2d(shapely.from_wkb([] if geometry is None else geometry))
    except (RuntimeError, shapely.errors.ShapelyError) as error:
        expected = f"expected layers {NODES} and {LINKS}"
        faults.append(Fault(shown, "", f"no readable layer ({error})", expected, "missing-layer"))
        return nothing
    if not len(shapes):
        faults.append(Fault(shown, "", "no geometry", f"expected {kind} geometries", "empty"))
        return nothing
    if meta["crs"] not in ("EPSG:4326", "OGC:CRS84"):
        found = meta["crs"] or "no coordinate reference system"
        faults.append(Fault(shown, "", found, "expected EPSG:4326", "crs"))
        return nothing
    wrong = np.flatnonzero(shapely.get_type_id(shapes) != (0 if kind == "Point" else 1))
    for row in wrong.tolist():
        found = "no geometry" if shapes[row] is None else shapes[row].geom_type
        faults.append(Fault(shown, f"feature {row + 1}", found, f"expected a {kind}", "geometry"))
    return shapes, list(meta["fields"]), [[_text(value) for value in column.tolist()] for column in columns]


def _text(value: object) -> str:
    """A cell as a table of text would hold it; missing values are empty."""
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def _table(
    file: Path,
    layer: str,
    header: list[str],
    cells: list[list[str]],
    columns: dict[str, Column],
    faults: list[Fault],
) -> Table:
    def rows() -> Iterator[tuple[int, list[str]]]:
        for number, row in enumerate(zip(*cells, strict=True), start=1):
            yield number, list(row)

    return checked_table(f"{file.name}, layer {layer}", "feature", header, rows(), columns, faults)


def _notice(file: Path, faults: list[Fault]) -> str:
    """The attribution the file carries, empty where there is none."""
    import pyogrio

    try:
        if NOTICE not in {name for name, _ in pyogrio.list_layers(file)}:
            return ""
        meta, _, _, columns = pyogrio.raw.read(file, layer=NOTICE)
    except RuntimeError as error:
        found = f"no readable table ({error})"
        faults.append(Fault(f"{file.name}, layer {NOTICE}", "", found, "expected a text", "unreadable"))
        return ""
    names = list(meta["fields"])
    return "\n".join(_text(value) for value in columns[names.index(NOTICE)]) if NOTICE in names else ""
