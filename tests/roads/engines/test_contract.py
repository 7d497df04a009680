"""What every travel-time engine promises, whatever is inside it."""

from __future__ import annotations

import pickle

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.errors import UsageError
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.engines.registry import ENGINES, prepare_engine
from depotopt.roads.network import RoadNetwork
from depotopt.units import UNREACHABLE_DS, Int32Array, Int64Array
from tests.roads.engines.graphs import Arc, Graph, floyd_warshall, graph, graphs, road_states

NEVER = UNREACHABLE_DS


def nodes(*values: int) -> Int32Array:
    return np.array(values, dtype=np.int32)


def all_times(name: str, case: Graph, link_ds: Int32Array | None = None) -> Int32Array:
    """Times between all nodes in one road state."""
    everyone = np.arange(case.network.nodes, dtype=np.int32)
    times = case.link_ds if link_ds is None else link_ds
    matrix: Int32Array = prepare_engine(case.network, name).many_to_many(times[:, None], everyone, everyone)[
        0
    ]
    return matrix


def check_path(
    network: RoadNetwork, link_ds: Int32Array, origin: int, destination: int, path: Int64Array
) -> None:
    """A path is contiguous, leads from origin to destination and visits no node twice."""
    visited = [origin, *network.head[path].tolist()]
    assert network.tail[path].tolist() == visited[:-1]
    assert visited[-1] == destination
    assert len(set(visited)) == len(visited)
    assert (link_ds[path] < UNREACHABLE_DS).all()


pytestmark = pytest.mark.parametrize("name", sorted(ENGINES))

CASES: dict[str, tuple[int, list[Arc], npt.ArrayLike]] = {
    "one node, no link": (1, [], [[0]]),
    "one node, self loop": (1, [(0, 0, 7)], [[0]]),
    "two nodes, no link": (2, [], [[0, NEVER], [NEVER, 0]]),
    "one-way street": (2, [(0, 1, 5)], [[0, 5], [NEVER, 0]]),
    "two ways, two times": (2, [(0, 1, 5), (1, 0, 8)], [[0, 5], [8, 0]]),
    "parallel links, fastest counts": (2, [(0, 1, 9), (0, 1, 4), (0, 1, 6)], [[0, 4], [NEVER, 0]]),
    "zero-length link": (3, [(0, 1, 0), (1, 2, 3)], [[0, 0, 3], [NEVER, 0, 3], [NEVER, NEVER, 0]]),
    "ring of zero length": (3, [(0, 1, 0), (1, 2, 0), (2, 0, 0)], np.zeros((3, 3))),
    "detour beats the direct link": (
        3,
        [(0, 2, 10), (0, 1, 3), (1, 2, 4)],
        [[0, 3, 7], [NEVER, 0, 4], [NEVER, NEVER, 0]],
    ),
    "two islands": (
        4,
        [(0, 1, 1), (1, 0, 1), (2, 3, 2), (3, 2, 2)],
        [[0, 1, NEVER, NEVER], [1, 0, NEVER, NEVER], [NEVER, NEVER, 0, 2], [NEVER, NEVER, 2, 0]],
    ),
    "a lost link is no link": (2, [(0, 1, NEVER)], [[0, NEVER], [NEVER, 0]]),
    "longer than the longest time": (
        4,
        [(0, 1, NEVER - 1), (1, 2, NEVER - 1), (2, 3, NEVER - 1)],
        [
            [0, NEVER - 1, NEVER, NEVER],
            [NEVER, 0, NEVER - 1, NEVER],
            [NEVER, NEVER, 0, NEVER - 1],
            [NEVER, NEVER, NEVER, 0],
        ],
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_times_by_hand(name: str, case: str) -> None:
    size, arcs, expected = CASES[case]
    np.testing.assert_array_equal(all_times(name, graph(size, arcs)), expected)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_times_are_exact_in_every_road_state(name: str, data: st.DataObject) -> None:
    case = data.draw(graphs())
    link_ds = data.draw(road_states(case))
    node = st.lists(st.integers(0, case.network.nodes - 1), max_size=5)
    origins, destinations = nodes(*data.draw(node)), nodes(*data.draw(node))
    times = prepare_engine(case.network, name).many_to_many(link_ds, origins, destinations)
    assert times.shape == (link_ds.shape[1], len(origins), len(destinations))
    assert times.dtype == np.int32
    for state in range(link_ds.shape[1]):
        expected = floyd_warshall(case, link_ds[:, state])[np.ix_(origins, destinations)]
        np.testing.assert_array_equal(times[state], expected)


@given(st.data())
@settings(max_examples=60, deadline=None)
def test_paths_take_the_travel_time_over_open_links(name: str, data: st.DataObject) -> None:
    case = data.draw(graphs())
    link_ds = data.draw(road_states(case, max_states=1))[:, 0]
    pairs = np.indices((case.network.nodes, case.network.nodes)).reshape(2, -1).astype(np.int32)
    paths = prepare_engine(case.network, name).paths(link_ds, pairs[0], pairs[1])
    expected = floyd_warshall(case, link_ds)
    assert len(paths) == pairs.shape[1]
    for origin, destination, path in zip(*pairs, paths, strict=True):
        if path is None:
            assert expected[origin, destination] == UNREACHABLE_DS
        else:
            check_path(case.network, link_ds, int(origin), int(destination), path)
            assert link_ds[path].sum() == expected[origin, destination]


@given(st.data())
@settings(max_examples=30, deadline=None)
def test_losing_links_never_shortens_a_trip(name: str, data: st.DataObject) -> None:
    case = data.draw(graphs())
    lost = data.draw(st.lists(st.booleans(), min_size=len(case.link_ds), max_size=len(case.link_ds)))
    damaged = np.where(np.array(lost, dtype=bool), UNREACHABLE_DS, case.link_ds).astype(np.int32)
    assert (all_times(name, case, damaged) >= all_times(name, case)).all()


@pytest.mark.parametrize("states", [1, 2, 8, 9, 31, 32, 33, 70])
def test_road_states_do_not_mix(name: str, states: int) -> None:
    """Block sizes around the number of lanes: each state answers for its own losses."""
    case = graph(5, [(i, (i + 1) % 5, 10 + i) for i in range(5)] + [((i + 1) % 5, i, 20) for i in range(5)])
    lost = np.random.default_rng(states).random((case.network.links, states)) < 0.3
    link_ds = np.where(lost, UNREACHABLE_DS, case.link_ds[:, None]).astype(np.int32)
    everyone = np.arange(5, dtype=np.int32)
    times = prepare_engine(case.network, name).many_to_many(link_ds, everyone, everyone)
    for state in range(states):
        np.testing.assert_array_equal(times[state], floyd_warshall(case, link_ds[:, state]))


@pytest.mark.parametrize(("origins", "destinations"), [(1, 90), (90, 1), (17, 90), (70, 90), (90, 70)])
def test_any_number_of_origins_and_destinations(name: str, origins: int, destinations: int) -> None:
    """Sizes around the number of lanes, repeats included, one-way streets telling the directions apart."""
    rng = np.random.default_rng(origins)
    arcs = [(i, i + 1, int(rng.integers(1, 50))) for i in range(59)]
    arcs += [(int(a), int(b), int(rng.integers(1, 500))) for a, b in rng.integers(0, 60, (40, 2))]
    case = graph(60, arcs)
    chosen = [rng.integers(0, 60, size).astype(np.int32) for size in (origins, destinations)]
    times = prepare_engine(case.network, name).many_to_many(case.link_ds[:, None], *chosen)
    np.testing.assert_array_equal(times[0], floyd_warshall(case, case.link_ds)[np.ix_(*chosen)])


def test_nobody_asking_gets_an_empty_matrix(name: str) -> None:
    case = graph(2, [(0, 1, 5)])
    engine = prepare_engine(case.network, name)
    assert engine.many_to_many(case.link_ds[:, None], nodes(), nodes(0, 1)).shape == (1, 0, 2)
    assert engine.many_to_many(case.link_ds[:, None], nodes(0, 1), nodes()).shape == (1, 2, 0)
    assert engine.many_to_many(np.empty((1, 0), dtype=np.int32), nodes(0), nodes(1)).shape == (0, 1, 1)
    assert engine.paths(case.link_ds, nodes(), nodes()) == []


def test_staying_takes_no_time_and_no_link(name: str) -> None:
    case = graph(2, [(0, 0, 3), (0, 1, 5), (1, 0, 5)])
    (path,) = prepare_engine(case.network, name).paths(case.link_ds, nodes(0), nodes(0))
    assert path is not None
    assert len(path) == 0


def test_a_network_without_nodes_answers_nothing(name: str) -> None:
    case = graph(0, [])
    engine = prepare_engine(case.network, name)
    assert engine.many_to_many(case.link_ds[:, None], nodes(), nodes()).shape == (1, 0, 0)


def test_a_path_takes_the_open_one_of_parallel_links(name: str) -> None:
    case = graph(2, [(0, 1, 4), (0, 1, 9)])
    link_ds = np.array([UNREACHABLE_DS, 9], dtype=np.int32)
    (path,) = prepare_engine(case.network, name).paths(link_ds, nodes(0), nodes(1))
    assert path is not None
    assert path.tolist() == [1]


def test_no_path_is_longer_than_the_longest_time(name: str) -> None:
    case = graph(3, [(0, 1, NEVER - 1), (1, 2, 1)])
    assert prepare_engine(case.network, name).paths(case.link_ds, nodes(0), nodes(2)) == [None]


def test_an_engine_answers_the_same_after_other_questions(name: str) -> None:
    case = graph(4, [(0, 1, 1), (1, 2, 1), (2, 3, 1), (0, 3, 9)])
    engine = prepare_engine(case.network, name)
    ask = (case.link_ds[:, None], nodes(0), nodes(3, 2))
    before = engine.many_to_many(*ask)
    engine.many_to_many(np.full((4, 40), UNREACHABLE_DS, dtype=np.int32), nodes(0, 1), nodes(3))
    engine.paths(np.full(4, 7, dtype=np.int32), nodes(0), nodes(3))
    np.testing.assert_array_equal(engine.many_to_many(*ask), before)


def test_an_engine_can_be_sent_to_another_process(name: str) -> None:
    case = graph(3, [(0, 1, 1), (1, 2, 1)])
    engine: TravelTimeEngine = pickle.loads(pickle.dumps(prepare_engine(case.network, name)))
    assert engine.many_to_many(case.link_ds[:, None], nodes(0), nodes(2)).tolist() == [[[2]]]


@pytest.mark.parametrize(
    "link_ds",
    [
        np.zeros((3, 1), dtype=np.int32),
        np.zeros(2, dtype=np.int32),
        np.zeros((2, 1), dtype=np.float64),
        np.array([[-1], [3]], dtype=np.int32),
    ],
    ids=["wrong length", "wrong dimensions", "wrong type", "negative"],
)
def test_wrong_link_times_are_refused(name: str, link_ds: Int32Array) -> None:
    case = graph(2, [(0, 1, 5), (1, 0, 5)])
    with pytest.raises(UsageError, match="link times must be"):
        prepare_engine(case.network, name).many_to_many(link_ds, nodes(0), nodes(1))


@pytest.mark.parametrize("stray", [-1, 2])
def test_a_node_that_does_not_exist_is_refused(name: str, stray: int) -> None:
    case = graph(2, [(0, 1, 5), (1, 0, 5)])
    engine = prepare_engine(case.network, name)
    with pytest.raises(UsageError, match="does not exist"):
        engine.many_to_many(case.link_ds[:, None], nodes(0, stray), nodes(1))
    with pytest.raises(UsageError, match="does not exist"):
        engine.paths(case.link_ds, nodes(0), nodes(stray))
