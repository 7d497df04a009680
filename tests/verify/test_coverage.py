"""Coverage of the town tier on the line of roads, against travel times sorted by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.hazards.states import RoadState
from depotopt.plans import OpenSite, SitingPlan
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.rules import Tier
from depotopt.scenario import Scenario
from depotopt.travel import TravelTimes
from depotopt.verify.coverage import (
    covered_people,
    low_coverage,
    low_expected_coverage,
    siting_profile,
    uncovered_cost,
)
from tests.verify.line_case import calm, line_network, line_scenario, without_street

NETWORK, SCENARIO = line_network(), line_scenario()
LAYOUT = SitingPlan((OpenSite("A", "city", "L"), OpenSite("B", "town", "S")), ())
PEOPLE = np.array([point.people for point in SCENARIO.demand_points])
LOST = replace(without_street(NETWORK, 0, 1), index=1, probability=0.25)
STATES = [replace(calm(), probability=0.75), LOST]


def town(**changes: object) -> tuple[Scenario, Tier]:
    tiers = (SCENARIO.tiers[0], replace(SCENARIO.tiers[1], **changes))  # type: ignore[arg-type]
    return replace(SCENARIO, tiers=tiers), tiers[1]


def seconds(state: RoadState) -> np.ndarray:
    points = tuple(point.ident for point in SCENARIO.demand_points)
    times = TravelTimes(NETWORK, DijkstraEngine(NETWORK), ("A", "B"), points, siting_profile(SCENARIO))
    return times.of_state(state)


def test_backup_takes_the_second_nearest_depot() -> None:
    farthest = seconds(calm()).max(axis=0)
    within_s = float(np.sort(farthest)[1])
    scenario, tier = town(service_standard_s=within_s, backup=2)
    assert covered_people(scenario, NETWORK, LAYOUT, tier, [calm()]) == PEOPLE[farthest <= within_s].sum()


def test_grades_give_the_credit_of_the_smallest_step() -> None:
    nearest = seconds(calm()).min(axis=0)
    near_s, far_s = float(np.sort(nearest)[0]), float(np.sort(nearest)[-1])
    scenario, tier = town(graded=((near_s, 1.0), (far_s, 0.25)))
    expected = float((np.where(nearest <= near_s, 1.0, 0.25) * PEOPLE).sum())
    assert covered_people(scenario, NETWORK, LAYOUT, tier, [calm()]) == pytest.approx(expected)


def test_road_states_count_by_their_probability_and_lost_depots_do_not_count() -> None:
    gone = replace(calm(), index=2, probability=0.25, site_survival=np.zeros(2, dtype=np.float32))
    scenario, tier = town(service_standard_s=1e6)
    found = covered_people(scenario, NETWORK, LAYOUT, tier, [replace(calm(), probability=0.75), gone])
    assert found == pytest.approx(0.75 * PEOPLE.sum())


def test_low_coverage_over_road_states_is_named() -> None:
    reached = np.isfinite(seconds(LOST)).any(axis=0)
    share = 0.75 + 0.25 * float(PEOPLE[reached].sum() / PEOPLE.sum())
    kept, _ = town(service_standard_s=1e6, min_expected_coverage=share)
    assert low_expected_coverage(kept, NETWORK, LAYOUT, STATES) == []
    none_open = SitingPlan((), ())
    (sentence,) = low_expected_coverage(kept, NETWORK, none_open, STATES)
    assert sentence.startswith("tier town: 0.00% of people covered over the road states")


def test_a_tier_that_demands_nothing_is_never_low() -> None:
    scenario, _ = town(service_standard_s=1.0)
    assert low_coverage(scenario, NETWORK, SitingPlan((), ())) == []


def test_uncovered_people_are_priced() -> None:
    scenario, _ = town(service_standard_s=1e6, uncovered_cost=3.0)
    assert uncovered_cost(scenario, NETWORK, SitingPlan((), ()), STATES) == {
        "uncovered": pytest.approx(3.0 * PEOPLE.sum())
    }
    assert uncovered_cost(SCENARIO, NETWORK, LAYOUT, STATES) == {}
