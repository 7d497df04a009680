"""Recourse flows of a layout: checked state by state, priced, and summed to the siting objective."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from depotopt.hazards.states import RoadState
from depotopt.need import need, unmet_weight
from depotopt.plans import SitingPlan, StateFlows
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.travel import TravelTimes
from depotopt.units import HOUR_S, BoolArray, FloatArray
from depotopt.verify.check import TIME_TOLERANCE_S, Check
from depotopt.verify.coverage import low_expected_coverage, siting_profile, uncovered_cost
from depotopt.verify.layout import verify_layout

FLOW_TOLERANCE = 1e-4
"""Units: flows come from a floating-point LP over up to millions of units."""
CEILING_TOLERANCE = 2e-4
"""Relative: twice what the engines' tolerances make of a ceiling that is just kept."""


def verify_siting(
    scenario: Scenario,
    network: RoadNetwork,
    plan: SitingPlan,
    states: Sequence[RoadState],
    flows: Iterable[StateFlows],
) -> Check:
    """Check a layout and its recourse flows in every road state; recompute the siting objective.

    With `SitingObjective.lexicographic` that is the value of the last measure; that the earlier ones are
    near their best cannot be seen from one layout.

    The objective recomputed is that of the flows shown: an upper bound on the layout's true value,
    reached when the flows are optimal.

    Parameters
    ----------
    scenario, network, plan
        The planning case, its roads with places, the layout.
    states
        The ensemble the objective speaks of.
    flows
        One `StateFlows` per road state, in order.
    """
    first = verify_layout(scenario, network, plan)
    if first.objective is None:
        return first
    broken = list(first.violations) + low_expected_coverage(scenario, network, plan, states)
    yearly = first.terms | uncovered_cost(scenario, network, plan, states)
    open_at = np.zeros(len(scenario.sites), dtype=np.bool_)
    for opened in plan.open_sites:
        if scenario.tiers[scenario.tier_index[opened.tier]].dispatches:
            open_at[scenario.site_index[opened.site]] = True
    times = TravelTimes(
        network,
        DijkstraEngine(network),
        tuple(site.ident for site in scenario.sites),
        tuple(point.ident for point in scenario.demand_points),
        siting_profile(scenario),
    )
    transport, unmet = np.zeros(len(states)), np.zeros(len(states))
    seen = 0
    for flow in flows:
        state = states[seen]
        if flow.state != state.index:
            broken.append(f"flows of road state {flow.state} stand where {state.index} is due")
            break
        seconds = times.of_state(state)
        broken += _state_faults(scenario, plan, state, flow, seconds, open_at)
        transport[seen], unmet[seen] = _response_terms(scenario, state, flow, seconds)
        seen += 1
    if seen != len(states):
        broken.append(f"flows are given for {seen} of {len(states)} road states")
    probability = np.array([state.probability for state in states])
    broken += _high_responses(scenario, transport + unmet, probability)
    terms = _objective_terms(scenario, yearly, transport, unmet, probability)
    return Check(tuple(broken), sum(terms.values()), terms)


def _objective_terms(
    scenario: Scenario,
    yearly: dict[str, float],
    transport: FloatArray,
    unmet: FloatArray,
    probability: FloatArray,
) -> dict[str, float]:
    """Parts of the objective as the scenario weighs them; their sum is the objective."""
    objective = scenario.objective
    weights = {
        "cost": 1.0,
        "mean": objective.mean,
        "cvar": objective.cvar,
        "worst": objective.worst,
    }
    if objective.lexicographic:
        weights = {name: float(name == objective.lexicographic[-1]) for name in weights}
    events = scenario.rules.events_per_year
    response = transport + unmet
    terms = {name: weights["cost"] * value for name, value in yearly.items()}
    measured = {
        "transport": (weights["mean"], float(probability @ transport)),
        "unmet": (weights["mean"], float(probability @ unmet)),
        "cvar": (weights["cvar"], _tail(response, probability, objective.cvar_level)),
        "worst": (weights["worst"], float(response.max(initial=0.0))),
    }
    return terms | {name: weight * events * value for name, (weight, value) in measured.items() if weight}


def _tail(response: FloatArray, probability: FloatArray, level: float) -> float:
    """CVaR by its definition as a minimum over thresholds, attained at one of the values."""
    if not np.isfinite(response).all():
        return float("inf")
    excess = np.maximum(response[None, :] - response[:, None], 0.0) @ probability / (1.0 - level)
    return float((response + excess).min(initial=np.inf)) if len(response) else 0.0


def _high_responses(scenario: Scenario, response: FloatArray, probability: FloatArray) -> list[str]:
    """Ceilings on response cost that do not hold."""
    objective = scenario.objective
    found = {
        "mean": (float(probability @ response), objective.max_mean_response),
        "cvar": (_tail(response, probability, objective.cvar_level), objective.max_cvar_response),
        "worst": (float(response.max(initial=0.0)), objective.max_worst_response),
    }
    return [
        f"{name} response cost {value:,.2f} is above max_{name}_response = {limit:,.2f}"
        for name, (value, limit) in found.items()
        if limit is not None and value > limit + CEILING_TOLERANCE * max(1.0, limit)
    ]


def usable_quantity(scenario: Scenario, plan: SitingPlan, state: RoadState) -> FloatArray:
    """Units a layout can send in one road state, continuous, shape ``(J, K)``."""
    usable = np.zeros((len(scenario.sites), len(scenario.commodities)))
    for line in plan.stock:
        j, k = scenario.site_index[line.site], scenario.commodity_index[line.commodity]
        share = 1.0
        if line.mode == "agreement":
            lots = [
                lot
                for lot in scenario.stock
                if lot.site == line.site and lot.commodity == line.commodity and str(lot.mode) == "agreement"
            ]
            agreed = sum(lot.quantity for lot in lots)
            share = sum(lot.quantity * lot.honour_probability for lot in lots) / agreed if agreed else 0.0
        usable[j, k] += line.quantity * share * state.site_survival[j]
    return usable


def _latest_s(scenario: Scenario) -> FloatArray:
    response = scenario.rules.response_s
    return np.array(
        [response if point.deadline_s is None else point.deadline_s for point in scenario.demand_points]
    )


def _state_faults(
    scenario: Scenario,
    plan: SitingPlan,
    state: RoadState,
    flow: StateFlows,
    seconds: FloatArray,
    open_at: BoolArray,
) -> list[str]:
    where = f"road state {state.index}"
    if not len(flow.units):
        return []
    broken = []
    if (flow.units < 0).any():
        broken.append(f"{where}: a negative flow")
    if not open_at[flow.site].all():
        ident = scenario.sites[int(flow.site[~open_at[flow.site]][0])].ident
        broken.append(f"{where}: a flow leaves {ident}, which is not an open dispatching depot")
    ready = np.array([site.readiness_s for site in scenario.sites])
    arrive = ready[flow.site] + seconds[flow.site, flow.point]
    late = arrive > _latest_s(scenario)[flow.point] + TIME_TOLERANCE_S
    if late.any():
        n = int(np.flatnonzero(late)[0])
        broken.append(
            f"{where}: a flow from {scenario.sites[int(flow.site[n])].ident} reaches "
            f"{scenario.demand_points[int(flow.point[n])].ident} after {arrive[n]:.0f} s, too late"
        )
    sent = np.zeros((len(scenario.sites), len(scenario.commodities)))
    np.add.at(sent, (flow.site, flow.commodity), flow.units)
    usable = usable_quantity(scenario, plan, state)
    over = sent > usable * (1 + FLOW_TOLERANCE) + FLOW_TOLERANCE
    for j, k in np.argwhere(over)[:3]:
        broken.append(
            f"{where}: {scenario.sites[j].ident} sends {sent[j, k]:.3f} {scenario.commodities[k].ident}, "
            f"usable {usable[j, k]:.3f}"
        )
    got = np.zeros((len(scenario.demand_points), len(scenario.commodities)))
    np.add.at(got, (flow.point, flow.commodity), flow.units)
    wanted = need(scenario, state.need_factor)
    for i, k in np.argwhere(got > wanted * (1 + FLOW_TOLERANCE) + FLOW_TOLERANCE)[:3]:
        broken.append(
            f"{where}: {scenario.demand_points[i].ident} gets {got[i, k]:.3f} "
            f"{scenario.commodities[k].ident}, needs {wanted[i, k]:.3f}"
        )
    return broken


def _response_terms(
    scenario: Scenario, state: RoadState, flow: StateFlows, seconds: FloatArray
) -> tuple[float, float]:
    """Transport cost and penalised unmet need of one road state."""
    tonnes = flow.units * scenario.kg_per_unit[flow.commodity] / 1000.0
    hours = seconds[flow.site, flow.point] / HOUR_S
    transport = scenario.rules.transport_cost_per_th * float((tonnes * hours)[flow.units > 0].sum())
    missing = need(scenario, state.need_factor)
    np.subtract.at(missing, (flow.point, flow.commodity), flow.units)
    weighted = float((np.maximum(missing, 0.0) * unmet_weight(scenario)).sum())
    return transport, scenario.rules.unmet_penalty * weighted
