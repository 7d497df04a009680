"""From a scenario, its roads and an ensemble to a `SitingProblem`."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadLossEnsemble, RoadState
from depotopt.need import need, unmet_weight
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.rules import SitingObjective
from depotopt.scenario import Scenario, SiteStatus
from depotopt.siting.goal import Ceiling, Goal
from depotopt.siting.inputs import (
    DS_PER_H,
    KG_PER_T,
    TravelInputs,
    latest_s,
    stock_table,
    travel_engine,
)
from depotopt.siting.problem import Options, SitingProblem, StateArcs
from depotopt.siting.rules import scenario_rules
from depotopt.units import BoolArray, FloatArray, Int32Array


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
        rules=tuple(scenario_rules(scenario, options, network, engine)),
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
        goal=_goal(scenario.objective),
    )


def _goal(objective: SitingObjective) -> Goal:
    bounds = {
        "mean": objective.max_mean_response,
        "cvar": objective.max_cvar_response,
        "worst": objective.max_worst_response,
    }
    ceilings = tuple(
        Ceiling(f"{measure} response cost at most {amount:,.0f} (max_{measure}_response)", measure, amount)
        for measure, amount in bounds.items()
        if amount is not None
    )
    return Goal(
        mean=objective.mean,
        cvar=objective.cvar,
        worst=objective.worst,
        level=objective.cvar_level,
        ceilings=ceilings,
        order=objective.lexicographic,
        tolerance=objective.tolerance,
    )


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
