"""From a scenario, its roads and an ensemble to a `SitingProblem`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol, runtime_checkable

import numpy as np

from depotopt.errors import Fault, InputError, UsageError
from depotopt.hazards.protocol import Exposure
from depotopt.hazards.states import RoadLossEnsemble, RoadState, intact
from depotopt.need import need, unmet_weight
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import ANY_TRUCK, TravelProfile
from depotopt.scenario import CountRule, Scenario, SiteStatus, StockMode
from depotopt.siting.problem import (
    BudgetRule,
    CountLimit,
    CoverageRule,
    Options,
    Rule,
    SitingProblem,
    StateArcs,
    SupportRule,
)
from depotopt.travel import TravelTimes
from depotopt.units import BoolArray, FloatArray, Int32Array

KG_PER_T = 1_000.0
DS_PER_H = 36_000.0


@runtime_checkable
class CoversSites(Protocol):
    """A prepared hazard that knows which sites stand in its area."""

    def covered_sites(self) -> BoolArray:
        """Sites inside, hit or not, shape ``(J,)``."""
        ...


def build_problem(
    scenario: Scenario,
    network: RoadNetwork,
    ensemble: RoadLossEnsemble,
    *,
    engine: TravelTimeEngine | None = None,
    nearest: int = 0,
) -> SitingProblem:
    """Assemble the siting problem, travel times block by block.

    Parameters
    ----------
    scenario
        The planning case.
    network
        Roads with places.
    ensemble
        Road states to choose on.
    engine
        Travel-time engine; ``None`` prepares the fastest one.
    nearest
        Keep only that many sites per point and state (0: all within the time limit). The answer is
        then proved for these sites only.

    Raises
    ------
    InputError
        If a site excludes itself from a hazard that has no area.
    """
    if nearest < 0:
        raise UsageError(f"nearest must be >= 0, found {nearest}")
    engine = engine or travel_engine(network)
    options = _options(scenario)
    needs = np.array([need(scenario, state.need_factor) for state in ensemble])
    held, agreed, agreements = stock_table(scenario)
    rules = scenario.rules
    amortised = np.array(
        [min(rules.amortisation_years, (c.shelf_life_days or np.inf) / 365.0) for c in scenario.commodities]
    )
    return SitingProblem(
        site_ids=tuple(site.ident for site in scenario.sites),
        tier_ids=tuple(tier.ident for tier in scenario.tiers),
        class_ids=tuple(tuple(size.ident for size in tier.size_classes) for tier in scenario.tiers),
        point_ids=tuple(point.ident for point in scenario.demand_points),
        commodity_ids=tuple(c.ident for c in scenario.commodities),
        options=options,
        rules=tuple(_rules(scenario, options, network, engine)),
        storable=_storable(scenario),
        held=held,
        agreed=agreed,
        table_agreements=agreements,
        holding=np.array([c.holding_cost for c in scenario.commodities]),
        purchase=np.array([c.unit_cost for c in scenario.commodities]) / amortised,
        m3_per_unit=scenario.m3_per_unit,
        kg_per_unit=scenario.kg_per_unit,
        rate=rules.transport_cost_per_th * scenario.kg_per_unit / KG_PER_T / DS_PER_H,
        probability=ensemble.probability,
        share=ensemble.site_survival.astype(np.float64),
        need=needs,
        penalty=rules.unmet_penalty * unmet_weight(scenario),
        arcs=_arcs(scenario, options, TravelInputs(network, engine), ensemble, needs, nearest),
        events_per_year=rules.events_per_year,
        nearest=nearest,
    )


class TravelInputs:
    """Roads and engine, and the travel times siting asks of them."""

    def __init__(self, network: RoadNetwork, engine: TravelTimeEngine) -> None:
        self.network, self.engine = network, engine

    def times(self, scenario: Scenario, sites: Sequence[int], to_sites: bool = False) -> TravelTimes:
        """Travel times from some sites to all demand points (or among the sites themselves)."""
        origins = tuple(scenario.sites[j].ident for j in sites)
        points = tuple(point.ident for point in scenario.demand_points)
        return TravelTimes(
            self.network, self.engine, origins, origins if to_sites else points, siting_profile(scenario)
        )


def travel_engine(network: RoadNetwork) -> TravelTimeEngine:
    """Prepare the travel-time engine the registry prefers."""
    from depotopt.roads.engines.registry import prepare_engine

    return prepare_engine(network)


def siting_profile(scenario: Scenario) -> TravelProfile:
    """Profile of the vehicle whose travel times siting uses."""
    if not scenario.rules.siting_vehicle:
        return ANY_TRUCK
    return scenario.vehicle_types[scenario.vehicle_type_index[scenario.rules.siting_vehicle]].profile


def latest_s(scenario: Scenario) -> FloatArray:
    """Latest arrival that counts per demand point, shape ``(I,)``."""
    return np.array(
        [
            scenario.rules.response_s if point.deadline_s is None else point.deadline_s
            for point in scenario.demand_points
        ]
    )


def stock_table(scenario: Scenario) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Physical units, agreement units times honour probability, agreement units; each ``(J, K)``."""
    physical = np.zeros((len(scenario.sites), len(scenario.commodities)))
    agreed, agreements = np.zeros_like(physical), np.zeros_like(physical)
    for lot in scenario.stock:
        at = scenario.site_index[lot.site], scenario.commodity_index[lot.commodity]
        if lot.mode is StockMode.PHYSICAL:
            physical[at] += lot.quantity
        else:
            agreed[at] += lot.quantity * lot.honour_probability
            agreements[at] += lot.quantity
    return physical, agreed, agreements


def _storable(scenario: Scenario) -> BoolArray:
    return np.array(
        [
            [
                not site.commodity_classes or c.commodity_class in site.commodity_classes
                for c in scenario.commodities
            ]
            for site in scenario.sites
        ],
        dtype=np.bool_,
    )


def _options(scenario: Scenario) -> Options:
    rows: list[tuple[int, int, int, float, float, float, bool]] = []
    for j, site in enumerate(scenario.sites):
        if site.status is SiteStatus.CLOSED:
            continue
        for t in sorted(scenario.tier_index[ident] for ident in site.tiers):
            for c, size in enumerate(scenario.tiers[t].size_classes):
                rows.append(
                    (
                        j,
                        t,
                        c,
                        site.cost_share * (size.fixed_cost + site.fixed_cost),
                        min(size.capacity_m3, site.capacity_m3),
                        min(size.capacity_kg, site.capacity_kg),
                        scenario.tiers[t].dispatches,
                    )
                )
    columns = list(zip(*rows, strict=True)) if rows else [()] * 7
    return Options(
        site=np.array(columns[0], dtype=np.int32),
        tier=np.array(columns[1], dtype=np.int32),
        size_class=np.array(columns[2], dtype=np.int32),
        cost=np.array(columns[3], dtype=np.float64),
        m3=np.array(columns[4], dtype=np.float64),
        kg=np.array(columns[5], dtype=np.float64),
        dispatches=np.array(columns[6], dtype=np.bool_),
    )


def _rules(
    scenario: Scenario, options: Options, network: RoadNetwork, engine: TravelTimeEngine
) -> Iterator[Rule]:
    yield from _status_rules(scenario, options, network)
    for t, tier in enumerate(scenario.tiers):
        of_tier = np.flatnonzero(options.tier == t).astype(np.int32)
        for rule in tier.counts:
            yield from _count_limits(scenario, options, of_tier, tier.ident, rule)
    yield from _reach_rules(scenario, options, TravelInputs(network, engine))
    if scenario.rules.budget is not None:
        yield BudgetRule(f"yearly cost at most {scenario.rules.budget:,.0f} (budget)", scenario.rules.budget)


def _status_rules(scenario: Scenario, options: Options, network: RoadNetwork) -> Iterator[Rule]:
    covered = _covered_sites(scenario, network)
    for j, site in enumerate(scenario.sites):
        mine = np.flatnonzero(options.site == j).astype(np.int32)
        if site.status is SiteStatus.MUST_OPEN:
            yield CountLimit(f"site {site.ident} must be open", mine, 1, None)
        for name in site.hazards_excluded if len(mine) else ():
            if covered[name][j]:
                yield CountLimit(
                    f"site {site.ident} stands in hazard '{name}' and may not open", mine, None, 0
                )


def _covered_sites(scenario: Scenario, network: RoadNetwork) -> dict[str, BoolArray]:
    """Sites inside each hazard that some site excludes itself from."""
    wanted = {name: site for site in scenario.sites for name in site.hazards_excluded}
    known = {hazard.name: hazard for hazard in scenario.hazards}
    exposure = Exposure(
        network,
        np.array([site.lon for site in scenario.sites]),
        np.array([site.lat for site in scenario.sites]),
        np.array([point.lon for point in scenario.demand_points]),
        np.array([point.lat for point in scenario.demand_points]),
    )
    covered: dict[str, BoolArray] = {}
    faults = []
    for name, site in sorted(wanted.items()):
        prepared: object = known[name].prepare(exposure) if name in known else None
        if isinstance(prepared, CoversSites):
            covered[name] = prepared.covered_sites()
            continue
        found = f"'{name}', " + ("a hazard without an area" if name in known else "no such hazard")
        where = f"site {site.ident}, column hazards_excluded"
        faults.append(Fault("tables/sites.csv", where, found, "expected a hazard with an area"))
    if faults:
        raise InputError(f"scenario {scenario.ident}", faults)
    return covered


def _count_limits(
    scenario: Scenario, options: Options, of_tier: Int32Array, tier: str, rule: CountRule
) -> Iterator[CountLimit]:
    """One limit per zone the rule applies to; a blank zone counts all sites together."""
    sites = [scenario.sites[j] for j in options.site[of_tier]]
    if rule.kind:
        keep = np.array([site.kind == rule.kind for site in sites], dtype=np.bool_)
    else:
        keep = np.ones(len(sites), dtype=np.bool_)
    zone_of = np.array([site.zone for site in sites], dtype=object)
    if rule.zone == "*":
        zones = sorted({site.zone for site in scenario.sites if tier in site.tiers and site.zone})
    else:
        zones = [rule.zone]
    kind = f" of kind '{rule.kind}'" if rule.kind else ""
    for zone in zones:
        chosen = keep & (zone_of == zone) if zone else keep
        place = f" in zone '{zone}'" if zone else ""
        yield CountLimit(
            f"tier {tier}: {_between(rule.minimum, rule.maximum)} open site(s){kind}{place}",
            of_tier[chosen],
            rule.minimum,
            rule.maximum,
        )


def _between(minimum: int | None, maximum: int | None) -> str:
    if minimum is not None and minimum == maximum:
        return f"exactly {minimum}"
    if minimum is not None and maximum is not None:
        return f"{minimum} to {maximum}"
    return f"at least {minimum}" if minimum is not None else f"at most {maximum}"


def _reach_rules(scenario: Scenario, options: Options, travel: TravelInputs) -> Iterator[Rule]:
    """Support and coverage, both with no road lost."""
    calm = intact(len(scenario.sites), len(scenario.demand_points))
    sites = sorted({int(j) for j in options.site})
    row = {j: r for r, j in enumerate(sites)}
    if any(tier.support_s is not None for tier in scenario.tiers) and sites:
        between = travel.times(scenario, sites, to_sites=True).of_state(calm)
        for t, tier in enumerate(scenario.tiers):
            if tier.support_s is not None:
                yield _support(scenario, options, t, between <= tier.support_s, row)
    covering = [t for t, tier in enumerate(scenario.tiers) if tier.min_coverage > 0]
    if covering:
        to_points = (
            travel.times(scenario, sites).of_state(calm)
            if sites
            else np.empty((0, len(scenario.demand_points)))
        )
        for t in covering:
            yield _coverage(scenario, options, t, to_points, row)


def _support(
    scenario: Scenario, options: Options, t: int, near: BoolArray, row: dict[int, int]
) -> SupportRule:
    """``near[a, b]``: from site ``a`` to site ``b`` in time; the supporting depot is the origin."""
    limit = scenario.tiers[t].support_s
    assert limit is not None
    needing, helpers = [], []
    rows = np.array([row[int(j)] for j in options.site], dtype=np.int64)
    for j in sorted({int(j) for j in options.site[options.tier == t]}):
        needing.append(np.flatnonzero((options.site == j) & (options.tier == t)).astype(np.int32))
        helps = (options.tier < t) & near[rows, row[j]] & (options.site != j)
        helpers.append(np.flatnonzero(helps).astype(np.int32))
    return SupportRule(
        f"tier {scenario.tiers[t].ident}: an open site of a higher tier within {limit / 60:g} min",
        tuple(needing),
        tuple(helpers),
    )


def _coverage(
    scenario: Scenario, options: Options, t: int, to_points: FloatArray, row: dict[int, int]
) -> CoverageRule:
    tier = scenario.tiers[t]
    if tier.service_standard_s is None:
        fault = Fault(
            "scenario.toml",
            f"tiers[{t}].min_coverage = {tier.min_coverage}",
            "no service standard",
            "expected service_standard_min beside it",
        )
        raise InputError(f"scenario {scenario.ident}", [fault])
    people = np.array([point.people for point in scenario.demand_points])
    able = np.flatnonzero(options.tier <= t).astype(np.int32)
    rows = np.array([row[int(j)] for j in options.site[able]], dtype=np.int64)
    within = (to_points <= tier.service_standard_s)[rows]
    point, which = np.nonzero(within.T)
    first = np.zeros(len(people) + 1, dtype=np.int64)
    np.cumsum(np.bincount(point, minlength=len(people)), out=first[1:])
    share = f"{100 * tier.min_coverage:g} % of people"
    return CoverageRule(
        f"tier {tier.ident}: {share} within {tier.service_standard_s / 60:g} min of an open site",
        people,
        tier.min_coverage * float(people.sum()),
        first,
        able[which],
    )


def _arcs(
    scenario: Scenario,
    options: Options,
    travel: TravelInputs,
    states: Sequence[RoadState],
    needs: FloatArray,
    nearest: int,
) -> StateArcs:
    sites = np.unique(options.site[options.dispatches])
    ready = np.array([scenario.sites[j].readiness_s for j in sites])
    latest = latest_s(scenario)
    points = len(scenario.demand_points)
    counts = np.zeros((len(states), points), dtype=np.int64)
    site_parts: list[Int32Array] = [np.empty(0, dtype=np.int32)]
    time_parts: list[Int32Array] = [np.empty(0, dtype=np.int32)]
    if len(sites):
        for block in travel.times(scenario, [int(j) for j in sites]).blocks(list(states)):
            for lane in range(len(block.seconds)):
                s = block.first_state + lane
                seconds = block.seconds[lane].T
                usable = seconds + ready[None, :] <= latest[:, None] + 1e-9
                usable &= (needs[s] > 0).any(axis=1)[:, None]
                point, column, time_ds = _sorted_arcs(seconds, usable, nearest)
                counts[s] = np.bincount(point, minlength=points)
                site_parts.append(sites[column].astype(np.int32))
                time_parts.append(time_ds)
    first = np.zeros(len(states) * points + 1, dtype=np.int64)
    np.cumsum(counts.ravel(), out=first[1:])
    return StateArcs(first, np.concatenate(site_parts), np.concatenate(time_parts))


def _sorted_arcs(
    seconds: FloatArray, usable: BoolArray, nearest: int
) -> tuple[Int32Array, Int32Array, Int32Array]:
    """Usable arcs of one state by point, then time, then site: points, columns, deciseconds."""
    point, column = np.nonzero(usable)
    time_ds = np.rint(seconds[point, column] * 10).astype(np.int32)
    order = np.lexsort((column, time_ds, point))
    point, column, time_ds = point[order], column[order], time_ds[order]
    if nearest:
        first = np.searchsorted(point, point)
        keep = np.arange(len(point)) - first < nearest
        point, column, time_ds = point[keep], column[keep], time_ds[keep]
    return point.astype(np.int32), column.astype(np.int32), time_ds
