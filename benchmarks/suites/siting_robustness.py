"""The price of robustness: a layout chosen for whole roads against one chosen over road losses.

Both are chosen with the same rules, prices and mean need, and judged on the same road states that neither
has seen. Rows per scenario: the proof of the layout chosen over road losses, then for each layout yearly
cost, expected and tail unmet need, and at last what the one saves over the other per year, all costs counted.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import Case, Job, Measurement, Plan, stopwatch

if TYPE_CHECKING:
    from depotopt.hazards.states import RoadLossEnsemble

SCENARIOS = Path(__file__).parents[2] / "scenarios"
SHIPPED = ("wushi-2024", "shanghai-5-8-11-n")


def cases(plan: Plan) -> Iterator[Case]:
    """Both shipped scenarios; few states of the smaller one in a smoke run."""
    if plan.smoke:
        few = {"scenario": SHIPPED[0], "design": 4, "unseen": 10}
        yield Case(
            f"robustness-{SHIPPED[0]}", "cuts", robustness, arguments=few, time_s=15.0, optimality_gap=0.011
        )
        return
    for name in SHIPPED:
        for design in (50, 200):
            yield Case(
                f"robustness-{name}-{design}",
                "cuts",
                robustness,
                arguments={"scenario": name, "design": design, "unseen": 1_000},
                time_s=180.0,
                timeout_s=1_800.0,
                optimality_gap=0.011,
            )


def robustness(job: Job) -> Iterator[Measurement]:
    """Choose both layouts, judge both, compare."""
    import numpy as np

    from depotopt.hazards import statistics
    from depotopt.pipeline.stages import open_case, sample_ensemble
    from depotopt.siting.recourse.recourse import respond
    from depotopt.siting.solve import solve_siting
    from depotopt.solving import SolveLimits
    from depotopt.verify.costs import yearly_cost

    case = open_case(SCENARIOS / job.arguments["scenario"])
    scenario, rules = case.scenario, case.scenario.ensemble
    design = sample_ensemble(case.network, scenario, job.arguments["design"], rules.design_seed, workers=2)
    unseen = sample_ensemble(case.network, scenario, job.arguments["unseen"], rules.unseen_seed, workers=2)
    limits = SolveLimits(job.time_s, gap=0.01, seed=job.seed, workers=2)
    total = {}
    for name, ensemble in (("stochastic", design), ("nominal", nothing_lost(design))):
        with stopwatch() as clock:
            result = solve_siting(scenario, case.network, ensemble, limits=limits, engine="cuts")
        yield Measurement(
            result.objective,
            result.status.value,
            result.bound,
            metric=f"{name}_objective",
            cpu_s=clock.cpu_s,
            wall_s=clock.wall_s,
        )
        if result.plan is None:
            return
        cost = sum(yearly_cost(scenario, result.plan).values())
        answers = list(respond(scenario, result.plan, case.network, unseen, workers=2))
        unmet = np.array([one.unmet_cost for one in answers]) / scenario.rules.unmet_penalty
        response = np.array([one.transport_cost + one.unmet_cost for one in answers])
        total[name] = cost + scenario.rules.events_per_year * response
        mean = statistics.weighted_mean(unmet, unseen.probability)
        tail = statistics.weighted_cvar(unmet, unseen.probability)
        error = {"half_width": mean.half_width, "open_sites": len(result.plan.open_sites)}
        yield Measurement(cost, metric=f"{name}_yearly_cost")
        yield Measurement(mean.value, metric=f"{name}_unmet_weighted_person_days", details=error)
        yield Measurement(tail.value, metric=f"{name}_unmet_worst_5_percent")
    saved = statistics.weighted_mean(total["nominal"] - total["stochastic"], unseen.probability)
    yield Measurement(saved.value, metric="saved_per_year", details={"half_width": saved.half_width})


def nothing_lost(design: RoadLossEnsemble) -> RoadLossEnsemble:
    """One state with whole roads and sites, and the mean need of the others."""
    from dataclasses import replace

    from depotopt.hazards.states import RoadLossEnsemble, intact

    calm = intact(design.site_survival.shape[1], design.need_factor.shape[1])
    mean_need = design.probability @ design.need_factor
    return RoadLossEnsemble.of([replace(calm, index=0, need_factor=mean_need)])
