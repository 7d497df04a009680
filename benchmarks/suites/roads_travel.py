"""Travel times: exactness, speed against scipy and against what the processor could do, memory."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import Case, Job, Measurement, Plan, Reference, Sense, Targets, stopwatch

if TYPE_CHECKING:
    from depotopt.roads.engines.hierarchy.engine import HierarchyEngine
    from depotopt.roads.network import RoadNetwork

DATA = "roads"
ANDORRA, PORTO = "andorra.osm.pbf", "porto.osm.pbf"
FUTIAN, CHINA = "shenzhen_futian_osmnx122.graphml.gz", "china_highways_scgraph.npz"
DJIBOUTI = "hazard/djibouti_roads_edges.geoparquet"
ORIGINS, DESTINATIONS, STATES = 50, 2_000, 32


def cases(plan: Plan) -> Iterator[Case]:
    """Exactness everywhere; speed and memory on the large networks."""
    for file in (ANDORRA, FUTIAN, DJIBOUTI) if plan.smoke else (ANDORRA, FUTIAN, DJIBOUTI, CHINA, PORTO):
        yield _case("exact", file, exactness, reference=Reference(0.0, proved=True))
    for file in (ANDORRA,) if plan.smoke else (CHINA, PORTO):
        yield _case("prepare", file, preparation)
        yield _case("speed", file, speed)
    if plan.smoke:
        return
    for file in (CHINA, PORTO):
        yield _case("wide", file, wide)
        yield _case("memory", file, memory, targets=Targets(peak_mb=500.0))
        yield _case("orders", file, orders)
    yield _case("thousand", CHINA, thousand, targets=Targets(cpu_s=10.0))


def _case(
    what: str, file: str, run: object, *, reference: Reference | None = None, targets: Targets | None = None
) -> Case:
    return Case(
        f"{Path(file).name.partition('.')[0].partition('_')[0]}-travel-{what}",
        "hierarchy",
        run,  # type: ignore[arg-type]
        arguments={"file": file},
        files=(file,),
        reference=reference,
        targets=targets or Targets(),
        timeout_s=1_800.0,
    )


def _network(job: Job) -> RoadNetwork:
    from benchmarks.road_states import whole_network

    return whole_network(job.data / job.arguments["file"])


def _warm(network: RoadNetwork) -> HierarchyEngine:
    """Engine whose machine code is loaded: compiling is no part of any figure here."""
    from benchmarks.road_states import random_matrix
    from depotopt.roads.engines.hierarchy.engine import HierarchyEngine

    engine = HierarchyEngine(network)
    few = random_matrix(network, 1, 20, 30, seed=0)
    for width in (1, 8, 32):
        engine.many_to_many(few.link_ds.repeat(width, axis=1), few.origins, few.destinations)
        engine.many_to_many(few.link_ds.repeat(width, axis=1), few.origins[:3], few.destinations)
    return engine


def exactness(job: Job) -> Iterator[Measurement]:
    """Cells that differ from scipy's Dijkstra over 200 random road states, and paths that do not add up."""
    import numpy as np

    from benchmarks.road_states import random_matrix
    from depotopt.roads.engines.dijkstra import DijkstraEngine
    from depotopt.roads.engines.hierarchy.engine import HierarchyEngine
    from depotopt.units import UNREACHABLE_DS

    network = _network(job)
    engine, oracle = HierarchyEngine(network), DijkstraEngine(network)
    rounds, states = (1, 10) if job.smoke else (5, 40)
    wrong = cells = unreachable = wrong_paths = 0
    for number in range(rounds):
        ask = random_matrix(network, states, 8, DESTINATIONS, job.seed + number)
        expected = oracle.many_to_many(ask.link_ds, ask.origins, ask.destinations)
        found = engine.many_to_many(ask.link_ds, ask.origins, ask.destinations)
        wrong += int((found != expected).sum())
        cells += expected.size
        unreachable += int((expected == UNREACHABLE_DS).sum())
        # The first row of the first road state, link by link.
        link_ds = ask.link_ds[:, 0].copy()
        paths = engine.paths(link_ds, np.repeat(ask.origins[:1], DESTINATIONS), ask.destinations)
        for path, time_ds in zip(paths, expected[0, 0], strict=True):
            total = UNREACHABLE_DS if path is None else int(link_ds[path].sum())
            wrong_paths += total != time_ds
    note = f"{rounds * states} road states, {cells:,} cells, {unreachable / cells:.1%} unreachable"
    yield Measurement(float(wrong), metric="mismatches", note=note)
    yield Measurement(float(wrong_paths), metric="wrong_paths", note=f"{rounds * DESTINATIONS} paths")


def preparation(job: Job) -> Iterator[Measurement]:
    """Seconds to prepare the engine, without and with its elimination order in the cache."""
    import os
    import tempfile

    from benchmarks.road_states import least_cpu_s
    from depotopt.roads.engines.hierarchy.engine import HierarchyEngine

    network = _network(job)
    _warm(network)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DEPOTOPT_CACHE"] = ""
        cold_s = least_cpu_s(partial(HierarchyEngine, network), 3)
        os.environ["DEPOTOPT_CACHE"] = folder
        engine = HierarchyEngine(network)
        kept_s = least_cpu_s(partial(HierarchyEngine, network), 3)
    graph = engine.supergraph
    details = {
        "nodes": network.nodes,
        "links": network.links,
        "arcs": graph.arcs,
        "triangles": graph.triangles,
    }
    yield Measurement(cold_s, metric="prepare_s", reference=Reference(1.5, tolerance=0.0), details=details)
    yield Measurement(kept_s, metric="prepare_from_cache_s", reference=Reference(0.3), details=details)


def speed(job: Job) -> Iterator[Measurement]:
    """Milliseconds per road state, 50 x 2,000, against scipy and the roof in the same process."""
    import numpy as np

    from benchmarks.road_states import least_cpu_s, loop_roof_gops, random_matrix, vector_roof_gops
    from depotopt.roads.engines.dijkstra import DijkstraEngine
    from depotopt.roads.engines.hierarchy.layout import lean_layout

    network = _network(job)
    engine, oracle = _warm(network), DijkstraEngine(network)
    ask = random_matrix(network, STATES, ORIGINS, DESTINATIONS, job.seed)
    found = engine.many_to_many(ask.link_ds, ask.origins, ask.destinations)
    first = ask.link_ds[:, :1]
    scipy_s = least_cpu_s(partial(oracle.many_to_many, first, ask.origins, ask.destinations), 3)
    wrong = int((oracle.many_to_many(first, ask.origins, ask.destinations)[0] != found[0]).sum())
    # Rounds of both in turns, so that both meet the same quiet and busy moments of the machine.
    roof, vectors, block_s = 0.0, 0.0, np.inf
    for _ in range(2 if job.smoke else 6):
        roof, vectors = max(roof, loop_roof_gops()), max(vectors, vector_roof_gops())
        again = least_cpu_s(partial(engine.many_to_many, ask.link_ds, ask.origins, ask.destinations), 3)
        block_s = min(block_s, again)
    state_s = block_s / STATES
    graph = engine.supergraph
    swept = lean_layout(graph, graph.rank[ask.destinations]).kept
    steps = 2 * graph.triangles + swept * ORIGINS
    details = {
        "triangles": graph.triangles,
        "arcs": graph.arcs,
        "swept_arcs": swept,
        "min_plus_steps": steps,
        "loop_roof_gops": roof,
        "vector_roof_gops": vectors,
        "scipy_ms": scipy_s * 1e3,
        "mismatches": wrong,
    }
    yield Measurement(state_s * 1e3, metric="ms_per_state", details=details)
    # The targets are set for the large networks: a small one is over before a lane is full.
    pace = None if job.smoke else Reference(100.0, sense=Sense.MAX)
    ceiling = None if job.smoke else Reference(2.0)
    yield Measurement(scipy_s / state_s, metric="times_scipy", reference=pace, details=details)
    yield Measurement(state_s / (steps / roof / 1e9), metric="times_loop_roof", reference=ceiling)
    yield Measurement(
        state_s / (steps / vectors / 1e9), metric="times_vector_roof", note="no target: all in L1"
    )


def wide(job: Job) -> Measurement:
    """Milliseconds per road state, 300 x 3,000."""
    from benchmarks.road_states import least_cpu_s, random_matrix

    network = _network(job)
    engine = _warm(network)
    ask = random_matrix(network, STATES, 300, 3_000, job.seed)
    engine.many_to_many(ask.link_ds, ask.origins, ask.destinations)
    rounds = 6
    block_s = least_cpu_s(partial(engine.many_to_many, ask.link_ds, ask.origins, ask.destinations), rounds)
    return Measurement(block_s / STATES * 1e3, metric="ms_per_state_300x3000", reference=Reference(30.0))


def memory(job: Job) -> Measurement:
    """One block of 32 road states, 50 x 2,000; the peak counts libraries and roads too."""
    from benchmarks.road_states import random_matrix
    from depotopt.roads.engines.hierarchy.engine import HierarchyEngine

    network = _network(job)
    ask = random_matrix(network, STATES, ORIGINS, DESTINATIONS, job.seed)
    found = HierarchyEngine(network).many_to_many(ask.link_ds, ask.origins, ask.destinations)
    return Measurement(float(found.shape[0]), metric="states")


def orders(job: Job) -> Iterator[Measurement]:
    """Milliseconds per road state for each elimination order, and seconds to compute it."""
    import importlib.util
    import os

    from benchmarks.road_states import least_cpu_s, random_matrix
    from depotopt.roads.engines.hierarchy.engine import HierarchyEngine
    from depotopt.roads.engines.hierarchy.order import ORDERS, PACKAGES

    network = _network(job)
    _warm(network)
    os.environ["DEPOTOPT_CACHE"] = ""
    ask = random_matrix(network, STATES, ORIGINS, DESTINATIONS, job.seed)
    for order in ORDERS:
        metric = f"ms_per_state_{order}"
        if order in PACKAGES and importlib.util.find_spec(PACKAGES[order]) is None:
            yield Measurement(None, status="skipped", metric=metric, note=f"not installed: {PACKAGES[order]}")
            continue
        with stopwatch() as clock:
            engine = HierarchyEngine(network, order)
        block_s = least_cpu_s(partial(engine.many_to_many, ask.link_ds, ask.origins, ask.destinations), 5)
        graph = engine.supergraph
        note = f"prepared in {clock.cpu_s:.2f} s, {graph.arcs:,} arcs, {graph.triangles:,} triangles"
        yield Measurement(block_s / STATES * 1e3, metric=metric, note=note)


def thousand(job: Job) -> Measurement:
    """1,000 road states x 50 x 2,000 from damage to seconds from door to door, as callers get them."""
    import numpy as np

    from benchmarks.road_states import random_ensemble, with_places
    from depotopt.travel import TravelTimes

    network = with_places(_network(job), ORIGINS + DESTINATIONS, job.seed)
    engine = _warm(network)
    assert network.places is not None
    ident = network.places.ident
    times = TravelTimes(network, engine, ident[:ORIGINS], ident[ORIGINS:])
    ensemble = random_ensemble(network, 1_000, job.seed)
    reached = 0
    with stopwatch() as clock:
        for block in times.blocks(ensemble):
            reached += int(np.isfinite(block.seconds).sum())
    note = f"{reached / (1_000 * ORIGINS * DESTINATIONS):.1%} of the cells reached"
    return Measurement(
        clock.cpu_s, metric="cpu_s_1000_states", cpu_s=clock.cpu_s, wall_s=clock.wall_s, note=note
    )
