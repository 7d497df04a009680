"""Options shared by commands."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from cyclopts import Parameter

from depotopt.cli.language import Written
from depotopt.cli.progress import ProgressStyle

if TYPE_CHECKING:
    from depotopt.pipeline.closures import Closure


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class Common:
    """What every command that reads a scenario takes."""

    override: Annotated[
        list[str] | None,
        Parameter(
            name=["--override", "-o"],
            negative="",
            help="Named block of the scenario to apply; repeatable.",
        ),
    ] = None
    as_json: Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")] = False
    progress: Annotated[
        ProgressStyle, Parameter(name="--progress", help="How to show progress (on stderr).")
    ] = ProgressStyle.AUTO

    @property
    def overrides(self) -> tuple[str, ...]:
        """Names of the overrides."""
        return tuple(self.override or ())


COMMON = Common()


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class RunFlags:
    """What `depotopt run` may change about the scenario's own settings."""

    states: Annotated[int | None, Parameter(help="Road states to choose the layout on.")] = None
    unseen: Annotated[int | None, Parameter(help="Road states to judge it on.")] = None
    site_time: Annotated[float | None, Parameter(help="Seconds for siting.")] = None
    dispatch_time: Annotated[float | None, Parameter(help="Seconds for dispatch.")] = None
    state: Annotated[
        int | None,
        Parameter(
            help="Unseen road state to dispatch for; -1 for no hazard, only what road reports say; "
            "default the one at the 95th percentile of unmet need."
        ),
    ] = None
    site_engine: Annotated[str, Parameter(help="auto, highs, gscip or cuts.")] = "auto"
    dispatch_engine: Annotated[str, Parameter(help="pyvrp or ortools.")] = "pyvrp"
    workers: Annotated[int, Parameter(help="Processes for sampling road states.")] = 1
    language: Written = None


RUN_FLAGS = RunFlags()


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class SolveFlags:
    """What a single solve takes."""

    time: Annotated[float | None, Parameter(help="Seconds.")] = None
    engine: Annotated[str | None, Parameter(help="Engine: auto, highs, gscip, cuts; pyvrp, ortools.")] = None
    workers: Annotated[int, Parameter(help="Processes for sampling road states.")] = 1


SOLVE_FLAGS = SolveFlags()


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class PaperFlags:
    """Whether a plan is written for people as well."""

    report: Annotated[Path | None, Parameter(help="Folder for map, workbook and route sheets.")] = None
    pdf: Annotated[bool, Parameter(negative="", help="Print the sheets of --report as PDF, too.")] = False
    language: Written = None


NO_PAPER = PaperFlags()


@Parameter(name="*")
@dataclass(frozen=True, slots=True)
class ClosureFlags:
    """Roads that close or slow down."""

    close: Annotated[
        list[str] | None,
        Parameter(negative="", help="Street or bridge that closes, by identifier or name; repeatable."),
    ] = None
    slow: Annotated[
        list[str] | None,
        Parameter(negative="", help="STREET=FACTOR: street that slows to a share of its speed; repeatable."),
    ] = None
    near: Annotated[
        list[str] | None,
        Parameter(negative="", help="LON,LAT,METRES: all streets near a spot close; repeatable."),
    ] = None
    area: Annotated[
        list[str] | None,
        Parameter(negative="", help="Polygon (WKT, degrees) in which streets close; repeatable."),
    ] = None
    closure: Annotated[
        list[str] | None,
        Parameter(
            negative="",
            help="JSON object with street, area_wkt or lon, lat and radius_m; speed_factor, from_s, until_s; "
            "repeatable.",
        ),
    ] = None
    until_h: Annotated[
        float | None,
        Parameter(name="--until-h", help="Hours after the start when they open again (not for --closure)."),
    ] = None
    instead: Annotated[
        bool,
        Parameter(negative="", help="Closures of earlier replans no longer hold: only those named now do."),
    ] = False

    def closures(self, from_s: float) -> list[Closure]:
        """The closures asked for, from a moment on.

        Raises
        ------
        UsageError
            If nothing closes, or a value is not of its form.
        """
        from depotopt.errors import UsageError
        from depotopt.pipeline.closures import Closure, parse_closure
        from depotopt.units import HOUR_S

        until_s = math.inf if self.until_h is None else self.until_h * HOUR_S
        if not until_s > from_s:
            raise UsageError(f"--until-h {self.until_h:g} is not after --at-h {from_s / HOUR_S:g}")
        always = Closure(from_s=from_s, until_s=until_s)
        found = [replace(always, street=name) for name in self.close or ()]
        for word in self.slow or ():
            street, _, factor = word.rpartition("=")
            found.append(replace(always, street=street, speed_factor=_number(word, factor, 0.0, 1.0)))
        for word in self.near or ():
            parts = word.split(",")
            if len(parts) != 3:
                raise UsageError(f"--near {word!r}: expected LON,LAT,METRES")
            lon, lat, radius = (
                _number(word, part, *limits)
                for part, limits in zip(parts, ((-180, 180), (-90, 90), (0, 1e6)), strict=True)
            )
            found.append(replace(always, lon=lon, lat=lat, radius_m=radius))
        found += [replace(always, area_wkt=text) for text in self.area or ()]
        found += [parse_closure(text, from_s) for text in self.closure or ()]
        if not found and not self.instead:
            raise UsageError("nothing closes: give --close, --slow, --near, --area or --closure")
        return found


def _number(word: str, text: str, least: float, most: float) -> float:
    from depotopt.errors import UsageError

    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not least <= value <= most:
        raise UsageError(f"{word!r}: found {text!r}, expected a number from {least:g} to {most:g}")
    return value


NO_CLOSURES = ClosureFlags()
