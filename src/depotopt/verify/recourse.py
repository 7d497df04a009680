"""Recourse flows of a layout: checked state by state, priced, and summed to the siting objective."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import numpy as np

from depotopt.hazards.states import RoadState
from depotopt.need import need, unmet_weight
from depotopt.plans import SitingPlan, StateFlows
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.units import FloatArray
from depotopt.verify.check import Check
from depotopt.verify.coverage import low_expected_coverage, uncovered_cost
from depotopt.verify.flows import FlowCheck
from depotopt.verify.layout import verify_layout

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
    checking = FlowCheck(scenario, network, plan)
    transport, unmet = np.zeros(len(states)), np.zeros(len(states))
    seen = 0
    for flow in flows:
        state = states[seen]
        if flow.state != state.index:
            broken.append(f"flows of road state {flow.state} stand where {state.index} is due")
            break
        faults, transport[seen], unmet[seen] = checking.check(state, flow)
        broken += faults
        seen += 1
    if seen != len(states):
        broken.append(f"flows are given for {seen} of {len(states)} road states")
    probability = np.array([state.probability for state in states])
    undelivered = _undelivered(scenario, states)
    broken += _high_responses(scenario, transport + unmet, probability, undelivered)
    terms = _objective_terms(scenario, yearly, (transport, unmet), probability, undelivered)
    return Check(tuple(broken), sum(terms.values()), terms)


def _objective_terms(
    scenario: Scenario,
    yearly: dict[str, float],
    parts: tuple[FloatArray, FloatArray],
    probability: FloatArray,
    undelivered: FloatArray,
) -> dict[str, float]:
    """Parts of the objective as the scenario weighs them; their sum is the objective."""
    objective = scenario.objective
    weights = {
        "cost": 1.0,
        "mean": objective.mean,
        "cvar": objective.cvar,
        "worst": objective.worst,
        "fraction": 0.0,
    }
    if objective.lexicographic:
        weights = {name: float(name == objective.lexicographic[-1]) for name in weights}
    events = scenario.rules.events_per_year
    transport, unmet = parts
    response = transport + unmet
    terms = {name: weights["cost"] * value for name, value in yearly.items()}
    measured = {
        "transport": (weights["mean"], float(probability @ transport)),
        "unmet": (weights["mean"], float(probability @ unmet)),
        "cvar": (weights["cvar"], _tail(response, probability, objective.cvar_level)),
        "worst": (weights["worst"], float(response.max(initial=0.0))),
        "fraction": (weights["fraction"], _fraction(response, undelivered)),
    }
    return terms | {name: weight * events * value for name, (weight, value) in measured.items() if weight}


def _tail(response: FloatArray, probability: FloatArray, level: float) -> float:
    """CVaR by its definition as a minimum over thresholds, attained at one of the values."""
    if not np.isfinite(response).all():
        return float("inf")
    excess = np.maximum(response[None, :] - response[:, None], 0.0) @ probability / (1.0 - level)
    return float((response + excess).min(initial=np.inf)) if len(response) else 0.0


def _undelivered(scenario: Scenario, states: Sequence[RoadState]) -> FloatArray:
    """Penalty per road state where nothing at all is delivered, shape ``(S,)``."""
    weight = scenario.rules.unmet_penalty * unmet_weight(scenario)
    return np.array([float((need(scenario, state.need_factor) * weight).sum()) for state in states])


def _fraction(response: FloatArray, undelivered: FloatArray) -> float:
    """Largest response cost over that of delivering nothing; 0 where no state has need."""
    needy = undelivered > 0
    return float((response[needy] / undelivered[needy]).max(initial=0.0))


def _high_responses(
    scenario: Scenario, response: FloatArray, probability: FloatArray, undelivered: FloatArray
) -> list[str]:
    """Ceilings on response cost that do not hold."""
    objective = scenario.objective
    found = {
        "mean": (float(probability @ response), objective.max_mean_response),
        "cvar": (_tail(response, probability, objective.cvar_level), objective.max_cvar_response),
        "worst": (float(response.max(initial=0.0)), objective.max_worst_response),
    }
    broken = [
        f"{name} response cost {value:,.2f} is above max_{name}_response = {limit:,.2f}"
        for name, (value, limit) in found.items()
        if limit is not None and value > limit + CEILING_TOLERANCE * max(1.0, limit)
    ]
    fraction, most = _fraction(response, undelivered), objective.max_unmet_fraction
    if most is not None and fraction > most + CEILING_TOLERANCE:
        broken.append(f"unmet fraction {fraction:.4%} is above max_unmet_fraction = {most:.4%}")
    return broken
