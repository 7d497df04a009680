"""What solving yields: a layout, or trips with manifests. Plain data, no solver."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from depotopt.units import FloatArray, Int32Array


class Reason(StrEnum):
    """Why need stays unmet."""

    NO_ROAD = "no road"
    NO_STOCK = "no stock"
    NO_VEHICLE = "no vehicle"
    NO_TIME = "no time"
    PRIORITY = "priority"


class PointState(StrEnum):
    """State of a demand point in a plan; four different things, never merged."""

    SERVED = "served"
    FLOODED = "flooded"
    ISOLATED = "isolated"
    UNSERVED = "unserved"


@dataclass(frozen=True, slots=True, order=True)
class OpenSite:
    """An opened depot: which site, in which tier, of which size class."""

    site: str
    tier: str
    size_class: str


@dataclass(frozen=True, slots=True, order=True)
class StockLine:
    """Units of a commodity to hold at a site, by mode (``"physical"`` or ``"agreement"``)."""

    site: str
    commodity: str
    quantity: float
    mode: str = "physical"


@dataclass(frozen=True, slots=True)
class SitingPlan:
    """A layout: which depots are open and what each holds.

    Attributes
    ----------
    open_sites
        Sorted by site.
    stock
        Sorted by site, commodity and mode; only positive quantities.
    """

    open_sites: tuple[OpenSite, ...]
    stock: tuple[StockLine, ...]


@dataclass(frozen=True, slots=True)
class StateFlows:
    """Recourse of a layout in one road state: units sent from depots to demand points.

    Attributes
    ----------
    state
        Index of the road state.
    site, point, commodity
        Positions in the scenario, one entry per positive flow.
    units
        Units sent.
    through
        Depot each flow leaves last, where its stock may have come from another; empty: ``site`` itself.
    ready_s
        From when the stock can leave ``site``; empty: the site's readiness.
    arrive_s
        When it reaches the point; empty: readiness plus travel time.
    """

    state: int
    site: Int32Array
    point: Int32Array
    commodity: Int32Array
    units: FloatArray
    through: Int32Array = field(default_factory=lambda: np.empty(0, dtype=np.int32))
    ready_s: FloatArray = field(default_factory=lambda: np.empty(0))
    arrive_s: FloatArray = field(default_factory=lambda: np.empty(0))


@dataclass(frozen=True, slots=True)
class Load:
    """Units of one commodity from one lot for one stop."""

    commodity: str
    lot: str
    quantity: float


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit of one trip.

    Attributes
    ----------
    point
        Demand point visited.
    arrive_s, depart_s
        Seconds from the scenario's start.
    loads
        What is handed over.
    links
        Links driven to get here from the place before, in driving order; empty in the air.
    distance_m
        Length of that leg.
    """

    point: str
    arrive_s: float
    depart_s: float
    loads: tuple[Load, ...]
    links: tuple[int, ...]
    distance_m: float


@dataclass(frozen=True, slots=True)
class Transfer:
    """Goods brought to a hub, to be loaded there again.

    Attributes
    ----------
    site
        The hub.
    arrive_s, start_s, depart_s
        When the vehicle is there, when unloading at a dock begins and ends.
    loads
        What is brought.
    links, distance_m
        The leg that leads there.
    """

    site: str
    arrive_s: float
    start_s: float
    depart_s: float
    loads: tuple[Load, ...]
    links: tuple[int, ...]
    distance_m: float


@dataclass(frozen=True, slots=True)
class Waypoint:
    """Where a vehicle on a leg was last known to be: the links behind it took the time they took.

    Attributes
    ----------
    leg
        Leg of the trip: 0 the approach, then one per stop (or the hub), then the way back.
    links
        Links of the leg that are behind it.
    at_s
        When it is at the node where the last of them ends (without any: where the leg enters the roads).
    """

    leg: int
    links: int
    at_s: float


@dataclass(frozen=True, slots=True)
class TripLeg:
    """One leg of a trip: its number in the trip, where it leads from and to, when, and over which links."""

    number: int
    origin: str
    destination: str
    leave_s: float
    arrive_s: float
    links: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Trip:
    """One depot-to-depot run of one vehicle.

    Attributes
    ----------
    vehicle
        Identifier of the vehicle (``"T12-AKS-1"``): type, home depot and number.
    vehicle_type
        Its type.
    number
        Number of the trip within the vehicle's route, from 1.
    start_site, end_site
        Depot where it loads, and where it ends.
    load_start_s, depart_s, return_s
        When loading starts, when it leaves, when it is back at the end site.
    stops
        In driving order.
    return_links, return_distance_m
        The leg back.
    approach_links, approach_distance_m
        The leg from where the vehicle stood (home site or end of its last trip) to ``start_site``.
    approach_start_s
        When that leg starts; ``None`` where the vehicle already stands at ``start_site``.
    transfer
        For a trunk trip, which has no stops and ends at the hub: what it brings there.
    on_board
        Loads of stops, or of a hub, given up under way: loaded, and handed over to nobody.
    seen
        Where the vehicle was when the plan was made, if it was on a leg of this trip then.
    stranded
        No way leads on: the last leg ends where `seen` says, not at ``end_site``.
    """

    vehicle: str
    vehicle_type: str
    number: int
    start_site: str
    end_site: str
    load_start_s: float
    depart_s: float
    return_s: float
    stops: tuple[Stop, ...]
    return_links: tuple[int, ...]
    return_distance_m: float
    approach_links: tuple[int, ...] = ()
    approach_distance_m: float = 0.0
    approach_start_s: float | None = None
    transfer: Transfer | None = None
    on_board: tuple[Load, ...] = ()
    seen: Waypoint | None = None
    stranded: bool = False

    @property
    def distance_m(self) -> float:
        """Length of the whole trip."""
        trunk_m = 0.0 if self.transfer is None else self.transfer.distance_m
        stops_m = sum(stop.distance_m for stop in self.stops)
        return self.approach_distance_m + self.return_distance_m + trunk_m + stops_m

    @property
    def loads(self) -> tuple[Load, ...]:
        """Everything loaded for it."""
        brought = () if self.transfer is None else self.transfer.loads
        return (*(load for stop in self.stops for load in stop.loads), *brought, *self.on_board)

    @property
    def legs(self) -> list[TripLeg]:
        """Legs after loading in order, numbered from 1; the last is the way back."""
        legs: list[TripLeg] = []
        place, leave_s = self.start_site, self.depart_s
        visits = [(stop.point, stop.links, stop.arrive_s, stop.depart_s) for stop in self.stops]
        if self.transfer is not None:
            hub = self.transfer
            visits.append((hub.site, hub.links, hub.arrive_s, hub.depart_s))
        for destination, links, arrive_s, depart_s in visits:
            legs.append(TripLeg(len(legs) + 1, place, destination, leave_s, arrive_s, links))
            place, leave_s = destination, depart_s
        back = TripLeg(len(legs) + 1, place, self.end_site, leave_s, self.return_s, self.return_links)
        return [*legs, back]


@dataclass(frozen=True, slots=True, order=True)
class UnmetLine:
    """Units that stay unmet at a point, with the point's state and the reason."""

    point: str
    commodity: str
    quantity: float
    state: PointState
    reason: Reason
    explanation: str = ""


@dataclass(frozen=True, slots=True)
class DispatchPlan:
    """Which truck carries what from where to whom over which roads, and who is not served.

    Attributes
    ----------
    road_state
        Index of the road state planned for.
    at_s
        Moment of the snapshot of the roads.
    trips
        Sorted by vehicle and number.
    unmet
        Sorted by point and commodity; empty when everybody is served.
    point_state
        State of every demand point with need.
    objectives
        What the plan was chosen by, in order; with ``"lateness"`` among them deadlines are soft.
    """

    road_state: int
    at_s: float
    trips: tuple[Trip, ...]
    unmet: tuple[UnmetLine, ...]
    point_state: dict[str, PointState] = field(default_factory=dict)
    objectives: tuple[str, ...] = ("unmet", "cost")
