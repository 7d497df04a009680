"""Importing roads: time, memory, and bridges against the raw ways."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import Case, Job, Measurement, Plan, Reference, Sense, Targets, stopwatch

if TYPE_CHECKING:
    from depotopt.roads.network import RoadNetwork

PORTO, CHINA = "porto.osm.pbf", "china_highways_scgraph.npz"
USUAL = ("andorra.osm.pbf", PORTO, "shenzhen_futian_osmnx122.graphml.gz", CHINA)
"""Named when the data folder is not there, so that the skipped rows say what is missing."""
TARGETS = {PORTO: Targets(cpu_s=3.0, peak_mb=300.0)}
REFERENCES = {CHINA: Reference(440_680.0, sense=Sense.EQUAL)}
"""Arcs of the largest component of a file, as its source states."""
SMOKE_BYTES = 1_000_000
PLACES = 3_000


def cases(plan: Plan) -> Iterator[Case]:
    """Every road file of the folder; in a smoke run the small ones."""
    for file in road_files(plan.data):
        here = plan.data / file
        small = here.exists() and here.stat().st_size < SMOKE_BYTES
        if plan.smoke and not small and here.exists():
            continue
        name = re.split(r"[._]", file)[0]
        yield _case(f"{name}-import", read, file, targets=TARGETS.get(file), reference=REFERENCES.get(file))
        if not file.endswith((".osm.pbf", ".osm")):
            continue
        yield _case(f"{name}-import-whole", read, file, simplify=False)
        yield _case(f"{name}-import-kept", read_kept, file)
        yield _case(f"{name}-bridges", bridges, file)
        yield _case(f"{name}-snap", snap, file, targets=Targets(cpu_s=1.0))
        if not plan.smoke:
            yield _case(f"{name}-bridges", osmnx_bridges, file, engine="osmnx", peer=True)


def road_files(folder: Path) -> tuple[str, ...]:
    """Names of the road files of a folder, small ones first; the usual names where there is no folder."""
    if not folder.is_dir():
        return USUAL
    endings = (".osm.pbf", ".osm", ".graphml", ".graphml.gz", ".gpkg", ".npz")
    found = [file for file in folder.iterdir() if file.name.endswith(endings)]
    return tuple(file.name for file in sorted(found, key=lambda file: (file.stat().st_size, file.name)))


def _case(
    name: str,
    run: object,
    file: str,
    *,
    engine: str = "depotopt",
    targets: Targets | None = None,
    reference: Reference | None = None,
    peer: bool = False,
    simplify: bool = True,
) -> Case:
    return Case(
        name,
        engine,
        run,  # type: ignore[arg-type]
        arguments={"file": file, "simplify": simplify},
        files=(file,),
        packages=("osmnx",) if peer else (),
        reference=reference,
        targets=targets or Targets(),
        peer=peer,
    )


def read(job: Job) -> Measurement:
    """Read a file with nothing kept, imports included; the value is the number of links."""
    network = _network(job)
    return Measurement(float(network.links), metric="links", details=_details(network))


def read_kept(job: Job) -> Measurement:
    """Read a file that was read before."""
    from depotopt.roads.importers import read_network

    with tempfile.TemporaryDirectory() as folder:
        file = job.data / job.arguments["file"]
        read_network(file, cache_dir=Path(folder))
        with stopwatch() as clock:
            network = read_network(file, cache_dir=Path(folder))
    return Measurement(
        float(network.links), metric="links", cpu_s=clock.cpu_s, wall_s=clock.wall_s, note="without imports"
    )


def bridges(job: Job) -> Iterator[Measurement]:
    """Length of bridges against the raw ways: all of them, and those in the largest component."""
    from benchmarks.readers.raw_roads import raw_bridges
    from depotopt.roads.importers.sections import OUTSIDE
    from depotopt.roads.summary import summary

    network = _network(job)
    raw = raw_bridges(job.data / job.arguments["file"])
    found = summary(network)
    outside = network.dropped.get(f"km of bridge {OUTSIDE}", 0.0)
    inside = raw.inside_km(network.node_lon, network.node_lat, network.geometry.lonlat)
    yield Measurement(
        found.bridge_km + outside,
        metric="bridge_km",
        reference=Reference(raw.drivable_km, sense=Sense.EQUAL, tolerance=0.01),
        note=f"each bridge once; {outside:.2f} km outside the largest component are reported, not kept",
    )
    yield Measurement(
        found.bridge_km,
        metric="kept_bridge_km",
        reference=Reference(inside, sense=Sense.EQUAL, tolerance=0.01),
        details={"directed_bridge_km": found.directed_bridge_km, "raw_directed_km": raw.directed_km},
    )


def osmnx_bridges(job: Job) -> Measurement:
    """The same length in OSMnx's graph, which merges ways between junctions."""
    import osmium
    import osmnx

    from benchmarks.readers.raw_roads import raw_bridges

    source = job.data / job.arguments["file"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "roads.osm"
        with osmium.SimpleWriter(str(file)) as writer:
            kept = osmium.filter.KeyFilter("highway")
            kept.enable_for(osmium.osm.WAY)
            for item in osmium.FileProcessor(str(source), osmium.osm.NODE | osmium.osm.WAY).with_filter(kept):
                writer.add(item)
        with stopwatch() as clock:
            graph = osmnx.graph_from_xml(file, retain_all=False)
    length = sum(
        float(edge["length"])
        for _, _, edge in graph.edges(data=True)
        if edge.get("bridge") and _is_drivable(edge.get("highway"))
    )
    return Measurement(
        length / 1000.0,
        metric="directed_bridge_km",
        reference=Reference(raw_bridges(source).directed_km, sense=Sense.EQUAL, tolerance=0.01),
        cpu_s=clock.cpu_s,
        wall_s=clock.wall_s,
        note="default settings; peak memory includes writing the file it can read",
    )


def snap(job: Job) -> Measurement:
    """Tie places to the nearest links; the value is the mean distance in metres."""
    import numpy as np

    from depotopt.roads.snapping import snap_places

    network = _network(job)
    random = np.random.default_rng(job.seed)
    at = random.integers(0, network.nodes, PLACES)
    lon = network.node_lon[at] + random.normal(0.0, 0.002, PLACES)
    lat = network.node_lat[at] + random.normal(0.0, 0.002, PLACES)
    idents = [f"p{i}" for i in range(PLACES)]
    with stopwatch() as clock:
        snapped = snap_places(network, idents, lon, lat)
    assert snapped.places is not None
    return Measurement(
        float(snapped.places.distance_m.mean()),
        metric="mean_distance_m",
        cpu_s=clock.cpu_s,
        wall_s=clock.wall_s,
        note=f"{PLACES} places, {snapped.links - network.links} links more",
    )


def _network(job: Job) -> RoadNetwork:
    from depotopt.roads.importers import read_network

    return read_network(job.data / job.arguments["file"], simplify=job.arguments["simplify"], cache_dir=None)


def _details(network: RoadNetwork) -> dict[str, object]:
    from depotopt.roads.summary import summary

    return asdict(summary(network))


def _is_drivable(highway: object) -> bool:
    from benchmarks.readers.raw_roads import DRIVABLE

    values = highway if isinstance(highway, list) else [highway]
    return any(value in DRIVABLE for value in values)
