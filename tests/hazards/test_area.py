"""Tests of `depotopt.hazards.area`."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.hazards.area import Area, AreaConsequence, AreaHazard
from depotopt.hazards.shapes import Shape
from tests.hazards.towns import exposure, frequency, line


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
