"""Roads from files, by format."""

from __future__ import annotations

from pathlib import Path

from depotopt.errors import Fault, InputError
from depotopt.roads.importers.csv_folder import read_csv_folder
from depotopt.roads.importers.npz_arrays import read_npz
from depotopt.roads.importers.osm_file import SUFFIXES, read_osm
from depotopt.roads.network import RoadNetwork


def read_network(
    path: Path | str,
    *,
    default_speed_kmh: float = 60.0,
    simplify: bool = True,
    minor_roads: bool = False,
) -> RoadNetwork:
    """Read roads; the format follows from the name.

    Parameters
    ----------
    path
        File or folder.
    default_speed_kmh
        Speed of roads without speed and class.
    simplify
        OpenStreetMap files: merge what meets at a node where nothing else does. In every other format
        the nodes are junctions already and all are kept.
    minor_roads
        OpenStreetMap files: also read service roads and firm tracks.

    Raises
    ------
    InputError
        If the file cannot be used, with all its faults.
    """
    file = Path(path)
    if not file.exists():
        fault = Fault(file.name, "", "no such file or folder", "expected roads", "missing-file")
        raise InputError(file.name, [fault])
    if file.is_dir():
        return read_csv_folder(file, default_speed_kmh=default_speed_kmh)
    if file.name.endswith(".npz"):
        return read_npz(file, default_speed_kmh=default_speed_kmh)
    if file.name.endswith(SUFFIXES):
        return read_osm(file, simplify=simplify, minor_roads=minor_roads)
    fault = Fault(file.name, "", f"'{file.suffix}'", "expected .osm.pbf, .npz or a folder", "format")
    raise InputError(file.name, [fault])
