"""Checks of the planning rules against the sites: counts that cannot hold, tiers nobody can use."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise

from depotopt.errors import Fault
from depotopt.io.overrides import TOML_FILE, KeyPath
from depotopt.io.records import key_place
from depotopt.io.scenario_tables import ScenarioTables
from depotopt.io.suggestions import did_you_mean, listed
from depotopt.io.table_schemas import DemandPointRow, SiteRow
from depotopt.io.toml_schemas import CountBlock, ScenarioFile, TierBlock
from depotopt.scenario import SiteStatus

WEIGHTS = {"mean": 1.0, "cvar": 0.0, "worst": 0.0}
"""Weights of an objective where the file says nothing."""

MOST_UNEQUAL = 100
"""Points with people up to which siting looks at pairs of them."""
MOST_LATE_H = 10_000
"""Hours on the road that a tonne in a late class may be worth: more than a year is a slip."""


def rule_faults(tables: ScenarioTables, file: ScenarioFile, origin: Mapping[KeyPath, str]) -> list[Fault]:
    """All faults of ``scenario.toml`` that only show beside the tables or across keys."""
    faults = []
    if file.start.tzinfo is None:
        faults.append(
            Fault(
                TOML_FILE,
                key_place(("start",), origin),
                file.start.isoformat(),
                "expected a date and time with offset like 2027-03-31T08:00:00+08:00",
                "date",
            )
        )
    faults += _order_faults(tables, file, origin) + _late_faults(file, origin)
    if file.ensemble.design_seed == file.ensemble.unseen_seed:
        faults.append(
            Fault(
                TOML_FILE,
                key_place(("ensemble", "unseen_seed"), origin),
                str(file.ensemble.unseen_seed),
                "expected a seed other than design_seed: "
                "a layout is not judged on the states it was chosen on",
                "same-seed",
            )
        )
    sites = [row for _, row in tables.checked("sites", SiteRow)]
    sites_fine = (
        bool(sites)
        and None not in tables.rows["sites"]
        and all(site.tiers and set(site.tiers) <= file.tiers.keys() for site in sites)
    )
    for name, tier in file.tiers.items():
        seen: set[str] = set()
        for i, size in enumerate(tier.size_classes):
            if size.id in seen:
                where = key_place(("tiers", name, "size_classes", i, "id"), origin)
                faults.append(Fault(TOML_FILE, where, f"'{size.id}'", "already in this tier", "duplicate-id"))
            seen.add(size.id)
        for i, rule in enumerate(tier.counts):
            where = key_place(("tiers", name, "counts", i), origin)
            shape = _shape_fault(rule, where)
            if shape is not None:
                faults.append(shape)
            elif sites_fine:
                faults += _count_faults(rule, name, where, sites)
        lent = any(site.status is SiteStatus.MUTUAL_AID and name in site.tiers for site in sites)
        if sites_fine and not lent and not any(_possible(site, name) for site in sites):
            faults.append(
                Fault(
                    TOML_FILE,
                    key_place(("tiers", name), origin),
                    "no site that may belong to it",
                    "expected at least one site with this tier in column tiers that is not closed",
                    "unreachable-tier",
                )
            )
    if sites_fine:
        faults += _dispatch_faults(file, sites)
        faults += _support_faults(file, origin)
    return faults


def _possible(site: SiteRow, tier: str) -> bool:
    return tier in site.tiers and site.status not in (SiteStatus.CLOSED, SiteStatus.MUTUAL_AID)


def _shape_fault(rule: CountBlock, where: str) -> Fault | None:
    if rule.exact is None and rule.min is None and rule.max is None:
        return Fault(TOML_FILE, where, "no number", "expected exact, min or max", "count-rule")
    if rule.exact is not None and (rule.min is not None or rule.max is not None):
        return Fault(TOML_FILE, where, "exact beside min or max", "expected exact alone", "count-rule")
    if rule.min is not None and rule.max is not None and rule.min > rule.max:
        return Fault(
            TOML_FILE, where, f"min {rule.min} above max {rule.max}", "expected min <= max", "count-rule"
        )
    return None


def _count_faults(rule: CountBlock, tier: str, where: str, sites: list[SiteRow]) -> list[Fault]:
    """Faults of one count rule: more than possible, or fewer than must open."""
    of_tier = [site for site in sites if _possible(site, tier)]
    for key, wanted in (("kind", rule.kind), ("zone", rule.zone)):
        known = {getattr(site, key) for site in sites} - {""}
        if wanted and wanted != "*" and wanted not in known:
            hint = did_you_mean(wanted, known)
            return [
                Fault(
                    TOML_FILE,
                    f"{where}.{key}",
                    f"'{wanted}'",
                    f"no site has this {key}{hint}",
                    f"unknown-{key}",
                )
            ]
    if rule.zone == "*":
        zones = sorted({site.zone for site in of_tier})
        return [
            fault
            for zone in zones
            for fault in _bound_faults(
                rule, tier, where, [site for site in of_tier if site.zone == zone], f" in zone '{zone}'"
            )
        ]
    chosen = [site for site in of_tier if not rule.zone or site.zone == rule.zone]
    return _bound_faults(rule, tier, where, chosen, f" in zone '{rule.zone}'" if rule.zone else "")


def _bound_faults(rule: CountBlock, tier: str, where: str, sites: list[SiteRow], zone: str) -> list[Fault]:
    chosen = [site for site in sites if not rule.kind or site.kind == rule.kind]
    if rule.kind:
        zone = f" of kind '{rule.kind}'{zone}"
    must = [site.id for site in chosen if site.status is SiteStatus.MUST_OPEN and site.tiers == (tier,)]
    low_key, low = ("exact", rule.exact) if rule.exact is not None else ("min", rule.min)
    high_key, high = ("exact", rule.exact) if rule.exact is not None else ("max", rule.max)
    faults = []
    if low is not None and low > len(chosen):
        faults.append(
            Fault(
                TOML_FILE,
                f"{where}.{low_key}",
                str(low),
                f"above the number of its possible sites{zone}: {len(chosen)}",
                "count-above-sites",
            )
        )
    if high is not None and high < len(must):
        faults.append(
            Fault(
                TOML_FILE,
                f"{where}.{high_key}",
                str(high),
                f"below its {len(must)} must-open sites{zone}: {listed(must)}",
                "count-below-must-open",
            )
        )
    return faults


def _dispatch_faults(file: ScenarioFile, sites: list[SiteRow]) -> list[Fault]:
    dispatching = [name for name, tier in file.tiers.items() if tier.dispatches]
    if not dispatching:
        return [
            Fault(
                TOML_FILE,
                "tiers",
                "no tier that dispatches",
                "expected dispatches = true for one at least",
                "unreachable-tier",
            )
        ]
    if not any(_possible(site, name) for site in sites for name in dispatching):
        return [
            Fault(
                TOML_FILE,
                "tiers",
                f"no site in the tiers that dispatch ({listed(dispatching)})",
                "expected one at least",
                "unreachable-tier",
            )
        ]
    return []


def _support_faults(file: ScenarioFile, origin: Mapping[KeyPath, str]) -> list[Fault]:
    top = next(iter(file.tiers))
    faults = []
    if file.tiers[top].support_min is not None:
        faults.append(
            Fault(
                TOML_FILE,
                key_place(("tiers", top, "support_min"), origin),
                str(file.tiers[top].support_min),
                "expected none: no tier stands above the top one",
                "support-rule",
            )
        )
    for name, tier in file.tiers.items():
        faults += _coverage_faults(name, tier, origin)
    return faults


def _order_faults(tables: ScenarioTables, file: ScenarioFile, origin: Mapping[KeyPath, str]) -> list[Fault]:
    """An order names each measure once and takes the place of the weights.

    The farthest person and inequality fix only where sites stand: something else must follow.
    """
    objective, faults = file.objective, []
    order = objective.lexicographic
    place = key_place(("objective", "lexicographic"), origin)
    if len(set(order)) < len(order):
        faults.append(Fault(TOML_FILE, place, ", ".join(order), "expected each measure once", "order"))
    elif set(order[1:]) & {"farthest", "inequality"} or order in (("farthest",), ("inequality",)):
        expected = "expected one of farthest and inequality at most, first, before others"
        faults.append(Fault(TOML_FILE, place, ", ".join(order), expected, "order"))
    people = sum(row.people > 0 for _, row in tables.checked("demand_points", DemandPointRow))
    if "inequality" in order and people > MOST_UNEQUAL:
        expected = f"expected at most {MOST_UNEQUAL} demand points with people for it, there are {people}"
        faults.append(Fault(TOML_FILE, place, ", ".join(order), expected, "order"))
    for key, default in WEIGHTS.items() if order else ():
        value = getattr(objective, key)
        if value != default:
            where = key_place(("objective", key), origin)
            expected = "expected no weight beside lexicographic: the order takes its place"
            faults.append(Fault(TOML_FILE, where, f"{value:g}", expected, "order"))
    return faults


def _late_faults(file: ScenarioFile, origin: Mapping[KeyPath, str]) -> list[Fault]:
    """Classes of late arrival come one after the other, cost more and more, and no absurd number of hours."""
    faults = []
    classes, per_th = file.objective.late, file.rules.transport_cost_per_th

    def fault(n: int, key: str, expected: str) -> None:
        where = key_place(("objective", "late", n, key), origin)
        faults.append(Fault(TOML_FILE, where, f"{getattr(classes[n], key):g}", expected, "late"))

    for n, step in enumerate(classes):
        if n and step.after_h <= classes[n - 1].after_h:
            fault(n, "after_h", f"expected more than {classes[n - 1].after_h:g}, the class before")
        if n and step.cost_per_t < classes[n - 1].cost_per_t:
            fault(n, "cost_per_t", f"expected at least {classes[n - 1].cost_per_t:g}, the class before")
        if step.cost_per_t > MOST_LATE_H * per_th:
            expected = f"expected at most {MOST_LATE_H:,} times transport_cost_per_th, {per_th:g}"
            fault(n, "cost_per_t", expected)
    return faults


def _coverage_faults(name: str, tier: TierBlock, origin: Mapping[KeyPath, str]) -> list[Fault]:
    """Coverage needs a standard or grades; grades get farther and less worth."""
    faults = []
    for key in ("min_coverage", "min_expected_coverage", "uncovered_cost"):
        if getattr(tier, key) > 0 and tier.service_standard_min is None and not tier.graded:
            faults.append(
                Fault(
                    TOML_FILE,
                    key_place(("tiers", name, key), origin),
                    str(getattr(tier, key)),
                    "expected service_standard_min beside it",
                    "coverage-rule",
                )
            )
    for n, (nearer, farther) in enumerate(pairwise(tier.graded), start=1):
        if farther.within_min <= nearer.within_min:
            faults.append(
                Fault(
                    TOML_FILE,
                    key_place(("tiers", name, "graded", n, "within_min"), origin),
                    f"{farther.within_min:g}",
                    f"expected more than {nearer.within_min:g}, the step before",
                    "coverage-rule",
                )
            )
        if farther.credit > nearer.credit:
            faults.append(
                Fault(
                    TOML_FILE,
                    key_place(("tiers", name, "graded", n, "credit"), origin),
                    f"{farther.credit:g}",
                    f"expected at most {nearer.credit:g}, the step before",
                    "coverage-rule",
                )
            )
    return faults
