"""Checks of how depots supply one another and who pays: replenishment, hubs, today's classes, owners."""

from __future__ import annotations

from collections.abc import Mapping

from depotopt.errors import Fault
from depotopt.io.overrides import TOML_FILE, KeyPath
from depotopt.io.records import key_place
from depotopt.io.scenario_tables import ScenarioTables
from depotopt.io.suggestions import did_you_mean, listed
from depotopt.io.table_schemas import SiteRow
from depotopt.io.toml_schemas import ScenarioFile


def supply_faults(tables: ScenarioTables, file: ScenarioFile, origin: Mapping[KeyPath, str]) -> list[Fault]:
    """Faults of replenishment, size classes without room, today's classes, co-funding and owners' budgets."""
    faults = _replenish_faults(file, origin) + _hub_faults(file, origin)
    rows = list(tables.checked("sites", SiteRow))
    for i, site in rows:
        tier = file.tiers.get(site.tiers[0]) if site.tiers else None
        known = [size.id for size in tier.size_classes] if tier else []
        if tier and site.size_class and site.size_class not in known:
            expected = f"tier {site.tiers[0]} has no such size class{did_you_mean(site.size_class, known)}"
            faults.append(tables.fault("sites", i, "size_class", expected, "unknown-size-class"))
        if site.co_funders and site.cost_share >= 1:
            expected = "expected blank: with cost_share 1 nothing is left for others to bear"
            faults.append(tables.fault("sites", i, "co_funders", expected, "co-funding"))
    owners = {name for _, site in rows for name in (site.owner, *site.co_funders)} - {""}
    for owner in file.rules.owner_budgets if None not in tables.rows.get("sites", [None]) else ():
        if owner not in owners:
            where = key_place(("rules", "owner_budgets", owner), origin)
            expected = f"no site has this owner or co-funder{did_you_mean(owner, owners)}"
            faults.append(Fault(TOML_FILE, where, f"'{owner}'", expected, "unknown-owner"))
    return faults


def _replenish_faults(file: ScenarioFile, origin: Mapping[KeyPath, str]) -> list[Fault]:
    faults = []
    order = list(file.tiers)
    for name, tier in file.tiers.items():
        for i, lower in enumerate(tier.replenishes):
            expected = ""
            if lower not in file.tiers:
                expected = f"no such tier{did_you_mean(lower, order)}"
            elif order.index(lower) <= order.index(name):
                below = order[order.index(name) + 1 :]
                expected = f"expected a tier below {name}: {listed(below)}"
                if not below:
                    expected = f"expected none: no tier stands below {name}"
            elif not file.tiers[lower].dispatches:
                expected = "expected a tier that dispatches"
            if expected:
                where = key_place(("tiers", name, "replenishes", i), origin)
                faults.append(Fault(TOML_FILE, where, f"'{lower}'", expected, "replenishment"))
    return faults


def _hub_faults(file: ScenarioFile, origin: Mapping[KeyPath, str]) -> list[Fault]:
    """Size classes that hold nothing where nothing passes through either."""
    replenished = {lower for tier in file.tiers.values() for lower in tier.replenishes}
    faults = []
    for name, tier in file.tiers.items():
        for i, size in enumerate(tier.size_classes):
            for key, other in (("capacity_m3", size.capacity_kg), ("capacity_kg", size.capacity_m3)):
                if getattr(size, key) > 0 or (other == 0 and name in replenished):
                    continue
                expected = (
                    "expected a number > 0; 0 only for both capacities, in a tier that others replenish"
                )
                where = key_place(("tiers", name, "size_classes", i, key), origin)
                faults.append(Fault(TOML_FILE, where, "0", expected, "no-room"))
    return faults
