"""The small scenario of the newer keys: each of them decides something."""

from __future__ import annotations

from functools import cache

import pytest

from depotopt.pipeline.stages import sample_ensemble, verified_dispatch, verified_siting
from depotopt.plans import SitingPlan
from depotopt.solving import SolveLimits, SolveResult, Status
from tests.scenarios.shipped import shipped

NAME = "reserve-chain"
LIMITS = SolveLimits(time_s=60.0, gap=1e-3)


@cache
def layout(*overrides: str, limits: SolveLimits = LIMITS) -> SolveResult[SitingPlan]:
    """The layout under some overrides; every plan goes through the verifier."""
    case = shipped(NAME, *overrides)
    rules = case.scenario.ensemble
    ensemble = sample_ensemble(case.network, case.scenario, rules.design_states, rules.design_seed)
    result = verified_siting(case, ensemble, limits=limits)
    assert result.plan is not None
    return result


def opened(*overrides: str) -> set[tuple[str, str]]:
    """Site and tier of what is open."""
    plan = layout(*overrides).plan
    assert plan is not None
    return {(one.site, one.tier) for one in plan.open_sites}


def test_the_hub_opens_and_without_it_a_school_takes_its_place() -> None:
    """Junction yard lets the base reach Lowton; where no hub may open, Lowton school passes goods on."""
    assert opened() == {("BASE", "base"), ("MID", "county"), ("UP", "county"), ("YARD", "hub")}
    assert opened("no_hub") == {("BASE", "base"), ("MID", "county"), ("UP", "county"), ("LOW", "county")}
    plan = layout("no_hub").plan
    assert plan is not None
    assert not [line for line in plan.stock if line.site == "LOW"]


def test_an_owner_without_money_closes_its_hall() -> None:
    """The province may pay its half; Upton cannot pay the other one."""
    assert ("UP", "county") not in opened("poor_towns")


def test_two_depots_cover_fewer_people_than_one() -> None:
    """The same layout, counted more strictly."""
    assert opened("second_depot") == opened()
    assert layout("second_depot").terms["uncovered"] > layout().terms["uncovered"]


@pytest.mark.parametrize("override", ["no_hub", "on_our_own", "second_depot", "poor_towns"])
def test_every_restriction_costs_something(override: str) -> None:
    """All are proved, and none is better than the layout without it."""
    free, bound = layout(), layout(override)
    assert free.status is Status.OPTIMAL
    assert bound.objective is not None
    assert free.objective is not None
    assert bound.bound is not None
    assert bound.objective > free.objective * (1 + 2e-3)


def test_one_depot_for_each_place_costs_something() -> None:
    """The verifier sees that every place gets all it gets from one depot."""
    free, bound = layout(), layout("one_depot_each", limits=SolveLimits(time_s=5.0, gap=0.05))
    assert free.bound is not None
    assert bound.objective is not None
    assert bound.objective >= free.bound * (1 - 1e-6)


def test_goods_go_through_the_hub_when_the_town_is_cut_off() -> None:
    """With bridge and Back Road lost, Lowton gets what trunk trips bring to Junction yard."""
    case = shipped(NAME)
    streets = case.network.streets
    lost = {"Long Bridge", "Back Road"}
    ensemble = sample_ensemble(case.network, case.scenario, 200, 3)
    state = next(
        state
        for state in ensemble
        if {streets.name[s] for s in state.damage.street[state.damage.speed_factor == 0]} == lost
    )
    result = verified_dispatch(case, layout().plan, state, limits=SolveLimits(time_s=3.0))
    assert result.plan is not None
    brought = [trip for trip in result.plan.trips if trip.transfer is not None]
    assert {trip.transfer.site for trip in brought if trip.transfer is not None} == {"YARD"}
    served = {stop.point for trip in result.plan.trips for stop in trip.stops}
    assert "P-LOW" in served
