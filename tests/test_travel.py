from __future__ import annotations

import datetime as dt
from pathlib import Path

import duckdb
import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from depotopt.errors import UsageError
from depotopt.hazards.states import Damage, RoadLossEnsemble, RoadState, intact
from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.engines.registry import ENGINES, prepare_engine
from depotopt.roads.network import Places, RoadNetwork
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.rules import PlanningRules
from depotopt.scenario import DemandPoint, RoadSource, Scenario, Site, VehicleType
from depotopt.travel import TravelTimes, link_times_ds, travel_times, travel_to_file

INF = np.inf
LINE = (("depot", 0), ("north", 1), ("south", 2), ("gate", 0))


def line_network() -> RoadNetwork:
    """Nodes 0 - 1 - 2 in a line, both ways, 60 s and 30 s; the places below stand at them."""
    network = build_network(
        [0.0, 0.01, 0.02],
        [0.0, 0.0, 0.0],
        LinkArrays([0, 1, 1, 2], [1, 0, 2, 1], [1000, 1000, 500, 500], [60, 60, 30, 30]),
    )
    return network.with_places(
        Places(
            ident=tuple(ident for ident, _ in LINE),
            lon=np.array([0.0, 0.01, 0.02, 0.0]),
            lat=np.zeros(4),
            node=np.array([node for _, node in LINE], dtype=np.int32),
            access_s=np.array([1.0, 2.0, 4.0, 8.0]),
            distance_m=np.zeros(4),
        )
    )


@pytest.fixture
def network() -> RoadNetwork:
    return line_network()


def state(damage: Damage | None = None) -> RoadState:
    whole = intact(1, 2)
    return (
        whole
        if damage is None
        else RoadState(
            0,
            1.0,
            damage,
            ("flood",),
            whole.site_survival,
            whole.site_power,
            whole.need_factor,
            whole.point_flooded,
        )
    )


def street(network: RoadNetwork, link: int) -> int:
    return int(network.street[link])


def times_of(network: RoadNetwork, name: str = "auto", **chosen: object) -> TravelTimes:
    return TravelTimes(network, prepare_engine(network, name), ("depot",), ("north", "south"), **chosen)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ENGINES)
def test_door_to_door_times_add_the_way_to_the_road(network: RoadNetwork, name: str) -> None:
    assert times_of(network, name).of_state(state()).tolist() == [[63.0, 95.0]]


def test_a_lost_street_makes_places_unreachable(network: RoadNetwork) -> None:
    lost = state(Damage.of([street(network, 2)]))
    assert times_of(network).of_state(lost).tolist() == [[63.0, INF]]


def test_a_slowed_street_takes_longer(network: RoadNetwork) -> None:
    slow = state(Damage.of([street(network, 2)], 0.5))
    assert times_of(network).of_state(slow).tolist() == [[63.0, 125.0]]


@pytest.mark.parametrize(
    ("at_s", "south"), [(0.0, 95.0), (99.0, 95.0), (100.0, INF), (199.9, INF), (200.0, 95.0)]
)
def test_a_closure_holds_from_its_beginning_until_its_expiry(
    network: RoadNetwork, at_s: float, south: float
) -> None:
    closure = state(Damage.of([street(network, 2)], from_s=100.0, until_s=200.0))
    assert times_of(network, at_s=at_s).of_state(closure)[0, 1] == south


def test_an_open_end_never_expires(network: RoadNetwork) -> None:
    assert times_of(network, at_s=1e9).of_state(state(Damage.of([street(network, 2)])))[0, 1] == INF


def test_each_vehicle_wades_as_deep_as_it_can(network: RoadNetwork) -> None:
    flooded = state(Damage.of([street(network, 2)], 1.0, depth_m=0.5))
    assert times_of(network).of_state(flooded)[0, 1] == INF
    high = times_of(network, profile=TravelProfile(wading_depth_m=1.0)).of_state(flooded)[0, 1]
    assert 95.0 < high < INF


def test_a_slow_vehicle_takes_longer_on_the_road_only(network: RoadNetwork) -> None:
    slow = times_of(network, profile=TravelProfile(speed_factor=0.5))
    assert slow.of_state(state()).tolist() == [[123.0, 185.0]]


def test_aircraft_fly_straight_whatever_is_lost(network: RoadNetwork) -> None:
    profile = TravelProfile(mode=Mode.AIR, cruise_kmh=200.0)
    lost = state(Damage.of([0, 1]))
    flight = times_of(network, profile=profile).seconds([lost, state()])
    metres = 0.01 * np.pi / 180 * 6_371_008.8
    np.testing.assert_allclose(flight, np.broadcast_to([[metres, 2 * metres]], (2, 1, 2)) / (200 / 3.6))


def test_any_place_can_be_origin_and_destination(network: RoadNetwork) -> None:
    everyone = tuple(ident for ident, _ in LINE)
    seconds = TravelTimes(network, prepare_engine(network), everyone, everyone).of_state(state())
    assert seconds[1].tolist() == [63.0, 0.0, 36.0, 70.0]
    np.testing.assert_array_equal(seconds, seconds.T)


def test_from_a_place_to_itself_takes_no_time(network: RoadNetwork) -> None:
    itself = TravelTimes(network, prepare_engine(network), ("gate",), ("gate", "depot"))
    assert itself.of_state(state()).tolist() == [[0.0, 9.0]]


@pytest.mark.parametrize("size", [1, 2, 3, 32])
def test_blocks_hold_the_states_in_order(network: RoadNetwork, size: int) -> None:
    states = [state(Damage.of([street(network, 2)], 1 / (1 + s))) for s in range(5)]
    blocks = list(times_of(network).blocks(states, size=size))
    assert [block.first_state for block in blocks] == list(range(0, 5, size))
    south = np.concatenate([block.seconds for block in blocks])[:, 0, 1]
    assert south.tolist() == [95.0, 125.0, 155.0, 185.0, 215.0]


def test_all_at_once_equals_the_blocks(network: RoadNetwork) -> None:
    states = [state(), state(Damage.of([street(network, 0)])), state(Damage.of([street(network, 2)]))]
    together = times_of(network, states=states).seconds()
    assert together.tolist() == [[[63.0, 95.0]], [[INF, INF]], [[63.0, INF]]]


def test_too_much_at_once_is_refused(network: RoadNetwork, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("depotopt.travel.FULL_ARRAY_LIMIT_BYTES", 31)
    with pytest.raises(UsageError, match="in blocks"):
        times_of(network).seconds([state(), state()])


def test_no_states_give_no_times(network: RoadNetwork) -> None:
    assert times_of(network).seconds().shape == (0, 1, 2)


def test_a_block_of_nothing_is_refused(network: RoadNetwork) -> None:
    with pytest.raises(UsageError, match="at least one"):
        times_of(network).blocks([state()], size=0)


def test_a_network_without_places_is_refused(network: RoadNetwork) -> None:
    bare = network.with_places(None)  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="no places"):
        times_of(bare).of_state(state())


def test_link_times_are_those_the_engine_is_fed(network: RoadNetwork) -> None:
    lost = state(Damage.of([street(network, 2)], 0.5))
    assert times_of(network).link_ds(lost).tolist() == [600, 600, 600, 600]
    assert link_times_ds(network, state()).tolist() == [600, 600, 300, 300]


@given(st.data())
@settings(max_examples=25, deadline=None)
def test_more_damage_never_shortens_a_trip(data: st.DataObject) -> None:
    network = line_network()
    factor = st.sampled_from([0.0, 0.3, 1.0])
    entry = st.tuples(st.integers(0, len(network.streets) - 1), factor)
    few = data.draw(st.lists(entry, max_size=3))
    more = few + data.draw(st.lists(entry, min_size=1, max_size=3))
    damages = [
        Damage.of(np.array([s for s, _ in part], dtype=np.int32), [f for _, f in part])
        for part in (few, more)
    ]
    before, after = times_of(network, "dijkstra").seconds([state(damage) for damage in damages])
    assert (after >= before).all()


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=10, deadline=None)
def test_engines_agree_to_the_last_digit(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = 6
    grid = np.arange(size * size).reshape(size, size)
    pairs = np.concatenate(
        [np.c_[grid[:, :-1].ravel(), grid[:, 1:].ravel()], np.c_[grid[:-1].ravel(), grid[1:].ravel()]]
    )
    tail, head = np.r_[pairs[:, 0], pairs[:, 1]], np.r_[pairs[:, 1], pairs[:, 0]]
    network = build_network(
        grid.ravel() % size / 100,
        grid.ravel() // size / 100,
        LinkArrays(tail, head, np.full(len(tail), 1000.0), rng.uniform(0, 90, len(tail))),
    ).with_places(
        Places(
            tuple(f"p{i}" for i in range(8)),
            np.zeros(8),
            np.zeros(8),
            rng.integers(0, size * size, 8).astype(np.int32),
            rng.uniform(0, 30, 8),
            np.zeros(8),
        )
    )
    states = [
        state(Damage.of(rng.choice(len(network.streets), 12, replace=False), rng.choice([0.0, 0.4], 12)))
        for _ in range(4)
    ]
    both = [
        TravelTimes(
            network, prepare_engine(network, name), ("p0", "p1", "p2"), tuple(f"p{i}" for i in range(8))
        )
        for name in ("dijkstra", "hierarchy")
    ]
    np.testing.assert_array_equal(both[0].seconds(states), both[1].seconds(states))


def three_states(network: RoadNetwork) -> RoadLossEnsemble:
    parts: list[Damage] = [
        Damage.of([street(network, 0)]),
        Damage.of([street(network, 2)], 0.5),
        Damage.of([0], 1.0),
    ]
    base = intact(1, 2)
    return RoadLossEnsemble.of(
        [
            RoadState(
                s, 1 / 3, part, (), base.site_survival, base.site_power, base.need_factor, base.point_flooded
            )
            for s, part in enumerate(parts)
        ]
    )


@pytest.mark.parametrize("size", [1, 2, 32])
def test_an_array_on_disk_holds_the_same_times(network: RoadNetwork, tmp_path: Path, size: int) -> None:
    times = times_of(network, states=three_states(network))
    travel_to_file(times, tmp_path / "travel.npy", size=size)
    stored = np.load(tmp_path / "travel.npy", mmap_mode="r")
    np.testing.assert_array_equal(stored, times.seconds())
    assert [entry.name for entry in tmp_path.iterdir()] == ["travel.npy"]


def test_parquet_on_disk_holds_the_same_times(network: RoadNetwork, tmp_path: Path) -> None:
    travel_to_file(times_of(network, states=three_states(network)), tmp_path / "travel", size=2)
    assert sorted(part.name for part in (tmp_path / "travel").iterdir()) == [
        "part-00000.parquet",
        "part-00001.parquet",
    ]
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"SELECT * FROM '{tmp_path}/travel/*.parquet' ORDER BY state, destination"
        ).fetchall()
    assert rows == [
        (0, "depot", "north", None),
        (0, "depot", "south", None),
        (1, "depot", "north", 63.0),
        (1, "depot", "south", 125.0),
        (2, "depot", "north", 63.0),
        (2, "depot", "south", 95.0),
    ]


def test_an_array_without_destinations_is_written_too(network: RoadNetwork, tmp_path: Path) -> None:
    times = TravelTimes(network, prepare_engine(network), ("depot",), (), states=three_states(network))
    travel_to_file(times, tmp_path / "travel.npy")
    assert np.load(tmp_path / "travel.npy").shape == (3, 1, 0)


def test_files_are_not_written_over_by_accident(network: RoadNetwork, tmp_path: Path) -> None:
    (tmp_path / "travel").mkdir()
    with pytest.raises(UsageError, match="exists already"):
        travel_to_file(times_of(network, states=[state()]), tmp_path / "travel")
    with pytest.raises(UsageError, match="no road states"):
        travel_to_file(times_of(network), tmp_path / "travel.npy")


def scenario(siting_vehicle: str = "") -> Scenario:
    wader = VehicleType(
        "wader", "High truck", 5000.0, 20.0, TravelProfile(wading_depth_m=1.0, speed_factor=0.5)
    )
    return Scenario(
        ident="line",
        title="Line",
        description="",
        folder=Path(),
        start=dt.datetime(2026, 1, 1, tzinfo=dt.UTC),
        tiers=(),
        sites=(Site("depot", "Depot", 0.0, 0.0, ()), Site("gate", "Gate", 0.0, 0.0, ())),
        commodities=(),
        demand_points=(
            DemandPoint("north", "North", 0.01, 0.0, 10),
            DemandPoint("south", "South", 0.02, 0.0, 5),
        ),
        stock=(),
        vehicle_types=(wader,),
        fleet=(),
        roads=RoadSource(Path("roads.npz")),
        rules=PlanningRules(siting_vehicle=siting_vehicle),
    )


def test_a_scenario_goes_from_its_sites_to_its_demand_points(network: RoadNetwork) -> None:
    times = travel_times(scenario(), network, [state()])
    assert times.seconds().tolist() == [[[63.0, 95.0], [70.0, 102.0]]]


def test_a_scenario_takes_the_vehicle_named_or_that_of_its_rules(network: RoadNetwork) -> None:
    named = travel_times(scenario(), network, [state()], vehicle="wader", origins=["depot"]).seconds()
    ruled = travel_times(scenario("wader"), network, [state()], origins=["depot"]).seconds()
    assert named.tolist() == ruled.tolist() == [[[123.0, 185.0]]]


def test_times_between_depots_need_no_more_than_two_sets_of_sites(network: RoadNetwork) -> None:
    engine = prepare_engine(network)
    sites: tuple[str, ...] = ("depot", "gate")
    times = travel_times(scenario(), network, [state()], origins=sites, destinations=sites, engine=engine)
    assert times.engine is engine
    assert times.seconds().tolist() == [[[0.0, 9.0], [9.0, 0.0]]]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"vehicle": "tank"}, "no vehicle type 'tank'"),
        ({"origins": ["depot", "moon"]}, "does not know the places moon"),
        ({"destinations": ["moon"]}, "does not know the places moon"),
    ],
)
def test_unknown_names_are_refused_at_once(
    network: RoadNetwork, wrong: dict[str, npt.ArrayLike], message: str
) -> None:
    with pytest.raises(UsageError, match=message):
        travel_times(scenario(), network, **wrong)  # type: ignore[arg-type]
