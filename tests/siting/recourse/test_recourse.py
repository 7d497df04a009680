"""Recourse of fixed layouts, held against the independent check."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.plans import OpenSite, SitingPlan
from depotopt.scenario import SiteStatus
from depotopt.siting.attempt import objective_terms
from depotopt.siting.naming import as_layout
from depotopt.siting.recourse.recourse import existing_layout, recourse, respond
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits
from depotopt.verify.recourse import verify_siting
from tests.siting.cases import random_case

LIMITS = SolveLimits(time_s=60.0, gap=1e-6)


@pytest.mark.parametrize("seed", range(6))
def test_verifier_finds_the_same_objective(seed: int) -> None:
    """Flows keep every rule and cost what the solve claims."""
    case = random_case(seed)
    result = solve_problem(case.problem, LIMITS)
    assert result.plan is not None
    assert result.objective is not None
    flows = recourse(case.scenario, result.plan, case.network, case.ensemble, engine=case.engine)
    check = verify_siting(case.scenario, case.network, result.plan, list(case.ensemble), flows)
    assert check.compare(result.objective, 1e-7).violations == ()


@pytest.mark.parametrize("seed", range(4))
def test_both_roads_to_the_objective_agree(seed: int) -> None:
    """Pricing on the problem's arcs and on fresh travel times gives the same response cost."""
    case = random_case(seed)
    problem = case.problem
    plan = solve_problem(problem, LIMITS).plan
    assert plan is not None
    terms = objective_terms(problem, as_layout(problem, plan))
    answers = list(respond(case.scenario, plan, case.network, case.ensemble, engine=case.engine))
    transport = np.array([answer.transport_cost for answer in answers])
    unmet = np.array([answer.unmet_cost for answer in answers])
    assert terms["transport"] == pytest.approx(float(problem.state_weight @ transport))
    assert terms["unmet"] == pytest.approx(float(problem.state_weight @ unmet))


def test_workers_do_not_change_flows() -> None:
    """The same flows to the last bit with one and with two threads."""
    case = random_case(3, states=8)
    plan = existing_layout(case.scenario)
    runs = [
        list(recourse(case.scenario, plan, case.network, case.ensemble, engine=case.engine, workers=n))
        for n in (1, 2)
    ]
    for one, two in zip(*runs, strict=True):
        assert (one.units == two.units).all()
        assert (one.point == two.point).all()


def test_nothing_open_leaves_all_need_unmet() -> None:
    """A layout without depots sends nothing and pays every penalty."""
    case = random_case(1)
    empty = SitingPlan((), ())
    for answer in respond(case.scenario, empty, case.network, case.ensemble, engine=case.engine):
        assert len(answer.flows.units) == 0
        assert answer.unmet_cost > 0


def test_today_is_what_stands_today() -> None:
    """Existing sites are open in their first tier with exactly the stock table."""
    case = random_case(5)
    plan = existing_layout(case.scenario)
    expected = {s.ident for s in case.scenario.sites if s.status is SiteStatus.EXISTING}
    assert {item.site for item in plan.open_sites} == expected
    held = {(line.site, line.commodity, line.mode): line.quantity for line in plan.stock}
    for lot in case.scenario.stock:
        if lot.site in expected and lot.quantity > 0:
            assert held[lot.site, lot.commodity, str(lot.mode)] == lot.quantity


def test_unknown_site_is_refused() -> None:
    """A layout of another scenario is named, not ignored."""
    case = random_case(2)
    stranger = replace(existing_layout(case.scenario), open_sites=(OpenSite("X9", "city", "S"),))
    with pytest.raises(UsageError, match="X9"):
        list(recourse(case.scenario, stranger, case.network, case.ensemble, engine=case.engine))
