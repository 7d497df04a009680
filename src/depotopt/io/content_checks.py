"""Checks inside rows and between rows of tables: what single cells cannot tell."""

from __future__ import annotations

from statistics import median

from depotopt.errors import Fault
from depotopt.io.assembly import seconds_from
from depotopt.io.scenario_tables import ScenarioTables
from depotopt.io.table_schemas import (
    CommodityRow,
    DemandPointRow,
    RoadReportRow,
    SiteRow,
    StockRow,
    VehicleTypeRow,
)
from depotopt.io.toml_schemas import ScenarioFile
from depotopt.roads.profiles import Mode
from depotopt.scenario import PointKind, SiteStatus, StockMode

FAR_DEG, NEAR_DEG = 10.0, 5.0
"""A place this far from most others that would be this near with lon and lat exchanged is a slip."""

NEW_LOTS = ("new/", "new-agreement/")
"""How lots are named that a layout adds (docs/semantics.md)."""


def commodity_faults(tables: ScenarioTables) -> list[Fault]:
    """Weights, volumes and needs that neither the row nor the catalogue gives."""
    faults = []
    for i, row in tables.checked("commodities", CommodityRow):
        if i in tables.unfilled.get("commodities", ()):
            continue
        for column in ("kg_per_unit", "m3_per_unit"):
            if getattr(row, column) is None:
                faults.append(
                    tables.fault(
                        "commodities", i, column, "expected a number > 0 (0 means missing)", "missing"
                    )
                )
        given = [row.per_person_day is not None, row.persons_per_unit is not None]
        if sum(given) != 1:
            found = "both filled" if all(given) else "both blank"
            expected = "expected exactly one of per_person_day and persons_per_unit"
            faults.append(tables.fault("commodities", i, "per_person_day", expected, "need-rule", found))
    return faults


def vehicle_faults(tables: ScenarioTables) -> list[Fault]:
    """Payloads, volumes and speeds that neither the row nor the catalogue gives."""
    faults = []
    for i, row in tables.checked("vehicle_types", VehicleTypeRow):
        if i in tables.unfilled.get("vehicle_types", ()):
            continue
        for column in ("payload_kg", "volume_m3"):
            if getattr(row, column) is None:
                faults.append(
                    tables.fault(
                        "vehicle_types", i, column, "expected a number > 0 (0 means missing)", "missing"
                    )
                )
        if row.mode in (Mode.AIR, Mode.WATER) and row.cruise_kmh is None:
            expected = f"expected a speed > 0 for mode {row.mode}"
            faults.append(tables.fault("vehicle_types", i, "cruise_kmh", expected, "missing"))
    return faults


def point_faults(tables: ScenarioTables) -> list[Fault]:
    """Shelters without capacity and settlements with one; points that open after their deadline."""
    faults = []
    for i, row in tables.checked("demand_points", DemandPointRow):
        shelter = row.kind is PointKind.SHELTER
        if shelter and row.shelter_capacity is None:
            expected = "expected the capacity of the shelter, a number > 0"
            faults.append(tables.fault("demand_points", i, "shelter_capacity", expected, "missing"))
        latest_h = row.deadline_h
        if latest_h is not None and row.earliest_h > latest_h:
            expected = f"expected at most the deadline, {latest_h:g} h"
            faults.append(tables.fault("demand_points", i, "earliest_h", expected, "opens-late"))
        if not shelter and row.shelter_capacity is not None:
            expected = "expected blank: a settlement has no shelter capacity"
            faults.append(tables.fault("demand_points", i, "shelter_capacity", expected, "shelter-capacity"))
    return faults


def swapped_faults(tables: ScenarioTables) -> list[Fault]:
    """Places that lie far from all others, and near them with longitude and latitude exchanged."""
    places = [("sites", i, row.lon, row.lat) for i, row in tables.checked("sites", SiteRow)]
    points = tables.checked("demand_points", DemandPointRow)
    places += [("demand_points", i, row.lon, row.lat) for i, row in points]
    if len(places) < 3:
        return []
    lon, lat = median(place[2] for place in places), median(place[3] for place in places)
    faults = []
    for name, i, x, y in places:
        if max(abs(x - lon), abs(y - lat)) > FAR_DEG and max(abs(y - lon), abs(x - lat)) < NEAR_DEG:
            expected = f"lon and lat swapped: most places lie near lon {lon:.4g}, lat {lat:.4g}"
            faults.append(tables.fault(name, i, "lon", expected, "swapped", f"lon {x:g}, lat {y:g}"))
    return faults


def stock_faults(tables: ScenarioTables) -> list[Fault]:
    """Lots that contradict their mode or may not be stored at their site."""
    faults = []
    classes = {row.id: row.commodity_class for _, row in tables.checked("commodities", CommodityRow)}
    known = set(classes.values())
    allowed = {row.id: row.commodity_classes for _, row in tables.checked("sites", SiteRow)}
    for i, row in tables.checked("stock", StockRow):
        if row.lot is not None and row.lot.startswith(NEW_LOTS):
            expected = f"expected a name that does not begin with {' or '.join(NEW_LOTS)}"
            faults.append(tables.fault("stock", i, "lot", expected, "identifier"))
        for column in ("activation_delay_h", "honour_probability"):
            value = getattr(row, column)
            if row.mode is StockMode.AGREEMENT and value is None:
                expected = "expected a value, because mode is agreement"
                faults.append(tables.fault("stock", i, column, expected, "missing"))
            if row.mode is StockMode.PHYSICAL and value is not None:
                expected = "expected blank, because mode is physical"
                faults.append(tables.fault("stock", i, column, expected, "stock-mode"))
        if row.commodity in classes and allowed.get(row.site):
            kind = classes[row.commodity]
            if kind not in allowed[row.site] and known.issuperset(allowed[row.site]):
                expected = f"site {row.site} stores only the classes {', '.join(allowed[row.site])}"
                found = f"'{row.commodity}' of class '{kind}'"
                faults.append(tables.fault("stock", i, "commodity", expected, "class-not-stored", found))
    return faults


def capacity_faults(tables: ScenarioTables, file: ScenarioFile | None) -> list[Fault]:
    """Physical stock above what its site can hold, in kilograms or cubic metres."""
    faults = []
    commodities = {row.id: row for _, row in tables.checked("commodities", CommodityRow)}
    room: dict[str, dict[str, float]] = {}
    for _, site in tables.checked("sites", SiteRow):
        if site.status is SiteStatus.MUTUAL_AID:
            continue  # What a helper lends lies in its own stores, of whatever size.
        sizes = [
            size
            for name in site.tiers
            if file and name in file.tiers
            for size in file.tiers[name].size_classes
        ]
        room[site.id] = {}
        for unit in ("kg", "m3"):
            limits = [value for value in [getattr(site, f"capacity_{unit}")] if value is not None]
            if sizes:
                limits.append(max(getattr(size, f"capacity_{unit}") for size in sizes))
            if limits:
                room[site.id][unit] = min(limits)
    held: dict[tuple[str, str], float] = {}
    reported = set()
    for i, row in tables.checked("stock", StockRow):
        commodity = commodities.get(row.commodity)
        if commodity is None or row.mode is not StockMode.PHYSICAL:
            continue
        for unit, limit in room.get(row.site, {}).items():
            each = getattr(commodity, f"{unit}_per_unit")
            if each is None:
                continue
            total = held[row.site, unit] = held.get((row.site, unit), 0.0) + each * row.quantity
            # A little room for rounding: 10,000 x 0.1 kg is not above 1,000 kg.
            if total > limit * (1 + 1e-9) and (row.site, unit) not in reported:
                reported.add((row.site, unit))
                expected = (
                    f"with it site {row.site} holds {total:,.10g} {unit}, "
                    f"above its capacity of {limit:,.10g} {unit}"
                )
                faults.append(tables.fault("stock", i, "quantity", expected, f"over-capacity-{unit}"))
    return faults


def report_faults(tables: ScenarioTables, file: ScenarioFile | None) -> list[Fault]:
    """Road reports that mean no place or several, or end before they begin."""
    faults = []
    for i, row in tables.checked("road_reports", RoadReportRow):
        position = row.lon is not None or row.lat is not None or row.radius_m is not None
        given = [
            name
            for name, there in (("street", row.street), ("area_wkt", row.area_wkt), ("position", position))
            if there
        ]
        if len(given) != 1:
            found = " and ".join(given) if given else "none of them"
            expected = "expected exactly one of street, area_wkt, or lon, lat and radius_m"
            faults.append(tables.fault("road_reports", i, "street", expected, "report-place", found))
        elif given == ["position"]:
            for column in ("lon", "lat", "radius_m"):
                if getattr(row, column) is None:
                    expected = "expected a value: a position needs lon, lat and radius_m"
                    faults.append(tables.fault("road_reports", i, column, expected, "missing"))
        elif given == ["area_wkt"]:
            faults += _area_faults(tables, i, row.area_wkt)
        if file is not None and row.until is not None:
            begin = 0.0 if row.from_ is None else seconds_from(file.start, row.from_)
            if seconds_from(file.start, row.until) <= begin:
                earlier = "the start" if row.from_ is None else f"from ({row.from_.isoformat(sep=' ')})"
                expected = f"expected a moment after {earlier}"
                faults.append(tables.fault("road_reports", i, "until", expected, "until-before-from"))
    return faults


def _area_faults(tables: ScenarioTables, row: int, text: str) -> list[Fault]:
    import shapely

    shape = shapely.from_wkt(text, on_invalid="ignore")
    expected = ""
    if shape is None or shape.geom_type not in ("Polygon", "MultiPolygon") or shape.is_empty:
        expected = "expected a polygon in WKT like POLYGON ((78 41, 79 41, 79 42, 78 41))"
    elif not shape.is_valid:
        expected = f"the polygon crosses itself: {shapely.is_valid_reason(shape)}"
    elif not (
        shape.bounds[0] >= -180
        and shape.bounds[2] <= 180
        and shape.bounds[1] >= -90
        and shape.bounds[3] <= 90
    ):
        expected = "expected degrees, longitude first"
    if not expected:
        return []
    found = f"'{text if len(text) <= 60 else text[:57] + '...'}'"
    return [tables.fault("road_reports", row, "area_wkt", expected, "area", found)]
