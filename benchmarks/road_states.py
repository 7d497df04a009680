"""Random road states on benchmark networks, and what a processor could do at best."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.readers.geoparquet_roads import read_geoparquet_roads
from depotopt.compiled import compiled
from depotopt.hazards.states import Damage, RoadLossEnsemble, RoadState
from depotopt.roads.engines.hierarchy.lanes import Lanes, lanes, least, load, plus, store
from depotopt.roads.importers import read_network
from depotopt.roads.network import Places, RoadNetwork
from depotopt.roads.profiles import ANY_TRUCK
from depotopt.roads.weights import base_link_s, damaged_link_ds
from depotopt.units import Int32Array

LOST, SLOWED = 0.01, 0.02
"""Shares of streets lost and slowed in each road state."""


@dataclass(frozen=True, slots=True)
class Matrix:
    """A question: road states on a network, origins and destinations.

    Attributes
    ----------
    network
        Roads.
    link_ds
        Link times, shape ``(L, B)``.
    origins, destinations
        Nodes.
    """

    network: RoadNetwork
    link_ds: Int32Array
    origins: Int32Array
    destinations: Int32Array


def whole_network(file: Path) -> RoadNetwork:
    """All nodes of the largest strongly connected component, bends included; GeoParquet as it is."""
    if file.suffix == ".geoparquet":
        return read_geoparquet_roads(file)
    return read_network(file, simplify=False)


def random_damage(network: RoadNetwork, rng: np.random.Generator) -> Damage:
    """Streets lost or slowed to between a tenth and all of their speed, each by itself."""
    draw = rng.random(len(network.streets))
    hit = np.flatnonzero(draw < LOST + SLOWED).astype(np.int32)
    factor = np.where(draw[hit] < LOST, 0.0, rng.uniform(0.1, 1.0, len(hit)))
    return Damage.of(hit, factor)


def random_matrix(network: RoadNetwork, states: int, origins: int, destinations: int, seed: int) -> Matrix:
    """Random road states and nodes; nodes may repeat where the network has fewer."""
    rng = np.random.default_rng(seed)
    base_s = base_link_s(network, ANY_TRUCK)
    link_ds = np.empty((network.links, states), dtype=np.int32)
    for state in range(states):
        damage = random_damage(network, rng)
        link_ds[:, state] = damaged_link_ds(
            network, base_s, damage.street, damage.speed_factor, damage.depth_m, ANY_TRUCK
        )
    chosen = [
        rng.choice(network.nodes, size, replace=size > network.nodes).astype(np.int32)
        for size in (origins, destinations)
    ]
    return Matrix(network, link_ds, *chosen)


def random_ensemble(network: RoadNetwork, states: int, seed: int) -> RoadLossEnsemble:
    """Random road states as hazards would hand them on."""
    rng = np.random.default_rng(seed)
    nothing = np.empty(0)
    return RoadLossEnsemble.of(
        [
            RoadState(
                index=state,
                probability=1.0 / states,
                damage=random_damage(network, rng),
                causes=("chance",),
                site_survival=nothing,
                site_power=nothing.astype(np.bool_),
                need_factor=nothing,
                point_flooded=nothing.astype(np.bool_),
            )
            for state in range(states)
        ]
    )


def with_places(network: RoadNetwork, count: int, seed: int) -> RoadNetwork:
    """The network with places ``p0``, ``p1``, ... at random nodes."""
    node = np.random.default_rng(seed).choice(network.nodes, count, replace=False).astype(np.int32)
    return network.with_places(
        Places(
            ident=tuple(f"p{i}" for i in range(count)),
            lon=network.node_lon[node],
            lat=network.node_lat[node],
            node=node,
            access_s=np.zeros(count),
            distance_m=np.zeros(count),
        )
    )


def least_cpu_s(run: Callable[[], object], rounds: int) -> float:
    """CPU seconds of one call, the least of several: other work on the machine only ever adds."""
    found = []
    for _ in range(rounds):
        begin = time.process_time()
        run()
        found.append(time.process_time() - begin)
    return min(found)


def loop_roof_gops() -> float:
    """10^9 min-plus steps per second that numba makes of ``out = min(out, a + b)`` in the first cache."""
    a, b, out = (np.arange(2048, dtype=np.int32) for _ in range(3))
    repeats = 20_000
    _loop(a, b, out, 1)
    return len(a) * repeats / least_cpu_s(lambda: _loop(a, b, out, repeats), 7) / 1e9


def vector_roof_gops() -> float:
    """The same with explicit vectors of 32 and one operand held in registers: nothing can be faster."""
    width, rows = lanes(32), 32
    memory = np.zeros(64 * rows * 2 + 16, dtype=np.int32)
    begin = -(memory.ctypes.data // 4) % 16
    flat = memory[begin : begin + 64 * rows * 2]
    repeats = 20_000
    _vectors(width, flat, rows, 1)
    return 64 * rows * repeats / least_cpu_s(lambda: _vectors(width, flat, rows, repeats), 7) / 1e9


@compiled
def _loop(a: Int32Array, b: Int32Array, out: Int32Array, repeats: int) -> None:
    for _ in range(repeats):
        for i in range(len(out)):
            out[i] = min(out[i], a[i] + b[i])


@compiled
def _vectors(width: Lanes, memory: Int32Array, rows: int, repeats: int) -> None:
    pair = 2 * len(width)
    for _ in range(repeats):
        up, down = load(width, memory, 0), load(width, memory, len(width))
        for row in range(rows):
            there, here = row * pair, (rows + row) * pair
            store(
                width, memory, here, least(load(width, memory, here), plus(down, load(width, memory, there)))
            )
            here += len(width)
            there += len(width)
            store(width, memory, here, least(load(width, memory, here), plus(up, load(width, memory, there))))
