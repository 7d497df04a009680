"""Tests of the simple kinds of hazards: closures, reports, areas, independent failure, targeted loss."""

from __future__ import annotations

import math

import numpy as np
import pytest

from depotopt.errors import InputError, UsageError
from depotopt.hazards.area import Area, AreaConsequence, AreaHazard
from depotopt.hazards.closures import Closure, Closures
from depotopt.hazards.independent import IndependentFailure, street_length_and_class
from depotopt.hazards.protocol import PreparedHazard
from depotopt.hazards.reported import ReportedRoads
from depotopt.hazards.reports import RoadReport
from depotopt.hazards.shapes import Shape
from depotopt.hazards.targeted import Targeted
from depotopt.hazards.trigger import Trigger
from depotopt.units import FloatArray
from tests.hazards.towns import exposure, grid, line


def frequency(prepared: PreparedHazard, streets: int, draws: int = 4000) -> FloatArray:
    """Share of draws in which each street is hit."""
    rng = np.random.default_rng(0)
    counts = np.zeros(streets)
    for _ in range(draws):
        counts[np.unique(prepared.sample(rng).damage.street)] += 1
    return counts / draws


def test_a_closure_hits_all_its_streets_or_none() -> None:
    closures = Closures("c", (Closure(("s1", "f1"), probability=0.5),))
    prepared = closures.prepare(exposure(line()))
    rng = np.random.default_rng(1)
    sizes = {len(prepared.sample(rng).damage) for _ in range(50)}
    assert sizes == {0, 2}


def test_closures_are_as_frequent_as_their_probability() -> None:
    closures = Closures("c", (Closure(("s1",), 0.25), Closure(("b1",), 0.75, speed_factor=0.5)))
    shares = frequency(closures.prepare(exposure(line())), 4)
    assert shares.tolist() == pytest.approx([0.25, 0.75, 0.0, 0.0], abs=0.03)


def test_a_closure_keeps_its_times_and_speed() -> None:
    closure = Closure(("b1",), speed_factor=0.4, from_s=60.0, until_s=120.0)
    damage = Closures("c", (closure,)).prepare(exposure(line())).sample(np.random.default_rng(0)).damage
    assert (damage.speed_factor[0], damage.from_s[0], damage.until_s[0]) == (0.4, 60.0, 120.0)


def test_a_report_is_right_as_often_as_it_is_trusted() -> None:
    reports = ReportedRoads((RoadReport("a", street="b1", trust=0.3), RoadReport("b", lon=10.035, lat=0.0)))
    shares = frequency(reports.prepare(exposure(line())), 4)
    assert shares.tolist() == pytest.approx([0.0, 0.3, 0.0, 1.0], abs=0.03)


def test_a_report_about_an_area_closes_the_streets_in_it() -> None:
    area = "POLYGON ((10.001 -0.01, 10.009 -0.01, 10.009 0.01, 10.001 0.01, 10.001 -0.01))"
    prepared = ReportedRoads((RoadReport("a", area_wkt=area),)).prepare(exposure(line()))
    assert prepared.sample(np.random.default_rng(0)).damage.street.tolist() == [0]


def test_reports_that_mean_no_road_are_faults_all_at_once() -> None:
    reports = (
        RoadReport("a", street="nowhere"),
        RoadReport("b", lon=60.0, lat=0.0),
        RoadReport("c", area_wkt="no geometry"),
        RoadReport("d"),
    )
    with pytest.raises(InputError) as caught:
        ReportedRoads(reports).prepare(exposure(line()))
    assert [(fault.where, fault.kind) for fault in caught.value.faults] == [
        ("report a", "unknown-street"),
        ("report b", "hazard-outside"),
        ("report c", "report-place"),
        ("report d", "report-place"),
    ]


def test_areas_are_hit_by_themselves() -> None:
    areas = (Area(Shape.point(10.005, 0.0, 100.0), 0.2), Area(Shape.point(10.035, 0.0, 100.0), 0.6))
    shares = frequency(AreaHazard("a", areas).prepare(exposure(line())), 4)
    assert shares.tolist() == pytest.approx([0.2, 0.0, 0.0, 0.6], abs=0.03)


def test_only_what_lies_in_a_hit_area_suffers() -> None:
    does = AreaConsequence(site_survival=0.1, power=False, need_factor=2.0, floods=True)
    place = exposure(line(), sites=((10.0, 0.0), (10.04, 0.0)), points=((10.0, 0.0), (10.04, 0.0)))
    hazard = AreaHazard("a", (Area(Shape.point(10.0, 0.0, 100.0)),), does)
    effect = hazard.prepare(place).sample(np.random.default_rng(0))
    assert effect.site_survival is not None
    assert effect.site_survival.tolist() == [0.1, 1.0]
    assert effect.site_power is not None
    assert effect.site_power.tolist() == [False, True]
    assert effect.need_factor is not None
    assert effect.need_factor.tolist() == [2.0, 1.0]
    assert effect.point_flooded is not None
    assert effect.point_flooded.tolist() == [True, False]


def test_an_area_that_only_cuts_power_leaves_roads_alone() -> None:
    hazard = AreaHazard("a", (Area(Shape.point(10.0, 0.0, 100.0)),), AreaConsequence(1.0, power=False))
    effect = hazard.prepare(exposure(line())).sample(np.random.default_rng(0))
    assert len(effect.damage) == 0
    assert effect.site_power is not None
    assert effect.site_power.tolist() == [False]


def test_an_area_that_hits_a_site_but_no_road_is_no_fault() -> None:
    place = exposure(line(), sites=((10.0, 0.5),))
    prepared = AreaHazard("a", (Area(Shape.point(10.0, 0.5, 10.0)),)).prepare(place)
    assert len(prepared.sample(np.random.default_rng(0)).damage) == 0


def test_independent_failure_follows_class_kind_and_length() -> None:
    hazard = IndependentFailure(
        "i",
        street_probability=0.1,
        class_probability=(("secondary", 0.3),),
        bridge_probability=0.5,
        tunnel_probability=0.7,
        per_km=True,
    )
    expected = [1 - 0.9**1.112, 0.5, 0.7, 1 - 0.9**1.112]
    assert hazard.probabilities(line()).tolist() == pytest.approx(expected)
    shares = frequency(hazard.prepare(exposure(line())), 4)
    assert shares.tolist() == pytest.approx(expected, abs=0.03)


def test_independent_failures_are_independent() -> None:
    hazard = IndependentFailure("i", street_probability=0.5)
    prepared, rng = hazard.prepare(exposure(line())), np.random.default_rng(0)
    hits = np.zeros((4000, 4))
    for row in hits:
        row[prepared.sample(rng).damage.street] = 1
    correlation = np.corrcoef(hits.T)
    assert np.abs(correlation - np.eye(4)).max() < 0.06


def test_independent_failure_can_be_kept_to_an_area() -> None:
    hazard = IndependentFailure("i", street_probability=1.0, within=(Shape.point(10.0, 0.0, 50.0),))
    assert hazard.prepare(exposure(line())).street.tolist() == [0]


def test_independent_failure_of_nothing_is_a_fault() -> None:
    with pytest.raises(InputError, match="no street that can fail"):
        IndependentFailure("i", bridge_probability=0.5).prepare(exposure(grid(2)))


def test_both_directions_of_a_street_count_once() -> None:
    length, road_class = street_length_and_class(line())
    assert length.tolist() == [1112.0] * 4
    assert road_class.tolist() == [2, 2, 3, 9]


def test_targeted_streets_are_lost_in_every_state() -> None:
    hazard = Targeted.of_indices("t", line(), [3, 1])
    effect = hazard.prepare(exposure(line())).sample(np.random.default_rng(0))
    assert effect.damage.street.tolist() == [1, 3]
    assert set(effect.damage.speed_factor) == {0.0}
    assert set(effect.damage.until_s) == {math.inf}


def test_a_trigger_weighs_what_it_samples_too_often() -> None:
    trigger, rng = Trigger(0.1, sampled=0.4), np.random.default_rng(0)
    draws = [trigger.draw(rng) for _ in range(5000)]
    assert {weight for happened, weight in draws if happened} == {0.25}
    assert {weight for happened, weight in draws if not happened} == {1.5}
    assert np.mean([happened * weight for happened, weight in draws]) == pytest.approx(0.1, abs=0.01)
    assert np.mean([weight for _, weight in draws]) == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize(("probability", "sampled"), [(1.5, None), (0.5, -0.1), (0.5, 0.0), (0.5, 1.0)])
def test_triggers_that_cannot_be_drawn_are_refused(probability: float, sampled: float | None) -> None:
    with pytest.raises(UsageError):
        Trigger(probability, sampled)
