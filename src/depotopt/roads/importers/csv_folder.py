"""Roads from a folder with ``nodes.csv`` and ``links.csv``."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path

from depotopt.errors import Fault, InputError
from depotopt.roads.importers.link_tables import LINK_COLUMNS, NODE_COLUMNS, check_links, table_network
from depotopt.roads.importers.tables import Column, Table, checked_table
from depotopt.roads.network import RoadNetwork

NODES, LINKS, NOTICE = "nodes.csv", "links.csv", "ATTRIBUTION.txt"


def read_csv_folder(folder: Path, *, default_speed_kmh: float = 60.0, source: str = "") -> RoadNetwork:
    """Read ``nodes.csv`` (node, lon, lat) and ``links.csv`` (tail, head, length_m and more).

    Links lead both ways unless ``oneway`` is 1; two oneway rows that are each other's reverse are one
    road. Optional columns: ``road_class``, ``oneway``, ``bridge``, ``tunnel``, ``ford`` (0 or 1),
    ``max_weight_kg``, ``max_height_m``, ``speed_kmh``, ``name``, ``street`` (links of one street are
    lost together; otherwise every pair of nodes is one street, bridges apart), ``free_flow_s`` and
    ``speed_source``. A file ``ATTRIBUTION.txt`` becomes the network's notice.

    Raises
    ------
    InputError
        With every fault of both files.
    """
    faults: list[Fault] = []
    nodes = read_csv(folder / NODES, NODE_COLUMNS, faults)
    links = read_csv(folder / LINKS, LINK_COLUMNS, faults)
    readable = not faults
    ends = check_links(nodes, links, faults)
    if readable and not nodes.lines:
        faults.append(Fault(nodes.shown, "", "no nodes", "expected at least two", "empty"))
    if readable and nodes.lines and not links.lines:
        faults.append(Fault(links.shown, "", "no links", "expected at least one", "empty"))
    notice = _text(folder / NOTICE, faults) if (folder / NOTICE).exists() else ""
    if faults:
        raise InputError(folder.name, faults)
    return table_network(
        nodes,
        links,
        ends,
        default_speed_kmh=default_speed_kmh,
        source=source or folder.name,
        attribution=notice.strip(),
    )


def read_csv(file: Path, columns: dict[str, Column], faults: list[Fault]) -> Table:
    """Read a CSV file, adding a fault for everything that does not fit; blank rows do not count."""
    shown = f"{file.parent.name}/{file.name}"
    empty = Table(shown, "row", {name: [] for name in columns})
    if not file.is_file():
        expected = f"expected columns {', '.join(columns)}"
        faults.append(Fault(shown, "", "no such file", expected, "missing-file"))
        return empty
    before = len(faults)
    text = _text(file, faults)
    if len(faults) > before:
        return empty
    reader = csv.reader(io.StringIO(text, newline=""))
    header = [name.strip() for name in next(reader, [])]

    def rows() -> Iterator[tuple[int, list[str]]]:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                yield reader.line_num, cells

    return checked_table(shown, "row", header, rows(), columns, faults)


def _text(file: Path, faults: list[Fault]) -> str:
    """Text of a file; empty, with a fault, where it is not UTF-8."""
    try:
        return file.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        found = f"byte {error.start} that is not UTF-8"
        shown = f"{file.parent.name}/{file.name}"
        faults.append(Fault(shown, "", found, "expected text saved as UTF-8", "encoding"))
        return ""
