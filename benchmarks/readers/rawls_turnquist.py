"""The hurricane case of Rawls and Turnquist (2010, Transportation Research B 44, 521-534).

Their model charges stock that stays unused in a scenario, ours charges stock held. Both are the same up to
a constant: a unit held costs ``h * E[usable share]``, a unit sent gives ``h`` back. So that sending keeps
a cost ``>= 0``, ``h`` per unit of need is taken off every way of meeting or missing it: sending costs its
transport, missing costs the penalty plus ``h``, and `offset` holds the constant.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from depotopt.siting.model.problem import Options, SitingProblem, StateArcs

TENTHS = 10
"""Distances are kept in tenths of a mile, where the problem counts deciseconds."""


@dataclass(frozen=True, slots=True)
class HurricaneCase:
    """The problem, and what to add to its objective to get the paper's."""

    problem: SitingProblem
    offset: float


def read_case(folder: Path) -> HurricaneCase:
    """Read the csv files of the case."""
    nodes = len(_rows(folder / "nodes.csv"))
    items, sizes = _rows(folder / "commodities.csv"), _rows(folder / "facility_sizes.csv")
    hurricanes = {row["hurricane"]: row for row in _rows(folder / "hurricanes.csv")}
    wanted: dict[str, np.ndarray] = {ident: np.zeros((nodes, len(items))) for ident in hurricanes}
    for row in _rows(folder / "demand.csv"):
        values = [float(row[name]) for name in ("water_1000gal", "food_1000mre", "medical_kits")]
        wanted[row["hurricane"]][int(row["node"]) - 1] += values
    links = _rows(folder / "links.csv")
    scenarios = _rows(folder / "scenarios.csv")
    need = np.zeros((len(scenarios), nodes, len(items)))
    share = np.ones((len(scenarios), nodes))
    first, sites, times = [np.zeros(1, dtype=np.int64)], [], []
    for s, scenario in enumerate(scenarios):
        lost: set[frozenset[str]] = set()
        for ident in scenario["hurricanes"].split():
            hurricane = hurricanes[ident]
            need[s] += wanted[ident]
            lost |= {frozenset(link.split("-")) for link in hurricane["unusable_links"].split()}
            for node in hurricane["landfall_nodes"].split():
                share[s, int(node) - 1] *= 0.0 if int(hurricane["category"]) >= 3 else 0.5
        count, site, time = _arcs(nodes, links, lost)
        first.append(count)
        sites.append(site)
        times.append(time)
    price = np.array([float(row["purchase_price"]) for row in items])
    unused = price * np.array([float(row["holding_factor"]) for row in items])
    penalty = price * np.array([float(row["unmet_penalty_factor"]) for row in items]) + unused
    probability = np.array([float(row["probability"]) for row in scenarios])
    probability /= probability.sum()
    per_mile = np.array([float(row["transport_per_unit_mile"]) for row in items])
    problem = SitingProblem(
        site_ids=tuple(f"N{n + 1}" for n in range(nodes)),
        tier_ids=("depot",),
        class_ids=(tuple(row["size"] for row in sizes),),
        point_ids=tuple(f"P{n + 1}" for n in range(nodes)),
        commodity_ids=tuple(row["commodity"] for row in items),
        options=_options(nodes, sizes),
        rules=(),
        storable=np.ones((nodes, len(items)), dtype=np.bool_),
        held=np.zeros((nodes, len(items))),
        agreed=np.zeros((nodes, len(items))),
        table_agreements=np.zeros((nodes, len(items))),
        holding=(probability @ share)[:, None] * unused[None, :],
        purchase=price,
        m3_per_unit=np.array([float(row["volume_ft3"]) for row in items]),
        kg_per_unit=np.ones(len(items)),
        rate=per_mile / TENTHS,
        probability=probability,
        share=share,
        need=need,
        penalty=np.tile(penalty, (nodes, 1)),
        arcs=StateArcs(np.cumsum(np.concatenate(first)), np.concatenate(sites), np.concatenate(times)),
        events_per_year=1.0,
    )
    return HurricaneCase(problem, -float(np.einsum("s,sik,k->", probability, need, unused)))


def published_stock(folder: Path) -> dict[str, float]:
    """Stock of each commodity in the paper's Table 7, from `published.csv`."""
    for row in _rows(folder / "published.csv"):
        kind, _, names = row["quantity"].partition(" ")
        if kind == "stock":
            return dict(zip(names.split("/"), map(float, row["value"].split("/")), strict=True))
    return {}


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as stream:
        return list(csv.DictReader(stream))


def _options(nodes: int, sizes: list[dict[str, str]]) -> Options:
    count = len(sizes)
    return Options(
        site=np.repeat(np.arange(nodes), count).astype(np.int32),
        tier=np.zeros(nodes * count, dtype=np.int32),
        size_class=np.tile(np.arange(count), nodes).astype(np.int32),
        cost=np.tile([float(row["fixed_cost"]) for row in sizes], nodes),
        m3=np.tile([float(row["capacity_ft3"]) for row in sizes], nodes),
        kg=np.full(nodes * count, np.inf),
        dispatches=np.ones(nodes * count, dtype=np.bool_),
    )


def _arcs(
    nodes: int, links: list[dict[str, str]], lost: set[frozenset[str]]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Arcs per point, sites and tenths of miles over the links left, nearest first."""
    left = [row for row in links if frozenset((row["from"], row["to"])) not in lost]
    tail = np.array([int(row["from"]) - 1 for row in left])
    head = np.array([int(row["to"]) - 1 for row in left])
    miles = np.array([float(row["miles_at_60mph"]) for row in left])
    distance = dijkstra(csr_array((miles, (tail, head)), shape=(nodes, nodes)), directed=False)
    point, site = np.nonzero(np.isfinite(distance))
    tenths = np.rint(distance[point, site] * TENTHS).astype(np.int32)
    order = np.lexsort((site, tenths, point))
    return np.bincount(point, minlength=nodes), site[order].astype(np.int32), tenths[order]


def enlarged(problem: SitingProblem, states: int, seed: int) -> SitingProblem:
    """The same case with more scenarios: each an old one, drawn by its probability, with need that differs.

    Need of each node is scaled by a lognormal factor of mean 1 and deviation 0.3.
    """
    rng = np.random.default_rng(seed)
    chosen = rng.choice(problem.states, size=states, p=problem.probability)
    arcs, points = problem.arcs, problem.points
    low, high = arcs.first[chosen * points], arcs.first[(chosen + 1) * points]
    taken = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)])
    counts = np.diff(arcs.first).reshape(problem.states, points)[chosen]
    spread = rng.lognormal(-0.5 * 0.3**2, 0.3, (states, points, 1))
    return replace(
        problem,
        probability=np.full(states, 1.0 / states),
        share=problem.share[chosen],
        need=problem.need[chosen] * spread,
        arcs=StateArcs(
            np.concatenate([[0], np.cumsum(counts.ravel())]), arcs.site[taken], arcs.time_ds[taken]
        ),
    )
