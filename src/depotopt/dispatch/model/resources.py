"""What there is to deliver with: depots and their docks, lots, vehicles, and the ways between places."""

from __future__ import annotations

from bisect import insort
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from depotopt.scenario import VehicleType
from depotopt.units import FloatArray

Span = tuple[float, float]
"""Begin and end of work at a dock."""
TOUCH_S: Final = 1e-6
"""By so much work at a dock may reach into what is booked after it: rounding."""


@dataclass(frozen=True, slots=True)
class Depot:
    """An open site that dispatches.

    Attributes
    ----------
    ident
        Its site.
    place
        Position among the problem's places.
    ready_s
        When loading may start.
    docks
        Vehicles loaded at the same time.
    dock_kg_per_s
        Loading rate of one dock, power cut included; 0 where nothing can be handled.
    busy_until_s
        Docks still at work on what is decided already, one entry each; the others are free.
    booked
        What is decided and begins later, by dock in the order of `dock_queue`: spans of seconds, sorted;
        docks beyond have none.
    """

    ident: str
    place: int
    ready_s: float
    docks: int
    dock_kg_per_s: float
    busy_until_s: tuple[float, ...] = ()
    booked: tuple[tuple[Span, ...], ...] = ()

    def dock_queue(self) -> list[float]:
        """When each dock is free for the first time."""
        busy = sorted(self.busy_until_s, reverse=True)[: self.docks]
        return busy + [0.0] * (self.docks - len(busy))

    def with_bookings(self, spans: Iterable[Span], now_s: float) -> Depot:
        """The depot with further work decided at its docks, each span at a dock that is free for it.

        Parameters
        ----------
        spans
            At most `docks` of them at any moment, those there are included.
        now_s
            What began before, or begins then, keeps its dock from now on.
        """
        plan, later = DockPlan(self), []
        for begin, end in sorted(spans):
            if begin <= now_s:
                plan.free[plan.free.index(min(plan.free))] = end
            else:
                later.append((begin, end))
        # Docks are told in the order of their being free, the busiest first.
        docks = sorted(zip(plan.free, plan.booked, strict=True), key=lambda dock: -dock[0])
        plan.free, plan.booked = [free for free, _ in docks], [booked for _, booked in docks]
        for begin, end in later:
            dock, _ = plan.slot(begin, end - begin)
            plan.take(dock, begin, end)
        while plan.booked and not plan.booked[-1]:
            plan.booked.pop()
        return replace(
            self,
            busy_until_s=tuple(free for free in plan.free if free > 0),
            booked=tuple(tuple(spans) for spans in plan.booked),
        )


class DockPlan:
    """Docks of a depot while work is given to them.

    Parameters
    ----------
    depot
        With what is decided at its docks.

    Attributes
    ----------
    free
        When each dock is free for the first time.
    booked
        Spans of work after that, sorted, by dock.
    """

    def __init__(self, depot: Depot) -> None:
        self.free = depot.dock_queue()
        self.booked: list[list[Span]] = [
            list(depot.booked[n]) if n < len(depot.booked) else [] for n in range(len(self.free))
        ]

    def slot(self, ready_s: float, work_s: float) -> tuple[int, float]:
        """The dock at which work can begin first, and when."""
        return first_slot(self.free, self.booked, ready_s, work_s)

    def take(self, dock: int, begin_s: float, end_s: float) -> None:
        """Book work at a dock."""
        if end_s > begin_s:
            insort(self.booked[dock], (begin_s, end_s))


def first_slot(
    free: Sequence[float], booked: Sequence[Sequence[Span]], ready_s: float, work_s: float
) -> tuple[int, float]:
    """Which dock takes work first, and when it begins there: at the earliest between what is booked.

    Parameters
    ----------
    free
        When each dock is free for the first time.
    booked
        Spans of work after that, sorted, by dock; docks beyond have none.
    ready_s, work_s
        When the work may begin, and how long it takes.
    """
    best, first = 0, float("inf")
    for dock, since in enumerate(free):
        start = max(ready_s, since)
        for begin, end in booked[dock] if dock < len(booked) else ():
            if start + work_s > begin + TOUCH_S and start < end:
                start = end
        if start < first:
            best, first = dock, start
    return best, first


@dataclass(frozen=True, slots=True)
class Lot:
    """Usable units of one commodity at one depot.

    Attributes
    ----------
    ident
        Lot of the scenario, or ``new/SITE/COMMODITY`` for what a layout adds.
    depot, commodity
        Positions among depots and commodities.
    units
        Whole units usable in this road state.
    ready_s
        When it may be loaded (agreements need time).
    expiry
        Ordinal day, far in the future where it does not expire; earliest is used first.
    brought
        Whether a trunk trip brings it to the depot: it takes no other.
    """

    ident: str
    depot: int
    commodity: int
    units: int
    ready_s: float
    expiry: int
    brought: bool = False


@dataclass(frozen=True, slots=True)
class Vehicle:
    """One vehicle of the fleet.

    Attributes
    ----------
    ident
        Type, home site and number (``"T12-AKS-1"``).
    kind
        Its type.
    travel
        Position of its travel profile among the problem's matrices.
    home
        Place of its home site.
    stands
        Place where it stands when it is free.
    free_s
        When it may move.
    duty_start_s
        When its duty began; ``None`` where it has not moved yet. A vehicle on duty costs its hours from
        ``free_s`` on: what came before is decided.
    """

    ident: str
    kind: VehicleType
    travel: int
    home: int
    stands: int
    free_s: float
    duty_start_s: float | None = None


@dataclass(frozen=True, slots=True)
class TravelMatrix:
    """Times and lengths between all places for one travel profile.

    Attributes
    ----------
    seconds
        Shape ``(M, M)``; ``inf`` where no path leads, 0 on the diagonal.
    metres
        Lengths of those legs, shape ``(M, M)``: exact in the air and where `exact`, else estimated from
        the time (plans always report the length of the links they drive).
    exact
        Whether ``metres`` follows the links.
    opens_s
        Moment before which no leg may begin, because its road opens then; shape ``(M, M)``, ``None`` where
        every leg may begin at any time.
    least_s
        Times once every road that opens is open, shape ``(M, M)``; ``None`` where those are ``seconds``.
    """

    seconds: FloatArray
    metres: FloatArray
    exact: bool
    opens_s: FloatArray | None = None
    least_s: FloatArray | None = None
