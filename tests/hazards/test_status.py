"""Tests of `depotopt.hazards.status`."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.hazards.states import Damage, RoadState, intact
from depotopt.hazards.status import PointStatus, isolating_cuts, point_statuses, state_status
from depotopt.roads.profiles import TravelProfile
from tests.hazards.towns import line


def state(damage: Damage) -> RoadState:
    return replace(
        intact(2, 3),
        damage=damage,
        causes=("quake", "rain"),
        site_survival=np.array([1.0, 0.4]),
        site_power=np.array([False, True]),
        point_flooded=np.array([False, True, False]),
    )


DAMAGE = Damage.of([1, 1, 0, 2], [0.5, 0.0, 0.5, 0.0], until_s=[90.0, 60.0, 60.0, 9.0], cause=[0, 1, 1, 0])


def test_losses_are_named_with_their_causes() -> None:
    status = state_status(line(), state(DAMAGE))
    assert [(loss.ident, loss.name, loss.causes, loss.until_s) for loss in status.lost] == [
        ("b1", "Old Bridge", ("quake", "rain"), 90.0),
        ("t1", "Long Road", ("quake",), 9.0),
    ]
    assert [loss.ident for loss in status.slowed] == ["s1"]
    assert [loss.ident for loss in status.bridges_lost] == ["b1"]
    assert status.lost_streets.tolist() == [1, 2]


def test_kilometres_are_counted_by_class_and_once_per_road() -> None:
    status = state_status(line(), state(DAMAGE))
    assert status.lost_km_by_class == {"primary": 1.112, "secondary": 1.112}


def test_damage_that_has_ended_does_not_count() -> None:
    status = state_status(line(), state(DAMAGE), at_s=30.0)
    assert [loss.ident for loss in status.lost] == ["b1"]
    assert state_status(line(), state(DAMAGE), at_s=100.0).lost == ()


def test_water_is_lost_road_for_those_who_cannot_wade() -> None:
    wet = state(Damage.of([3], 1.0, depth_m=0.5))
    assert [loss.ident for loss in state_status(line(), wet).lost] == ["f1"]
    truck = state_status(line(), wet, TravelProfile(wading_depth_m=0.8))
    assert truck.lost == ()
    assert [loss.depth_m for loss in truck.slowed] == [0.5]


def test_sites_and_points_that_are_hit() -> None:
    status = state_status(line(), state(DAMAGE))
    assert (status.sites_hit, status.sites_without_power, status.points_flooded) == ((1,), (0,), (1,))


def test_points_are_flooded_isolated_or_slowed() -> None:
    inf = np.inf
    before = np.array([[10.0, 10.0, 10.0, 10.0, inf, 10.0], [20.0, 9.0, 30.0, inf, inf, 20.0]])
    after = np.array([[inf, inf, 30.0, inf, inf, 10.0], [20.0, inf, inf, inf, inf, inf]])
    flooded = np.array([True, True, False, False, False, True])
    assert point_statuses(before, after, flooded) == [
        PointStatus.SLOWED,
        PointStatus.FLOODED,
        PointStatus.SLOWED,
        PointStatus.ISOLATED,
        PointStatus.NEVER_REACHED,
        PointStatus.AS_BEFORE,
    ]


def test_cuts_name_the_bridge_that_isolates() -> None:
    network = line()
    status = state_status(network, state(DAMAGE))
    cuts = isolating_cuts(network, status, np.array([0]), {7: 4, 8: 2})
    assert [loss.ident for loss in cuts[7]] == ["b1"]
    assert [loss.ident for loss in cuts[8]] == ["b1"]
    with pytest.raises(UsageError, match="not cut off"):
        isolating_cuts(network, status, np.array([0]), {9: 1})
