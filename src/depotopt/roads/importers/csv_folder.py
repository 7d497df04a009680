"""Roads from a folder with ``nodes.csv`` and ``links.csv``."""

from __future__ import annotations

import csv
import difflib
import math
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.roads.importers.sections import (
    CLASS_CODE,
    Sections,
    assemble,
    pair_streets,
    speeds,
    street_kinds,
)
from depotopt.roads.network import ROAD_CLASSES, RoadNetwork, StreetKind, StreetTable
from depotopt.units import Int64Array

NODES, LINKS, NOTICE = "nodes.csv", "links.csv", "ATTRIBUTION.txt"
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)

Parse = Callable[[str], object]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes
    ----------
    parse
        Turns the text into a value; a `ValueError` is a fault.
    expected
        Completes *expected ...*.
    required
        Whether the column must be there and filled in.
    default
        Value of an empty cell.
    """

    parse: Parse
    expected: str
    required: bool = False
    default: object = None


@dataclass(slots=True)
class Table:
    """Values read, by column, and the line of the file each row ends on."""

    columns: dict[str, list[object]]
    lines: list[int] = field(default_factory=list)

    def numbers(self, name: str) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """A column as floats; an empty column takes the default of each of its cells."""
        return np.array(self.columns[name], dtype=np.float64)

    def flags(self, name: str) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """A column as booleans."""
        return np.array(self.columns[name], dtype=np.bool_)

    def texts(self, name: str) -> list[str]:
        """A column as texts."""
        return [str(value) for value in self.columns[name]]


def _bounded(low: float, high: float, *, above_low: bool = False) -> Parse:
    def parse(text: str) -> object:
        if not _NUMBER.fullmatch(text):
            raise ValueError(text)
        value = float(text)
        if not (low < value if above_low else low <= value) or not value <= high or not math.isfinite(value):
            raise ValueError(text)
        return value

    return parse


def _flag(text: str) -> object:
    if text not in ("0", "1"):
        raise ValueError(text)
    return text == "1"


def _road_class(text: str) -> object:
    return CLASS_CODE[text]


_POSITIVE = "expected a number > 0"
_FLAG = Column(_flag, "expected 0 or 1", default=False)
NODE_COLUMNS = {
    "node": Column(str, "expected an identifier", required=True),
    "lon": Column(_bounded(-180, 180), "expected a longitude from -180 to 180 degrees", required=True),
    "lat": Column(_bounded(-90, 90), "expected a latitude from -90 to 90 degrees", required=True),
}
LINK_COLUMNS = {
    "tail": Column(str, "expected a node of nodes.csv", required=True),
    "head": Column(str, "expected a node of nodes.csv", required=True),
    "length_m": Column(_bounded(0, 1e7), "expected a length in metres >= 0", required=True),
    "road_class": Column(_road_class, f"expected one of {', '.join(ROAD_CLASSES)}"),
    "oneway": _FLAG,
    "bridge": _FLAG,
    "tunnel": _FLAG,
    "ford": _FLAG,
    "max_weight_kg": Column(_bounded(0, 1e7, above_low=True), _POSITIVE, default=math.inf),
    "max_height_m": Column(_bounded(0, 1e3, above_low=True), _POSITIVE, default=math.inf),
    "speed_kmh": Column(
        _bounded(0, 300, above_low=True), "expected a speed > 0 and <= 300", default=math.nan
    ),
    "name": Column(str, "expected text", default=""),
    "street": Column(str, "expected an identifier", default=""),
}


def read_csv_folder(folder: Path, *, default_speed_kmh: float = 60.0, source: str = "") -> RoadNetwork:
    """Read ``nodes.csv`` (node, lon, lat) and ``links.csv`` (tail, head, length_m and more).

    Links lead both ways unless ``oneway`` is 1. Optional columns: ``road_class``, ``oneway``,
    ``bridge``, ``tunnel``, ``ford`` (0 or 1), ``max_weight_kg``, ``max_height_m``, ``speed_kmh``,
    ``name``, ``street`` (links of one street are lost together; otherwise every pair of nodes is one
    street, bridges apart). A file ``ATTRIBUTION.txt`` becomes the network's attribution.

    Raises
    ------
    InputError
        With every fault of both files.
    """
    faults: list[Fault] = []
    nodes = read_table(folder / NODES, NODE_COLUMNS, faults)
    links = read_table(folder / LINKS, LINK_COLUMNS, faults)
    position: dict[str, int] = {}
    for row, ident in enumerate(nodes.texts("node")):
        if ident in position:
            first = nodes.lines[position[ident]]
            faults.append(
                _fault(folder / NODES, nodes.lines[row], "node", ident, f"that is the node of row {first}")
            )
        position.setdefault(ident, row)
    if not nodes.lines and not faults:
        faults.append(Fault(_shown(folder / NODES), "", "no nodes", "expected at least two", "empty"))
    ends = [_ends(folder / LINKS, links, name, position, faults) for name in ("tail", "head")]
    for row in np.flatnonzero((ends[0] == ends[1]) & (ends[0] >= 0)).tolist():
        expected = "expected another node than the tail"
        faults.append(
            _fault(folder / LINKS, links.lines[row], "head", links.texts("head")[row], expected, "loop")
        )
    _check_connectors(folder, links, faults)
    if not faults and not links.lines:
        faults.append(Fault(_shown(folder / LINKS), "", "no links", "expected at least one", "empty"))
    if faults:
        raise InputError(str(folder.name), faults)
    notice = folder / NOTICE
    return _network(
        nodes,
        links,
        (ends[0], ends[1]),
        default_speed_kmh,
        source or folder.name,
        notice.read_text(encoding="utf-8").strip() if notice.exists() else "",
    )


def _network(
    nodes: Table,
    links: Table,
    ends: tuple[Int64Array, Int64Array],
    default_speed_kmh: float,
    source: str,
    attribution: str,
) -> RoadNetwork:
    start, end = ends
    codes = links.columns["road_class"]
    road_class = np.array([CLASS_CODE["highway"] if c is None else c for c in codes], dtype=np.uint8)
    speed, speed_source = speeds(links.numbers("speed_kmh"), road_class, default_speed_kmh)
    bridge, tunnel, ford = (links.flags(name) for name in ("bridge", "tunnel", "ford"))
    kind = street_kinds(bridge, tunnel, ford)
    names = tuple(links.texts("name"))
    street, streets = pair_streets(start, end, kind, tuple(nodes.texts("node")), names)
    street, streets = _with_given(links.texts("street"), street, streets, kind, names)
    sections = Sections(
        start=start,
        end=end,
        forward=np.ones(len(start), dtype=np.bool_),
        backward=~links.flags("oneway"),
        length_m=links.numbers("length_m"),
        road_class=road_class,
        speed_kmh=speed,
        backward_kmh=speed,
        speed_source=speed_source,
        bridge=bridge,
        tunnel=tunnel,
        ford=ford,
        max_weight_kg=links.numbers("max_weight_kg"),
        max_height_m=links.numbers("max_height_m"),
        street=street,
    )
    lon, lat = nodes.numbers("lon"), nodes.numbers("lat")
    return assemble(lon, lat, sections, streets, source=source, attribution=attribution)


def _with_given(
    given: list[str],
    street: Int64Array,
    streets: StreetTable,
    kind: np.ndarray[tuple[int], np.dtype[np.uint8]],
    names: tuple[str, ...],
) -> tuple[Int64Array, StreetTable]:
    """Replace the default street of every link that names one; those that name none keep theirs."""
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


def _ends(file: Path, links: Table, name: str, position: dict[str, int], faults: list[Fault]) -> Int64Array:
    found = np.full(len(links.lines), -1, dtype=np.int64)
    for row, ident in enumerate(links.texts(name)):
        if ident in position:
            found[row] = position[ident]
        elif ident and position:
            close = difflib.get_close_matches(ident, position, n=1) if len(position) < 10_000 else []
            hint = f" (did you mean '{close[0]}'?)" if close else ""
            faults.append(_fault(file, links.lines[row], name, ident, f"no such node{hint}", "unknown-node"))
    return found


def _check_connectors(folder: Path, links: Table, faults: list[Fault]) -> None:
    """A connector is no road of any class, so no table knows its speed."""
    speed = links.numbers("speed_kmh")
    for row, code in enumerate(links.columns["road_class"]):
        if code == CLASS_CODE["connector"] and math.isnan(speed[row]):
            expected = "expected the assumed speed of this connector"
            faults.append(_fault(folder / LINKS, links.lines[row], "speed_kmh", "", expected))


def read_table(file: Path, columns: dict[str, Column], faults: list[Fault]) -> Table:
    """Read a CSV file, adding a fault for everything that does not fit.

    Rows with a fault keep their place, with the default in the faulty cell.
    """
    table = Table({name: [] for name in columns})
    shown = _shown(file)
    if not file.is_file():
        faults.append(
            Fault(shown, "", "no such file", f"expected columns {', '.join(columns)}", "missing-file")
        )
        return table
    try:
        text = file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte {error.start} that is not UTF-8"
        faults.append(Fault(shown, "", found, "expected text saved as CSV UTF-8", "encoding"))
        return table
    reader = csv.reader(text.splitlines(keepends=True))
    header = [name.strip() for name in next(reader, [])]
    if not _header_fits(shown, header, columns, faults):
        return table
    where = {name: header.index(name) for name in columns if name in header}
    for cells in reader:
        if not any(cell.strip() for cell in cells):
            continue
        line = reader.line_num
        if len(cells) != len(header):
            found = f"{len(cells)} cells"
            faults.append(Fault(shown, f"row {line}", found, f"expected {len(header)} as in row 1", "cells"))
            continue
        table.lines.append(line)
        for name, column in columns.items():
            text_ = cells[where[name]].strip() if name in where else ""
            table.columns[name].append(_value(file, line, name, column, text_, faults))
    return table


def _value(file: Path, line: int, name: str, column: Column, text: str, faults: list[Fault]) -> object:
    if text:
        try:
            return column.parse(text)
        except (ValueError, KeyError):
            faults.append(_fault(file, line, name, text, column.expected))
    elif column.required:
        faults.append(_fault(file, line, name, "", column.expected, "missing"))
    return "" if column.parse is str else (math.nan if column.required else column.default)


def _header_fits(file: str, header: list[str], columns: dict[str, Column], faults: list[Fault]) -> bool:
    before = len(faults)
    for name in dict.fromkeys(header):
        if name not in columns:
            close = difflib.get_close_matches(name, columns, n=1)
            hint = f" (did you mean '{close[0]}'?)" if close else f"; there are {', '.join(columns)}"
            faults.append(Fault(file, "row 1", f"'{name}'", f"no such column{hint}", "unknown-column"))
        if header.count(name) > 1:
            faults.append(Fault(file, "row 1", f"'{name}'", "expected this column once", "repeated-column"))
    for name, column in columns.items():
        if column.required and name not in header:
            faults.append(Fault(file, "row 1", "no such column", f"expected column {name}", "missing-column"))
    return len(faults) == before


def _fault(file: Path, line: int, column: str, found: str, expected: str, kind: str = "value") -> Fault:
    shown = f"'{found}'" if found else "nothing"
    return Fault(_shown(file), f"row {line}, column {column}", shown, expected, kind)


def _shown(file: Path) -> str:
    return f"{file.parent.name}/{file.name}" if file.parent.name else file.name
