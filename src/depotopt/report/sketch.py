"""Sketch maps for route sheets: one vehicle's way, its stops, the roads around and what is lost, as SVG."""

from __future__ import annotations

import html
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from depotopt.report.content import ReportContent
from depotopt.report.pieces import LOST, RoadPieces, street_damage
from depotopt.report.routes import Leg
from depotopt.units import BoolArray, FloatArray, Int64Array

WIDTH, HEIGHT = 1000, 460
MARGIN: Final = 0.09
"""Room around the route, as a share of its extent."""
MOST_ROADS: Final = 500
"""Pieces of road drawn around a route, the important ones first; more would not be readable on paper."""
LEAST_SPAN_M: Final = 2_000.0
METRES_PER_DEGREE: Final = 111_195.0
"""Of latitude, on a sphere of the mean Earth radius."""
ARROW: Final = 11.0
ARROW_EVERY: Final = 150.0
"""Half the length of an arrow head, and how far apart they stand, in units of the drawing."""


@dataclass(frozen=True, slots=True)
class Sheet:
    """Frame of one sketch: degrees become drawing units, north up, equal scale both ways."""

    west: float
    north: float
    per_degree_x: float
    per_degree_y: float

    def points(self, lonlat: FloatArray) -> FloatArray:
        """Positions in drawing units, rounded, y downwards."""
        x = (lonlat[:, 0] - self.west) * self.per_degree_x
        y = (self.north - lonlat[:, 1]) * self.per_degree_y
        return np.rint(np.stack([x, y], axis=1))


@dataclass(frozen=True, slots=True)
class Sketcher:
    """Draws sketches of one report.

    Attributes
    ----------
    pieces
        Roads in the order of importance.
    lost
        Which pieces are lost at the moment shown.
    low, high
        South-western and north-eastern corner of each piece, degrees, shape ``(P, 2)``.
    """

    pieces: RoadPieces
    lost: BoolArray
    low: FloatArray
    high: FloatArray

    @classmethod
    def of(cls, content: ReportContent, pieces: RoadPieces) -> Sketcher:
        """Prepare for a report."""
        status = street_damage(content.network, content.road_state, content.at_s).status
        starts = pieces.first[:-1]
        if not len(starts):
            empty = np.empty((0, 2))
            return cls(pieces, np.empty(0, dtype=np.bool_), empty, empty)
        low = np.minimum.reduceat(pieces.lonlat, starts, axis=0)
        high = np.maximum.reduceat(pieces.lonlat, starts, axis=0)
        return cls(pieces, status[pieces.street] == LOST, low, high)

    def draw(self, legs: Sequence[Leg], stops: Sequence[tuple[str, float, float]], label: str) -> str:
        """Draw legs in order and the places they join.

        Parameters
        ----------
        legs
            Legs of one vehicle.
        stops
            Mark, longitude and latitude of each place: ``"1"``, ``"2"`` for stops, letters for depots.
        label
            What the picture shows, for readers who do not see it.
        """
        vertices = np.concatenate([leg.lonlat for leg in legs])
        sheet, corners = _frame(vertices)
        near = np.flatnonzero((self.low <= corners[1]).all(axis=1) & (self.high >= corners[0]).all(axis=1))
        roads = _merge(sheet, [self._line(piece) for piece in near[:MOST_ROADS]])
        lost = _merge(sheet, [self._line(piece) for piece in near[self.lost[near]][:MOST_ROADS]])
        driven = {True: list[FloatArray](), False: list[FloatArray]()}
        for leg in legs:
            driven[leg.purpose == "delivery"].append(leg.lonlat)
        arrows = "".join(_arrows(sheet.points(leg.lonlat)) for leg in legs if leg.purpose == "delivery")
        box = f'viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{html.escape(label)}"'
        return (
            f'<svg class="sketch" {box}>'
            f'<path class="road" d="{roads}"/><path class="shut" d="{lost}"/>'
            f'<path class="empty" d="{_merge(sheet, driven[False])}"/>'
            f'<path class="way" d="{_merge(sheet, driven[True])}"/><path class="arrow" d="{arrows}"/>'
            f"{_marks(sheet, stops)}{_scale(sheet)}</svg>"
        )

    def _line(self, piece: int) -> FloatArray:
        return self.pieces.lonlat[self.pieces.first[piece] : self.pieces.first[piece + 1]]


def _frame(vertices: FloatArray) -> tuple[Sheet, FloatArray]:
    """Frame around some vertices, and its corners in degrees."""
    low, high = vertices.min(axis=0), vertices.max(axis=0)
    middle = (low + high) / 2
    squeeze = max(0.05, math.cos(math.radians(float(middle[1]))))
    span_m = (high - low) * METRES_PER_DEGREE * np.array([squeeze, 1.0]) * (1 + 2 * MARGIN)
    metres_per_unit = max(LEAST_SPAN_M / WIDTH, float(span_m[0]) / WIDTH, float(span_m[1]) / HEIGHT)
    half = np.array([WIDTH / squeeze, HEIGHT]) * metres_per_unit / METRES_PER_DEGREE / 2
    per_degree = METRES_PER_DEGREE / metres_per_unit
    corners = np.stack([middle - half, middle + half])
    return Sheet(float(corners[0, 0]), float(corners[1, 1]), per_degree * squeeze, per_degree), corners


def _merge(sheet: Sheet, lines: Sequence[FloatArray]) -> str:
    """One SVG path of several lines, without vertices closer than two units to the one before."""
    if not lines:
        return ""
    # All lines at once, then plain integers: one call of numpy per line costs more than the line.
    points = sheet.points(np.concatenate(lines)).astype(np.int64).tolist()
    parts, end = [], 0
    for line in lines:
        start, end = end, end + len(line)
        x, y = points[start]
        words = [f"M{x} {y}"]
        for u, v in points[start + 1 : end - 1]:
            if abs(u - x) + abs(v - y) >= 2:
                words.append(f"{u} {v}")
                x, y = u, v
        u, v = points[end - 1]
        words.append(f"{u} {v}")
        parts.append("L".join(words))
    return "".join(parts)


def _arrows(points: FloatArray) -> str:
    """Arrow heads along a line: one in the middle of a short one, else one every `ARROW_EVERY`."""
    steps = np.hypot(*np.diff(points, axis=0).T)
    ends: Int64Array | FloatArray = np.cumsum(steps)
    total = float(ends[-1]) if len(ends) else 0.0
    if total < 3 * ARROW:
        return ""
    count = max(1, int(total // ARROW_EVERY))
    heads = []
    for k in range(count):
        at = total * (k + 0.5) / count
        s = int(np.searchsorted(ends, at))
        ux, uy = (points[s + 1] - points[s]) / max(steps[s], 1e-9)
        x, y = points[s] + (at - (ends[s] - steps[s])) * np.array([ux, uy])
        tips = (
            (x + ARROW * ux, y + ARROW * uy),
            (x - ARROW * ux - 0.7 * ARROW * uy, y - ARROW * uy + 0.7 * ARROW * ux),
            (x - ARROW * ux + 0.7 * ARROW * uy, y - ARROW * uy - 0.7 * ARROW * ux),
        )
        heads.append("M" + "L".join(f"{a:.0f} {b:.0f}" for a, b in tips) + "Z")
    return "".join(heads)


def _marks(sheet: Sheet, stops: Sequence[tuple[str, float, float]]) -> str:
    """Numbered marks; places visited several times share one mark with all its numbers."""
    names: dict[tuple[float, float], list[str]] = {}
    for mark, lon, lat in stops:
        names.setdefault((lon, lat), []).append(mark)
    marks = []
    for (lon, lat), own in names.items():
        x, y = sheet.points(np.array([[lon, lat]]))[0]
        text = html.escape(",".join(dict.fromkeys(own)))
        depot = own[0].isalpha()
        width = 22 + 11 * len(text)
        box = (
            f'x="{x - width / 2:.0f}" y="{y - 17:.0f}" width="{width}" height="34" rx="{4 if depot else 17}"'
        )
        kind = "depot" if depot else "stop"
        marks.append(
            f'<rect class="{kind}" {box}/><text class="{kind}" x="{x:.0f}" y="{y + 8:.0f}">{text}</text>'
        )
    return "".join(marks)


def _scale(sheet: Sheet) -> str:
    """A scale bar of a round length, about a fifth of the width at most."""
    units_per_m = sheet.per_degree_y / METRES_PER_DEGREE
    most_m = 0.2 * WIDTH / units_per_m
    power = 10 ** math.floor(math.log10(most_m))
    length_m = max(step * power for step in (1, 2, 5) if step * power <= most_m)
    text = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"
    end = 14 + length_m * units_per_m
    bar = f"M14 {HEIGHT - 24}V{HEIGHT - 14}H{end:.0f}V{HEIGHT - 24}"
    return f'<path class="scale" d="{bar}"/><text class="scale" x="20" y="{HEIGHT - 22}">{text}</text>'
