"""Contours enclose what lies within their time."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from depotopt.report.content import ReportContent
from depotopt.report.contours import rings, travel_contours
from depotopt.report.pieces import road_pieces
from depotopt.report.reach import BANDS_S, nearest_depot_s
from depotopt.units import FloatArray


def encloses(lines: list[FloatArray], x: float, y: float) -> bool:
    """Even-odd rule: how many edges a ray to the east crosses."""
    crossed = 0
    for line in lines:
        (x1, y1), (x2, y2) = line[:-1].T, line[1:].T
        spans = (y1 > y) != (y2 > y)
        at = x1[spans] + (y - y1[spans]) / (y2 - y1)[spans] * (x2 - x1)[spans]
        crossed += int((at > x).sum())
    return crossed % 2 == 1


@given(st.integers(0, 2**32 - 1))
def test_rings_are_closed_and_part_the_corners_of_any_field(seed: int) -> None:
    field = np.random.default_rng(seed).random((9, 12)) * 2
    field[[0, -1], :] = field[:, [0, -1]] = np.inf
    lines = rings(field, 1.0)
    for line in lines:
        assert (line[0] == line[-1]).all()
    for row in range(9):
        for column in range(12):
            # A hair off the grid, so that the ray meets no vertex.
            assert encloses(lines, column + 1e-7, row + 1e-7) == (field[row, column] <= 1.0)


def test_a_cone_has_round_contours() -> None:
    y, x = np.mgrid[0:41, 0:41]
    field = np.hypot(x - 20, y - 20)
    [line] = rings(field, 12.0)
    assert np.abs(np.hypot(*(line - 20).T) - 12.0).max() < 0.05


def test_nothing_within_the_limit_has_no_rings() -> None:
    assert rings(np.full((4, 4), np.inf), 1.0) == []


def test_nodes_lie_on_the_side_of_each_contour_that_their_time_says(content: ReportContent) -> None:
    """All but those within a cell of the line, where a raster cannot tell."""
    contours = travel_contours(content, road_pieces(content.network))
    _, node_s = nearest_depot_s(content)
    network = content.network
    for band, limit_s in enumerate(BANDS_S):
        lines = [
            contours.lonlat[contours.first[r] : contours.first[r + 1]]
            for r in np.flatnonzero(contours.band == band)
        ]
        clear = np.flatnonzero(np.abs(node_s - limit_s) > 0.25 * limit_s)
        agree = [
            encloses(lines, network.node_lon[n], network.node_lat[n]) == (node_s[n] <= limit_s) for n in clear
        ]
        assert np.mean(agree) > 0.97, band
