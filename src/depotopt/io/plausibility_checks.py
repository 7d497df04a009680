"""Checks of what no depot can hold: commodities nobody may store, weights absurd for their volume."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from depotopt.errors import Fault
from depotopt.io.overrides import TOML_FILE, KeyPath
from depotopt.io.records import key_place
from depotopt.io.scenario_tables import ScenarioTables
from depotopt.io.suggestions import listed
from depotopt.io.table_schemas import CommodityRow, SiteRow
from depotopt.io.toml_schemas import ScenarioFile
from depotopt.scenario import SiteStatus

LIGHTEST_KG_PER_M3: Final = 1.0
DENSEST_KG_PER_M3: Final = 22_590.0
"""Air at sea level has 1.2, osmium, the densest element, 22,590 (CRC Handbook of Chemistry and Physics,
section 4): what lies beyond is a slip of units (a litre for a cubic metre, a tonne for a kilogram)."""

NO_LIMIT_KG: Final = 1e8
NO_LIMIT_M3: Final = 1e8
"""A capacity from here on stands for no limit: the largest building by volume has 13.3 million m3 (Guinness
World Records, Boeing's Everett plant), and 100,000 t fill no depot."""


def plausibility_faults(
    tables: ScenarioTables, file: ScenarioFile, origin: Mapping[KeyPath, str]
) -> list[Fault]:
    """Faults of commodities and capacities that contradict nothing and still cannot be meant."""
    faults = _unstorable(tables)
    for i, row in tables.checked("commodities", CommodityRow):
        if row.kg_per_unit and row.m3_per_unit and i not in tables.unfilled.get("commodities", ()):
            told = _told(row.kg_per_unit, row.m3_per_unit)
            if told is not None:
                faults.append(tables.fault("commodities", i, "m3_per_unit", told[1], "density", told[0]))
    for i, site in tables.checked("sites", SiteRow):
        if site.capacity_kg and site.capacity_m3:
            told = _told_of_depot(site.capacity_kg, site.capacity_m3)
            if told is not None:
                faults.append(tables.fault("sites", i, "capacity_m3", told[1], "density", told[0]))
    for name, tier in file.tiers.items():
        for i, size in enumerate(tier.size_classes):
            told = None
            if size.capacity_kg > 0 and size.capacity_m3 > 0:
                told = _told_of_depot(size.capacity_kg, size.capacity_m3)
            if told is not None:
                where = key_place(("tiers", name, "size_classes", i, "capacity_kg"), origin)
                faults.append(Fault(TOML_FILE, where, told[0], told[1], "density"))
    return faults


def _told(kg: float, m3: float) -> tuple[str, str] | None:
    """What is found and expected of a density that no matter has; ``None`` where it is possible."""
    if LIGHTEST_KG_PER_M3 <= kg / m3 <= DENSEST_KG_PER_M3:
        return None
    least, most = f"{LIGHTEST_KG_PER_M3:g}", f"{DENSEST_KG_PER_M3:,.0f}"
    expected = f"expected {least} to {most} kg in a cubic metre: are the units right?"
    return f"{kg:,.10g} kg in {m3:,.10g} m3", expected


def _told_of_depot(kg: float, m3: float) -> tuple[str, str] | None:
    """As `_told` for storage; a number no depot reaches says that only the other one limits."""
    return None if kg >= NO_LIMIT_KG or m3 >= NO_LIMIT_M3 else _told(kg, m3)


def _unstorable(tables: ScenarioTables) -> list[Fault]:
    """Commodities whose class no site takes that is open or may be."""
    sites = [row for _, row in tables.checked("sites", SiteRow)]
    commodities = list(tables.checked("commodities", CommodityRow))
    known = {row.commodity_class for _, row in commodities}
    if None in tables.rows.get("sites", [None]) or None in tables.rows.get("commodities", [None]):
        return []
    able = [site for site in sites if site.status is not SiteStatus.CLOSED]
    if any(not set(site.commodity_classes) <= known for site in able):
        return []  # A class misspelt at a site is a fault of its own.
    faults = []
    for i, row in commodities:
        if able and all(
            site.commodity_classes and row.commodity_class not in site.commodity_classes for site in able
        ):
            taken = sorted({f"'{name}'" for site in able for name in site.commodity_classes})
            expected = f"no site that may open stores this class; they store {listed(taken)}"
            faults.append(
                tables.fault("commodities", i, "commodity_class", expected, "class-not-stored",
                             f"class '{row.commodity_class}' of {row.id}")
            )  # fmt: skip
    return faults
