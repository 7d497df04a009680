from __future__ import annotations

import subprocess
import sys
from typing import NoReturn

import pytest

from depotopt.errors import EngineError, UsageError
from depotopt.roads.engines import registry
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.roads.engines.registry import ENGINES, prepare_engine
from depotopt.roads.network import RoadNetwork
from tests.roads.engines.graphs import graph

NETWORK = graph(2, [(0, 1, 1)]).network


@pytest.mark.parametrize("name", ENGINES)
def test_an_engine_is_prepared_by_name(name: str) -> None:
    assert prepare_engine(NETWORK, name).name == name


def test_the_hierarchy_is_the_default() -> None:
    assert prepare_engine(NETWORK).name == "hierarchy"


def test_without_numba_dijkstra_stands_in(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(network: RoadNetwork) -> NoReturn:
        raise ImportError("No module named 'numba'")

    monkeypatch.setattr(registry, "_hierarchy", missing)
    assert prepare_engine(NETWORK).name == "dijkstra"


def test_an_unknown_engine_is_refused() -> None:
    with pytest.raises(UsageError, match="no travel-time engine 'pigeon': choose from dijkstra, hierarchy"):
        prepare_engine(NETWORK, "pigeon")


def test_asking_for_travel_times_loads_no_heavy_package() -> None:
    """The command line imports `depotopt.travel`; numba and scipy come with the first engine."""
    code = "import sys, depotopt.travel; print([m for m in ('numba', 'scipy', 'duckdb') if m in sys.modules])"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout.strip() == "[]"


def test_dijkstra_refuses_more_nodes_than_it_can_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(RoadNetwork, "nodes", property(lambda self: 1 << 21))
    with pytest.raises(EngineError, match="more than it can count"):
        DijkstraEngine(NETWORK)
