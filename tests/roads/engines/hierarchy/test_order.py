from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings

from depotopt.cache import CACHE_VARIABLE
from depotopt.errors import MissingExtraError, UsageError
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.engines.hierarchy.order import ORDERS, PACKAGES, elimination_order
from depotopt.roads.engines.hierarchy.supergraph import build_supergraph
from depotopt.roads.network import RoadNetwork
from tests.roads.engines.graphs import Graph, graph, graphs


def installed(name: str) -> bool:
    return name not in PACKAGES or importlib.util.find_spec(PACKAGES[name]) is not None


NAMES = [
    pytest.param(name, marks=pytest.mark.skipif(not installed(name), reason=f"no {PACKAGES.get(name)}"))
    for name in ORDERS
]


def grid(size: int) -> RoadNetwork:
    """A square of streets, all of them two-way."""
    node = np.arange(size * size).reshape(size, size)
    one = np.r_[node[:, :-1].ravel(), node[:-1].ravel()]
    other = np.r_[node[:, 1:].ravel(), node[1:].ravel()]
    tail, head = np.r_[one, other], np.r_[other, one]
    lon, lat = node.ravel() % size / 100, node.ravel() // size / 100
    return build_network(lon, lat, LinkArrays(tail, head, np.ones(len(tail)), np.ones(len(tail))))


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return tmp_path / "orders"


@pytest.fixture
def no_cache(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, "")


@pytest.mark.parametrize("name", NAMES)
@given(case=graphs())
@settings(max_examples=25, deadline=None)
def test_every_node_is_eliminated_once(name: str, case: Graph) -> None:
    order = elimination_order(case.network, name)
    assert sorted(order.tolist()) == list(range(case.network.nodes))


@pytest.mark.usefixtures("no_cache")
@pytest.mark.parametrize("name", NAMES)
def test_an_order_of_a_grid_keeps_the_hierarchy_small(name: str) -> None:
    """A square of n nodes needs some n log n arcs by nested dissection, n sqrt(n) row by row."""
    network = grid(40)
    rows = build_supergraph(network, np.arange(network.nodes, dtype=np.int32))
    dissected = build_supergraph(network, elimination_order(network, name))
    assert rows.arcs > 60_000
    assert dissected.arcs < rows.arcs / 2
    assert dissected.triangles < rows.triangles / 2
    assert dissected.depth.max() < rows.depth.max() / 4


@pytest.mark.usefixtures("no_cache")
@pytest.mark.parametrize("name", NAMES)
def test_a_long_road_is_folded(name: str) -> None:
    """A thousand bends in a row give a shallow tree, not a thousand ranks one above the other."""
    case = graph(1000, [(i, i + 1, 1) for i in range(999)])
    assert build_supergraph(case.network, elimination_order(case.network, name)).depth.max() < 40


@pytest.mark.usefixtures("no_cache")
@pytest.mark.parametrize("name", NAMES)
def test_the_same_network_gets_the_same_order(name: str) -> None:
    np.testing.assert_array_equal(elimination_order(grid(20), name), elimination_order(grid(20), name))


def test_an_order_is_read_from_the_cache(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = elimination_order(grid(12), "dissection")
    monkeypatch.setitem(ORDERS, "dissection", lambda core: pytest.fail("computed again"))
    np.testing.assert_array_equal(elimination_order(grid(12), "dissection"), before)
    assert len(list(cache.iterdir())) == 1


@pytest.mark.parametrize(
    "damage", ["truncated", "empty", "other type", "other length", "no permutation", "text"]
)
def test_a_damaged_cache_is_rebuilt(cache: Path, damage: str) -> None:
    network = grid(12)
    before = elimination_order(network, "dissection")
    (file,) = cache.iterdir()
    content = file.read_bytes()
    if damage == "truncated":
        file.write_bytes(content[:-40])
    elif damage == "empty":
        file.write_bytes(b"")
    elif damage == "text":
        file.write_text("not an array at all")
    else:
        wrong: dict[str, npt.NDArray[np.generic]] = {
            "other type": before.astype(np.float64),
            "other length": before[:-1],
            "no permutation": np.zeros_like(before),
        }
        np.save(file, wrong[damage])
    np.testing.assert_array_equal(elimination_order(network, "dissection"), before)
    assert file.read_bytes() == content


@pytest.mark.usefixtures("cache")
def test_another_network_has_another_entry(cache: Path) -> None:
    for size in (5, 6):
        elimination_order(grid(size), "dissection")
    assert len(list(cache.iterdir())) == 2


def test_a_missing_order_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match="no elimination order 'alphabetical'"):
        elimination_order(grid(3), "alphabetical")
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="pymetis"):
        elimination_order(grid(3), "metis")


@pytest.mark.usefixtures("no_cache")
def test_without_extra_packages_the_built_in_order_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    np.testing.assert_array_equal(elimination_order(grid(9)), elimination_order(grid(9), "dissection"))
