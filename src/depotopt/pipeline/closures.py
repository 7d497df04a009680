"""Roads closed by hand on top of a road state: what a command room does when another road goes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from depotopt.hazards.ensemble import sample_ensemble as draw
from depotopt.hazards.reports import RoadReport
from depotopt.hazards.states import Damage, RoadState
from depotopt.pipeline.stages import Case, exposure

CLOSURES_KEY = "closures"


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
    closed = draw((), exposure(case.scenario, case.network), 1, 0, reports=reports)[0]
    first = len(state.causes)
    added = replace(closed.damage, cause=closed.damage.cause + first)
    return replace(
        state, damage=Damage.concatenate([state.damage, added]), causes=(*state.causes, *closed.causes)
    )
