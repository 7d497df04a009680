"""Roads as a pair of GeoParquet files (``*_edges``, ``*_nodes``) in the layout of open-gira."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.network import RoadNetwork
from depotopt.units import kmh_to_ms

EDGES, NODES = "_edges.geoparquet", "_nodes.geoparquet"


def read_geoparquet_roads(edges: Path) -> RoadNetwork:
    """Both directions of every edge, at its highest posted or assumed speed, all pieces.

    Parameters
    ----------
    edges
        The file of edges; the nodes lie beside it.
    """
    import duckdb

    nodes = edges.with_name(edges.name.replace(EDGES, NODES))
    with duckdb.connect(":memory:") as base:
        where = base.execute("SELECT id, geometry FROM read_parquet($1) ORDER BY id", [str(nodes)]).fetchall()
        links = base.execute(
            "SELECT from_id, to_id, length_m, max_speed_kmh, bridge FROM read_parquet($1) ORDER BY id",
            [str(edges)],
        ).fetchall()
    index = {ident: n for n, (ident, _) in enumerate(where)}
    # A point in well-known binary: one byte of order, four of kind, then two little-endian doubles.
    lonlat = np.array([np.frombuffer(bytes(point)[5:21], dtype="<f8") for _, point in where])
    tail = np.array([index[link[0]] for link in links])
    head = np.array([index[link[1]] for link in links])
    length = np.tile([link[2] for link in links], 2)
    speed = np.tile([link[3] for link in links], 2)
    bridge = np.tile([link[4] for link in links], 2)
    arrays = LinkArrays(
        np.concatenate([tail, head]),
        np.concatenate([head, tail]),
        length,
        length / kmh_to_ms(1.0) / speed,
        bridge=bridge,
    )
    return build_network(lonlat[:, 0], lonlat[:, 1], arrays, source=edges.name)
