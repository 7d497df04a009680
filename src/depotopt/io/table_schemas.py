"""Schemas of the tables: one model per row, its field docstrings are the documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from pydantic import BaseModel, ConfigDict, Field

from depotopt.io.cells import (
    Amount,
    Count,
    Date,
    GbCode,
    Identifier,
    Latitude,
    List,
    Longitude,
    Measure,
    Moment,
    Positive,
    PositiveCount,
    PositiveShare,
    Share,
    Text,
)
from depotopt.roads.profiles import Mode
from depotopt.scenario import Ownership, PointKind, SiteStatus, StockMode


class Row(BaseModel):
    """A row of a table; closed and frozen."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", use_attribute_docstrings=True, populate_by_name=False
    )


class Holder(StrEnum):
    """Who holds stock that is netted off need without transport."""

    VILLAGE = "village"
    HOUSEHOLD = "household"


class SiteRow(Row):
    """Places where depots stand or could stand."""

    id: Identifier
    """Identifier, unique among sites and demand points."""
    name: Text = ""
    """Name people use; the identifier where blank."""
    lon: Longitude
    """Longitude, degrees (WGS 84)."""
    lat: Latitude
    """Latitude, degrees (WGS 84)."""
    tiers: List
    """Tiers the site may belong to when open, separated by semicolons."""
    status: SiteStatus = SiteStatus.CANDIDATE
    """`existing`: open today, may be closed; `candidate`: may be opened; `must_open`; `closed`;
    `mutual_aid`: a helper outside the plan that lends what the table stock lists."""
    kind: Text = ""
    """Kind of host: school, supermarket, fire station, warehouse, ..."""
    zone: Text = ""
    """District or other area, for count rules."""
    capacity_m3: Measure | None = None
    """Own storage limit in cubic metres; blank: only the size class limits."""
    capacity_kg: Measure | None = None
    """Own storage limit in kilograms; blank: only the size class limits."""
    fixed_cost: Amount = 0.0
    """Cost per year on top of the size class."""
    cost_share: Share = 1.0
    """Share of the fixed cost that this budget bears (joint sites)."""
    handling_kg_per_h: Positive = 10_000.0
    """Loading rate of the whole site, kilograms per hour."""
    handling_share_without_power: PositiveShare = 1.0
    """Share of the loading rate left when power is cut."""
    docks: PositiveCount = 1
    """Vehicles loaded at the same time."""
    readiness_min: Amount = 0.0
    """Minutes from alarm until the first vehicle can be loaded."""
    commodity_classes: List = ()
    """Commodity classes the site may store, separated by semicolons; blank: all."""
    hazards_excluded: List = ()
    """Hazards in whose area the site may not be opened, separated by semicolons."""
    owner: Text = ""
    """Who runs it."""
    co_funders: List = ()
    """Who bears the rest of the fixed cost in equal parts (`cost_share` below 1), separated by semicolons."""
    size_class: Text = ""
    """Size class it has today; blank: the cheapest of its first tier that takes its stock."""
    transfer_min: Amount = 30.0
    """Minutes goods from other depots take to pass through; 30 is an assumption."""


class StockRow(Row):
    """Lots of stock at sites."""

    lot: Identifier | None = None
    """Identifier of the lot, unique; blank: made from site, commodity and a running number."""
    site: Identifier
    """Site that holds it."""
    commodity: Identifier
    """What it is."""
    quantity: Count
    """Whole units."""
    owner: Text = ""
    """Whose it is."""
    mode: StockMode = StockMode.PHYSICAL
    """`physical`, or `agreement` with a supplier."""
    activation_delay_h: Amount | None = None
    """Agreement only: hours until it can be loaded."""
    honour_probability: Share | None = None
    """Agreement only: probability that it is delivered."""
    expiry: Date | None = None
    """Last day of use; blank: does not expire."""


class CommodityRow(Row):
    """What is planned."""

    id: Identifier
    """Identifier, unique."""
    catalog: Identifier | None = None
    """Entry of the catalogue that fills the blank cells of this row."""
    name: Text = ""
    """Name people use."""
    unit: Text = ""
    """Unit counted: L, tent, kit, ..."""
    commodity_class: Text = ""
    """Class, for depots limited to certain classes."""
    kg_per_unit: Measure | None = None
    """Kilograms per unit; needed here or in the catalogue, 0 means missing."""
    m3_per_unit: Measure | None = None
    """Cubic metres per unit; needed here or in the catalogue, 0 means missing."""
    per_person_day: Positive | None = None
    """Units a person needs per day (consumables); this or persons_per_unit."""
    persons_per_unit: Positive | None = None
    """Persons one unit serves for the whole horizon (durables); this or per_person_day."""
    priority: Positive = 1.0
    """Weight of its unmet need."""
    shelf_life_days: Positive | None = None
    """Days until it expires; blank: does not expire."""
    unit_cost: Amount = 0.0
    """Cost of buying one unit."""
    holding_cost: Amount = 0.0
    """Cost of holding one unit for a year."""
    gb_code: GbCode | None = None
    """Code of GB/T 38565-2020 (emergency supplies), seven digits; the first says 1 basic living supplies,
    2 equipment, 3 engineering materials and machines. Printed on lists, changes no plan."""


class DemandPointRow(Row):
    """Places needing supply."""

    id: Identifier
    """Identifier, unique among sites and demand points."""
    name: Text = ""
    """Name people use; the identifier where blank."""
    lon: Longitude
    """Longitude, degrees (WGS 84)."""
    lat: Latitude
    """Latitude, degrees (WGS 84)."""
    people: Amount
    """Residents, or persons in the shelter."""
    affected_share: Share = 1.0
    """Share of the people in need when the event happens."""
    kind: PointKind = PointKind.SETTLEMENT
    """`settlement` or `shelter`."""
    shelter_capacity: Positive | None = None
    """Persons a shelter can take; needed for shelters, blank for settlements."""
    zone: Text = ""
    """District or other area."""
    priority: Positive = 1.0
    """Weight of its unmet need."""
    deadline_h: Positive | None = None
    """Hours after the start by which deliveries must arrive; blank: the scenario's response time."""
    earliest_h: Amount = 0.0
    """Hours after the start before which nothing can be handed over: a shelter opens, a convoy may pass."""


class OwnStockRow(Row):
    """Stock that villages and households hold; netted off need without transport."""

    point: Identifier
    """Demand point."""
    commodity: Identifier
    """What is held."""
    quantity: Amount
    """Units."""
    holder: Holder = Holder.VILLAGE
    """`village` or `household`."""


class VehicleTypeRow(Row):
    """Kinds of vehicles."""

    id: Identifier
    """Identifier, unique."""
    catalog: Identifier | None = None
    """Entry of the catalogue that fills the blank cells of this row."""
    name: Text = ""
    """Name people use."""
    payload_kg: Measure | None = None
    """Payload in kilograms; needed here or in the catalogue, 0 means missing."""
    volume_m3: Measure | None = None
    """Load volume in cubic metres; 0 means missing."""
    mode: Mode | None = None
    """`road` (default); `air` and `water` go straight at cruise_kmh."""
    speed_factor: Positive = 1.0
    """Multiplies the free-flow speed of roads."""
    weight_kg: Amount | None = None
    """Gross weight, compared with weight limits of bridges and roads; blank or 0: not limited."""
    height_m: Amount = 0.0
    """Height, compared with height limits; blank or 0: not limited."""
    wading_depth_m: Amount = 0.3
    """Deepest water the vehicle drives through, metres."""
    cruise_kmh: Positive | None = None
    """Speed in a straight line; needed for air and water."""
    owner: Ownership = Ownership.OWN
    """`own`, `contract` or `requisitioned`."""
    mobilisation_min: Amount = 0.0
    """Minutes until the vehicle can be loaded."""
    compensation: Amount = 0.0
    """Paid once per requisitioned vehicle used."""
    cost_per_km: Amount = 0.0
    """Operating cost per kilometre."""
    cost_per_h: Amount = 0.0
    """Operating cost per hour."""
    cost_per_use: Amount = 0.0
    """Cost per vehicle used."""
    max_hours: Positive | None = None
    """Longest duty in hours; blank: not limited."""
    range_km: Positive | None = None
    """Farthest distance per trip in kilometres; blank: not limited."""


class FleetRow(Row):
    """Vehicles at their home depots."""

    vehicle_type: Identifier
    """Kind of vehicle."""
    site: Identifier
    """Home depot."""
    count: Count
    """Number of vehicles."""


class RoadReportRow(Row):
    """Reports on roads: exactly one of street, area_wkt or a position with radius."""

    id: Identifier
    """Identifier, unique."""
    street: Text = ""
    """Identifier of a street or bridge of the road network, or a street name."""
    lon: Longitude | None = None
    """Longitude of a position, degrees."""
    lat: Latitude | None = None
    """Latitude of a position, degrees."""
    radius_m: Positive | None = None
    """Radius around the position, metres."""
    area_wkt: Text = ""
    """Polygon in WKT, degrees."""
    speed_factor: Share = 0.0
    """Share of free-flow speed left; 0 means closed."""
    from_: Moment | None = Field(default=None, alias="from")
    """When it begins; without offset in the offset of `start`; blank: at the start."""
    until: Moment | None = None
    """When it ends; blank: until further notice."""
    source: Text = ""
    """Who reported it."""
    trust: Share = 1.0
    """Probability that the report is right."""


class ConnectorRow(Row):
    """Declared links from a place to the network that the road data does not have."""

    place: Identifier
    """Site or demand point."""
    lon: Longitude
    """Longitude where it meets the network, degrees."""
    lat: Latitude
    """Latitude where it meets the network, degrees."""
    length_m: Positive
    """Length in metres, an assumption."""
    speed_kmh: Positive
    """Speed in kilometres per hour, an assumption."""
    note: Text = ""
    """Why it is assumed."""


@dataclass(frozen=True, slots=True)
class TableSpec:
    """A table of a scenario.

    Attributes
    ----------
    model
        Schema of a row.
    key
        Columns that identify a row; overrides address it by them, joined with ``/``.
    required
        Whether the table must be there.
    least_rows
        Fewest rows it may have.
    """

    model: type[Row]
    key: tuple[str, ...]
    required: bool = True
    least_rows: int = 0

    @property
    def columns(self) -> tuple[str, ...]:
        """Headers in order."""
        return tuple(field.alias or name for name, field in self.model.model_fields.items())

    @property
    def required_columns(self) -> tuple[str, ...]:
        """Headers that must be there."""
        return tuple(
            field.alias or name for name, field in self.model.model_fields.items() if field.is_required()
        )


TABLES: Final[Mapping[str, TableSpec]] = MappingProxyType(
    {
        "sites": TableSpec(SiteRow, ("id",), least_rows=1),
        "stock": TableSpec(StockRow, ("lot",)),
        "commodities": TableSpec(CommodityRow, ("id",), least_rows=1),
        "demand_points": TableSpec(DemandPointRow, ("id",), least_rows=1),
        "own_stock": TableSpec(OwnStockRow, ("point", "commodity", "holder"), required=False),
        "vehicle_types": TableSpec(VehicleTypeRow, ("id",)),
        "fleet": TableSpec(FleetRow, ("vehicle_type", "site")),
        "road_reports": TableSpec(RoadReportRow, ("id",), required=False),
        "connectors": TableSpec(ConnectorRow, ("place",), required=False),
    }
)
"""Every table by name: the CSV file ``tables/NAME.csv`` or the sheet ``NAME`` of ``tables.xlsx``."""
