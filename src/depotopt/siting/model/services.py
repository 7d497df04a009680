"""What tiers promise to people: coverage demanded and coverage priced, before loss and over road states."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from depotopt.hazards.states import RoadState, intact
from depotopt.rules import Tier
from depotopt.scenario import Scenario
from depotopt.siting.model.cover import Cover
from depotopt.siting.model.inputs import TravelInputs
from depotopt.siting.model.problem import CoverageRule, Options, UncoveredCost
from depotopt.units import FloatArray


def coverage_rules(
    scenario: Scenario, options: Options, travel: TravelInputs, ensemble: Iterable[RoadState]
) -> Iterator[CoverageRule]:
    """Yield the rules of `Tier.min_coverage` and `Tier.min_expected_coverage`."""
    states = list(ensemble)
    for t, tier in enumerate(scenario.tiers):
        if tier.min_coverage > 0:
            calm = [intact(len(scenario.sites), len(scenario.demand_points))]
            cover = tier_cover(scenario, options, travel, t, calm)
            name = f"tier {tier.ident}: {100 * tier.min_coverage:g} % of people within {_reach(tier)}"
            yield CoverageRule(name, cover, tier.min_coverage * cover.total)
        if tier.min_expected_coverage > 0:
            cover = tier_cover(scenario, options, travel, t, states)
            share = f"{100 * tier.min_expected_coverage:g} % of people"
            name = f"tier {tier.ident}: {share} within {_reach(tier)}, expected over road states"
            yield CoverageRule(name, cover, tier.min_expected_coverage * cover.total)


def uncovered_costs(
    scenario: Scenario, options: Options, travel: TravelInputs, ensemble: Iterable[RoadState]
) -> Iterator[UncoveredCost]:
    """Yield the price of people outside the standard of each tier that has one."""
    states = list(ensemble)
    for t, tier in enumerate(scenario.tiers):
        if tier.uncovered_cost > 0:
            yield UncoveredCost(tier_cover(scenario, options, travel, t, states), tier.uncovered_cost)


def tier_cover(
    scenario: Scenario, options: Options, travel: TravelInputs, t: int, states: list[RoadState]
) -> Cover:
    """People within the standard of a tier, weighted by the probability of the road states.

    Helpers are the options of this tier and of higher ones, in each road state those whose site survives.
    """
    tier = scenario.tiers[t]
    able = np.flatnonzero(options.tier <= t).astype(np.int32)
    sites = sorted({int(j) for j in options.site[able]})
    row = np.searchsorted(sites, options.site[able])
    people = np.array([point.people for point in scenario.demand_points])
    weights = np.array([state.probability for state in states])
    weights = weights / weights.sum()
    steps = credit_steps(tier)

    def blocks() -> Iterator[tuple[FloatArray, np.ndarray[tuple[int, int], np.dtype[np.bool_]]]]:
        if not sites:
            return
        for block in travel.times(scenario, sites).blocks(states):
            for lane in range(len(block.seconds)):
                s = block.first_state + lane
                alive = states[s].site_survival[sites] > 0
                for within_s, credit in steps:
                    near = (block.seconds[lane] <= within_s) & alive[:, None]
                    yield weights[s] * credit * people, near[row].T

    return Cover.of(blocks(), able, float(people.sum()), tier.backup)


def credit_steps(tier: Tier) -> tuple[tuple[float, float], ...]:
    """Times of a tier with the credit that is lost beyond each: they sum to the credit of the first.

    Without grades that is the service standard with a credit of 1.
    """
    if not tier.graded:
        return () if tier.service_standard_s is None else ((tier.service_standard_s, 1.0),)
    credits = [credit for _, credit in tier.graded] + [0.0]
    return tuple(
        (within_s, credits[n] - credits[n + 1])
        for n, (within_s, _) in enumerate(tier.graded)
        if credits[n] > credits[n + 1]
    )


def calm_seconds(scenario: Scenario, options: Options, travel: TravelInputs) -> FloatArray:
    """Travel times of options to points, no road lost, ``(O, I)``; helpers outside the plan reach nobody."""
    seconds = np.full((len(options), len(scenario.demand_points)), np.inf)
    own = np.flatnonzero(options.size_class >= 0)
    sites = sorted({int(j) for j in options.site[own]})
    if sites:
        calm = intact(len(scenario.sites), len(scenario.demand_points))
        row = np.searchsorted(sites, options.site[own])
        seconds[own] = travel.times(scenario, sites).of_state(calm)[row]
    people = np.array([point.people for point in scenario.demand_points])
    seconds[:, people <= 0] = np.inf
    return seconds


def _reach(tier: Tier) -> str:
    if tier.graded:
        steps = ", ".join(f"{within_s / 60:g} min ({credit:g})" for within_s, credit in tier.graded)
        return f"{steps} of an open site" if tier.backup == 1 else f"{steps} of {tier.backup} open sites"
    assert tier.service_standard_s is not None
    minutes = tier.service_standard_s / 60
    if tier.backup == 1:
        return f"{minutes:g} min of an open site"
    return f"{minutes:g} min of {tier.backup} open sites"
