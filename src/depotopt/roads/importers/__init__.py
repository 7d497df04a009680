"""Roads from files, by format."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from depotopt.cache import cache_folder
from depotopt.errors import Fault, InputError
from depotopt.roads.importers.csv_folder import read_csv_folder
from depotopt.roads.importers.geopackage import read_geopackage
from depotopt.roads.importers.graph import network_from_graph
from depotopt.roads.importers.graphml_file import read_graphml
from depotopt.roads.importers.npz_arrays import read_npz
from depotopt.roads.importers.osm_file import SUFFIXES, read_osm
from depotopt.roads.importers.place import download_network
from depotopt.roads.importers.stored import content_hash, kept_or_read
from depotopt.roads.network import RoadNetwork

__all__ = ["download_network", "network_from_graph", "read_network"]

_WORTH_KEEPING_BYTES = 65_536
_FORMATS = ".osm.pbf, .osm, .graphml, .graphml.gz, .gpkg, .npz or a folder with nodes.csv and links.csv"


def read_network(
    path: Path | str,
    *,
    default_speed_kmh: float = 60.0,
    simplify: bool = True,
    minor_roads: bool = False,
    cache_dir: Path | Literal["user"] | None = "user",
) -> RoadNetwork:
    """Read roads; the format follows from the name.

    Parameters
    ----------
    path
        ``.osm.pbf`` or ``.osm`` (OpenStreetMap), ``.graphml`` or ``.graphml.gz`` (OSMnx),
        ``.gpkg`` (layers ``nodes`` and ``links``), ``.npz`` (arrays lat, lon, u, v, km), or a folder
        with ``nodes.csv`` and ``links.csv``.
    default_speed_kmh
        Speed of roads without speed and class.
    simplify
        OpenStreetMap files: merge what meets at a node where nothing else does. In every other format
        the nodes are junctions already and all are kept.
    minor_roads
        OpenStreetMap files: also read service roads and firm tracks.
    cache_dir
        Folder where networks are kept by content; ``"user"`` is `depotopt.cache.cache_folder`,
        ``None`` keeps nothing.

    Returns
    -------
    RoadNetwork
        The largest strongly connected component; ``dropped`` says what was left out.

    Raises
    ------
    InputError
        If the file cannot be used, with all its faults.
    """
    file = Path(path)
    if not file.exists():
        fault = Fault(file.name, "", "no such file or folder", "expected roads", "missing-file")
        raise InputError(file.name, [fault])
    name = "folder" if file.is_dir() else file.name.lower()
    known = ("folder", ".npz", ".graphml", ".graphml.gz", ".gpkg", *SUFFIXES)
    if not name.endswith(known):
        found = f"'{file.suffix}'" if file.suffix else "no suffix"
        raise InputError(file.name, [Fault(file.name, "", found, f"expected {_FORMATS}", "format")])
    content = content_hash(file)
    source = f"{file.name} sha256:{content[:16]}"

    def read() -> RoadNetwork:
        if name == "folder":
            return read_csv_folder(file, default_speed_kmh=default_speed_kmh, source=source)
        if name.endswith(".npz"):
            return read_npz(file, default_speed_kmh=default_speed_kmh, source=source)
        if name.endswith((".graphml", ".graphml.gz")):
            return read_graphml(file, default_speed_kmh=default_speed_kmh, source=source)
        if name.endswith(".gpkg"):
            return read_geopackage(file, default_speed_kmh=default_speed_kmh, source=source)
        return read_osm(file, simplify=simplify, minor_roads=minor_roads, source=source)

    size = sum(p.stat().st_size for p in file.iterdir()) if file.is_dir() else file.stat().st_size
    folder = cache_folder() if cache_dir == "user" else cache_dir
    options = f"{file.name} {default_speed_kmh!r} {simplify} {minor_roads}"
    return kept_or_read(folder if size >= _WORTH_KEEPING_BYTES else None, content, options, read)
