"""The code printed on a sheet, drawn dot by dot, reads back as the stop list."""

from __future__ import annotations

import re
from dataclasses import replace
from xml.etree import ElementTree as ET

import numpy as np
import pytest
import zxingcpp

from depotopt.report.content import ReportContent
from depotopt.report.stop_code import MOST_BYTES, stop_code, stop_list

DOT = 3


def picture(svg: str) -> np.ndarray[tuple[int, int], np.dtype[np.uint8]]:
    """Rows of dark and light dots as the strokes of the SVG say: relative moves and horizontal lines."""
    root = ET.fromstring(svg)
    side = int(root.attrib["viewBox"].split()[2])
    dots = np.full((side, side), 255, dtype=np.uint8)
    (path,) = (one for one in root.iter() if one.tag.endswith("path"))
    x = y = 0.0
    for move, text in re.findall(r"([Mmh])([^Mmh]*)", path.attrib["d"]):
        numbers = [float(one) for one in re.findall(r"-?\d*\.?\d+", text)]
        if move == "h":
            dots[int(y), int(x) : int(x + numbers[0])] = 0
            x += numbers[0]
        else:
            x, y = (numbers[0], numbers[1]) if move == "M" else (x + numbers[0], y + numbers[1])
    return np.kron(dots, np.ones((DOT, DOT), dtype=np.uint8))


def read(svg: str) -> str:
    found = zxingcpp.read_barcodes(picture(svg))
    assert [str(one.format) for one in found] == ["QR Code"]
    return str(found[0].text)


def test_every_code_of_a_plan_reads_back(content: ReportContent) -> None:
    assert content.plan is not None
    for trip in content.plan.trips:
        text = stop_list(content, trip)
        assert read(stop_code(text)) == text


@pytest.mark.parametrize(
    "name", ["Village {n}", "嘉定区安亭镇第{n}居民区应急避难场所", "Ürümqi 乌鲁木齐 №{n} 🚚"]
)
@pytest.mark.parametrize("stops", [1, 7, 300])
def test_lists_of_any_length_and_script_read_back(content: ReportContent, name: str, stops: int) -> None:
    """The longest is cut where it would not fit and fills the code to the last stop."""
    assert content.plan is not None
    trip, scenario = content.plan.trips[0], content.scenario
    points = tuple(
        replace(point, name=name.format(n=number)) for number, point in enumerate(scenario.demand_points, 1)
    )
    told = replace(content, scenario=replace(scenario, demand_points=points))
    long = replace(trip, stops=tuple(trip.stops[n % len(trip.stops)] for n in range(stops)))
    text = stop_list(told, long)
    assert (stops < 300) or (
        MOST_BYTES - 150 < len(text.encode("utf-8")) <= MOST_BYTES and text.endswith("...")
    )
    assert read(stop_code(text)) == text
