"""Published vehicle routing instances, read into one plain form.

Formats: Cordeau's MDVRP text, TSPLIB CVRP, PyVRP's dialect of it (several trips with release times, several
depots or sites with windows, heterogeneous fleets), the fleets of Golden and Taillard, split delivery text,
depots with stock, and the cumulative problem with several depots (see the data folder's SOURCES.md).
"""

from __future__ import annotations

import csv
import math
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

UNLIMITED = 10**9


@dataclass(frozen=True)
class Customer:
    """Somebody to be served; ``fleets`` names those that may come, all where it is empty."""

    x: float
    y: float
    demand: float
    service: float = 0.0
    earliest: float = 0.0
    latest: float = math.inf
    release: float = 0.0
    fleets: tuple[int, ...] = ()


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

    ``rounding`` says how lengths are counted: ``exact`` doubles, ``nearest`` whole numbers, ``dimacs``
    (tenths cut off, counted in tenths) or ``thousandths`` (nearest, counted in thousandths). With
    ``cumulative`` the cost is the sum of arrival times, routes end where they like, and ``most_vehicles``
    leave from all depots together.
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
    cumulative: bool = False
    most_vehicles: int = UNLIMITED

    def length(self, a: tuple[float, float], b: tuple[float, float]) -> float:
        """Length between two positions in the instance's own units."""
        straight = math.hypot(a[0] - b[0], a[1] - b[1])
        if self.rounding == "nearest":
            return float(math.floor(straight + 0.5))
        if self.rounding == "dimacs":
            return float(math.floor(10.0 * straight + 1e-9))
        if self.rounding == "thousandths":
            return float(round(1_000.0 * straight))
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


def read_cumulative(path: Path) -> Instance:
    """Cumulative problem with several depots; as many vehicles as the demand fills, leaving from any depot.

    The files do not say how many vehicles there are: with one for everybody the problem is empty.
    """
    words = [float(word) for word in path.read_text().split()]
    customers, depots, capacity = int(words[0]), int(words[1]), words[2]
    count = customers + depots
    places = [(words[3 + 2 * n], words[4 + 2 * n]) for n in range(count)]
    demand = words[3 + 2 * count :]
    vehicles = math.ceil(sum(demand) / capacity - 1e-9)
    return Instance(
        path.stem,
        tuple(places[customers:]),
        tuple(Customer(*places[n], demand[n]) for n in range(customers)),
        tuple(Fleet(d, vehicles, capacity) for d in range(depots)),
        cumulative=True,
        most_vehicles=vehicles,
    )


def read_depots_windows(path: Path) -> Instance:
    """Several depots with time windows, PyVRP's dialect; everything in thousandths."""
    return _dialect(path, "thousandths", 1_000.0)


def read_sites_windows(path: Path) -> Instance:
    """Vehicle types that may not go everywhere, with time windows; everything in thousandths."""
    return _dialect(path, "thousandths", 1_000.0)


def read_heterogeneous_x(path: Path) -> Instance:
    """Heterogeneous fleets on the X instances; prices stand in the file in hundredths."""
    return _dialect(path, "exact", 1.0, 0.01)


def _dialect(path: Path, rounding: str, scale: float, price: float = 1.0) -> Instance:
    """PyVRP's dialect of TSPLIB: one row per node or per vehicle in every section."""
    keys, sections = _sections(path)

    def column(name: str, missing: float, count: int) -> list[float]:
        if name + "_SECTION" in sections:
            return [float(row[1]) for row in sections[name + "_SECTION"]]
        return [float(keys.get(name, missing))] * count

    nodes, vehicles = len(sections["NODE_COORD_SECTION"]), int(keys["VEHICLES"])
    at = [(float(row[1]), float(row[2])) for row in sections["NODE_COORD_SECTION"]]
    depots = [int(row[0]) - 1 for row in sections["DEPOT_SECTION"]] if "DEPOT_SECTION" in sections else [0]
    demand, service = column("DEMAND", 0.0, nodes), column("SERVICE_TIME", 0.0, nodes)
    window = [(float(row[1]), float(row[2])) for row in sections.get("TIME_WINDOW_SECTION", [])]
    window = window or [(0.0, math.inf)] * nodes
    rows = zip(
        (int(start) - 1 for start in column("VEHICLES_DEPOT", 1, vehicles)),
        column("CAPACITY", UNLIMITED, vehicles),
        column("VEHICLES_FIXED_COST", 0.0, vehicles),
        column("VEHICLES_UNIT_DISTANCE_COST", 1.0 / price, vehicles),
        column("VEHICLES_MAX_DURATION", math.inf, vehicles),
        (
            frozenset(int(word) - 1 for word in row[1:])
            for row in sections.get("VEHICLES_ALLOWED_CLIENTS_SECTION", [["0"]] * vehicles)
        ),
        strict=True,
    )
    kinds = Counter(rows)
    fleets = tuple(
        Fleet(depots.index(start), count, capacity, fixed * price, each * price, longest * scale)
        for (start, capacity, fixed, each, longest, _), count in kinds.items()
    )
    people = tuple(
        Customer(
            *at[n], demand[n], service[n] * scale, window[n][0] * scale, window[n][1] * scale,
            fleets=tuple(f for f, kind in enumerate(kinds) if n in kind[5]),
        )
        for n in range(nodes)
        if n not in depots
    )  # fmt: skip
    opens, closes = window[depots[0]]
    return Instance(
        path.stem,
        tuple(at[n] for n in depots),
        people,
        fleets,
        rounding,
        depot_window=(opens * scale, closes * scale),
    )
