"""`plan_changes`: what a plan made anew changes for demand points and for drivers."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, Final

from depotopt.plans import DispatchPlan, Trip

LATER_S: Final = 60.0
"""A delivery that comes at most this much later is told as unchanged: drivers' clocks are no better."""

DETOUR_M: Final = 1.0
"""A way longer or shorter by less is the same way."""


class ChangeKind(StrEnum):
    """What happens to a demand point."""

    DROPPED = "dropped"
    """It was to be supplied and no longer is."""
    LESS = "less"
    """It gets fewer units."""
    MORE = "more"
    """It gets more units."""
    MOVED = "moved"
    """The same units come with other vehicles."""
    LATER = "later"
    """The same units come with the same vehicles, the last of them later."""


@dataclass(frozen=True, slots=True)
class PointChange:
    """A demand point whose supply changes.

    Attributes
    ----------
    point
        Its identifier.
    kind
        What happens, the gravest first where several things do.
    vehicles_before, vehicles_after
        Vehicles that come, sorted.
    units_before, units_after
        Units of all commodities delivered.
    last_before_s, last_after_s
        Arrival of the last delivery, seconds from the start; ``None`` without one.
    """

    point: str
    kind: ChangeKind
    vehicles_before: tuple[str, ...]
    vehicles_after: tuple[str, ...]
    units_before: float
    units_after: float
    last_before_s: float | None
    last_after_s: float | None


@dataclass(frozen=True, slots=True)
class Detour:
    """A trip that keeps its stops and takes another way.

    Attributes
    ----------
    vehicle, trip
        Which trip.
    longer_m
        How much longer the way is; negative where it is shorter.
    later_s
        How much later the vehicle is back.
    """

    vehicle: str
    trip: int
    longer_m: float
    later_s: float


@dataclass(frozen=True, slots=True)
class PlanChanges:
    """Differences between two plans: points sorted by kind (gravest first) and name, trips by vehicle."""

    points: tuple[PointChange, ...]
    led_round: tuple[Detour, ...]

    def document(self) -> dict[str, Any]:
        """As plain data."""
        return asdict(self)


@dataclass(slots=True)
class _Supply:
    vehicles: set[str]
    units: float = 0.0
    last_s: float | None = None


def plan_changes(before: DispatchPlan, after: DispatchPlan) -> PlanChanges:
    """What ``after`` changes about ``before``."""
    old, new = _supplies(before), _supplies(after)
    nothing = _Supply(set())
    points = []
    for point in sorted(old.keys() | new.keys()):
        was, is_ = old.get(point, nothing), new.get(point, nothing)
        kind = _kind(was, is_)
        if kind is not None:
            points.append(
                PointChange(
                    point,
                    kind,
                    tuple(sorted(was.vehicles)),
                    tuple(sorted(is_.vehicles)),
                    was.units,
                    is_.units,
                    was.last_s,
                    is_.last_s,
                )
            )
    grave = list(ChangeKind)
    points.sort(key=lambda change: (grave.index(change.kind), change.point))
    return PlanChanges(tuple(points), tuple(_detours(before, after)))


def _supplies(plan: DispatchPlan) -> dict[str, _Supply]:
    found: dict[str, _Supply] = defaultdict(lambda: _Supply(set()))
    for trip in plan.trips:
        for stop in trip.stops:
            supply = found[stop.point]
            supply.vehicles.add(trip.vehicle)
            supply.units += sum(load.quantity for load in stop.loads)
            supply.last_s = stop.arrive_s if supply.last_s is None else max(supply.last_s, stop.arrive_s)
    return dict(found)


def _kind(was: _Supply, is_: _Supply) -> ChangeKind | None:
    if was.units > 0 and is_.units == 0:
        return ChangeKind.DROPPED
    if round(is_.units - was.units, 6) != 0:
        return ChangeKind.LESS if is_.units < was.units else ChangeKind.MORE
    if was.vehicles != is_.vehicles:
        return ChangeKind.MOVED
    if was.last_s is not None and is_.last_s is not None and is_.last_s > was.last_s + LATER_S:
        return ChangeKind.LATER
    return None


def _detours(before: DispatchPlan, after: DispatchPlan) -> Iterator[Detour]:
    old = {(trip.vehicle, trip.number): trip for trip in before.trips}
    for trip in after.trips:
        was = old.get((trip.vehicle, trip.number))
        if was is None or _errand(was) != _errand(trip) or _way(was) == _way(trip):
            continue
        longer_m = trip.distance_m - was.distance_m
        if abs(longer_m) >= DETOUR_M:
            yield Detour(
                trip.vehicle, trip.number, round(longer_m, 1), round(trip.return_s - was.return_s, 1)
            )


def _errand(trip: Trip) -> tuple[object, ...]:
    brought = () if trip.transfer is None else (trip.transfer.site, trip.transfer.loads)
    return trip.start_site, brought, tuple((stop.point, stop.loads) for stop in trip.stops)


def _way(trip: Trip) -> tuple[object, ...]:
    trunk = () if trip.transfer is None else trip.transfer.links
    return trip.approach_links, trunk, tuple(stop.links for stop in trip.stops), trip.return_links
