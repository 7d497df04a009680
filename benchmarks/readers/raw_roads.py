"""Raw ways of an OpenStreetMap file, read without depotopt: what imports are held against."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

DRIVABLE = frozenset(
    {
        *("motorway", "trunk", "primary", "secondary", "tertiary", "unclassified", "residential"),
        *("living_street", "road", "motorway_link", "trunk_link", "primary_link", "secondary_link"),
        "tertiary_link",
    }
)
_EARTH_M = 6_371_008.8
_DIGITS = 7


@dataclass(frozen=True, slots=True)
class RawBridges:
    """Bridges summed piece by piece from the raw ways, each once.

    Attributes
    ----------
    drivable_km
        Length of all bridges on drivable ways.
    directed_km
        The same with two-way bridges counted twice.
    ways
        Number of drivable ways.
    start, end, length_m
        Every piece of a bridge between two nodes: positions (longitude, latitude) and length.
    """

    drivable_km: float
    directed_km: float
    ways: int
    start: npt.NDArray[np.float64]
    end: npt.NDArray[np.float64]
    length_m: npt.NDArray[np.float64]

    def inside_km(self, *positions: npt.NDArray[np.float64]) -> float:
        """Length of the pieces whose both ends are among the vertices given.

        Parameters
        ----------
        positions
            Longitudes and latitudes of nodes, then vertices of shape ``(V, 2)``.
        """
        lon, lat, vertices = positions
        known = {*_keys(np.column_stack([lon, lat])), *_keys(vertices)}
        inside = [a in known and b in known for a, b in zip(_keys(self.start), _keys(self.end), strict=True)]
        return float(self.length_m[np.array(inside, dtype=np.bool_)].sum()) / 1000.0


def raw_bridges(file: Path) -> RawBridges:
    """Sum up the bridges of the drivable ways of a file."""
    import osmium

    start, end, length = [], [], []
    directed, ways = 0.0, 0
    highways = osmium.filter.KeyFilter("highway")
    highways.enable_for(osmium.osm.WAY)
    processor = osmium.FileProcessor(str(file), osmium.osm.NODE | osmium.osm.WAY).with_locations()
    for way in processor.with_filter(osmium.filter.EntityFilter(osmium.osm.WAY)).with_filter(highways):
        tags = dict(way.tags)
        if tags["highway"] not in DRIVABLE or tags.get("area") == "yes":
            continue
        ways += 1
        if tags.get("bridge", "no") == "no":
            continue
        points = [(node.lon, node.lat) for node in way.nodes if node.location.valid()]  # type: ignore[union-attr]
        oneway = tags.get("oneway", "no") in ("yes", "1", "true", "-1") or (
            tags.get("oneway") != "no"
            and (tags.get("junction") == "roundabout" or tags["highway"] in ("motorway", "motorway_link"))
        )
        for a, b in itertools.pairwise(points):
            start.append(a)
            end.append(b)
            length.append(_metres(a, b))
            directed += length[-1] * (1 if oneway else 2)
    return RawBridges(
        sum(length) / 1000.0, directed / 1000.0, ways, np.array(start), np.array(end), np.array(length)
    )


def _metres(a: tuple[float, float], b: tuple[float, float]) -> float:
    """Great-circle distance by the law of haversines, one pair at a time."""
    lon1, lat1, lon2, lat2 = (math.radians(v) for v in (*a, *b))
    half = math.sin((lat2 - lat1) / 2) ** 2
    half += math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    return 2 * _EARTH_M * math.asin(math.sqrt(half))


def _keys(lonlat: npt.NDArray[np.float64]) -> Iterable[tuple[float, float]]:
    return [(x, y) for x, y in np.round(lonlat, _DIGITS).tolist()]
