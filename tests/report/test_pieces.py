from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from depotopt.hazards.states import Damage, RoadState, intact
from depotopt.report.content import ReportContent
from depotopt.report.pieces import CLASS_RANK, LOST, OPEN, SLOWED, road_pieces, street_damage
from depotopt.roads.network import ROAD_CLASSES, RoadNetwork


def with_damage(network: RoadNetwork, *parts: Damage) -> RoadState:
    return dataclasses.replace(intact(1, 1), damage=Damage.concatenate(parts), causes=("flood", "report"))


def test_every_class_has_a_rank() -> None:
    assert sorted(CLASS_RANK) == sorted(ROAD_CLASSES)


def test_both_directions_are_one_piece_with_one_line(content: ReportContent) -> None:
    network = content.network
    pieces = road_pieces(network)
    assert len(pieces) == network.links // 2
    assert (pieces.directions == 2).all()
    for link in range(0, network.links, 7):
        piece = int(pieces.of_link[link])
        line = pieces.lonlat[pieces.first[piece] : pieces.first[piece + 1]]
        line = line[::-1] if pieces.against[link] else line
        np.testing.assert_array_equal(line, network.line(link))


def test_important_roads_come_first(content: ReportContent) -> None:
    pieces = road_pieces(content.network)
    ranks = [CLASS_RANK.index(ROAD_CLASSES[c]) for c in pieces.road_class]
    assert ranks == sorted(ranks)
    assert len(set(ranks)) > 3


@pytest.mark.parametrize(
    ("damage", "status"),
    [
        (Damage.of(3, 0.0), LOST),
        (Damage.of(3, 0.5), SLOWED),
        (Damage.of(3, 1.0, depth_m=0.1), SLOWED),
        (Damage.of(3, 1.0, depth_m=0.3), LOST),
        (Damage.of(3, 0.0, from_s=10.0), OPEN),
        (Damage.of(3, 0.0, until_s=5.0), OPEN),
    ],
)
def test_status_follows_factor_depth_and_time(content: ReportContent, damage: Damage, status: int) -> None:
    found = street_damage(content.network, with_damage(content.network, damage), at_s=5.0)
    assert found.status[3] == status
    assert (found.speed_factor[3] == 0.0) == (status == LOST)
    assert (np.delete(found.status, 3) == OPEN).all()


def test_the_worst_of_several_entries_decides_whatever_their_order(content: ReportContent) -> None:
    slow, shut = Damage.of(4, 0.5, cause=1), Damage.of(4, 0.0, cause=0, until_s=99.0)
    for parts in ((slow, shut), (shut, slow)):
        found = street_damage(content.network, with_damage(content.network, *parts), at_s=0.0)
        assert found.status[4] == LOST
        assert found.cause[4] == 0
        assert found.until_s[4] == 99.0
