"""Roads closed by hand on top of a road state: what a command room does when another road goes."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from depotopt.errors import InputError, UsageError
from depotopt.hazards.ensemble import sample_ensemble as draw
from depotopt.hazards.reports import RoadReport
from depotopt.hazards.states import Damage, RoadState
from depotopt.pipeline.stages import Case, exposure

CLOSURES_KEY = "closures"

MOST_RADIUS_M = 1e6
"""Largest circle around a spot that may close."""


@dataclass(frozen=True, slots=True)
class Closure:
    """Roads that close or slow down.

    Exactly one of ``street``, ``area_wkt`` and a position is given, as in a `RoadReport`.

    Attributes
    ----------
    street
        Identifier or name of streets.
    area_wkt
        Polygon in degrees.
    lon, lat, radius_m
        A spot and how far around it.
    speed_factor
        Share of speed left; 0 for closed.
    from_s, until_s
        When, seconds from the scenario's start.
    """

    street: str = ""
    area_wkt: str = ""
    lon: float = math.nan
    lat: float = math.nan
    radius_m: float = 0.0
    speed_factor: float = 0.0
    from_s: float = 0.0
    until_s: float = math.inf

    def plain(self) -> dict[str, float | str]:
        """As JSON: fields that say nothing are left out."""
        values = {item.name: getattr(self, item.name) for item in fields(self)}
        return {
            name: value
            for name, value in values.items()
            if value != "" and not (isinstance(value, float) and not math.isfinite(value))
        }


def parse_closure(text: str, from_s: float) -> Closure:
    """Read a closure written as a JSON object with the fields of `Closure`.

    Parameters
    ----------
    text
        For example ``{"street": "s12-40", "speed_factor": 0.5, "until_s": 36000}``.
    from_s
        When it begins where the text does not say, seconds from the scenario's start.

    Raises
    ------
    UsageError
        If it is no such object, names no place or more than one, or a value is out of range.
    """
    try:
        given = json.loads(text)
    except json.JSONDecodeError as error:
        raise UsageError(f"closure {text!r}: expected a JSON object ({error})") from error
    if not isinstance(given, dict):
        raise UsageError(f"closure {text!r}: expected a JSON object")
    texts = {"street", "area_wkt"}
    known = {item.name for item in fields(Closure)}
    for name, value in given.items():
        if name not in known:
            raise UsageError(
                f"closure {text!r}: no field '{name}', expected some of {', '.join(sorted(known))}"
            )
        right = (
            isinstance(value, str) if name in texts else type(value) in (int, float) and math.isfinite(value)
        )
        if not right:
            expected = "a text" if name in texts else "a number"
            raise UsageError(f"closure {text!r}: found {name} {value!r}, expected {expected}")
    values: dict[str, Any] = {"from_s": from_s, **given}
    closure = Closure(**values)
    places = bool(closure.street) + bool(closure.area_wkt) + math.isfinite(closure.lon + closure.lat)
    if places != 1:
        raise UsageError(f"closure {text!r}: expected one of street, area_wkt, or lon and lat with radius_m")
    if not 0 <= closure.speed_factor < 1:
        raise UsageError(
            f"closure {text!r}: found speed_factor {closure.speed_factor:g}, expected 0 to below 1"
        )
    if not 0 <= closure.radius_m <= MOST_RADIUS_M:
        raise UsageError(
            f"closure {text!r}: found radius_m {closure.radius_m:g}, expected 0 to {MOST_RADIUS_M:g}"
        )
    if not 0 <= closure.from_s < closure.until_s:
        raise UsageError(f"closure {text!r}: until_s must lie after from_s ({closure.from_s:g}), both >= 0")
    return closure


def closures_of(made_from: Mapping[str, Any]) -> list[Closure]:
    """Closures a plan file was made under, beyond its road state."""
    return [Closure(**item) for item in made_from.get(CLOSURES_KEY, [])]


def with_closures(case: Case, state: RoadState, closures: Sequence[Closure]) -> RoadState:
    """A road state with roads closed on top.

    Raises
    ------
    InputError
        If a closure names no street, or its place lies off the network.
    """
    if not closures:
        return state
    reports = [
        RoadReport(
            ident=item.street or f"closure {number}",
            street=item.street,
            lon=item.lon,
            lat=item.lat,
            radius_m=item.radius_m,
            area_wkt=item.area_wkt,
            speed_factor=item.speed_factor,
            from_s=item.from_s,
            until_s=item.until_s,
            source="replanning",
        )
        for number, item in enumerate(closures, start=1)
    ]
    try:
        closed = draw((), exposure(case.scenario, case.network), 1, 0, reports=reports)[0]
    except InputError as error:
        # They come from the command or the map, not from the scenario's table of reports.
        faults = [replace(fault, file="closures", where=_by_place(fault.where)) for fault in error.faults]
        raise InputError("closures", faults) from None
    first = len(state.causes)
    added = replace(closed.damage, cause=closed.damage.cause + first)
    return replace(
        state, damage=Damage.concatenate([state.damage, added]), causes=(*state.causes, *closed.causes)
    )


def _by_place(where: str) -> str:
    return where.removeprefix("report ")
