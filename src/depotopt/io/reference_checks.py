"""Checks of identifiers: each stands once, and each reference leads somewhere."""

from __future__ import annotations

from depotopt.errors import Fault
from depotopt.io.scenario_tables import ScenarioTables
from depotopt.io.suggestions import did_you_mean
from depotopt.io.table_schemas import CommodityRow, SiteRow
from depotopt.io.toml_schemas import ScenarioFile

REFERENCES: tuple[tuple[str, str, str, str], ...] = (
    ("stock", "site", "sites", "site"),
    ("stock", "commodity", "commodities", "commodity"),
    ("own_stock", "point", "demand_points", "demand point"),
    ("own_stock", "commodity", "commodities", "commodity"),
    ("fleet", "vehicle_type", "vehicle_types", "vehicle type"),
    ("fleet", "site", "sites", "site"),
)
"""Table, column, table it refers to, word for what it names."""


def duplicate_faults(tables: ScenarioTables) -> list[Fault]:
    """Rows that repeat the identifier of an earlier row, and places named twice across tables."""
    faults = []
    for name in tables.raw:
        first: dict[str, int] = {}
        for i, key in enumerate(tables.keys(name)):
            if not key.strip("/") or i in tables.raw[name].ragged:
                continue
            if key in first:
                column = "lot" if name == "stock" and tables.raw[name].cell(i, "lot") else ""
                column = column or ("" if name == "stock" else _key_column(name))
                number = tables.raw[name].numbers[first[key]]
                faults.append(
                    tables.fault(name, i, column, f"already in row {number}", "duplicate-id", f"'{key}'")
                )
            else:
                first[key] = i
    sites = tables.known("sites")
    if "demand_points" in tables.raw:
        for i, ident in enumerate(tables.raw["demand_points"].column("id")):
            if ident and ident in sites:
                faults.append(
                    tables.fault("demand_points", i, "id", "already the identifier of a site", "duplicate-id")
                )
    return faults


def _key_column(name: str) -> str:
    return {"own_stock": "point", "fleet": "vehicle_type", "connectors": "place"}.get(name, "id")


def reference_faults(tables: ScenarioTables, file: ScenarioFile | None) -> list[Fault]:
    """References from tables to tables and tiers that lead nowhere."""
    faults = []
    for name, column, target, what in REFERENCES:
        if name not in tables.raw or target not in tables.raw or not tables.known(target):
            continue
        known = tables.known(target)
        for i, value in enumerate(tables.raw[name].column(column)):
            if value and value not in known and i not in tables.raw[name].ragged:
                faults.append(tables.unknown(name, i, column, value, known, what))
    places = tables.known("sites") | tables.known("demand_points")
    if "connectors" in tables.raw:
        for i, value in enumerate(tables.raw["connectors"].column("place")):
            if value and value not in places:
                faults.append(tables.unknown("connectors", i, "place", value, places, "site or demand point"))
    faults += _site_references(tables, file)
    if file is not None:
        faults += _key_references(tables, file)
    return faults


def _site_references(tables: ScenarioTables, file: ScenarioFile | None) -> list[Fault]:
    """Tiers, hazards and classes that a site names, each a list in one cell."""
    classes = frozenset(row.commodity_class for _, row in tables.checked("commodities", CommodityRow)) - {""}
    # A commodity that cannot be read may be the one that has the class.
    classes_known = None not in tables.rows.get("commodities", [None])
    faults = []
    for i, site in tables.checked("sites", SiteRow):
        if not site.tiers:
            faults.append(tables.fault("sites", i, "tiers", "expected at least one tier", "missing"))
        if len(set(site.tiers)) < len(site.tiers):
            faults.append(tables.fault("sites", i, "tiers", "expected each tier once", "duplicate-id"))
        named: list[tuple[str, tuple[str, ...], frozenset[str], str]] = []
        if file is not None:
            named += [
                ("tiers", site.tiers, frozenset(file.tiers), "tier"),
                ("hazards_excluded", site.hazards_excluded, frozenset(file.hazards), "hazard"),
            ]
        if classes_known:
            named.append(("commodity_classes", site.commodity_classes, classes, "commodity class"))
        faults += [
            tables.unknown("sites", i, column, value, known, what)
            for column, values, known, what in named
            for value in values
            if value not in known
        ]
    return faults


def _key_references(tables: ScenarioTables, file: ScenarioFile) -> list[Fault]:
    """References from ``scenario.toml`` to tables."""
    faults = []
    vehicle, vehicles = file.rules.siting_vehicle, tables.known("vehicle_types")
    if vehicle and "vehicle_types" in tables.raw and vehicle not in vehicles:
        faults.append(
            Fault(
                "scenario.toml",
                "rules.siting_vehicle",
                f"'{vehicle}'",
                f"no such vehicle type{did_you_mean(vehicle, vehicles)}",
                "unknown-vehicle-type",
            )
        )
    return faults
