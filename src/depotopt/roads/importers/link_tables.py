"""A network from a table of nodes and a table of links, whatever file they stand in."""

from __future__ import annotations

import difflib
import math

import numpy as np

from depotopt.errors import Fault
from depotopt.roads.importers.sections import (
    CLASS_CODE,
    Sections,
    assemble,
    drive_s,
    pair_streets,
    paired,
    speeds,
    straight_lines,
    street_kinds,
)
from depotopt.roads.importers.tables import Column, Table, flag, number
from depotopt.roads.network import (
    ROAD_CLASSES,
    Geometry,
    RoadNetwork,
    SpeedSource,
    StreetKind,
    StreetTable,
    Uint8Array,
)
from depotopt.units import Int64Array

_POSITIVE = "expected a number > 0"
_FLAG = Column(flag, "expected 0 or 1", default=False)
_SOURCES = {source.name.lower(): int(source) for source in SpeedSource}

POSITION_COLUMNS = {
    "lon": Column(number(-180, 180), "expected a longitude from -180 to 180 degrees", required=True),
    "lat": Column(number(-90, 90), "expected a latitude from -90 to 90 degrees", required=True),
}
NODE_COLUMNS = {"node": Column(str, "expected an identifier", required=True), **POSITION_COLUMNS}
LINK_COLUMNS = {
    "tail": Column(str, "expected a node", required=True),
    "head": Column(str, "expected a node", required=True),
    "length_m": Column(number(0, 1e7), "expected a length in metres >= 0", required=True),
    "road_class": Column(CLASS_CODE.__getitem__, f"expected one of {', '.join(ROAD_CLASSES)}"),
    "oneway": _FLAG,
    "bridge": _FLAG,
    "tunnel": _FLAG,
    "ford": _FLAG,
    "max_weight_kg": Column(number(0, 1e7, above_low=True), _POSITIVE, default=math.inf),
    "max_height_m": Column(number(0, 1e3, above_low=True), _POSITIVE, default=math.inf),
    "speed_kmh": Column(number(0, 300, above_low=True), "expected a speed > 0 and <= 300", default=math.nan),
    "name": Column(str, "expected text", default=""),
    "street": Column(str, "expected an identifier", default=""),
    "free_flow_s": Column(number(0, 1e8), "expected seconds >= 0", default=math.nan),
    "speed_source": Column(_SOURCES.__getitem__, f"expected one of {', '.join(_SOURCES)}"),
}
"""Columns of links; the last two are written by exports, so that reading gives the same network."""


def check_links(nodes: Table, links: Table, faults: list[Fault]) -> tuple[Int64Array, Int64Array]:
    """Add the faults of nodes and links that no single cell shows; return the end nodes."""
    position: dict[str, int] = {}
    for row, ident in enumerate(nodes.texts("node")):
        if ident and ident in position:
            expected = f"that is the node of {nodes.unit} {nodes.lines[position[ident]]}"
            faults.append(nodes.fault(row, "node", ident, expected, "duplicate-node"))
        position.setdefault(ident, row)
    start, end = (_ends(links, name, position, faults) for name in ("tail", "head"))
    for row in np.flatnonzero((start == end) & (start >= 0)).tolist():
        ident = links.texts("head")[row]
        faults.append(links.fault(row, "head", ident, "expected another node than the tail", "loop"))
    speed, seconds = links.numbers("speed_kmh"), links.numbers("free_flow_s")
    for row, code in enumerate(links.columns["road_class"]):
        # A connector is no road of any class, so no table knows its speed.
        if code == CLASS_CODE["connector"] and math.isnan(speed[row]) and math.isnan(seconds[row]):
            expected = "expected the assumed speed of this connector"
            faults.append(links.fault(row, "speed_kmh", "", expected, "missing"))
    return start, end


def _ends(links: Table, name: str, position: dict[str, int], faults: list[Fault]) -> Int64Array:
    found = np.full(len(links.lines), -1, dtype=np.int64)
    for row, ident in enumerate(links.texts(name)):
        if ident in position:
            found[row] = position[ident]
        elif ident and position:
            close = difflib.get_close_matches(ident, position, n=1) if len(position) < 10_000 else []
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            faults.append(links.fault(row, name, ident, f"no such node{hint}", "unknown-node"))
    return found


def table_network(
    nodes: Table,
    links: Table,
    ends: tuple[Int64Array, Int64Array],
    geometry: Geometry | None = None,
    *,
    default_speed_kmh: float,
    source: str,
    attribution: str,
) -> RoadNetwork:
    """Build the network of tables without faults.

    Parameters
    ----------
    nodes, links
        Tables with `NODE_COLUMNS` and `LINK_COLUMNS`.
    ends
        From `check_links`.
    geometry
        Line of each link; straight ones when left out.
    default_speed_kmh
        Speed of links without speed and class.
    source, attribution
        As in `RoadNetwork`.
    """
    start, end = ends
    codes = links.columns["road_class"]
    road_class = np.array([CLASS_CODE["highway"] if c is None else c for c in codes], dtype=np.uint8)
    speed, speed_source = speeds(links.numbers("speed_kmh"), road_class, default_speed_kmh)
    given = np.array([-1 if c is None else c for c in links.columns["speed_source"]], dtype=np.int64)
    speed_source = np.where(given < 0, speed_source, given).astype(np.uint8)
    length_m, seconds = links.numbers("length_m"), links.numbers("free_flow_s")
    seconds = np.where(np.isnan(seconds), drive_s(length_m, speed), seconds)
    bridge, tunnel, ford = (links.flags(name) for name in ("bridge", "tunnel", "ford"))
    kind = street_kinds(bridge, tunnel, ford)
    street, streets = _streets(nodes, links, start, end, kind)
    sections = Sections(
        start=start,
        end=end,
        forward=np.ones(len(start), dtype=np.bool_),
        backward=~links.flags("oneway"),
        length_m=length_m,
        road_class=road_class,
        forward_s=seconds,
        backward_s=seconds.copy(),
        speed_source=speed_source,
        bridge=bridge,
        tunnel=tunnel,
        ford=ford,
        max_weight_kg=links.numbers("max_weight_kg"),
        max_height_m=links.numbers("max_height_m"),
        street=street,
    )
    lon, lat = nodes.numbers("lon"), nodes.numbers("lat")
    lines = straight_lines(lon, lat, sections) if geometry is None else geometry
    sections, lines, _ = paired(sections, lines)
    return assemble(lon, lat, sections, streets, lines, source=source, attribution=attribution)


def _streets(
    nodes: Table, links: Table, start: Int64Array, end: Int64Array, kind: Uint8Array
) -> tuple[Int64Array, StreetTable]:
    """Streets as named in the table; every pair of nodes is one where nothing is named."""
    names = tuple(links.texts("name"))
    street, streets = pair_streets(start, end, kind, tuple(nodes.texts("node")), names)
    given = links.texts("street")
    if not any(given):
        return street, streets
    ident, name, kinds = list(streets.ident), list(streets.name), streets.kind.tolist()
    position: dict[str, int] = {}
    result = street.copy()
    for row, own in enumerate(given):
        if not own:
            continue
        if own not in position:
            position[own] = len(ident)
            ident.append(own)
            name.append(names[row])
            kinds.append(int(kind[row]))
        elif kinds[position[own]] != kind[row]:
            # Part bridge, part not: the source says they are lost together, so it is a street.
            kinds[position[own]] = int(StreetKind.STREET)
        result[row] = position[own]
    return result, StreetTable(tuple(ident), tuple(name), np.array(kinds, dtype=np.uint8))
