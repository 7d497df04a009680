"""Tests of `depotopt.hazards.independent`."""

from __future__ import annotations

import numpy as np
import pytest

from depotopt.errors import InputError
from depotopt.hazards.independent import IndependentFailure, street_length_and_class
from depotopt.hazards.shapes import Shape
from tests.hazards.towns import exposure, frequency, grid, line


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
