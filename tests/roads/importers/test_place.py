"""Roads of a named place: asked for, downloaded, or an error that says why not."""

from __future__ import annotations

import networkx as nx
import osmnx
import pytest

from depotopt.errors import UsageError
from depotopt.roads.importers import download_network
from depotopt.roads.importers.place import DownloadError


def test_the_graph_of_the_place_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[tuple[str, str, bool]] = []

    def fake(place: str, network_type: str, simplify: bool) -> nx.MultiDiGraph[int]:
        asked.append((place, network_type, simplify))
        assert "maxweight" in osmnx.settings.useful_tags_way
        found: nx.MultiDiGraph[int] = nx.MultiDiGraph(crs="epsg:4326")
        found.add_node(1, x=1.0, y=42.0)
        found.add_node(2, x=1.01, y=42.0)
        for u, v in ((1, 2), (2, 1)):
            found.add_edge(u, v, osmid=5, highway="primary", length=830.0)
        return found

    before = list(osmnx.settings.useful_tags_way)
    monkeypatch.setattr(osmnx, "graph_from_place", fake)
    network = download_network("Ordino, Andorra")
    assert asked == [("Ordino, Andorra", "drive", False)]
    assert (network.nodes, network.links, network.source) == (2, 2, "OpenStreetMap, Ordino, Andorra")
    assert osmnx.settings.useful_tags_way == before


def test_no_connection_is_said_plainly(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise ConnectionError("no route to host")

    monkeypatch.setattr(osmnx, "graph_from_place", fail)
    with pytest.raises(DownloadError, match="roads of 'Ordino' could not be downloaded: no route to host"):
        download_network("Ordino")


def test_an_empty_name_is_refused() -> None:
    with pytest.raises(UsageError):
        download_network(" ")
