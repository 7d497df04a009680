"""Roads from OpenStreetMap files."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest

from depotopt.errors import InputError
from depotopt.roads.importers import read_network
from depotopt.roads.importers.osm_file import ATTRIBUTION
from depotopt.roads.network import ROAD_CLASSES, RoadNetwork, SpeedSource, StreetKind
from depotopt.units import great_circle_m
from tests.roads.importers.osm_text import STEP, Way, write_osm

STEP_M = float(great_circle_m(0.0, 0.0, STEP, 0.0))


def read(
    tmp_path: Path,
    *ways: Way,
    simplify: bool = True,
    tagged: Mapping[str, Mapping[str, str]] | None = None,
    absent: str = "",
) -> RoadNetwork:
    file = write_osm(tmp_path / "roads.osm", ways, tagged=tagged, absent=absent)
    return read_network(file, simplify=simplify)


def steps(network: RoadNetwork) -> list[float]:
    """Lengths of roads (each once) in steps of the test file."""
    _, one = np.unique(network.geometry_of, return_index=True)
    return sorted(np.round(network.length_m[one] / STEP_M, 3).tolist())


def kinds(network: RoadNetwork) -> dict[str, StreetKind]:
    pairs = zip(network.streets.ident, network.streets.kind, strict=True)
    return {ident: StreetKind(code) for ident, code in pairs}


def test_a_way_without_junctions_is_one_road(tmp_path: Path) -> None:
    network = read(tmp_path, Way("abcd"))
    assert (network.nodes, network.links) == (2, 2)
    assert steps(network) == [3.0]
    assert network.line(0).shape == (4, 2)
    assert network.attribution == ATTRIBUTION


def test_unsimplified_every_node_is_kept(tmp_path: Path) -> None:
    network = read(tmp_path, Way("abcd"), simplify=False)
    assert (network.nodes, network.links, steps(network)) == (4, 6, [1.0, 1.0, 1.0])
    assert len(network.streets) == 1


def test_ways_are_split_at_junctions_and_joined_between_them(tmp_path: Path) -> None:
    network = read(tmp_path, Way("abc"), Way("cde"), Way("bB"))
    assert steps(network) == [1.0, 1.0, 3.0]
    assert network.streets.ident == ("w100.0", "w100.1", "w300.0")


def test_ways_drawn_towards_each_other_are_joined(tmp_path: Path) -> None:
    network = read(tmp_path, Way("abc"), Way("edc"))
    assert steps(network) == [4.0]
    line = network.line(0)[:, 0]
    assert (np.diff(line) > 0).all() or (np.diff(line) < 0).all()


@pytest.mark.parametrize(
    "tags",
    [
        {"bridge": "yes"},
        {"tunnel": "yes"},
        {"ford": "yes"},
        {"highway": "primary"},
        {"maxweight": "7.5"},
        {"maxheight": "3.5"},
        {"maxspeed": "30"},
        {"name": "High Street"},
    ],
)
def test_roads_are_not_joined_across_a_change(tmp_path: Path, tags: dict[str, str]) -> None:
    assert steps(read(tmp_path, Way("ab"), Way("bcd", tags), Way("de"))) == [1.0, 1.0, 2.0]


@pytest.mark.parametrize("tags", [{"maxspeed": "30"}, {"name": "High Street"}, {"highway": "primary"}])
def test_a_change_that_is_no_structure_does_not_part_the_street(tmp_path: Path, tags: dict[str, str]) -> None:
    network = read(tmp_path, Way("ab"), Way("bcd", tags), Way("de"))
    assert network.streets.ident == ("w100.0",)
    assert network.streets.name == (tags.get("name", ""),)


def test_a_bridge_is_a_street_of_its_own_in_both_directions(tmp_path: Path) -> None:
    network = read(tmp_path, Way("ab"), Way("bcd", {"bridge": "yes", "name": "Long Bridge"}), Way("de"))
    assert kinds(network) == {
        "w100.0": StreetKind.STREET,
        "b200": StreetKind.BRIDGE,
        "w300.0": StreetKind.STREET,
    }
    bridge = network.streets.ident.index("b200")
    assert network.streets.name[bridge] == "Long Bridge"
    assert network.bridge.tolist() == (network.street == bridge).tolist()
    assert network.bridge.sum() == 2


def test_bridges_that_touch_are_one_even_at_a_junction(tmp_path: Path) -> None:
    viaduct = {"bridge": "viaduct"}
    network = read(tmp_path, Way("ab"), Way("bc", viaduct), Way("cd", viaduct), Way("cC", viaduct), Way("de"))
    assert [ident for ident, kind in kinds(network).items() if kind == StreetKind.BRIDGE] == ["b200"]
    assert network.bridge.sum() == 6


def test_bridges_apart_are_lost_apart(tmp_path: Path) -> None:
    bridge = {"bridge": "yes"}
    network = read(tmp_path, Way("ab", bridge), Way("bc"), Way("cd", bridge))
    assert set(kinds(network)) == {"b100", "w200.0", "b300"}


@pytest.mark.parametrize("simplify", [True, False])
def test_the_length_of_bridges_is_that_of_the_ways(tmp_path: Path, simplify: bool) -> None:
    ways = [Way("abc"), Way("cde", {"bridge": "yes"}), Way("efg"), Way("dD"), Way("DE", {"bridge": "yes"})]
    network = read(tmp_path, *ways, simplify=simplify)
    assert network.length_m[network.bridge].sum() / 2 == pytest.approx(3 * STEP_M, rel=1e-6)


def test_simplifying_changes_no_street(tmp_path: Path) -> None:
    ways = [
        Way("abcd"), Way("defg", {"maxspeed": "30"}), Way("gh", {"bridge": "yes"}), Way("hi"),
        Way("dD"), Way("DEFf"), Way("ijJi", {"tunnel": "yes"}),
    ]  # fmt: skip
    simple, whole = read(tmp_path, *ways), read(tmp_path, *ways, simplify=False)
    assert simple.streets.ident == whole.streets.ident
    assert simple.streets.kind.tolist() == whole.streets.kind.tolist()
    lengths = [np.bincount(network.street, network.length_m) for network in (simple, whole)]
    assert lengths[0] == pytest.approx(lengths[1])


def test_oneway_roads_keep_their_direction_when_joined(tmp_path: Path) -> None:
    network = read(
        tmp_path, Way("ab"), Way("bc", {"oneway": "yes"}), Way("dc", {"oneway": "-1"}), Way("dDCBb")
    )
    oneway = [
        (network.node_lon[t], network.node_lon[h])
        for t, h, length in zip(network.tail, network.head, network.length_m, strict=True)
        if round(length / STEP_M) == 2
    ]
    assert oneway == [pytest.approx((1 * STEP, 3 * STEP))]


def test_oneway_roads_that_meet_head_on_stay_apart(tmp_path: Path) -> None:
    """Nothing can leave their meeting point, so neither survives."""
    one = {"oneway": "yes"}
    network = read(tmp_path, Way("abc"), Way("bB", one), Way("cCB", one))
    assert steps(network) == [1.0, 1.0]
    assert network.dropped["nodes outside the largest strongly connected component"] == 1


def test_different_speeds_by_direction_stay_with_their_direction(tmp_path: Path) -> None:
    network = read(tmp_path, Way("cba", {"maxspeed:forward": "36", "maxspeed:backward": "72"}))
    seconds = {network.node_lon[t] > 0: s for t, s in zip(network.tail, network.free_flow_s, strict=True)}
    assert seconds[True] == pytest.approx(2 * seconds[False])
    assert seconds[True] == pytest.approx(2 * STEP_M / 10)


def test_rings_are_cut_so_that_no_link_ends_where_it_starts(tmp_path: Path) -> None:
    network = read(tmp_path, Way("ab"), Way("bcCBb"))
    assert (network.tail != network.head).all()
    assert steps(network) == [1.0, 2.0, 2.0]
    assert network.streets.ident == ("w100.0", "w200.0")


def test_a_network_that_is_one_ring_is_kept(tmp_path: Path) -> None:
    network = read(tmp_path, Way("abBAa", {"junction": "roundabout"}))
    assert (network.nodes, network.links) == (2, 2)
    assert network.length_m.sum() == pytest.approx(4 * STEP_M, rel=1e-4)


def test_a_bollard_parts_the_road(tmp_path: Path) -> None:
    network = read(tmp_path, Way("abc"), Way("cdef"), tagged={"d": {"barrier": "bollard"}})
    assert steps(network) == [3.0]
    assert network.dropped["km outside the largest strongly connected component"] == pytest.approx(
        2 * STEP_M / 1000, abs=1e-3
    )


def test_an_open_gate_does_not(tmp_path: Path) -> None:
    assert steps(read(tmp_path, Way("abc"), tagged={"b": {"barrier": "gate"}})) == [2.0]


def test_a_ford_at_a_node_makes_what_touches_it_a_ford(tmp_path: Path) -> None:
    network = read(tmp_path, Way("abcdef"), tagged={"c": {"ford": "yes"}})
    assert steps(network) == [1.0, 2.0, 2.0]
    assert network.length_m[network.ford].sum() / 2 == pytest.approx(2 * STEP_M, rel=1e-6)
    assert kinds(network)["f100"] == StreetKind.FORD


def test_pieces_without_their_nodes_are_left_out_and_counted(tmp_path: Path) -> None:
    network = read(tmp_path, Way("abcdef"), absent="b")
    assert steps(network) == [3.0]
    assert network.dropped["pieces of ways whose nodes are not in the file"] == 2


def test_a_node_repeated_in_a_way_is_no_link(tmp_path: Path) -> None:
    assert steps(read(tmp_path, Way("abbc"))) == [2.0]


def test_what_trucks_may_not_use_is_counted(tmp_path: Path) -> None:
    network = read(tmp_path, Way("ab"), Way("bc", {"access": "private"}), Way("cd", {"area": "yes"}))
    assert steps(network) == [1.0]
    assert (network.dropped["ways closed to trucks"], network.dropped["ways that are areas"]) == (1, 1)


def test_limits_that_are_not_understood_are_counted(tmp_path: Path) -> None:
    network = read(tmp_path, Way("ab", {"maxweight": "heavy"}))
    assert network.dropped["weight and height limits not understood"] == 1


def test_minor_roads_come_when_asked_for(tmp_path: Path) -> None:
    ways = [
        Way("ab"),
        Way("bc", {"highway": "service"}),
        Way("cd", {"highway": "track", "tracktype": "grade2"}),
        Way("de", {"highway": "track"}),
        Way("bB", {"highway": "service", "service": "driveway"}),
    ]
    file = write_osm(tmp_path / "roads.osm", ways)
    assert steps(read_network(file)) == [1.0]
    assert steps(read_network(file, minor_roads=True)) == [1.0, 1.0, 1.0]


def test_a_file_without_roads_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="found no drivable road, expected highways"):
        read(tmp_path, Way("ab", {"highway": "footway"}))


def test_a_file_with_its_nodes_last_is_a_fault(tmp_path: Path) -> None:
    file = write_osm(tmp_path / "roads.osm", [Way("ab")])
    text = file.read_text(encoding="utf-8")
    way = text[text.index("<way") : text.index("</osm>")]
    file.write_text(text.replace(way, "").replace("<node", way + "<node", 1), encoding="utf-8")
    with pytest.raises(InputError, match="found no node before the ways that use it"):
        read_network(file)


@pytest.mark.parametrize(("good", "bad"), [('lon="0.0', 'lon="x.0'), ('id="97"', 'id="q"'), ("<way", "<wey")])
def test_broken_text_in_a_file_is_a_fault(tmp_path: Path, good: str, bad: str) -> None:
    file = write_osm(tmp_path / "roads.osm", [Way("ab")])
    file.write_text(file.read_text(encoding="utf-8").replace(good, bad, 1), encoding="utf-8")
    with pytest.raises(InputError, match="no readable OpenStreetMap file"):
        read_network(file)


def test_a_broken_file_is_a_fault(tmp_path: Path) -> None:
    file = tmp_path / "roads.osm.pbf"
    file.write_bytes(b"not a map")
    with pytest.raises(InputError, match="no readable OpenStreetMap file"):
        read_network(file)


FERRY = {"highway": "", "route": "ferry", "name": "Crossing"}


def test_a_ferry_that_takes_trucks_is_a_road_as_slow_as_its_crossing(tmp_path: Path) -> None:
    """Two banks, nothing else between them; without the ferry the smaller one falls away."""
    banks = (Way("abc"), Way("fgh"))
    network = read(tmp_path, *banks, Way("cf", {**FERRY, "hgv": "yes", "duration": "00:20"}))
    ferry = np.flatnonzero(network.road_class == ROAD_CLASSES.index("ferry"))
    assert network.free_flow_s[ferry].tolist() == pytest.approx([1200.0, 1200.0], abs=0.2)
    assert network.length_m[ferry].tolist() == pytest.approx([3 * STEP_M] * 2)
    assert {int(code) for code in network.speed_source[ferry]} == {int(SpeedSource.TAG)}
    assert "Crossing" in network.streets.name
    assert steps(network) == [2.0, 2.0, 3.0]


def test_a_ferry_not_known_to_take_trucks_is_left_out_and_counted(tmp_path: Path) -> None:
    network = read(tmp_path, Way("abcd"), Way("fg"), Way("df", {**FERRY, "foot": "yes"}))
    assert steps(network) == [3.0]
    assert network.dropped["ways that are ferries not known to take trucks"] == 1


def test_two_crossings_of_one_kind_and_other_lengths_have_speeds_of_their_own(tmp_path: Path) -> None:
    takes = {**FERRY, "motor_vehicle": "yes", "duration": "10"}
    network = read(tmp_path, Way("abc"), Way("ce", takes), Way("eh", takes), Way("hi"))
    ferry = network.road_class == ROAD_CLASSES.index("ferry")
    assert network.free_flow_s[ferry].tolist() == pytest.approx([600.0] * 4, abs=0.2)


def test_turn_restrictions_are_counted_as_not_used(tmp_path: Path) -> None:
    file = write_osm(tmp_path / "roads.osm", [Way("abc"), Way("bB")])
    relation = (
        '<relation id="1" version="1"><member type="way" ref="100" role="from"/>'
        '<member type="node" ref="98" role="via"/><member type="way" ref="200" role="to"/>'
        '<tag k="type" v="restriction"/><tag k="restriction" v="no_left_turn"/></relation>'
        '<relation id="2" version="1"><tag k="type" v="route"/></relation>'
    )
    file.write_text(file.read_text(encoding="utf-8").replace("</osm>", f"{relation}</osm>"), encoding="utf-8")
    assert read_network(file).dropped == {"turn restrictions, which are not used": 1.0}
