"""`Scenario`: the planning case, frozen. `depotopt.io` builds it from files and checks it."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from pathlib import Path

import numpy as np

from depotopt.hazards.protocol import Hazard
from depotopt.hazards.reports import RoadReport
from depotopt.road_source import Connector as Connector
from depotopt.road_source import RoadSource as RoadSource
from depotopt.roads.profiles import Mode, TravelProfile
from depotopt.rules import EnsembleRules, PlanningRules, SitingObjective, Tier
from depotopt.solving import SolveLimits
from depotopt.units import FloatArray


class SiteStatus(StrEnum):
    """What may be decided about a site."""

    EXISTING = "existing"
    """Open today; may be closed."""
    CANDIDATE = "candidate"
    """Not open today; may be opened."""
    MUST_OPEN = "must_open"
    """Stays or becomes open."""
    CLOSED = "closed"
    """May not be used."""
    MUTUAL_AID = "mutual_aid"
    """A helper outside the plan that lends exactly what the stock table lists; see docs/semantics.md."""


class StockMode(StrEnum):
    """How stock is held."""

    PHYSICAL = "physical"
    AGREEMENT = "agreement"


class Ownership(StrEnum):
    """Whose vehicle it is."""

    OWN = "own"
    CONTRACT = "contract"
    REQUISITIONED = "requisitioned"


class PointKind(StrEnum):
    """Kind of demand point."""

    SETTLEMENT = "settlement"
    SHELTER = "shelter"


@dataclass(frozen=True, slots=True)
class Site:
    """A place where a depot stands or could stand.

    Attributes
    ----------
    ident, name
        Identifier and the name people use.
    lon, lat
        Position in degrees.
    tiers
        Tiers it may belong to when open.
    status
        What may be decided about it.
    kind
        Kind of host (school, supermarket, fire station, warehouse, ...).
    zone
        District or other area for count rules.
    capacity_m3, capacity_kg
        Own limits on top of the size class; ``inf`` where only the class binds.
    fixed_cost
        Cost per year on top of the size class.
    cost_share
        Share of the fixed cost that this budget bears (joint sites).
    handling_kg_per_h
        Loading rate of the whole site.
    handling_share_without_power
        Share of the handling rate left when power is cut.
    docks
        Vehicles loaded at the same time.
    readiness_s
        Time from alarm to the first vehicle leaving.
    commodity_classes
        Classes it may store; empty for all (sector depots are limited).
    hazards_excluded
        Names of hazards in whose area the site may not be opened.
    owner
        Who runs it.
    co_funders
        Who bears the rest of the fixed cost, in equal parts.
    size_class
        Size class it has today; empty: the cheapest of its first tier that takes its stock.
    transfer_s
        Time goods from other depots take to pass through.
    """

    ident: str
    name: str
    lon: float
    lat: float
    tiers: tuple[str, ...]
    status: SiteStatus = SiteStatus.CANDIDATE
    kind: str = ""
    zone: str = ""
    capacity_m3: float = math.inf
    capacity_kg: float = math.inf
    fixed_cost: float = 0.0
    cost_share: float = 1.0
    handling_kg_per_h: float = 10_000.0
    handling_share_without_power: float = 1.0
    docks: int = 1
    readiness_s: float = 0.0
    commodity_classes: tuple[str, ...] = ()
    hazards_excluded: tuple[str, ...] = ()
    owner: str = ""
    co_funders: tuple[str, ...] = ()
    size_class: str = ""
    transfer_s: float = 1_800.0


@dataclass(frozen=True, slots=True)
class Commodity:
    """Something planned.

    Exactly one of ``per_person_day`` and ``persons_per_unit`` is positive.

    Attributes
    ----------
    ident, name, unit
        Identifier, the name people use, unit counted (``"L"``, ``"tent"``).
    commodity_class
        Class for sector depots and response levels.
    kg_per_unit, m3_per_unit
        Both positive.
    per_person_day
        Units needed per person and day (consumables).
    persons_per_unit
        Persons served by one unit for the whole horizon (durables).
    priority
        Weight of its unmet need.
    shelf_life_days
        ``None`` where it does not expire.
    unit_cost
        Cost of buying one unit.
    holding_cost
        Cost of holding one unit for a year.
    gb_code
        Code of GB/T 38565-2020, seven digits; empty where none is given.
    """

    ident: str
    name: str
    unit: str
    commodity_class: str
    kg_per_unit: float
    m3_per_unit: float
    per_person_day: float = 0.0
    persons_per_unit: float = 0.0
    priority: float = 1.0
    shelf_life_days: float | None = None
    unit_cost: float = 0.0
    holding_cost: float = 0.0
    gb_code: str = ""


@dataclass(frozen=True, slots=True)
class Stock:
    """A lot of one commodity at one site.

    Attributes
    ----------
    lot
        Identifier of the lot, unique.
    site, commodity
        Where and what.
    quantity
        Units.
    owner
        Whose it is.
    mode
        Physical, or an agreement with a supplier.
    activation_delay_s
        Agreement only: time until it can be loaded.
    honour_probability
        Agreement only: probability that it is delivered.
    expiry
        Last day of use; ``None`` where it does not expire.
    """

    lot: str
    site: str
    commodity: str
    quantity: float
    owner: str = ""
    mode: StockMode = StockMode.PHYSICAL
    activation_delay_s: float = 0.0
    honour_probability: float = 1.0
    expiry: dt.date | None = None


@dataclass(frozen=True, slots=True)
class DemandPoint:
    """A place needing supply.

    Attributes
    ----------
    ident, name
        Identifier and the name people use.
    lon, lat
        Position in degrees.
    people
        Residents, or persons in the shelter.
    affected_share
        Share of the people in need when the event happens (before a road state's need factor).
    kind
        Settlement or shelter.
    shelter_capacity
        Persons a shelter can take; ``None`` for settlements.
    zone
        District or other area.
    priority
        Weight of its unmet need.
    own_stock
        Units per commodity held by village and households, netted off need without transport.
    deadline_s
        Latest arrival that counts; ``None`` for the scenario's horizon.
    earliest_s
        Moment before which nothing is handed over; who is there before waits.
    """

    ident: str
    name: str
    lon: float
    lat: float
    people: float
    affected_share: float = 1.0
    kind: PointKind = PointKind.SETTLEMENT
    shelter_capacity: float | None = None
    zone: str = ""
    priority: float = 1.0
    own_stock: tuple[tuple[str, float], ...] = ()
    deadline_s: float | None = None
    earliest_s: float = 0.0


@dataclass(frozen=True, slots=True)
class VehicleType:
    """A kind of vehicle.

    Attributes
    ----------
    ident, name
        Identifier and the name people use.
    payload_kg, volume_m3
        Both bind.
    profile
        Mode, speed and limits on roads.
    owner
        Own, contract or requisitioned.
    mobilisation_s
        Time until it can be loaded.
    compensation
        Paid once per requisitioned vehicle used.
    cost_per_km, cost_per_h, cost_per_use
        Operating costs; ``cost_per_use`` once per vehicle used.
    max_hours_s
        Longest duty.
    range_m
        Farthest distance per trip; ``inf`` where not limited.
    """

    ident: str
    name: str
    payload_kg: float
    volume_m3: float
    profile: TravelProfile = field(default_factory=TravelProfile)
    owner: Ownership = Ownership.OWN
    mobilisation_s: float = 0.0
    compensation: float = 0.0
    cost_per_km: float = 0.0
    cost_per_h: float = 0.0
    cost_per_use: float = 0.0
    max_hours_s: float = math.inf
    range_m: float = math.inf

    @property
    def mode(self) -> Mode:
        """Road, air or water."""
        return self.profile.mode


@dataclass(frozen=True, slots=True)
class FleetEntry:
    """Vehicles of one type at one home depot."""

    vehicle_type: str
    site: str
    count: int


@dataclass(frozen=True)
class Scenario:
    """The planning case, frozen and checked.

    Sequences are in file order; ``J`` sites, ``I`` demand points, ``K`` commodities, ``T`` tiers.
    """

    ident: str
    title: str
    description: str
    folder: Path
    start: dt.datetime
    tiers: tuple[Tier, ...]
    sites: tuple[Site, ...]
    commodities: tuple[Commodity, ...]
    demand_points: tuple[DemandPoint, ...]
    stock: tuple[Stock, ...]
    vehicle_types: tuple[VehicleType, ...]
    fleet: tuple[FleetEntry, ...]
    roads: RoadSource
    connectors: tuple[Connector, ...] = ()
    road_reports: tuple[RoadReport, ...] = ()
    hazards: tuple[Hazard, ...] = ()
    rules: PlanningRules = field(default_factory=PlanningRules)
    objective: SitingObjective = field(default_factory=SitingObjective)
    ensemble: EnsembleRules = field(default_factory=EnsembleRules)
    siting_limits: SolveLimits = field(default_factory=SolveLimits)
    dispatch_limits: SolveLimits = field(default_factory=SolveLimits)
    dispatch_objectives: tuple[str, ...] = ("unmet", "cost")
    """What dispatch plans are compared by, in order; names as in ``docs/semantics.md``."""
    overrides: tuple[str, ...] = ()
    input_hashes: dict[str, str] = field(default_factory=dict)
    place_origin: dict[str, tuple[str, str]] = field(default_factory=dict)
    """File and row each site and demand point was read from, for faults found later."""
    expired_stock: tuple[Stock, ...] = ()
    """Lots past their last day when the scenario starts: set aside, in ``notices`` by name."""
    notices: tuple[str, ...] = ()
    """Remarks on how the files were read that a user should see (an unusual encoding)."""

    @cached_property
    def site_index(self) -> dict[str, int]:
        """Position of each site by identifier."""
        return {site.ident: j for j, site in enumerate(self.sites)}

    @cached_property
    def point_index(self) -> dict[str, int]:
        """Position of each demand point by identifier."""
        return {point.ident: i for i, point in enumerate(self.demand_points)}

    @cached_property
    def commodity_index(self) -> dict[str, int]:
        """Position of each commodity by identifier."""
        return {commodity.ident: k for k, commodity in enumerate(self.commodities)}

    @cached_property
    def tier_index(self) -> dict[str, int]:
        """Position of each tier by identifier, 0 at the top."""
        return {tier.ident: t for t, tier in enumerate(self.tiers)}

    @cached_property
    def vehicle_type_index(self) -> dict[str, int]:
        """Position of each vehicle type by identifier."""
        return {vehicle.ident: v for v, vehicle in enumerate(self.vehicle_types)}

    @cached_property
    def kg_per_unit(self) -> FloatArray:
        """Weight per unit of each commodity, shape ``(K,)``."""
        return np.array([commodity.kg_per_unit for commodity in self.commodities])

    @cached_property
    def m3_per_unit(self) -> FloatArray:
        """Volume per unit of each commodity, shape ``(K,)``."""
        return np.array([commodity.m3_per_unit for commodity in self.commodities])
