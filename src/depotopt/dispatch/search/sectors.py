"""Sectors: a large problem cut into parts that share nothing, so that they can be worked on side by side."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from depotopt.dispatch.model.draft import Routes, delivered, drawn
from depotopt.dispatch.model.problem import DispatchProblem
from depotopt.dispatch.search.parts import Part, part_of
from depotopt.units import BoolArray, FloatArray, Int64Array

MOST_CREW: Final = 40
"""Vehicles of a sector: a round of ruin and recreate takes time by the square of them."""
NEAR_DEPOTS: Final = 3
"""Unmet need of a point is looked after by a sector of one of so many depots nearest to it."""


@dataclass(frozen=True, slots=True)
class _Sector:
    """Vehicles of one depot that drive the same way.

    Attributes
    ----------
    depot, docks
        Where they load, and how many of its docks are theirs.
    vehicles
        Positions in the whole problem.
    bearing
        Direction in which they drive, radians.
    """

    depot: int
    docks: int
    vehicles: tuple[int, ...]
    bearing: float


def sectors(
    problem: DispatchProblem, routes: Routes, rng: np.random.Generator, most_crew: int | None = None
) -> list[Part]:
    """Cut a draft into sectors round each depot: vehicles that drive the same way, with docks of their own.

    Need that is met stays with who meets it, stock drawn with who draws it. Unmet need of a point goes to one
    sector of a depot near by, drawn anew every time; what is left of that depot's stock is shared out by it.

    Parameters
    ----------
    problem, routes
        The whole and a draft of it.
    rng
        Turns the borders and chooses who looks after unmet need.
    most_crew
        Vehicles of a sector, about; by default `MOST_CREW`.
    """
    crews = _crews(problem, routes, rng, most_crew or MOST_CREW)
    missing = np.maximum(problem.need - delivered(problem, routes), 0)
    spare = problem.lot_units - drawn(problem, routes)
    owner = _owners(problem, crews, missing, spare, rng)
    wanted = np.zeros((len(crews), missing.shape[1]), dtype=np.int64)
    for s in range(len(crews)):
        wanted[s] = missing[owner == s].sum(axis=0)
    parts = []
    for s, crew in enumerate(crews):
        members = set(crew.vehicles)
        mine = tuple(route if v in members else () for v, route in enumerate(routes))
        need = delivered(problem, mine) + np.where((owner == s)[:, None], missing, 0)
        if not need.any():
            continue
        units = drawn(problem, mine) + _share(problem, crews, wanted, spare, s)
        part = part_of(problem, crew.vehicles, need, units)
        docks = tuple(
            replace(
                depot,
                docks=crew.docks,
                busy_until_s=depot.busy_until_s[: crew.docks],
                booked=depot.booked[: crew.docks],
            )
            if d == crew.depot
            else depot
            for d, depot in enumerate(part.problem.depots)
        )
        parts.append(replace(part, problem=replace(part.problem, depots=docks)))
    return parts


def _crews(
    problem: DispatchProblem, routes: Routes, rng: np.random.Generator, most_crew: int
) -> list[_Sector]:
    """Vehicles by the depot they load at first, in the order of the direction they drive in."""
    places = np.array([depot.place for depot in problem.depots], dtype=np.int64)
    at: dict[int, list[tuple[float, int]]] = {d: [] for d in range(len(places))}
    turn = float(rng.uniform(0.0, 2.0 * math.pi))
    for v, route in enumerate(routes):
        if route:
            depot = route[0].depot
            points = problem.points[[i for trip in route for i in trip.stops]]
            bearing = _bearing(problem, int(places[depot]), float(problem.lon[points].mean()),
                               float(problem.lat[points].mean()))  # fmt: skip
        else:
            away = [problem.seconds(v, problem.vehicles[v].stands, int(place)) for place in places]
            depot, bearing = int(np.argmin(away)), float(rng.uniform(0.0, 2.0 * math.pi))
        at[depot].append(((bearing - turn) % (2.0 * math.pi), v))
    crews: list[_Sector] = []
    for depot, members in at.items():
        docks = problem.depots[depot].docks
        count = min(docks, -(-len(members) // most_crew))
        if not members:
            continue
        members.sort()
        cuts = np.linspace(0, len(members), count + 1).astype(np.int64)
        shares = np.diff(np.linspace(0, docks, count + 1).astype(np.int64))
        for n in range(count):
            chosen = members[cuts[n] : cuts[n + 1]]
            middle = (chosen[len(chosen) // 2][0] + turn) % (2.0 * math.pi)
            crews.append(_Sector(depot, int(shares[n]), tuple(sorted(v for _, v in chosen)), middle))
    return crews


def _bearing(problem: DispatchProblem, place: int, lon: float, lat: float) -> float:
    across = (lon - float(problem.lon[place])) * math.cos(math.radians(lat))
    return math.atan2(lat - float(problem.lat[place]), across) % (2.0 * math.pi)


def _owners(
    problem: DispatchProblem,
    crews: list[_Sector],
    missing: Int64Array,
    spare: Int64Array,
    rng: np.random.Generator,
) -> Int64Array:
    """Sector that looks after the unmet need of each point, -1 for none."""
    out = np.array(problem.least_out_s).reshape(len(problem.depots), -1)
    crewed: BoolArray = np.isin(np.arange(len(problem.depots)), [crew.depot for crew in crews])
    holds = np.zeros((len(problem.depots), missing.shape[1]), dtype=np.bool_)
    for p, lot in enumerate(problem.lots):
        holds[lot.depot, lot.commodity] |= bool(spare[p] > 0)
    owner = np.full(len(missing), -1, dtype=np.int64)
    for i in np.flatnonzero(missing.any(axis=1)).tolist():
        # A depot that has nothing of what is missing cannot help.
        able = crewed & np.isfinite(out[:, i]) & (holds & (missing[i] > 0)).any(axis=1)
        near = [d for d in np.argsort(out[:, i], kind="stable").tolist() if able[d]][:NEAR_DEPOTS]
        if not near:
            continue
        depot = near[int(rng.integers(len(near)))]
        place = int(problem.points[i])
        bearing = _bearing(problem, problem.depots[depot].place, float(problem.lon[place]),
                           float(problem.lat[place]))  # fmt: skip
        mine = [s for s, crew in enumerate(crews) if crew.depot == depot]
        owner[i] = min(mine, key=lambda s: (math.cos(crews[s].bearing - bearing) * -1.0, s))
    return owner


def _share(
    problem: DispatchProblem, crews: list[_Sector], wanted: Int64Array, spare: Int64Array, sector: int
) -> Int64Array:
    """What a sector may draw of stock nobody draws: by what its points miss, rounded down."""
    depot = crews[sector].depot
    together = wanted[[s for s, crew in enumerate(crews) if crew.depot == depot]].sum(axis=0)
    part: FloatArray = wanted[sector] / np.maximum(together, 1)
    return np.array(
        [
            int(spare[p] * part[lot.commodity]) if lot.depot == depot else 0
            for p, lot in enumerate(problem.lots)
        ],
        dtype=np.int64,
    )
