"""Random small scenarios under random rules: engines agree, edits with memory agree, the verifier holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.plans import SitingPlan
from depotopt.rules import CountRule, SitingObjective, Tier
from depotopt.scenario import SiteStatus
from depotopt.siting.cuts.outcome import Memory
from depotopt.siting.recourse.recourse import recourse
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits, SolveResult, Status
from depotopt.verify.recourse import verify_siting
from tests.siting.cases import Case, random_case
from tests.siting.supply_cases import supply_case

LIMITS = SolveLimits(time_s=30.0, gap=1e-5)
OBJECTIVES = (
    SitingObjective(),
    SitingObjective(mean=0.5, cvar=0.5, cvar_level=0.5),
    SitingObjective(mean=0.0, worst=1.0),
    SitingObjective(max_unmet_fraction=0.9),
)


def ruled_tier(rng: np.random.Generator, tier: Tier, *, top: bool) -> Tier:
    """The tier with some of the rules there are."""
    if rng.random() < 0.4:
        kind, zone = str(rng.choice(["", "school"])), str(rng.choice(["", "*", "Z0"]))
        tier = replace(tier, counts=(CountRule(None, int(rng.integers(1, 4)), kind, zone),))
    if rng.random() < 0.5:
        tier = replace(
            tier,
            service_standard_s=float(rng.choice([3_000.0, 9_000.0])),
            min_coverage=float(rng.choice([0.0, 0.3])),
            min_expected_coverage=float(rng.choice([0.0, 0.1])),
            uncovered_cost=float(rng.choice([0.0, 1.0])),
            backup=int(rng.choice([1, 1, 2])),
        )
    if not top and rng.random() < 0.3:
        tier = replace(tier, support_s=5_000.0)
    return tier


def ruled_case(seed: int) -> Case:
    rng = np.random.default_rng([31, seed])
    draw = supply_case if seed % 2 else random_case
    case = draw(seed, sites=4, points=5, states=3)
    scenario = case.scenario
    tiers = tuple(ruled_tier(rng, tier, top=n == 0) for n, tier in enumerate(scenario.tiers))
    closed = scenario.sites[1].status is not SiteStatus.MUTUAL_AID and rng.random() < 0.3
    sites = (
        scenario.sites[0],
        replace(scenario.sites[1], status=SiteStatus.CLOSED) if closed else scenario.sites[1],
        *scenario.sites[2:],
    )
    late = ((1_500.0, 20.0), (3_000.0, 80.0)) if rng.random() < 0.5 else ()
    objective = replace(OBJECTIVES[int(rng.integers(len(OBJECTIVES)))], late=late)
    budget = float(rng.choice([1_500.0, 4_000.0])) if rng.random() < 0.4 else None
    case = case.with_scenario(tiers=tiers, sites=sites, objective=objective)
    return case.with_rules(budget=budget, owner_budgets=(("North", 900.0),) if seed % 3 == 0 else ())


def verified(case: Case, result: SolveResult[SitingPlan]) -> None:
    assert result.plan is not None
    assert result.objective is not None
    assert result.bound is not None
    assert result.bound <= result.objective * (1 + 1e-9) + 1e-9
    flows = recourse(case.scenario, result.plan, case.network, case.ensemble)
    check = verify_siting(case.scenario, case.network, result.plan, case.ensemble, flows)
    assert check.compare(result.objective).violations == ()


def agree(one: SolveResult[SitingPlan], other: SolveResult[SitingPlan]) -> None:
    """Neither proves a bound above what the other found."""
    for mine, theirs in ((one, other), (other, one)):
        assert mine.bound is not None
        assert theirs.objective is not None
        assert mine.bound <= theirs.objective + 2e-5 * max(1.0, abs(theirs.objective))


@pytest.mark.parametrize("seed", range(10))
def test_engines_agree_under_any_rules(seed: int) -> None:
    case = ruled_case(seed)
    results = [solve_problem(case.problem, LIMITS, engine=name) for name in ("highs", "gscip", "cuts")]
    if results[0].status is Status.INFEASIBLE:
        assert [one.status for one in results] == 3 * [Status.INFEASIBLE]
        assert all(one.conflicts for one in results)
        return
    for one in results:
        verified(case, one)
        agree(results[0], one)


@pytest.mark.parametrize("seed", range(6))
def test_edits_with_memory_answer_like_a_fresh_solve(seed: int) -> None:
    case, memory = ruled_case(seed), Memory()
    solve_problem(case.problem, LIMITS, engine="cuts", memory=memory)
    few = tuple(replace(tier, counts=(CountRule(maximum=2),)) for tier in case.scenario.tiers)
    edits = (
        case.with_rules(events_per_year=1.0),
        case.with_rules(unmet_penalty=90.0),
        case.with_scenario(tiers=few),
        case.with_rules(budget=700.0),
    )
    for edited in edits:
        warm = solve_problem(edited.problem, LIMITS, engine="cuts", memory=memory)
        fresh = solve_problem(edited.problem, LIMITS, engine="highs")
        assert (warm.plan is None) == (fresh.plan is None)
        if warm.plan is not None:
            verified(edited, warm)
            agree(warm, fresh)
