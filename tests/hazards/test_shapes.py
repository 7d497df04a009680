"""Tests of `depotopt.hazards.shapes`."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from depotopt.hazards.shapes import Shape, StreetLines, find_streets, places_inside
from depotopt.units import great_circle_m
from tests.hazards.towns import grid, line


@given(
    lat=st.floats(-70, 70),
    radius=st.floats(10.0, 20_000.0),
    bearing=st.floats(0, 2 * np.pi),
    share=st.one_of(st.floats(0.0, 0.97), st.floats(1.03, 3.0)),
)
def test_a_radius_reaches_as_far_as_it_says(lat: float, radius: float, bearing: float, share: float) -> None:
    disc = Shape.point(20.0, lat, radius).geometry()
    metre = radius * share / 111_195.0
    lon2 = 20.0 + metre * np.sin(bearing) / np.cos(np.radians(lat))
    lat2 = lat + metre * np.cos(bearing)
    distance = float(great_circle_m(20.0, lat, lon2, lat2))
    inside = bool(shapely.intersects_xy(disc, lon2, lat2))
    if distance < 0.96 * radius:
        assert inside
    elif distance > 1.04 * radius:
        assert not inside


def test_text_that_is_no_geometry_is_refused() -> None:
    with pytest.raises(ValueError, match=r"\w"):
        Shape.of_wkt("POLYGON ((0 0")


def test_a_point_touches_the_streets_within_its_radius() -> None:
    network = grid(3)
    touched = StreetLines.of(network).touched_by(
        [Shape.point(10.01, 0.01, 100.0), Shape.point(60.0, 0.0, 1.0)]
    )
    names = {network.streets.ident[street] for street in touched[0]}
    assert names == {"s1-4", "s3-4", "s4-5", "s4-7"}
    assert not len(touched[1])


def test_a_two_way_street_has_one_polyline() -> None:
    network = line()
    lines = StreetLines.of(network)
    assert lines.street.tolist() == [0, 1, 2, 3]
    assert np.diff(lines.first).tolist() == [2, 2, 2, 2]


def test_support_points_cover_each_street_at_the_spacing() -> None:
    lines = StreetLines.of(line())
    street, lonlat = lines.support(300.0)
    for number in range(4):
        along = np.sort(lonlat[street == number, 0])
        assert along[0] == pytest.approx(10.0 + 0.01 * number)
        assert along[-1] == pytest.approx(10.01 + 0.01 * number)
        assert (np.diff(along) * 111_195.0 <= 300.0).all()


def test_the_middle_of_a_straight_street_is_its_middle() -> None:
    middle = StreetLines.of(line()).middle(np.array([1, 3], dtype=np.int32))
    assert middle[:, 0].tolist() == pytest.approx([10.015, 10.035])


def test_streets_are_found_by_identifier_and_by_name() -> None:
    streets = line().streets
    found, unknown = find_streets(streets, ["Long Road", "f1", "nowhere"])
    assert found.tolist() == [0, 2, 3]
    assert unknown == ["nowhere"]


def test_places_inside_a_polygon() -> None:
    square = Shape.of_wkt("POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))")
    inside = places_inside([square], np.array([0.5, 2.0, 1.0]), np.array([0.5, 0.5, 1.0]))
    assert inside[0].tolist() == [True, False, True]
