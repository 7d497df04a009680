"""Published formats of capacitated location problems, one tier and two."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from benchmarks.readers.location import text_of
from depotopt.siting.classic.capacitated_problem import CapacitatedProblem
from depotopt.siting.classic.two_echelon_problem import TwoEchelonProblem
from depotopt.units import FloatArray


def _file(path: Path) -> Path:
    """The file, or the same name with ``.gz``."""
    return path if path.exists() else path.with_name(path.name + ".gz")


def _numbers(text: str) -> FloatArray:
    return np.array(text.split(), dtype=np.float64)


def read_orlib(
    path: Path, capacity: float | None = None, *, single_source: bool = False
) -> CapacitatedProblem:
    """OR-Library: sites (capacity, fixed cost), then per point its need and the cost of all of it by site.

    Parameters
    ----------
    path
        File, or its name without ``.gz``.
    capacity
        Of every site, where the file says only ``capacity``.
    single_source
        Whether points are served whole.
    """
    text = text_of(_file(path))
    if capacity is not None:
        text = text.replace("capacity", repr(capacity))
    numbers = _numbers(text)
    sites, points = int(numbers[0]), int(numbers[1])
    site = numbers[2 : 2 + 2 * sites].reshape(sites, 2)
    point = numbers[2 + 2 * sites :][: points * (sites + 1)].reshape(points, sites + 1)
    return CapacitatedProblem.of_tables(
        site[:, 0], site[:, 1], point[:, 0], point[:, 1:].T, single_source=single_source
    )


def read_single_source(path: Path, *, single_source: bool = True) -> CapacitatedProblem:
    """Capacities, fixed costs, needs, then one row of serving costs per point."""
    numbers = _numbers(text_of(_file(path)))
    sites, points = int(numbers[0]), int(numbers[1])
    capacity, fixed, need, cost = np.split(numbers[2:], np.cumsum([sites, sites, points]))
    return CapacitatedProblem.of_tables(
        capacity, fixed, need, cost.reshape(points, sites).T, single_source=single_source
    )


def read_capacitated_median(path: Path) -> CapacitatedProblem:
    """Capacitated p-median: number and best known, ``n p capacity``, then ``id x y need``; floor(Euclid)."""
    numbers = _numbers(text_of(_file(path)))
    places, count, capacity = int(numbers[2]), int(numbers[3]), numbers[4]
    row = numbers[5 : 5 + 4 * places].reshape(places, 4)
    distance = np.floor(np.hypot(*(row[:, None, 1:3] - row[None, :, 1:3]).transpose(2, 0, 1)))
    return CapacitatedProblem.of_tables(
        np.full(places, capacity), np.zeros(places), row[:, 3], distance, single_source=True, count=count
    )


def read_two_echelon(path: Path) -> TwoEchelonProblem:
    """``I J K``; needs; plants (capacity, fixed cost); inbound; satellites likewise; outbound."""
    numbers = _numbers(text_of(_file(path)))
    plants, satellites, points = (int(n) for n in numbers[:3])
    sizes = [points, 2 * plants, plants * satellites, 2 * satellites, satellites * points]
    need, plant, inbound, satellite, outbound = np.split(numbers[3 : 3 + sum(sizes)], np.cumsum(sizes)[:-1])
    return TwoEchelonProblem.of_tables(
        need,
        plant.reshape(plants, 2),
        satellite.reshape(satellites, 2),
        inbound.reshape(plants, satellites),
        outbound.reshape(satellites, points),
    )


def read_multiproduct(path: Path) -> TwoEchelonProblem:
    """``I J K L``; needs by point; plants (capacities, fixed cost); inbound by product; the same onwards."""
    numbers = _numbers(text_of(_file(path)))
    plants, satellites, points, products = (int(n) for n in numbers[:4])
    sizes = [
        points * products,
        plants * (products + 1),
        products * plants * satellites,
        satellites * (products + 1),
        products * satellites * points,
    ]
    need, plant, inbound, satellite, outbound = np.split(numbers[4 : 4 + sum(sizes)], np.cumsum(sizes)[:-1])
    return TwoEchelonProblem.of_tables(
        need.reshape(points, products).T,
        plant.reshape(plants, products + 1),
        satellite.reshape(satellites, products + 1),
        inbound.reshape(products, plants, satellites),
        outbound.reshape(products, satellites, points),
    )
