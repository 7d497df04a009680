"""`RoadNetwork`: directed links in CSR order, streets and bridges as the pieces that can be lost."""

from __future__ import annotations

from dataclasses import dataclass, fields, replace
from enum import IntEnum
from functools import cached_property
from typing import Self

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError
from depotopt.units import BoolArray, FloatArray, Int32Array, Int64Array

Uint8Array = npt.NDArray[np.uint8]

ROAD_CLASSES: tuple[str, ...] = (
    "motorway",
    "trunk",
    "primary",
    "secondary",
    "tertiary",
    "unclassified",
    "residential",
    "living_street",
    "service",
    "track",
    "ferry",
    "highway",
    "connector",
)
"""Road classes by code. ``highway`` is a main road of unknown class, ``connector`` a declared link
that the source data does not have (see `SpeedSource.ASSUMED`)."""


class SpeedSource(IntEnum):
    """Where the free-flow speed of a link comes from."""

    TAG = 0
    """A speed limit or speed in the source data."""
    CLASS_TABLE = 1
    """The documented table of speeds by road class."""
    ASSUMED = 2
    """An assumption declared in the scenario (connectors, links without class)."""


class StreetKind(IntEnum):
    """What kind of piece a street identity is."""

    STREET = 0
    BRIDGE = 1
    TUNNEL = 2
    FORD = 3


@dataclass(frozen=True, slots=True)
class StreetTable:
    """The pieces a loss hits: road sections between junctions, and bridges as assets of their own.

    One street has many links (at least one per direction); losing it loses them all.

    Attributes
    ----------
    ident
        Stable identifier per street, unique (``"w4711.2"``, ``"b815"``).
    name
        Name or reference people use, empty where unknown.
    kind
        `StreetKind` code per street.
    """

    ident: tuple[str, ...]
    name: tuple[str, ...]
    kind: Uint8Array

    def __len__(self) -> int:
        return len(self.ident)


@dataclass(frozen=True, slots=True)
class Geometry:
    """Polylines shared by both directions of a road.

    Attributes
    ----------
    first
        Start of each polyline in ``lonlat``, shape ``(G + 1,)``.
    lonlat
        Vertices in degrees, shape ``(V, 2)``.
    """

    first: Int64Array
    lonlat: FloatArray

    def line(self, index: int) -> FloatArray:
        """Vertices of one polyline, shape ``(n, 2)``."""
        return self.lonlat[self.first[index] : self.first[index + 1]]


@dataclass(frozen=True, slots=True)
class Places:
    """Sites and demand points tied to nodes of the network.

    Attributes
    ----------
    ident
        Identifiers (sites first, then demand points), unique.
    lon, lat
        True positions in degrees.
    node
        Node of each place (made by splitting the nearest link).
    access_s
        Seconds between the place and its node, off the network.
    distance_m
        Straight distance between the place and its node.
    """

    ident: tuple[str, ...]
    lon: FloatArray
    lat: FloatArray
    node: Int32Array
    access_s: FloatArray
    distance_m: FloatArray

    def index(self, idents: tuple[str, ...]) -> Int64Array:
        """Positions of the given identifiers.

        Raises
        ------
        UsageError
            If one of them is not a place of this network.
        """
        position = {ident: i for i, ident in enumerate(self.ident)}
        missing = [ident for ident in idents if ident not in position]
        if missing:
            raise UsageError(f"the road network does not know the places {', '.join(missing[:5])}")
        return np.array([position[ident] for ident in idents], dtype=np.int64)


# Not slotted: the CSR offsets and the street index are derived once and kept.
@dataclass(frozen=True)
class RoadNetwork:
    """Directed road links in compressed sparse row order, read-only.

    ``N`` nodes, ``L`` links sorted by ``(tail, head, index of origin)``; every array is read-only.

    Attributes
    ----------
    node_lon, node_lat
        Node positions in degrees (WGS 84), shape ``(N,)``.
    tail, head
        End nodes of each link, shape ``(L,)``.
    length_m, free_flow_s
        Length in metres and free-flow travel time in seconds (0 allowed), shape ``(L,)``.
    road_class
        Index into `ROAD_CLASSES`.
    bridge, tunnel, ford
        Flags per link.
    max_weight_kg, max_height_m
        Limits per link; ``inf`` where there is none.
    speed_source
        `SpeedSource` per link.
    street
        Index into ``streets`` per link.
    streets
        The pieces a loss hits.
    geometry_of, reversed_
        Polyline of each link in ``geometry`` and whether the link runs against it.
    geometry
        Polylines shared by both directions.
    source
        What was read, for provenance (file name and content hash).
    attribution
        Notice the data's licence asks for.
    dropped
        What the importer left out and why, e.g. ``{"nodes outside the largest component": 12}``.
    places
        Sites and demand points, once snapped.
    """

    node_lon: FloatArray
    node_lat: FloatArray
    tail: Int32Array
    head: Int32Array
    length_m: FloatArray
    free_flow_s: FloatArray
    road_class: Uint8Array
    bridge: BoolArray
    tunnel: BoolArray
    ford: BoolArray
    max_weight_kg: FloatArray
    max_height_m: FloatArray
    speed_source: Uint8Array
    street: Int32Array
    streets: StreetTable
    geometry_of: Int32Array
    reversed_: BoolArray
    geometry: Geometry
    source: str
    attribution: str
    dropped: dict[str, float]
    places: Places | None = None

    def __post_init__(self) -> None:
        links = len(self.tail)
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, np.ndarray):
                if item.name not in ("node_lon", "node_lat") and len(value) != links:
                    raise UsageError(f"{item.name} has {len(value)} entries for {links} links")
                value.setflags(write=False)
        if links and (np.diff(self.tail) < 0).any():
            raise UsageError("links must be sorted by tail")
        if links and (
            min(self.tail.min(), self.head.min()) < 0 or max(self.tail.max(), self.head.max()) >= self.nodes
        ):
            raise UsageError("a link ends at a node that does not exist")

    @property
    def nodes(self) -> int:
        """Number of nodes."""
        return len(self.node_lon)

    @property
    def links(self) -> int:
        """Number of directed links."""
        return len(self.tail)

    @cached_property
    def first_link(self) -> Int64Array:
        """CSR offsets: the links leaving node ``n`` are ``first_link[n]:first_link[n + 1]``."""
        first = np.zeros(self.nodes + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.tail, minlength=self.nodes), out=first[1:])
        first.setflags(write=False)
        return first

    @cached_property
    def links_of_street(self) -> tuple[Int64Array, Int64Array]:
        """CSR from streets to links: ``(first, links)``."""
        order = np.argsort(self.street, kind="stable").astype(np.int64)
        first = np.zeros(len(self.streets) + 1, dtype=np.int64)
        np.cumsum(np.bincount(self.street, minlength=len(self.streets)), out=first[1:])
        return first, order

    def line(self, link: int) -> FloatArray:
        """Vertices of a link in driving direction, degrees, shape ``(n, 2)``."""
        vertices = self.geometry.line(int(self.geometry_of[link]))
        return vertices[::-1] if self.reversed_[link] else vertices

    def with_places(self, places: Places) -> Self:
        """Return the same network knowing the given places."""
        return replace(self, places=places)
