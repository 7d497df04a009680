"""Roads out: to networkx and to GeoPackage."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from depotopt.roads.network import ROAD_CLASSES, RoadNetwork, SpeedSource, StreetKind
from depotopt.roads.summary import NetworkSummary, summary

if TYPE_CHECKING:
    import networkx as nx

__all__ = ["NetworkSummary", "summary", "to_networkx", "write_geopackage"]

_WGS84 = "EPSG:4326"


def to_networkx(network: RoadNetwork) -> nx.MultiDiGraph[int]:
    """Return the network as a networkx graph with the attributes OSMnx uses.

    Nodes have ``x``, ``y``; edges (key: index of the link) have ``length`` (metres), ``travel_time``
    (seconds), ``speed_kph``, ``highway``, ``oneway``, ``name``, ``bridge``, ``tunnel``, ``ford``
    (``"yes"`` where so), ``max_weight_kg``, ``max_height_m`` (where limited), ``speed_source``,
    ``street``, ``street_kind`` and ``geometry`` (a shapely line in driving direction). The graph has
    ``crs``, ``source`` and ``attribution``.
    """
    import networkx as nx
    import shapely

    graph: nx.MultiDiGraph[int] = nx.MultiDiGraph(
        crs=_WGS84.lower(), source=network.source, attribution=network.attribution
    )
    positions = zip(network.node_lon.tolist(), network.node_lat.tolist(), strict=True)
    graph.add_nodes_from((node, {"x": x, "y": y}) for node, (x, y) in enumerate(positions))
    both_ways = np.bincount(network.geometry_of, minlength=len(network.geometry.first) - 1) > 1
    for link in range(network.links):
        graph.add_edge(
            int(network.tail[link]),
            int(network.head[link]),
            link,
            **_edge(network, link, oneway=not bool(both_ways[network.geometry_of[link]])),
            geometry=shapely.LineString(network.line(link)),
        )
    return graph


def _edge(network: RoadNetwork, link: int, *, oneway: bool) -> dict[str, Any]:
    street = int(network.street[link])
    length, seconds = float(network.length_m[link]), float(network.free_flow_s[link])
    attributes: dict[str, Any] = {
        "length": length,
        "travel_time": seconds,
        "highway": ROAD_CLASSES[network.road_class[link]],
        "oneway": oneway,
        "name": network.streets.name[street],
        "speed_source": SpeedSource(network.speed_source[link]).name.lower(),
        "street": network.streets.ident[street],
        "street_kind": StreetKind(network.streets.kind[street]).name.lower(),
    }
    if seconds > 0:
        attributes["speed_kph"] = 3.6 * length / seconds
    for flag in ("bridge", "tunnel", "ford"):
        if getattr(network, flag)[link]:
            attributes[flag] = "yes"
    for limit in ("max_weight_kg", "max_height_m"):
        if np.isfinite(getattr(network, limit)[link]):
            attributes[limit] = float(getattr(network, limit)[link])
    return attributes


def write_geopackage(network: RoadNetwork, path: Path | str) -> None:
    """Write layers ``nodes``, ``links`` and, with places, ``places``; a table ``attribution``.

    `depotopt.roads.importers.read_network` reads the first two back to the same network (without
    places). There is one line per link, drawn in driving direction; the file replaces an old one.

    Parameters
    ----------
    network
        Roads.
    path
        File ending in ``.gpkg``.
    """
    import shapely

    file = Path(path)
    file.unlink(missing_ok=True)
    points = shapely.points(network.node_lon, network.node_lat)
    _write(file, "nodes", points, "Point", {"node": np.arange(network.nodes)})
    vertices = [network.line(link) for link in range(network.links)]
    owner = np.repeat(np.arange(network.links), [len(line) for line in vertices])
    lines = shapely.linestrings(np.concatenate(vertices), indices=owner) if vertices else np.array([])
    _write(file, "links", lines, "LineString", _link_columns(network))
    if network.places is not None:
        places = network.places
        columns = {
            "place": _texts(places.ident),
            "node": places.node,
            "access_s": places.access_s,
            "distance_m": places.distance_m,
        }
        _write(file, "places", shapely.points(places.lon, places.lat), "Point", columns)
    notice = {"attribution": _texts([network.attribution]), "source": _texts([network.source])}
    _write(file, "attribution", None, None, notice)


def _link_columns(network: RoadNetwork) -> dict[str, npt.NDArray[Any]]:
    names = np.array(network.streets.name, dtype=object)
    idents = np.array(network.streets.ident, dtype=object)
    sources = np.array([source.name.lower() for source in SpeedSource], dtype=object)
    limits = {
        name: np.where(np.isfinite(values), values, np.nan)
        for name, values in (("max_weight_kg", network.max_weight_kg), ("max_height_m", network.max_height_m))
    }
    return {
        "tail": network.tail,
        "head": network.head,
        "length_m": network.length_m,
        "road_class": np.array(ROAD_CLASSES, dtype=object)[network.road_class],
        "oneway": np.ones(network.links, dtype=np.int32),
        "bridge": network.bridge.astype(np.int32),
        "tunnel": network.tunnel.astype(np.int32),
        "ford": network.ford.astype(np.int32),
        **limits,
        "free_flow_s": network.free_flow_s,
        "speed_source": sources[network.speed_source],
        "name": names[network.street],
        "street": idents[network.street],
    }


def _texts(values: Any) -> npt.NDArray[np.object_]:
    return np.array(list(values), dtype=object)


def _write(
    file: Path, layer: str, shapes: Any, kind: str | None, columns: dict[str, npt.NDArray[Any]]
) -> None:
    """Append a layer, or a table without geometry where there are no shapes."""
    import pyogrio
    import shapely

    data = list(columns.values())
    pyogrio.raw.write(
        file,
        geometry=None if shapes is None else shapely.to_wkb(shapes),
        field_data=data,
        fields=list(columns),
        layer=layer,
        driver="GPKG",
        geometry_type=kind,
        crs=None if shapes is None else _WGS84,
        append=file.exists(),
    )
