"""Published formats of location problems: OR-Library graphs, TSPLIB points, UflLib costs, optima."""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from depotopt.units import FloatArray


@dataclass(frozen=True, slots=True)
class Optimum:
    """One row of ``optima.csv``."""

    instance: str
    problem: str
    value: float
    proved: bool


def text_of(path: Path) -> str:
    """Text of a file, or of the same name with ``.gz``."""
    if path.suffix == ".gz":
        with gzip.open(path, "rt", encoding="ascii", errors="replace") as stream:
            return stream.read()
    return path.read_text(encoding="ascii", errors="replace")


def read_optima(path: Path) -> list[Optimum]:
    """Rows with a number; others (tables of several values) are left out."""
    rows = []
    with path.open(encoding="utf-8", newline="") as stream:
        for row in csv.DictReader(stream):
            number = re.match(r"-?\d+(\.\d+)?(?!.*\d.*/)", (row["optimum_or_bks"] or "").strip())
            if number:
                proved = row["is_proven"].strip().lower() == "yes"
                rows.append(Optimum(row["instance"], row["problem"], float(number[0]), proved))
    return rows


def read_pmed(path: Path) -> tuple[FloatArray, int]:
    """OR-Library p-median: all-pairs distances and p; of a repeated edge the last line counts."""
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import shortest_path

    numbers = np.array(text_of(path).split(), dtype=np.int64)
    nodes, edges, p = (int(v) for v in numbers[:3])
    cost: dict[tuple[int, int], int] = {}
    for a, b, length in numbers[3 : 3 + 3 * edges].reshape(-1, 3):
        cost[min(a, b) - 1, max(a, b) - 1] = int(length)
    tail, head = np.array(list(cost)).T
    graph = csr_array((np.array(list(cost.values()), dtype=np.float64), (tail, head)), shape=(nodes, nodes))
    return np.asarray(shortest_path(graph, directed=False)), p


def read_tsplib(path: Path) -> FloatArray:
    """Positions of a TSPLIB file of type EUC_2D."""
    lines = text_of(path).splitlines()
    start = next(n for n, line in enumerate(lines) if line.strip() == "NODE_COORD_SECTION") + 1
    rows = []
    for line in lines[start:]:
        parts = line.split()
        if len(parts) < 3:
            break
        rows.append((float(parts[1]), float(parts[2])))
    return np.array(rows)


def read_facilities(path: Path) -> tuple[FloatArray, FloatArray]:
    """Uncapacitated facility location: opening costs ``(J,)`` and serving costs ``(I, J)``.

    Two forms: the simple one (``FILE: name``, ``sites points 0``, per site its number, opening cost and a
    cost per point; the header is missing in some files) and OR-Library's (``sites points``, per site
    capacity and opening cost, per point its demand and the cost per site of serving all of it).
    """
    lines = text_of(path).splitlines()
    if lines[0].upper().startswith("FILE"):
        lines = lines[1:]
    head = lines[0].split()
    sites, points = int(head[0]), int(head[1])
    # Some capacities are a word that stands for a number given elsewhere; none matters here.
    words = [w if w[0].isdigit() or w[0] in "-.+" else "0" for w in " ".join(lines[1:]).split()]
    numbers = np.array(words, dtype=np.float64)
    if len(head) > 2:
        table = numbers[: sites * (points + 2)].reshape(sites, points + 2)
        return table[:, 1].copy(), np.ascontiguousarray(table[:, 2:].T)
    opening = numbers[: 2 * sites].reshape(sites, 2)[:, 1].copy()
    rows = numbers[2 * sites : 2 * sites + points * (sites + 1)].reshape(points, sites + 1)
    return opening, np.ascontiguousarray(rows[:, 1:])
