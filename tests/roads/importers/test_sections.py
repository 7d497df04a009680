"""From sections to a connected network."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.errors import InputError
from depotopt.roads.importers.sections import (
    Sections,
    assemble,
    paired,
    polyline_lengths,
    straight_lines,
)
from depotopt.roads.network import Geometry, RoadNetwork, StreetTable
from depotopt.units import great_circle_m


def sections(ends: list[tuple[int, int]], *, oneway: bool, length_m: list[float] | None = None) -> Sections:
    count = len(ends)
    start, end = np.array(ends, dtype=np.int64).T
    length = np.array(length_m or [100.0] * count)
    no, free = np.zeros(count, dtype=np.bool_), np.full(count, np.inf)
    return Sections(
        start.copy(), end.copy(), ~no, np.full(count, not oneway), length,
        np.zeros(count, dtype=np.uint8), length / 10, length / 5, np.zeros(count, dtype=np.uint8),
        no, no, no, free, free, np.arange(count, dtype=np.int64),
    )  # fmt: skip


def build(part: Sections, nodes: int) -> RoadNetwork:
    names = tuple(f"s{i}" for i in range(len(part)))
    streets = StreetTable(names, names, np.zeros(len(part), dtype=np.uint8))
    return assemble(np.linspace(0, 0.001, nodes), np.zeros(nodes), part, streets, source="test")


def test_only_what_can_be_reached_and_left_stays() -> None:
    """0 <-> 1 <-> 2 -> 3 -> 2 is strongly connected, 4 can only be reached."""
    part = sections([(0, 1), (1, 2), (2, 3), (3, 2), (3, 4)], oneway=False)
    part.backward[2:] = False
    network = build(part, 6)
    assert network.nodes == 4
    assert network.streets.ident == ("s0", "s1", "s2", "s3")
    assert network.dropped == {
        "nodes without a road": 1.0,
        "nodes outside the largest strongly connected component": 1.0,
        "links outside the largest strongly connected component": 1.0,
        "km outside the largest strongly connected component": 0.1,
    }


def test_directions_have_their_own_times() -> None:
    network = build(sections([(0, 1)], oneway=False), 2)
    assert network.free_flow_s.tolist() == [10.0, 20.0]
    assert network.reversed_.tolist() == [False, True]


def test_roads_that_lead_nowhere_and_back_are_a_fault() -> None:
    with pytest.raises(InputError, match="no two nodes that reach each other"):
        build(sections([(0, 1), (1, 2)], oneway=True), 3)


def test_two_directions_of_a_road_become_one() -> None:
    part = sections([(0, 1), (1, 0), (1, 2)], oneway=True)
    part.street[:] = [0, 0, 1]
    lonlat = straight_lines(np.linspace(0, 0.001, 3), np.zeros(3), part)
    joined, lines, kept = paired(part, lonlat)
    assert (joined.start.tolist(), joined.end.tolist()) == ([0, 1], [1, 2])
    assert joined.backward.tolist() == [True, False]
    assert (joined.forward_s[0], joined.backward_s[0]) == (10.0, 10.0)
    assert kept.tolist() == [0, 2]
    assert len(lines.first) == 3


@pytest.mark.parametrize("change", ["length_m", "bridge", "street", "max_weight_kg", "road_class"])
def test_directions_that_differ_stay_two_roads(change: str) -> None:
    part = sections([(0, 1), (1, 0)], oneway=True)
    part.street[:] = 0
    values = getattr(part, change).copy()
    values[1] = 1 if values[1] != 1 else 0
    setattr(part, change, values)
    joined, _, _ = paired(part, straight_lines(np.linspace(0, 0.001, 2), np.zeros(2), part))
    assert len(joined) == 2


def test_the_length_of_a_line_is_the_sum_of_its_steps() -> None:
    lonlat = np.array([[0, 0], [0.01, 0], [0.01, 0.01], [5, 5], [5, 5.01]])
    lengths = polyline_lengths(Geometry(np.array([0, 3, 5]), lonlat))
    step = float(great_circle_m(0, 0, 0.01, 0))
    assert lengths == pytest.approx([2 * step, step], rel=1e-6)
