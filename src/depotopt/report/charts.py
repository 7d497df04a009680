"""Charts as SVG: lines with bands, and stacked bars; readable in black and white and without sight."""

from __future__ import annotations

import html
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from depotopt.units import FloatArray

WIDTH: Final = 760
HEIGHT: Final = 360
LEFT, RIGHT, TOP, BOTTOM = 70, 20, 14, 48
SERIES_STYLES: Final = 6
"""Styles ``s0`` ... ``s5`` of lines and bars, defined in ``charts.css``."""


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a chart.

    Attributes
    ----------
    name
        What the legend says.
    x, y
        Vertices, equally long.
    style
        Number of its style, from 0; lines of one style differ by ``dash``.
    dash
        0 solid, 1 dashed, 2 dotted.
    low, high
        Band around the line; empty for none.
    step
        Whether the line stays level until the next vertex (distributions).
    marks
        Whether its vertices are marked (each is something by itself).
    """

    name: str
    x: FloatArray
    y: FloatArray
    style: int = 0
    dash: int = 0
    low: FloatArray = field(default_factory=lambda: np.empty(0))
    high: FloatArray = field(default_factory=lambda: np.empty(0))
    step: bool = False
    marks: bool = False


@dataclass(frozen=True, slots=True)
class Axis:
    """An axis from ``start`` to ``end`` with a label and the words of its ticks."""

    label: str
    end: float
    tell: Callable[[float], str]
    ticks: tuple[float, ...] = ()
    start: float = 0.0

    def marks(self) -> tuple[float, ...]:
        """Where ticks stand: those asked for, or about five round ones."""
        if self.ticks:
            return self.ticks
        if self.end <= self.start:
            return (self.start,)
        rough = (self.end - self.start) / 5
        power = 10.0 ** math.floor(math.log10(rough))
        step = next(m * power for m in (1, 2, 5, 10) if m * power >= rough * (1 - 1e-9))
        first, last = math.ceil(self.start / step - 1e-9), math.floor(self.end / step + 1e-9)
        return tuple(step * n for n in range(first, last + 1))

    def scale(self, low: float, high: float) -> Callable[[FloatArray], FloatArray]:
        """Data to drawing units between ``low`` and ``high``; all to ``low`` where it has no extent."""
        units = (high - low) / (self.end - self.start) if self.end > self.start else 0.0
        return lambda values: low + units * (values - self.start)


def line_chart(lines: Sequence[Line], x_axis: Axis, y_axis: Axis, title: str) -> str:
    """Lines over two axes.

    Parameters
    ----------
    lines
        What is drawn, the first below the others.
    x_axis, y_axis
        Their labels and ends.
    title
        What the chart shows, also for readers who do not see it.
    """
    scale_x, scale_y = _across(x_axis), _up(y_axis)
    parts = [_frame(x_axis, y_axis)]
    for line in lines:
        if len(line.low):
            ring_x = np.concatenate([line.x, line.x[::-1]])
            ring_y = np.concatenate([line.high, line.low[::-1]])
            path = _path(scale_x(ring_x), scale_y(ring_y))
            parts.append(f'<path class="band s{line.style % SERIES_STYLES}" d="{path}Z"/>')
    for line in lines:
        x, y = (np.repeat(line.x, 2)[1:], np.repeat(line.y, 2)[:-1]) if line.step else (line.x, line.y)
        path = _path(scale_x(x), scale_y(y))
        parts.append(f'<path class="line s{line.style % SERIES_STYLES} d{line.dash}" d="{path}"/>')
        if line.marks:
            parts += [
                f'<circle class="dot s{line.style % SERIES_STYLES}" cx="{a:.1f}" cy="{b:.1f}" r="4"/>'
                for a, b in zip(scale_x(x), scale_y(y), strict=True)
            ]
    legend = "".join(
        f'<span><svg viewBox="0 0 34 10" aria-hidden="true"><path class="line s{line.style % SERIES_STYLES} '
        f'd{line.dash}" d="M0 5H34"/></svg>{html.escape(line.name)}</span>'
        for line in lines
    )
    return _figure("".join(parts), legend, title)


def stacked_bars(
    names: Sequence[str], parts: Sequence[tuple[str, FloatArray]], y_axis: Axis, title: str
) -> str:
    """Bars side by side, each made of parts.

    Parameters
    ----------
    names
        One per bar.
    parts
        Name and heights of each part, shape ``(len(names),)``, from the bottom.
    y_axis
        Label and end of the axis.
    title
        What the chart shows.
    """
    scale_y = _up(y_axis)
    drawn = [_frame(Axis("", 1.0, lambda _: "", (0.0,)), y_axis)]
    slot = (WIDTH - LEFT - RIGHT) / max(len(names), 1)
    base = np.zeros(len(names))
    for n, (_, heights) in enumerate(parts):
        for b in np.flatnonzero(heights > 0).tolist():
            low, high = scale_y(np.array([base[b], base[b] + heights[b]]))
            box = f'x="{LEFT + slot * (b + 0.2):.1f}" y="{high:.1f}" width="{0.6 * slot:.1f}" '
            drawn.append(
                f'<rect class="bar s{n % SERIES_STYLES} h{n // SERIES_STYLES}" {box}'
                f'height="{low - high:.1f}"/>'
            )
        base = base + heights
    for b, name in enumerate(names):
        x = LEFT + slot * (b + 0.5)
        drawn.append(f'<text class="tick middle" x="{x:.1f}" y="{HEIGHT - 28}">{html.escape(name)}</text>')
    legend = "".join(
        f'<span><svg viewBox="0 0 12 12" aria-hidden="true"><rect class="bar s{n % SERIES_STYLES} '
        f'h{n // SERIES_STYLES}" width="12" height="12"/></svg>{html.escape(name)}</span>'
        for n, (name, _) in enumerate(parts)
    )
    return _figure("".join(drawn), legend, title)


def _across(axis: Axis) -> Callable[[FloatArray], FloatArray]:
    return axis.scale(LEFT, WIDTH - RIGHT)


def _up(axis: Axis) -> Callable[[FloatArray], FloatArray]:
    return axis.scale(HEIGHT - BOTTOM, TOP)


def _path(x: FloatArray, y: FloatArray) -> str:
    return "M" + "L".join(f"{a:.1f} {b:.1f}" for a, b in zip(x, y, strict=True))


def _frame(x_axis: Axis, y_axis: Axis) -> str:
    scale_x, scale_y = _across(x_axis), _up(y_axis)
    floor, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for value in y_axis.marks():
        y = float(scale_y(np.array(value)))
        parts.append(f'<path class="grid" d="M{LEFT} {y:.1f}H{right}"/>')
        parts.append(
            f'<text class="tick end" x="{LEFT - 6}" y="{y + 4:.1f}">{html.escape(y_axis.tell(value))}</text>'
        )
    for value in x_axis.marks():
        x = float(scale_x(np.array(value)))
        parts.append(f'<path class="grid" d="M{x:.1f} {TOP}V{floor}"/>')
        text = html.escape(x_axis.tell(value))
        parts.append(f'<text class="tick middle" x="{x:.1f}" y="{floor + 16}">{text}</text>')
    middle = (TOP + floor) / 2
    parts.append(f'<path class="axis" d="M{LEFT} {TOP}V{floor}H{right}"/>')
    parts.append(
        f'<text class="label middle" x="{(LEFT + right) / 2}" y="{HEIGHT - 8}">'
        f"{html.escape(x_axis.label)}</text>"
        f'<text class="label middle" transform="rotate(-90 14 {middle})" x="14" y="{middle}">'
        f"{html.escape(y_axis.label)}</text>"
    )
    return "".join(parts)


def _figure(drawn: str, legend: str, title: str) -> str:
    return (
        f'<figure class="chart"><svg viewBox="0 0 {WIDTH} {HEIGHT}" role="img" '
        f'aria-label="{html.escape(title)}">{drawn}</svg><p class="legend">{legend}</p></figure>'
    )
