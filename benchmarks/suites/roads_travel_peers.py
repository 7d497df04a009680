"""The same OD matrix of one road state by other programs, each rebuilt as its own rules demand.

What counts is the time from a changed set of link times to the matrix: loading weights, rebuilding or
customising whatever the program prepares, and asking. Building the graph once per network is not counted
where the program can change weights in place.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from benchmarks.case import Case, Job, Measurement, Plan, stopwatch

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from benchmarks.road_states import Matrix

    Ask = Callable[[Matrix, npt.NDArray[np.bool_]], npt.NDArray[np.float64]]

DATA = "roads"
ANDORRA, PORTO = "andorra.osm.pbf", "porto.osm.pbf"
CHINA = "china_highways_scgraph.npz"
PEERS = {
    "scipy": "scipy",
    "networkx": "networkx",
    "igraph": "igraph",
    "networkit": "networkit",
    "pandana": "pandana",
    "routingkit-cch": "routingkit_cch",
    "gravel": "gravel",
}
"""Names of peers and what they are imported as."""


def cases(plan: Plan) -> Iterator[Case]:
    """Every peer on every network; only the small one in a smoke run."""
    for file in (ANDORRA,) if plan.smoke else (ANDORRA, CHINA, PORTO):
        name = file.partition(".")[0].partition("_")[0]
        for peer, package in PEERS.items():
            yield Case(
                f"{name}-travel-peers",
                peer,
                measure,
                arguments={"file": file},
                files=(file,),
                packages=(package,),
                timeout_s=1_200.0,
                peer=True,
            )


def measure(job: Job) -> Iterator[Measurement]:
    """CPU milliseconds for one road state, 50 x 2,000, and cells unlike those of the hierarchy."""
    import importlib

    import numpy as np

    from benchmarks.road_states import random_matrix, whole_network
    from depotopt.roads.engines.hierarchy.engine import HierarchyEngine
    from depotopt.units import UNREACHABLE_DS

    package = PEERS[job.engine]
    importlib.import_module(package)
    network = whole_network(job.data / job.arguments["file"])
    ask = random_matrix(network, 1, 10 if job.smoke else 50, 2_000, job.seed)
    open_ = ask.link_ds[:, 0] < UNREACHABLE_DS
    expected = HierarchyEngine(network).many_to_many(ask.link_ds, ask.origins, ask.destinations)[0]
    prepare, asking = _PEERS[job.engine]
    prepared = prepare(ask)
    with stopwatch() as clock:
        found = asking(ask, open_, prepared)
    reached = expected < UNREACHABLE_DS
    agrees = np.where(reached, np.rint(found) == expected, ~(found < UNREACHABLE_DS))
    for metric, value in (("ms_per_state", clock.cpu_s * 1e3), ("mismatches", float((~agrees).sum()))):
        yield Measurement(value, metric=metric, cpu_s=clock.cpu_s, wall_s=clock.wall_s)


def _nothing(ask: Matrix) -> None:
    """Nothing is kept between road states."""


def _fastest(ask: Matrix, open_: Any) -> tuple[Any, Any, Any]:
    """Open links, the fastest of those that join the same nodes, no loops: what every program reads alike."""
    import numpy as np

    tail, head, ds = (array[open_] for array in (ask.network.tail, ask.network.head, ask.link_ds[:, 0]))
    order = np.lexsort((ds, head, tail))
    tail, head, ds = tail[order], head[order], ds[order]
    first = np.ones(len(tail), dtype=np.bool_)
    first[1:] = (np.diff(tail) != 0) | (np.diff(head) != 0)
    first &= tail != head
    return tail[first], head[first], ds[first]


def _scipy(ask: Matrix, open_: Any, prepared: Any) -> Any:
    import numpy as np
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    tail, head, ds = _fastest(ask, open_)
    size = ask.network.nodes
    # scipy reads a stored zero as no link: a whisker keeps it and rounds away.
    graph = csr_array((np.maximum(ds, 1e-7), (tail, head)), shape=(size, size))
    return dijkstra(graph, indices=ask.origins)[:, ask.destinations]


def _networkx(ask: Matrix, open_: Any, prepared: Any) -> Any:
    import networkx as nx
    import numpy as np

    tail, head, ds = _fastest(ask, open_)
    graph: nx.DiGraph[int] = nx.DiGraph()
    graph.add_nodes_from(range(ask.network.nodes))
    graph.add_weighted_edges_from(zip(tail.tolist(), head.tolist(), ds.tolist(), strict=True))
    result = np.full((len(ask.origins), len(ask.destinations)), np.inf)
    for row, origin in enumerate(ask.origins.tolist()):
        times = nx.single_source_dijkstra_path_length(graph, origin)
        result[row] = [times.get(node, np.inf) for node in ask.destinations.tolist()]
    return result


def _igraph(ask: Matrix, open_: Any, prepared: Any) -> Any:
    import igraph
    import numpy as np

    tail, head, ds = _fastest(ask, open_)
    graph = igraph.Graph(n=ask.network.nodes, edges=np.column_stack([tail, head]), directed=True)
    return np.array(
        graph.distances(ask.origins.tolist(), ask.destinations.tolist(), weights=ds.tolist(), mode="out")
    )


def _networkit(ask: Matrix, open_: Any, prepared: Any) -> Any:
    import networkit
    import numpy as np

    networkit.setNumberOfThreads(1)
    tail, head, ds = _fastest(ask, open_)
    graph = networkit.GraphFromCoo(
        (ds.astype(np.float64), (tail.astype(np.uint64), head.astype(np.uint64))),
        n=ask.network.nodes,
        weighted=True,
        directed=True,
    )
    search = networkit.distance.SPSP(graph, ask.origins.tolist(), ask.destinations.tolist())
    search.run()
    return np.array(search.getDistances())


def _pandana(ask: Matrix, open_: Any, prepared: Any) -> Any:
    import numpy as np
    import pandana
    import pandas as pd

    tail, head, ds = _fastest(ask, open_)
    node = pd.RangeIndex(ask.network.nodes)
    network = pandana.Network(
        pd.Series(ask.network.node_lon, index=node),
        pd.Series(ask.network.node_lat, index=node),
        pd.Series(tail.astype(np.int64)),
        pd.Series(head.astype(np.int64)),
        pd.DataFrame({"ds": ds.astype(np.float64)}),
        twoway=False,
    )
    pairs = np.repeat(ask.origins, len(ask.destinations)), np.tile(ask.destinations, len(ask.origins))
    found = network.shortest_path_lengths(*(side.astype(np.int64) for side in pairs), imp_name="ds")
    # It marks what cannot be reached with 2**32 - 1, counted in thousandths.
    times = np.where(np.array(found) >= 4_294_967.0, np.inf, found)
    return times.reshape(len(ask.origins), len(ask.destinations))


def _routingkit_prepare(ask: Matrix) -> Any:
    import routingkit_cch as kit

    network = ask.network
    tail, head = network.tail.tolist(), network.head.tolist()
    order = kit.compute_order_inertial(
        network.nodes, tail, head, network.node_lat.tolist(), network.node_lon.tolist()
    )
    return kit.CCH(order, tail, head, False)


def _routingkit(ask: Matrix, open_: Any, prepared: Any) -> Any:
    import numpy as np
    import routingkit_cch as kit

    never = 2**31 - 1
    weights = np.where(open_, ask.link_ds[:, 0], never).tolist()
    query = kit.CCHOneToMany(kit.CCHMetric(prepared, weights), ask.destinations.tolist())
    rows = [query.distances_from(origin) for origin in ask.origins.tolist()]
    return np.array([[np.inf if ds is None or ds >= never else ds for ds in row] for row in rows])


def _gravel(ask: Matrix, open_: Any, prepared: Any) -> Any:
    import gravel
    import numpy as np

    gravel.set_max_threads(1)
    tail, head, ds = _fastest(ask, open_)
    graph = gravel.Graph.from_coo(
        ask.network.nodes, tail.astype(np.uint32), head.astype(np.uint32), ds.astype(np.float64)
    )
    query = gravel.CHQuery(gravel.build_ch(graph))
    return np.asarray(query.distance_matrix(ask.origins.tolist(), ask.destinations.tolist()))


_PEERS: dict[str, tuple[Callable[[Any], Any], Callable[[Any, Any, Any], Any]]] = {
    "scipy": (_nothing, _scipy),
    "networkx": (_nothing, _networkx),
    "igraph": (_nothing, _igraph),
    "networkit": (_nothing, _networkit),
    "pandana": (_nothing, _pandana),
    "routingkit-cch": (_routingkit_prepare, _routingkit),
    "gravel": (_nothing, _gravel),
}
"""What each peer keeps between road states, and how it answers one."""
