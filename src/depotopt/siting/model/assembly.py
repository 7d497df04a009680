"""From a scenario, its roads and an ensemble to a `SitingProblem`."""

from __future__ import annotations

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.need import need, unmet_weight
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import RoadNetwork
from depotopt.rules import SitingObjective
from depotopt.scenario import Scenario, SiteStatus
from depotopt.siting.model.arcs import ArcBuilder
from depotopt.siting.model.goal import FARTHEST, INEQUALITY, Ceiling, Goal
from depotopt.siting.model.inputs import (
    DS_PER_H,
    KG_PER_T,
    TravelInputs,
    built_today,
    stock_table,
    travel_engine,
)
from depotopt.siting.model.problem import Options, SitingProblem
from depotopt.siting.model.roles import Roles, usable_tiers, way_of_working
from depotopt.siting.model.rules import own_options, scenario_rules
from depotopt.siting.model.services import calm_seconds, coverage_rules, uncovered_costs
from depotopt.units import BoolArray, FloatArray


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
        Keep only that many sites per point and state (0: all within the time limit), and as many ways
        over another depot. The answer is then proved for these only.

    Raises
    ------
    InputError
        If a site excludes itself from a hazard that has no area.
    """
    if nearest < 0:
        raise UsageError(f"nearest must be >= 0, found {nearest}")
    engine = engine or travel_engine(network)
    physical, agreements = stock_table(scenario)
    roles = Roles.of(scenario)
    options = _options(scenario, roles, physical)
    needs = np.array([need(scenario, state.need_factor) for state in ensemble])
    at_home = (roles.opener == np.arange(len(roles)))[:, None]
    travel = TravelInputs(network, engine)
    arcs = ArcBuilder(scenario, roles, travel, nearest)
    rules = scenario.rules
    penalty = rules.unmet_penalty * unmet_weight(scenario)
    amortised = np.array(
        [min(rules.amortisation_years, (c.shelf_life_days or np.inf) / 365.0) for c in scenario.commodities]
    )
    return SitingProblem(
        site_ids=tuple(scenario.sites[j].ident for j in roles.site),
        tier_ids=tuple(tier.ident for tier in scenario.tiers),
        class_ids=tuple(tuple(size.ident for size in tier.size_classes) for tier in scenario.tiers),
        point_ids=tuple(point.ident for point in scenario.demand_points),
        commodity_ids=tuple(c.ident for c in scenario.commodities),
        options=options,
        rules=(
            *scenario_rules(scenario, roles, options, network, engine),
            *coverage_rules(scenario, own_options(roles, options), travel, ensemble),
        ),
        storable=_storable(scenario)[roles.site] & at_home,
        held=np.where(at_home, physical[roles.site], 0.0),
        agreed=roles.agreed,
        table_agreements=np.where(at_home, agreements[roles.site], 0.0),
        holding=np.array([c.holding_cost for c in scenario.commodities]),
        purchase=np.array([c.unit_cost for c in scenario.commodities]) / amortised,
        m3_per_unit=scenario.m3_per_unit,
        kg_per_unit=scenario.kg_per_unit,
        rate=rules.transport_cost_per_th * scenario.kg_per_unit / KG_PER_T / DS_PER_H,
        probability=ensemble.probability,
        share=ensemble.site_survival.astype(np.float64)[:, roles.site],
        need=needs,
        penalty=penalty,
        arcs=arcs.build(list(ensemble), needs),
        events_per_year=rules.events_per_year,
        nearest=nearest,
        goal=_goal(scenario.objective, (needs * penalty[None]).sum(axis=(1, 2))),
        calm_s=(
            calm_seconds(scenario, own_options(roles, options), travel)
            if {FARTHEST, INEQUALITY}.intersection(scenario.objective.lexicographic)
            else np.empty((0, 0))
        ),
        people=np.array([point.people for point in scenario.demand_points]),
        services=tuple(uncovered_costs(scenario, own_options(roles, options), travel, ensemble)),
        opened_with=np.empty(0, dtype=np.int32) if at_home.all() else roles.opener,
        single_source=rules.single_source,
    )


def _goal(objective: SitingObjective, undelivered: FloatArray) -> Goal:
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
    if objective.max_unmet_fraction is not None:
        most = objective.max_unmet_fraction
        name = f"unmet fraction at most {most:.2%} in every road state (max_unmet_fraction)"
        ceilings = (*ceilings, Ceiling(name, "fraction", most))
    return Goal(
        mean=objective.mean,
        cvar=objective.cvar,
        worst=objective.worst,
        level=objective.cvar_level,
        ceilings=ceilings,
        order=objective.lexicographic,
        tolerance=objective.tolerance,
        undelivered=tuple(undelivered.tolist()),
    )


def _storable(scenario: Scenario) -> BoolArray:
    return np.array(
        [
            [
                site.status is not SiteStatus.MUTUAL_AID
                and (not site.commodity_classes or c.commodity_class in site.commodity_classes)
                for c in scenario.commodities
            ]
            for site in scenario.sites
        ],
        dtype=np.bool_,
    )


def _options(scenario: Scenario, roles: Roles, physical: FloatArray) -> Options:
    """Ways each site can be open; one that lends mutual aid has one option, of no size class and no cost."""
    rows: list[tuple[int, int, int, float, float, float, float, bool, bool]] = []
    years = scenario.rules.amortisation_years
    for j, site in enumerate(scenario.sites):
        stands = built_today(scenario, site, physical[j])
        for t in usable_tiers(scenario, j):
            tier, way = scenario.tiers[t], way_of_working(scenario, t)
            works = (way is not None and way[0], way is not None and not way[0])
            position = roles.of_tier[j, t]
            if site.status is SiteStatus.MUTUAL_AID:
                rows.append((position, t, -1, 0.0, 0.0, 0.0, 0.0, *works))
                continue
            for c, size in enumerate(tier.size_classes):
                building = max(0.0, size.build_cost - stands) / years
                rows.append(
                    (
                        position,
                        t,
                        c,
                        site.cost_share * (size.fixed_cost + building + site.fixed_cost),
                        size.fixed_cost + building + site.fixed_cost,
                        min(size.capacity_m3, site.capacity_m3),
                        min(size.capacity_kg, site.capacity_kg),
                        *works,
                    )
                )
    rows.sort(key=lambda row: row[:3])
    columns = list(zip(*rows, strict=True)) if rows else [()] * 9
    return Options(
        site=np.array(columns[0], dtype=np.int32),
        tier=np.array(columns[1], dtype=np.int32),
        size_class=np.array(columns[2], dtype=np.int32),
        cost=np.array(columns[3], dtype=np.float64),
        full_cost=np.array(columns[4], dtype=np.float64),
        m3=np.array(columns[5], dtype=np.float64),
        kg=np.array(columns[6], dtype=np.float64),
        dispatches=np.array(columns[7], dtype=np.bool_),
        replenishes=np.array(columns[8], dtype=np.bool_),
    )
