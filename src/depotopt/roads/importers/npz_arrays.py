"""Roads from an ``.npz`` archive of bare arrays: positions, pairs of nodes, kilometres."""

from __future__ import annotations

import zipfile
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from depotopt.errors import Fault, InputError
from depotopt.roads.importers.sections import CLASS_CODE, Sections, assemble, drive_s, pair_streets, speeds
from depotopt.roads.network import RoadNetwork
from depotopt.units import BoolArray, FloatArray, Int64Array

DAMAGED = (OSError, ValueError, EOFError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What reading a damaged archive raises; `zipfile` calls an unknown version not implemented."""
ARRAYS = ("lat", "lon", "u", "v", "km")


def read_npz(file: Path, *, default_speed_kmh: float = 60.0, source: str = "") -> RoadNetwork:
    """Read arrays ``lat``, ``lon`` (per node), ``u``, ``v``, ``km`` (per road, both ways).

    An array ``attribution`` (one text) becomes the network's notice. The roads have no class, so they
    are of class ``highway`` at the default speed, marked as assumed.
    Roads from a node to itself are left out and counted.

    Raises
    ------
    InputError
        With every fault of the arrays.
    """
    arrays, attribution = _arrays(file)
    lon, lat = arrays["lon"].astype(np.float64), arrays["lat"].astype(np.float64)
    start, end = arrays["u"].astype(np.int64), arrays["v"].astype(np.int64)
    length_m = arrays["km"].astype(np.float64) * 1000.0
    _check(file.name, lon, lat, (start, end), length_m)
    loop = start == end
    dropped = {"roads from a node to itself": float(loop.sum())} if loop.any() else {}
    start, end, length_m = start[~loop], end[~loop], length_m[~loop]
    count = len(start)
    road_class = np.full(count, CLASS_CODE["highway"], dtype=np.uint8)
    speed, speed_source = speeds(np.full(count, np.nan), road_class, default_speed_kmh)
    seconds = drive_s(length_m, speed)
    nowhere, everywhere = np.zeros(count, dtype=np.bool_), np.ones(count, dtype=np.bool_)
    idents = tuple(map(str, range(len(lon))))
    kind = np.zeros(count, dtype=np.uint8)
    street, streets = pair_streets(start, end, kind, idents, ("",) * count)
    free = np.full(count, np.inf)
    sections = Sections(
        start=start,
        end=end,
        forward=everywhere,
        backward=everywhere,
        length_m=length_m,
        road_class=road_class,
        forward_s=seconds,
        backward_s=seconds,
        speed_source=speed_source,
        bridge=nowhere,
        tunnel=nowhere,
        ford=nowhere,
        max_weight_kg=free,
        max_height_m=free,
        street=street,
    )
    return assemble(
        lon, lat, sections, streets, source=source or file.name, attribution=attribution, dropped=dropped
    )


def _arrays(file: Path) -> tuple[dict[str, npt.NDArray[np.generic]], str]:
    faults: list[Fault] = []
    arrays: dict[str, npt.NDArray[np.generic]] = {}
    attribution = ""
    try:
        with file.open("rb") as stream, np.load(stream, allow_pickle=False) as archive:
            for name in ARRAYS:
                if name not in archive.files:
                    faults.append(Fault(file.name, name, "no such array", f"expected {', '.join(ARRAYS)}"))
                    continue
                arrays[name] = archive[name]
            if "attribution" in archive.files:
                attribution = str(archive["attribution"])
    except DAMAGED as error:
        fault = Fault(file.name, "", f"no readable archive ({error})", "expected .npz arrays", "unreadable")
        raise InputError(file.name, [fault]) from error
    for name, array in arrays.items():
        if array.ndim != 1 or array.dtype.kind not in ("iu" if name in "uv" else "iuf"):
            found = f"{array.ndim}-dimensional {array.dtype}"
            faults.append(Fault(file.name, name, found, "expected a one-dimensional array of numbers"))
    if not faults:
        for group in (("lat", "lon"), ("u", "v", "km")):
            sizes = {len(arrays[name]) for name in group}
            if len(sizes) > 1:
                found = " and ".join(str(len(arrays[name])) for name in group) + " entries"
                faults.append(Fault(file.name, ", ".join(group), found, "expected the same number"))
    if faults:
        raise InputError(file.name, faults)
    return arrays, attribution


def _check(
    file: str, lon: FloatArray, lat: FloatArray, ends: tuple[Int64Array, Int64Array], length_m: FloatArray
) -> None:
    faults: list[Fault] = []

    def report(name: str, wrong: BoolArray, values: object, expected: str) -> None:
        where = np.flatnonzero(wrong)
        if len(where):
            found = f"{np.asarray(values)[where[0]]}" + (
                f" and {len(where) - 1} more" if len(where) > 1 else ""
            )
            faults.append(Fault(file, f"{name}[{where[0]}]", found, expected))

    report("lon", ~(np.abs(lon) <= 180), lon, "expected a longitude from -180 to 180 degrees")
    report("lat", ~(np.abs(lat) <= 90), lat, "expected a latitude from -90 to 90 degrees")
    report("km", ~((length_m >= 0) & np.isfinite(length_m)), length_m / 1000, "expected a length >= 0")
    for name, nodes in zip("uv", ends, strict=True):
        report(name, (nodes < 0) | (nodes >= len(lon)), nodes, f"expected a node from 0 to {len(lon) - 1}")
    if not len(length_m):
        faults.append(Fault(file, "u", "no roads", "expected at least one", "empty"))
    if faults:
        raise InputError(file, faults)
