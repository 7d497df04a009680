from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from depotopt.roads.builder import LinkArrays, build_network
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import ANY_TRUCK, TravelProfile
from depotopt.roads.weights import (
    base_link_s,
    damaged_link_ds,
    damaged_links,
    flood_speed_cap_ms,
    links_of,
)
from depotopt.units import UNREACHABLE_DS, Int32Array


@pytest.fixture
def network() -> RoadNetwork:
    """A two-way road 0-1 of 1 km at 20 m/s, then a bridge 1-2 one way, at most 10 t and 3 m high."""
    return build_network(
        [0.0, 0.01, 0.02],
        [0.0, 0.0, 0.0],
        LinkArrays(
            tail=[0, 1, 1],
            head=[1, 0, 2],
            length_m=[1000, 1000, 500],
            free_flow_s=[50, 50, 25],
            bridge=[False, False, True],
            max_weight_kg=[np.inf, np.inf, 10_000],
            max_height_m=[np.inf, np.inf, 3.0],
        ),
    )


def street_of(network: RoadNetwork, link: int) -> int:
    return int(network.street[link])


def damaged(
    network: RoadNetwork,
    streets: list[int],
    factors: list[float],
    depths: list[float],
    profile: TravelProfile = ANY_TRUCK,
) -> list[int]:
    base_s = base_link_s(network, profile)
    arrays = np.array(streets, dtype=np.int32), np.array(factors), np.array(depths)
    times: list[int] = damaged_link_ds(network, base_s, *arrays, profile).tolist()
    return times


@pytest.mark.parametrize(("depth_m", "kmh"), [(0.1, 40.7), (0.15, 24.3), (0.299999, 2.1)])
def test_flood_speed_follows_the_published_curve(depth_m: float, kmh: float) -> None:
    """Check values of Pregnolato et al. (2017)."""
    assert flood_speed_cap_ms(np.array([depth_m]))[0] * 3.6 == pytest.approx(kmh, abs=0.05)


def test_a_dry_road_is_not_capped_and_deep_water_closes_it() -> None:
    assert flood_speed_cap_ms(np.array([0.0, 0.3, 1.0])).tolist() == [np.inf, 0.0, 0.0]


def test_a_vehicle_that_wades_twice_as_deep_sees_half_the_depth() -> None:
    low = flood_speed_cap_ms(np.array([0.1]), wading_depth_m=0.3)
    high = flood_speed_cap_ms(np.array([0.2]), wading_depth_m=0.6)
    assert high == pytest.approx(low)


def test_a_vehicle_that_cannot_wade_is_stopped_by_any_water() -> None:
    assert flood_speed_cap_ms(np.array([0.0, 0.001]), wading_depth_m=0.0).tolist() == [np.inf, 0.0]


@given(st.floats(0.001, 0.6), st.floats(0.001, 0.6))
def test_deeper_water_is_never_faster(one: float, other: float) -> None:
    caps = flood_speed_cap_ms(np.array(sorted((one, other))))
    assert caps[0] >= caps[1]


def test_posted_limits_stop_heavy_and_high_vehicles(network: RoadNetwork) -> None:
    def open_(profile: TravelProfile) -> list[bool]:
        finite: list[bool] = np.isfinite(base_link_s(network, profile)).tolist()
        return finite

    assert open_(TravelProfile(weight_kg=10_000, height_m=3.0)) == [True, True, True]
    assert open_(TravelProfile(weight_kg=10_001)) == [True, True, False]
    assert open_(TravelProfile(height_m=3.01)) == [True, True, False]
    assert open_(ANY_TRUCK) == [True, True, True]


def test_a_slow_vehicle_takes_longer_everywhere(network: RoadNetwork) -> None:
    assert base_link_s(network, TravelProfile(speed_factor=0.5)).tolist() == [100, 100, 50]


def test_a_lost_street_is_lost_in_both_directions(network: RoadNetwork) -> None:
    times = damaged(network, [street_of(network, 0)], [0.0], [0.0])
    assert times == [UNREACHABLE_DS, UNREACHABLE_DS, 250]


def test_a_slowed_street_takes_longer(network: RoadNetwork) -> None:
    assert damaged(network, [street_of(network, 2)], [0.5], [0.0]) == [500, 500, 500]


def test_several_entries_for_a_street_take_the_worst(network: RoadNetwork) -> None:
    street = street_of(network, 2)
    assert damaged(network, [street, street, street], [0.5, 0.25, 1.0], [0.0] * 3) == [500, 500, 1000]
    assert damaged(network, [street, street], [1.0, 1.0], [0.1, 0.4]) == [500, 500, UNREACHABLE_DS]


def test_water_caps_the_speed_and_the_slower_of_both_counts(network: RoadNetwork) -> None:
    street = street_of(network, 0)
    # The curve gives 40.65 km/h at 100 mm: 1 km in 88.55 s; 20 m/s slowed to a quarter takes 200 s.
    assert damaged(network, [street], [1.0], [0.1])[0] == 886
    assert damaged(network, [street], [0.25], [0.1])[0] == 2000


def test_water_a_vehicle_wades_through_does_not_stop_it(network: RoadNetwork) -> None:
    street = street_of(network, 0)
    assert damaged(network, [street], [1.0], [0.5])[0] == UNREACHABLE_DS
    assert damaged(network, [street], [1.0], [0.5], TravelProfile(wading_depth_m=0.9))[0] < UNREACHABLE_DS


def test_a_forbidden_link_stays_forbidden_when_damaged(network: RoadNetwork) -> None:
    heavy = TravelProfile(weight_kg=20_000)
    assert damaged(network, [street_of(network, 2)], [0.5], [0.1], heavy)[2] == UNREACHABLE_DS


def test_a_crawl_too_slow_to_represent_is_a_lost_road(network: RoadNetwork) -> None:
    assert damaged(network, [street_of(network, 2)], [1e-9], [0.0])[2] == UNREACHABLE_DS


def test_no_damage_leaves_the_base_times(network: RoadNetwork) -> None:
    assert damaged(network, [], [], []) == [500, 500, 250]


def test_entries_in_any_order_give_the_same_times(network: RoadNetwork) -> None:
    streets = [street_of(network, 2), street_of(network, 0)]
    assert damaged(network, streets, [0.5, 0.0], [0.0, 0.0]) == damaged(
        network, streets[::-1], [0.0, 0.5], [0.0, 0.0]
    )


def test_links_are_found_with_the_street_they_belong_to(network: RoadNetwork) -> None:
    streets: Int32Array = np.array([street_of(network, 2), street_of(network, 0)], dtype=np.int32)
    links, owner = links_of(network, streets)
    assert links.tolist() == [2, 0, 1]
    assert owner.tolist() == [0, 1, 1]


@given(
    st.lists(
        st.tuples(st.integers(0, 1), st.floats(0, 1), st.sampled_from([0.0, 0.05, 0.2, 0.5])), max_size=6
    )
)
def test_damage_never_makes_a_link_faster(entries: list[tuple[int, float, float]]) -> None:
    network = build_network([0, 0.01, 0.02], [0, 0, 0], LinkArrays([0, 1, 1], [1, 0, 2], [500] * 3, [25] * 3))
    streets, factors, depths = (
        (list(column) for column in zip(*entries, strict=True)) if entries else ([],) * 3
    )
    assert (np.array(damaged(network, streets, factors, depths)) >= 250).all()


def test_only_damaged_links_are_listed(network: RoadNetwork) -> None:
    base_s = base_link_s(network, ANY_TRUCK)
    street = np.array([street_of(network, 2)], dtype=np.int32)
    links, link_ds = damaged_links(network, base_s, street, np.array([0.5]), np.array([0.0]), ANY_TRUCK)
    assert links.tolist() == [2]
    assert link_ds.tolist() == [500]


def test_reading_weights_changes_nothing_in_the_network(network: RoadNetwork) -> None:
    before = dataclasses.replace(network)
    damaged(network, [0, 1], [0.0, 0.5], [0.0, 0.1])
    np.testing.assert_array_equal(network.free_flow_s, before.free_flow_s)
