"""Objectives in their order: what is asked for first is never worse than in a plan that asks for it later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.dispatch.model.goal import Value, gini
from depotopt.dispatch.solve import DispatchOptions, solve_dispatch
from depotopt.errors import UsageError
from depotopt.plans import DispatchPlan
from depotopt.scenario import FleetEntry
from depotopt.solving import SolveLimits, SolveResult, Status
from depotopt.verify.dispatch import verify_dispatch
from tests.dispatch.worlds import World, world
from tests.verify.line_case import calm, line_network, line_scenario

LIMITS = SolveLimits(time_s=0.3)


def solved(case: World, *objectives: str) -> SolveResult[DispatchPlan]:
    result = solve_dispatch(
        case.scenario,
        None,
        case.network,
        case.state,
        limits=LIMITS,
        options=DispatchOptions(objectives=objectives or None),
    )
    assert result.plan is not None
    check = verify_dispatch(
        case.scenario, None, case.network, case.state, result.plan, objectives=objectives or None
    )
    assert check.violations == ()
    assert check.terms == pytest.approx(result.terms)
    return result


def one_truck(**changes: object) -> World:
    """Ample stock at A, one truck there, room for one commodity's worth of stops."""
    scenario = line_scenario()
    stock = tuple(replace(lot, quantity=1_000.0) for lot in scenario.stock if lot.site == "A")
    fleet = (FleetEntry("truck", "A", 1),)
    scenario = replace(scenario, stock=stock, fleet=fleet, **changes)  # type: ignore[arg-type]
    return World(scenario, line_network(), calm())


@pytest.mark.parametrize(
    "order",
    [
        ("unmet", "latency", "cost"),
        ("unmet", "makespan"),
        ("unmet", "lateness", "cost"),
        ("equity", "unmet", "cost"),
        ("unmet", "distance"),
    ],
)
def test_plans_of_every_order_keep_every_rule(order: tuple[str, ...]) -> None:
    for seed in (1, 4):
        plan = solved(world(seed), *order).plan
        assert plan is not None
        assert plan.objectives == order


def test_a_late_delivery_counts_once_lateness_is_an_objective() -> None:
    """P is due at 150 s: with 1,100 kg on board nobody is there before 210 s."""
    points = tuple(
        replace(point, deadline_s=150.0) if point.ident == "P" else point
        for point in line_scenario().demand_points
    )
    case = one_truck(demand_points=points)
    hard, soft = solved(case), solved(case, "unmet", "lateness", "cost")
    assert hard.terms["late_person_day_hours"] == 0.0
    assert hard.terms["unmet_person_days"] > 0.0
    assert soft.terms["unmet_person_days"] == 0.0
    assert soft.terms["late_person_day_hours"] > 0.0


def test_late_deliveries_are_a_violation_without_that_objective() -> None:
    points = tuple(replace(point, deadline_s=150.0) for point in line_scenario().demand_points)
    case = one_truck(demand_points=points)
    plan = solved(case, "unmet", "lateness").plan
    assert plan is not None
    hard = replace(plan, objectives=("unmet", "cost"))
    check = verify_dispatch(case.scenario, None, case.network, case.state, hard)
    assert any("at the latest" in text for text in check.violations)


def test_asking_for_early_arrivals_never_makes_them_later() -> None:
    case = one_truck()
    cheap, early = solved(case), solved(case, "unmet", "latency", "cost")
    assert early.terms["unmet_person_days"] == cheap.terms["unmet_person_days"] == 0.0
    name = "arrival_person_day_hours"
    assert early.terms[name] <= cheap.terms[name] + 1e-9


def test_fairness_first_leaves_no_point_worse_off_than_need_first() -> None:
    """150 water for 160 people: with equity first the emptiest point gets no less."""
    case = one_truck()
    scarce = tuple(
        replace(lot, quantity=80.0 if lot.commodity == "water" else 5.0) for lot in case.scenario.stock
    )
    case = World(replace(case.scenario, stock=scarce), case.network, case.state)
    plain, fair = solved(case), solved(case, "equity", "unmet", "cost")
    assert fair.terms["worst_shortfall"] <= plain.terms["worst_shortfall"] + 1e-9


def test_no_order_is_proved_best_by_a_bound_on_something_else() -> None:
    result = solved(one_truck(), "unmet", "latency", "cost")
    assert result.status is Status.FEASIBLE


@pytest.mark.parametrize("order", [("cost",), ("unmet", "unmet"), ("unmet", "speed")])
def test_orders_that_make_no_sense_are_refused(order: tuple[str, ...]) -> None:
    case = one_truck()
    with pytest.raises(UsageError):
        solve_dispatch(
            case.scenario,
            None,
            case.network,
            case.state,
            limits=LIMITS,
            options=DispatchOptions(objectives=order),
        )


def test_values_are_compared_term_by_term() -> None:
    assert Value((1.0, 9.0)) < Value((2.0, 0.0))
    assert Value((1.04, 9.0)).near(Value((1.0, 9.0)), 0.05)
    assert not Value((1.04, 9.9)).near(Value((1.0, 9.0)), 0.05)
    assert not Value((1.06, 0.0)).near(Value((1.0, 9.0)), 0.05)


def test_gini_is_the_mean_difference_of_all_pairs_over_twice_the_mean() -> None:
    rates = np.array([0.1, 0.5, 0.9, 1.0])
    pairs = np.abs(rates[:, None] - rates[None, :]).mean()
    assert gini(rates) == pytest.approx(pairs / (2 * rates.mean()))
    assert gini(np.ones(5)) == pytest.approx(0.0)
