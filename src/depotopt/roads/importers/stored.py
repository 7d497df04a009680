"""Networks kept on disk under the hash of what they were read from."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import BinaryIO

import numpy as np
import numpy.typing as npt

import depotopt.catalog
from depotopt.cache import write_atomically
from depotopt.errors import UsageError
from depotopt.roads.importers.npz_arrays import DAMAGED
from depotopt.roads.network import Geometry, RoadNetwork, StreetTable

_ARRAYS = (
    *("node_lon", "node_lat", "tail", "head", "length_m", "free_flow_s", "road_class", "bridge", "tunnel"),
    *("ford", "max_weight_kg", "max_height_m", "speed_source", "street", "geometry_of", "reversed_"),
)
_BLOCK = 1 << 20


def content_hash(path: Path) -> str:
    """SHA-256 of a file, or of the files of a folder with their names."""
    digest = hashlib.sha256()
    files = sorted(p for p in path.iterdir() if p.is_file()) if path.is_dir() else [path]
    for file in files:
        if path.is_dir():
            digest.update(f"{file.name}\0{file.stat().st_size}\0".encode())
        with file.open("rb") as stream:
            while block := stream.read(_BLOCK):
                digest.update(block)
    return digest.hexdigest()


@cache
def importer_hash() -> str:
    """Hash of the code and the tables that decide what a file is read to.

    A network read by older code would be a silent error, and nobody remembers to raise a version.
    """
    here = Path(__file__).parent
    files = [*here.glob("*.py"), *here.parent.glob("*.py")]
    files += Path(str(depotopt.catalog.__file__)).parent.glob("*speed*")
    digest = hashlib.sha256()
    for file in sorted(files):
        digest.update(f"{file.name}\0".encode() + file.read_bytes())
    return digest.hexdigest()


def kept_or_read(
    folder: Path | None, content: str, options: str, read: Callable[[], RoadNetwork]
) -> RoadNetwork:
    """Return the kept network of this content and these options, or read it and keep it.

    A kept file that cannot be used is replaced.

    Parameters
    ----------
    folder
        Cache folder; ``None`` keeps nothing.
    content
        Hash of what is read.
    options
        Options that change the network, as text.
    read
        Reads it.
    """
    if folder is None:
        return read()
    key = hashlib.sha256("\0".join((content, options, importer_hash())).encode()).hexdigest()
    file = folder / "networks" / f"{key}.npz"
    kept = load_stored(file)
    if kept is not None:
        return kept
    network = read()
    write_atomically(file, lambda stream: store(network, stream))
    return network


def store(network: RoadNetwork, stream: BinaryIO) -> None:
    """Write a network without places as ``.npz``, no pickles inside."""
    about = {"source": network.source, "attribution": network.attribution, "dropped": network.dropped}
    texts = {
        "about": json.dumps(about),
        "street_ident": "\0".join(network.streets.ident),
        "street_name": "\0".join(network.streets.name),
    }
    arrays: dict[str, npt.NDArray[np.generic]] = {name: getattr(network, name) for name in _ARRAYS}
    arrays |= {name: np.frombuffer(text.encode(), dtype=np.uint8) for name, text in texts.items()}
    arrays |= {
        "street_kind": network.streets.kind,
        "line_first": network.geometry.first,
        "line_lonlat": network.geometry.lonlat,
    }
    np.savez(stream, allow_pickle=False, **arrays)


def load_stored(file: Path) -> RoadNetwork | None:
    """Read a network written by `store`; ``None`` where there is none or it is damaged."""
    if not file.is_file():
        return None
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            found = {name: archive[name] for name in archive.files}
        about = json.loads(found["about"].tobytes())
        names = [tuple(found[key].tobytes().decode().split("\0")) for key in ("street_ident", "street_name")]
        kind = found["street_kind"]
        if not len(names[0]) == len(names[1]) == len(kind):
            return None
        arrays = (kind, found["line_first"], found["line_lonlat"])
        for array in arrays:
            array.setflags(write=False)
        return RoadNetwork(
            **{name: found[name] for name in _ARRAYS},
            streets=StreetTable(names[0], names[1], kind),
            geometry=Geometry(arrays[1], arrays[2]),
            source=about["source"],
            attribution=about["attribution"],
            dropped=about["dropped"],
        )
    except (*DAMAGED, KeyError, UsageError):
        return None
