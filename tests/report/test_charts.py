"""Charts are well-formed SVG whose marks stand where the data says."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from depotopt.report.charts import (
    BOTTOM,
    HEIGHT,
    LEFT,
    RIGHT,
    TOP,
    WIDTH,
    Axis,
    Line,
    line_chart,
    stacked_bars,
)


def svg_of(figure: str) -> ElementTree.Element:
    found = ElementTree.fromstring(figure).find("svg")
    assert found is not None
    return found


def drawn(figure: str, kind: str) -> list[ElementTree.Element]:
    return [part for part in svg_of(figure).iter() if (part.get("class") or "").split(" ")[0] == kind]


PLAIN = Axis("x", 10.0, lambda v: f"{v:g}")
SHARE = Axis("y", 1.0, lambda v: f"{v:g}")


def test_a_line_starts_at_the_origin_and_ends_in_the_far_corner() -> None:
    chart = line_chart([Line("a", np.array([0.0, 10.0]), np.array([0.0, 1.0]))], PLAIN, SHARE, "t")
    numbers = [float(n) for n in re.findall(r"[\d.]+", drawn(chart, "line")[0].get("d") or "")]
    assert numbers == [LEFT, HEIGHT - BOTTOM, WIDTH - RIGHT, TOP]


def test_a_step_line_stays_level_until_the_next_vertex() -> None:
    line = Line("a", np.array([0.0, 5.0, 10.0]), np.array([1.0, 0.5, 0.0]), step=True)
    points = re.findall(
        r"([\d.]+) ([\d.]+)", drawn(line_chart([line], PLAIN, SHARE, "t"), "line")[0].get("d") or ""
    )
    heights = [float(y) for _, y in points]
    assert heights[0] == heights[1]
    assert heights[2] == heights[3]


def test_words_of_users_are_escaped() -> None:
    line = Line("<b>&", np.array([0.0, 1.0]), np.array([0.0, 1.0]))
    chart = line_chart([line], PLAIN, SHARE, 'a "quoted" <title>')
    assert svg_of(chart).get("aria-label") == 'a "quoted" <title>'
    assert "<b>" not in chart


@pytest.mark.parametrize(("end", "marks"), [(10.0, (0, 2, 4, 6, 8, 10)), (1.0, (0, 0.2, 0.4, 0.6, 0.8, 1.0))])
def test_ticks_are_round(end: float, marks: tuple[float, ...]) -> None:
    assert Axis("", end, str).marks() == pytest.approx(marks)


def test_an_axis_without_extent_has_one_tick() -> None:
    assert Axis("", 0.0, str).marks() == (0.0,)


def test_bars_stack_to_the_sum_of_their_parts() -> None:
    parts = [("water", np.array([3.0, 1.0])), ("tent", np.array([1.0, 0.0]))]
    bars = drawn(stacked_bars(["city", "point"], parts, Axis("m3", 4.0, str), "t"), "bar")
    heights = [float(bar.get("height") or "nan") for bar in bars]
    room = HEIGHT - TOP - BOTTOM
    assert heights == pytest.approx([0.75 * room, 0.25 * room, 0.25 * room], abs=0.11)
    assert float(bars[2].get("y") or "nan") == pytest.approx(TOP, abs=0.11)
