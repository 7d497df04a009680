"""Published vehicle routing instances, read into one plain form.

Formats: Cordeau's MDVRP text, TSPLIB CVRP, PyVRP's dialect for several trips with release times, the
heterogeneous fleets of Golden and Taillard, split delivery text, and depots with stock (see the data
folder's SOURCES.md).
"""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass, field
from pathlib import Path

UNLIMITED = 10**9


@dataclass(frozen=True)
class Customer:
    """Somebody to be served."""

    x: float
    y: float
    demand: float
    service: float = 0.0
    earliest: float = 0.0
    latest: float = math.inf
    release: float = 0.0


@dataclass(frozen=True)
class Fleet:
    """Vehicles that are alike, at one depot."""

    depot: int
    count: int
    capacity: float
    fixed: float = 0.0
    per_distance: float = 1.0
    longest: float = math.inf


@dataclass(frozen=True)
class Instance:
    """Depots, customers and vehicles.

    ``rounding`` says how lengths are counted: ``exact`` doubles, ``nearest`` whole numbers, or
    ``dimacs`` (tenths cut off, counted in tenths).
    """

    name: str
    depots: tuple[tuple[float, float], ...]
    customers: tuple[Customer, ...]
    fleets: tuple[Fleet, ...]
    rounding: str = "exact"
    stock: tuple[float, ...] = ()
    reload: bool = False
    split: bool = False
    depot_window: tuple[float, float] = (0.0, math.inf)
    extra: dict[str, float] = field(default_factory=dict)

    def length(self, a: tuple[float, float], b: tuple[float, float]) -> float:
        """Length between two positions in the instance's own units."""
        straight = math.hypot(a[0] - b[0], a[1] - b[1])
        if self.rounding == "nearest":
            return float(math.floor(straight + 0.5))
        if self.rounding == "dimacs":
            return float(math.floor(10.0 * straight + 1e-9))
        return straight


@dataclass(frozen=True)
class BestKnown:
    """A row of ``bks.csv``."""

    name: str
    problem: str
    value: float | None
    proved: bool
    file: str


def read_best_known(path: Path) -> tuple[BestKnown, ...]:
    """All rows of the index."""
    with path.open(encoding="utf-8", newline="") as stream:
        return tuple(
            BestKnown(
                row["instance"],
                row["problem"],
                float(row["bks"]) if row["bks"] else None,
                row["is_optimal"] == "1",
                row["file"],
            )
            for row in csv.DictReader(stream)
        )


def read_mdvrp(path: Path) -> Instance:
    """Cordeau's text; a duration of 0 means no limit."""
    rows = [[float(word) for word in line.split()] for line in path.read_text().splitlines() if line.strip()]
    _, vehicles, customers, depots = (int(value) for value in rows[0][:4])
    limits = rows[1 : 1 + depots]
    body = rows[1 + depots :]
    people = tuple(Customer(row[1], row[2], row[4], row[3]) for row in body[:customers])
    places = tuple((row[1], row[2]) for row in body[customers : customers + depots])
    fleets = tuple(
        Fleet(d, vehicles, limit[1], longest=limit[0] if limit[0] > 0 else math.inf)
        for d, limit in enumerate(limits)
    )
    return Instance(path.stem, places, people, fleets)


def _sections(path: Path) -> tuple[dict[str, str], dict[str, list[list[str]]]]:
    """Keys and sections of a TSPLIB file."""
    keys: dict[str, str] = {}
    sections: dict[str, list[list[str]]] = {}
    current: list[list[str]] | None = None
    for line in path.read_text().splitlines():
        words = line.split()
        if not words or words[0] == "EOF":
            continue
        if words[0].endswith("_SECTION"):
            current = sections.setdefault(words[0], [])
        elif ":" in line and not line[0].isdigit():
            key, _, value = line.partition(":")
            keys[key.strip()] = value.strip()
        elif current is not None:
            current.append(words)
    return keys, sections


def read_cvrp(path: Path) -> Instance:
    """TSPLIB, lengths rounded to the nearest whole number; the first node is the depot."""
    keys, sections = _sections(path)
    at = {int(row[0]): (float(row[1]), float(row[2])) for row in sections["NODE_COORD_SECTION"]}
    demand = {int(row[0]): float(row[1]) for row in sections["DEMAND_SECTION"]}
    depot = int(sections["DEPOT_SECTION"][0][0])
    people = tuple(Customer(*at[node], demand[node]) for node in sorted(at) if node != depot)
    fleet = Fleet(0, len(people), float(keys["CAPACITY"]))
    return Instance(path.stem, (at[depot],), people, (fleet,), "nearest")


def read_multi_trip(path: Path) -> Instance:
    """PyVRP's dialect with release times and reloading; everything in tenths, cut off."""
    keys, sections = _sections(path)
    at = {int(row[0]): (float(row[1]), float(row[2])) for row in sections["NODE_COORD_SECTION"]}
    demand = {int(row[0]): float(row[1]) for row in sections["DEMAND_SECTION"]}
    window = {int(row[0]): (float(row[1]), float(row[2])) for row in sections["TIME_WINDOW_SECTION"]}
    release = {int(row[0]): float(row[1]) for row in sections.get("RELEASE_TIME_SECTION", [])}
    depot = int(sections["DEPOT_SECTION"][0][0])
    service = float(keys.get("SERVICE_TIME", "0"))
    people = tuple(
        Customer(
            *at[node], demand[node], 10 * service, 10 * window[node][0], 10 * window[node][1],
            10 * release.get(node, 0.0),
        )
        for node in sorted(at)
        if node != depot
    )  # fmt: skip
    fleet = Fleet(0, int(keys["VEHICLES"]), float(keys["CAPACITY"]))
    opens, closes = window[depot]
    return Instance(
        path.stem,
        (at[depot],),
        people,
        (fleet,),
        "dimacs",
        reload=True,
        depot_window=(10 * opens, 10 * closes),
    )


def read_heterogeneous(path: Path) -> Instance:
    """Golden and Taillard: vehicle types with counts, capacities, fixed and running costs."""
    rows = [
        [float(word) for word in line.split()]
        for line in path.read_text().splitlines()
        if line.strip() and not line.strip().startswith("//")
    ]
    customers, kinds = int(rows[0][0]), int(rows[0][1])
    fleets = tuple(
        Fleet(0, min(int(row[0]), customers), row[1], row[2], row[3]) for row in rows[1 : 1 + kinds]
    )
    depot = rows[1 + kinds]
    people = tuple(Customer(row[0], row[1], row[2]) for row in rows[2 + kinds : 2 + kinds + customers])
    return Instance(path.stem, ((depot[0], depot[1]),), people, fleets)


def read_split(path: Path) -> Instance:
    """Split delivery: ``n Q``, demands, positions (depot first); lengths to the nearest whole number."""
    words = path.read_text().split()
    customers, capacity = int(float(words[0])), float(words[1])
    numbers = [float(word) for word in words[2:]]
    demand = numbers[:customers]
    xy = numbers[customers:]
    places = [(xy[2 * n], xy[2 * n + 1]) for n in range(customers + 1)]
    people = tuple(Customer(*places[n + 1], demand[n]) for n in range(customers))
    return Instance(path.stem, (places[0],), people, (Fleet(0, UNLIMITED, capacity),), "nearest", split=True)


def read_stocked(path: Path) -> Instance:
    """Depots with stock (VRP with capacitated multiple depots)."""
    rows = [line.split() for line in path.read_text().splitlines() if line.strip()]
    # The first two numbers of the line are the same in every file and say nothing.
    customers, depots = int(rows[0][2]), int(rows[0][3])
    fixed, capacity = float(rows[1][0]), float(rows[1][1])
    body = [[float(word) for word in row] for row in rows[2:]]
    people = tuple(Customer(row[1], row[2], row[4]) for row in body[:customers])
    stores = body[customers : customers + depots]
    fleets = tuple(Fleet(d, customers, capacity, fixed) for d in range(depots))
    return Instance(
        path.stem,
        tuple((row[1], row[2]) for row in stores),
        people,
        fleets,
        stock=tuple(row[4] for row in stores),
    )
