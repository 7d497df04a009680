"""Tests of `depotopt.hazards.reported`."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.errors import InputError
from depotopt.hazards.reported import ReportedRoads
from depotopt.hazards.reports import RoadReport
from tests.hazards.towns import exposure, frequency, line


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
