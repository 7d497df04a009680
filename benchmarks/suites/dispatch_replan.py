"""Replanning on drawn relief cases: seconds to the first plan, gap to a plan from nothing, stops kept."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.case import Case, Job, Measurement, Plan, Reference, Sense, stopwatch

if TYPE_CHECKING:
    from benchmarks.readers.generated_relief import ReliefCase
    from depotopt.hazards.states import RoadState
    from depotopt.plans import DispatchPlan

DATA = "dispatch"
SEEDS = (1, 2, 3)
AT_S = 7_200.0
"""Moment at which the streets are lost."""
STREETS_LOST = 2
FIRST_PLAN_S, GAP, KEPT = 1.0, 0.015, 0.9
"""What is aimed at."""


def cases(plan: Plan) -> Iterator[Case]:
    """Three draws with 250 points; a small one as smoke."""
    if plan.smoke:
        yield _case("replan-12-1", 12, 2, 1, (2.0, 5.0, 5.0))
        return
    for seed in SEEDS:
        yield _case(f"replan-250-{seed}", 250, 8, seed, (30.0, 10.0, 60.0))


def _case(name: str, points: int, depots: int, seed: int, times: tuple[float, float, float]) -> Case:
    return Case(
        name,
        engine="depotopt",
        run=replan_case,
        arguments={"points": points, "depots": depots, "seed": seed, "times_s": list(times)},
        time_s=times[1],
    )


def replan_case(job: Job) -> Iterator[Measurement]:
    """Make a plan, lose its busiest streets, plan anew; then the same remaining problem from nothing."""
    import time

    from benchmarks.readers.generated_relief import relief_case
    from depotopt.dispatch.replan.cold_start import cold_start
    from depotopt.dispatch.replanning import InForce, interrupted, replan
    from depotopt.dispatch.solve import settle, solve_dispatch
    from depotopt.solving import Monitor, Progress, SolveLimits
    from depotopt.verify.in_force import PlanInForce
    from depotopt.verify.replan import verify_replan

    settings = job.arguments
    plan_s, replan_s, cold_s = settings["times_s"]
    case = relief_case(settings["seed"], settings["points"], settings["depots"], 4)
    first = solve_dispatch(
        case.scenario, None, case.network, case.state, limits=SolveLimits(time_s=plan_s, seed=job.seed)
    )
    assert first.plan is not None
    after = without_busiest(case, first.plan)
    found_at: list[float] = []

    def hear(progress: Progress) -> None:
        if progress.stage == "first plan":
            found_at.append(time.process_time())

    begin = time.process_time()
    with stopwatch() as clock:
        outcome = replan(
            case.scenario,
            None,
            case.network,
            InForce(first.plan, case.state),
            after,
            at_s=AT_S,
            limits=SolveLimits(time_s=replan_s, seed=job.seed),
            monitor=Monitor(hear),
        )
    result = outcome.result
    assert result.plan is not None
    assert result.objective is not None
    check = verify_replan(
        case.scenario, None, case.network, PlanInForce(first.plan, case.state), after, result.plan
    )
    if check.violations:
        note = f"{len(check.violations)} rules broken, first: {check.violations[0]}"
        yield Measurement(None, status="unknown", note=note)
        return
    left = interrupted(case.scenario, None, case.network, InForce(first.plan, case.state), after, AT_S)
    limits = SolveLimits(time_s=cold_s, seed=job.seed)
    cold = cold_start(left.problem, limits, Monitor(), time.perf_counter() + cold_s)
    problem, routes = settle(left.assembly, left.problem, cold.routes)
    unmet, cost = left.value(problem, routes)
    reached = problem.unmet_penalty * unmet + cost
    # What is loaded and driven is frozen for both searches: they plan the same remaining problem.
    hit = {item.trip.vehicle for item in left.kept if item.rerouted}
    hit |= {trip.vehicle for trip in left.waiting} - {trip.vehicle for trip in left.untouched}
    yield Measurement(
        found_at[0] - begin,
        metric="first_plan_cpu_s",
        reference=Reference(FIRST_PLAN_S, tolerance=0.0),
        note=f"{outcome.first_plan_s:.2f} s on the wall",
    )
    yield Measurement(
        max(0.0, (result.objective - reached) / reached),
        metric="gap_to_cold",
        reference=Reference(GAP, tolerance=0.0),
        cpu_s=clock.cpu_s,
        wall_s=clock.wall_s,
        note=f"{result.objective:,.0f} after {replan_s:g} s, from nothing {reached:,.0f} after {cold_s:g} s; "
        f"{result.engine}",
        details={**result.terms, "cold_unmet": unmet, "cold_cost": cost, "bound": result.bound},
    )
    yield Measurement(
        outcome.kept_share,
        metric="kept_share",
        reference=Reference(KEPT, sense=Sense.MAX),
        note=f"{len(outcome.changed_vehicles)} of {len({t.vehicle for t in result.plan.trips})} "
        f"vehicles get new papers, the loss hits {len(hit)}",
        details={"proved_gap": result.gap, "under_way": float(len(outcome.under_way))},
    )


def without_busiest(case: ReliefCase, plan: DispatchPlan) -> RoadState:
    """The road state with the streets lost that the plan's trips use most."""
    from dataclasses import replace

    import numpy as np

    from depotopt.hazards.states import Damage

    used: Counter[int] = Counter()
    for trip in plan.trips:
        legs = [trip.approach_links, *(stop.links for stop in trip.stops), trip.return_links]
        used.update({int(case.network.street[link]) for leg in legs for link in leg})
    lost = sorted(used, key=lambda street: (-used[street], street))[:STREETS_LOST]
    damage = Damage.concatenate([case.state.damage, Damage.of(np.array(lost, dtype=np.int32))])
    return replace(case.state, damage=damage)
