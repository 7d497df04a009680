"""What tags mean to a truck."""

from __future__ import annotations

import math

import pytest

from depotopt.roads.importers.osm_tags import (
    DECIDING,
    HIGHWAYS,
    MINOR_HIGHWAYS,
    Road,
    blocks_trucks,
    direction,
    ferry,
    is_ferry,
    road_name,
    truck_road,
    unread_limits,
)
from depotopt.roads.importers.osm_values import (
    duration_s,
    height_m,
    is_height,
    is_weight,
    speed_kmh,
    weight_kg,
)
from depotopt.roads.network import ROAD_CLASSES, SpeedSource


def road(**tags: str) -> Road:
    found = truck_road({"highway": "residential", **{k.replace("__", ":"): v for k, v in tags.items()}})
    assert isinstance(found, Road), found
    return found


SPEEDS = [
    ("50", 50.0),
    ("50 km/h", 50.0),
    ("30 mph", 48.28032),
    ("10 knots", 18.52),
    ("80; 50", 50.0),
    ("100|80", 80.0),
    ("PT:urban", 50.0),
    ("RU:urban", 60.0),
    ("CH:rural", 80.0),
    ("DE:zone:30", 30.0),
    ("DE:zone30", 30.0),
    ("walk", 5.0),
    ("DE:walk", 5.0),
    ("none", None),
    ("DE:motorway", None),
    ("signals", None),
    ("sign", None),
    ("0", None),
    ("500", None),
    ("fast", None),
    ("", None),
]


@pytest.mark.parametrize(("text", "speed"), SPEEDS)
def test_speed_limits(text: str, speed: float | None) -> None:
    assert speed_kmh(text) == (speed if speed is None else pytest.approx(speed))


WEIGHTS = [
    ("3.5", 3500.0), ("3.5 t", 3500.0), ("7,5", 7500.0), ("7500 kg", 7500.0), ("10 st", 9071.8474),
    ("20000 lbs", 9071.8474), ("18; 7.5", 7500.0), ("none", math.inf), ("heavy", math.inf), ("0", math.inf),
]  # fmt: skip


@pytest.mark.parametrize(("text", "weight"), WEIGHTS)
def test_weight_limits(text: str, weight: float) -> None:
    assert weight_kg(text) == pytest.approx(weight)


HEIGHTS = [
    ("3.5", 3.5), ("3.2 m", 3.2), ("3,8", 3.8), ("350 cm", 3.5), ("11'6\"", 3.5052), ("13 ft 6 in", 4.1148),
    ("13'", 3.9624), ("4; 3.5", 3.5), ("default", math.inf), ("low", math.inf),
]  # fmt: skip


@pytest.mark.parametrize(("text", "height"), HEIGHTS)
def test_height_limits(text: str, height: float) -> None:
    assert height_m(text) == pytest.approx(height)


def test_no_limit_is_understood_and_nonsense_is_not() -> None:
    assert (is_weight("none"), is_weight("3.5 t"), is_weight("heavy"), is_weight("3.5;x")) == (
        *(True, True),
        *(False, False),
    )
    assert (is_height("default"), is_height("4 m"), is_height("low")) == (True, True, False)


CLOSED = [
    {"access": "no"},
    {"access": "private"},
    {"motor_vehicle": "no"},
    {"hgv": "no"},
    {"goods": "no"},
    {"access": "yes", "hgv": "no"},
    {"motor_vehicle": "agricultural"},
    {"area": "yes"},
    {"impassable": "yes"},
    {"oneway": "reversible"},
    {"highway": "footway"},
    {"highway": "service"},
    {"highway": "proposed"},
]


@pytest.mark.parametrize("tags", CLOSED, ids=str)
def test_ways_closed_to_trucks(tags: dict[str, str]) -> None:
    assert isinstance(truck_road({"highway": "residential", **tags}), str)


OPEN = [
    {},
    {"access": "destination"},
    {"access": "no", "motor_vehicle": "yes"},
    {"access": "no", "hgv": "designated"},
    {"goods": "no", "hgv": "yes"},
    {"motor_vehicle": "permissive"},
    {"bicycle": "no"},
    {"area": "no"},
    {"highway": "motorway_link"},
    {"highway": "road"},
]


@pytest.mark.parametrize("tags", OPEN, ids=str)
def test_ways_open_to_trucks(tags: dict[str, str]) -> None:
    assert isinstance(truck_road({"highway": "residential", **tags}), Road)


DIRECTIONS = [
    ({}, "residential", 0),
    ({"oneway": "yes"}, "residential", 1),
    ({"oneway": "1"}, "residential", 1),
    ({"oneway": "-1"}, "residential", -1),
    ({"oneway": "no"}, "motorway", 0),
    ({}, "motorway", 1),
    ({}, "motorway_link", 1),
    ({}, "trunk", 0),
    ({"junction": "roundabout"}, "residential", 1),
    ({"junction": "roundabout", "oneway": "-1"}, "residential", -1),
    ({"oneway": "yes", "oneway:hgv": "no"}, "residential", 0),
]


@pytest.mark.parametrize(("tags", "highway", "expected"), DIRECTIONS, ids=str)
def test_directions(tags: dict[str, str], highway: str, expected: int) -> None:
    assert direction(tags, highway) == expected


def test_a_tagged_speed_comes_before_the_class_table() -> None:
    assert (road(maxspeed="40").speed_kmh, road(maxspeed="40").speed_source) == (40.0, SpeedSource.TAG)
    assert (road().speed_kmh, road().speed_source) == (25.0, SpeedSource.CLASS_TABLE)
    assert road(maxspeed="none").speed_source == SpeedSource.CLASS_TABLE


def test_a_truck_speed_comes_before_the_general_one() -> None:
    assert road(maxspeed="100", maxspeed__hgv="80").speed_kmh == 80.0


def test_a_legal_zone_counts_where_no_figure_is_given() -> None:
    assert road(source__maxspeed="PT:rural").speed_kmh == 90.0
    assert road(maxspeed="70", source__maxspeed="PT:rural").speed_kmh == 70.0
    assert road(source__maxspeed="survey").speed_source == SpeedSource.CLASS_TABLE


def test_speeds_by_direction() -> None:
    found = road(maxspeed="50", maxspeed__backward="30")
    assert (found.speed_kmh, found.backward_kmh) == (50.0, 30.0)


def test_ramps_have_their_own_speed_and_the_class_of_their_road() -> None:
    ramp = road(highway="motorway_link")
    assert (ROAD_CLASSES[ramp.road_class], ramp.speed_kmh) == ("motorway", 45.0)


def test_structures() -> None:
    assert road(bridge="viaduct").bridge
    assert not road(bridge="no").bridge
    assert not road(bridge="proposed").bridge
    assert road(tunnel="building_passage").tunnel
    assert not road(tunnel="culvert").tunnel
    assert road(ford="yes").ford
    low = road(bridge="low_water_crossing")
    assert (low.bridge, low.ford) == (True, True)


def test_the_tightest_limit_binds() -> None:
    found = road(maxweight="12", maxweightrating__hgv="7.5", maxheight="4", maxheight__physical="3.8")
    assert (found.max_weight_kg, found.max_height_m) == (7500.0, 3.8)


def test_the_name_is_the_name_else_the_reference() -> None:
    assert [road_name(tags) for tags in ({"name": "A", "ref": "N1"}, {"ref": "N1"}, {})] == ["A", "N1", ""]


def test_every_key_that_is_looked_at_decides() -> None:
    """Ways are told apart by the deciding keys alone, so no other key may matter."""
    looked_at: set[str] = set()

    class Watched(dict[str, str]):
        def get(self, key: str, default: object = None) -> object:  # type: ignore[override]
            looked_at.add(key)
            return super().get(key, default)

        def __contains__(self, key: object) -> bool:
            looked_at.add(str(key))
            return super().__contains__(key)

    for highway in (*HIGHWAYS, *MINOR_HIGHWAYS):
        truck_road(Watched(highway=highway, tracktype="grade1"), minor=True)
        unread_limits(Watched(highway=highway))
    assert looked_at <= DECIDING
    assert looked_at >= DECIDING - {"highway"}


BARRIERS = [
    ({"barrier": "bollard"}, True),
    ({"barrier": "bollard", "motor_vehicle": "yes"}, False),
    ({"barrier": "gate"}, False),
    ({"barrier": "gate", "access": "private"}, True),
    ({"barrier": "gate", "access": "private", "hgv": "yes"}, False),
    ({"barrier": "toll_booth"}, False),
    ({"barrier": "kerb"}, False),
    ({"ford": "yes"}, False),
]


@pytest.mark.parametrize(("tags", "blocked"), BARRIERS, ids=str)
def test_barriers(tags: dict[str, str], blocked: bool) -> None:
    assert blocks_trucks(tags) is blocked


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("00:20", 1200.0),
        ("1:05:30", 3930.0),
        ("25", 1500.0),
        ("2.5", 150.0),
        ("PT1H5M", 3900.0),
        ("PT45M", 2700.0),
        ("PT", None),
        ("00:00", None),
        ("0", None),
        ("", None),
        ("1:75", None),
        ("half an hour", None),
    ],
)
def test_durations(text: str, seconds: float | None) -> None:
    assert duration_s(text) == seconds


@pytest.mark.parametrize(
    ("tags", "speed"),
    [
        ({"hgv": "yes"}, 5.0),
        ({"motor_vehicle": "designated", "maxspeed": "12 knots"}, 12 * 1.852),
        ({"vehicle": "yes", "duration": "00:30"}, 20.0),
        ({"goods": "permissive", "duration": "soon"}, 5.0),
    ],
)
def test_a_ferry_goes_as_fast_as_its_duration_its_limit_or_its_class(
    tags: dict[str, str], speed: float
) -> None:
    found = ferry({"route": "ferry", **tags}, 10_000.0)
    assert isinstance(found, Road)
    assert ROAD_CLASSES[found.road_class] == "ferry"
    assert (found.speed_kmh, found.backward_kmh) == pytest.approx((speed, speed))


@pytest.mark.parametrize(
    "tags",
    [{}, {"foot": "yes"}, {"hgv": "no", "motor_vehicle": "yes"}, {"motorcar": "yes"}, {"access": "yes"}],
)
def test_a_ferry_has_to_say_that_it_takes_trucks(tags: dict[str, str]) -> None:
    assert ferry({"route": "ferry", **tags}, 10_000.0) == "that are ferries not known to take trucks"


def test_a_road_with_a_ferry_along_it_stays_a_road() -> None:
    assert is_ferry({"route": "ferry"})
    assert not is_ferry({"route": "ferry", "highway": "primary"})
    assert not is_ferry({"highway": "primary"})
