"""Two-stage siting at scale: ten times the hurricanes, mean and tail together, a tiered city, and a stop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from benchmarks.case import Case, Job, Measurement, Plan, stopwatch

if TYPE_CHECKING:
    from depotopt.siting.cuts.outcome import Memory
    from depotopt.siting.model.problem import SitingProblem

DATA = "siting"
HURRICANES = "prepos_rawls_turnquist_2010"


def cases(plan: Plan) -> Iterator[Case]:
    """The larger cases, each small in a smoke run (the hurricanes need their data)."""
    many = 20 if plan.smoke else 510
    yield Case(
        f"hurricanes-{many}",
        "cuts",
        more_hurricanes,
        arguments={"states": many},
        files=(f"{HURRICANES}/scenarios.csv",),
        time_s=15.0 if plan.smoke else 120.0,
        optimality_gap=0.0101,
    )
    size = (10, 20, 12) if plan.smoke else (50, 50, 500)
    yield Case(
        "mean-cvar-" + "x".join(map(str, size)),
        "cuts",
        mean_and_tail,
        arguments={"size": size},
        time_s=15.0 if plan.smoke else 300.0,
        optimality_gap=0.0101,
    )
    cities = (
        [(200, 6, (4, 12, 40))]
        if plan.smoke
        else [(2_000, 40, (5, 30, 200)), (20_000, 200, (20, 200, 2_000))]
    )
    for points, states, candidates in cities:
        yield Case(
            f"tiered-city-{points}x{states}",
            "cuts",
            tiered,
            arguments={"points": points, "states": states, "candidates": candidates},
            time_s=20.0 if plan.smoke else 240.0 if points < 20_000 else 900.0,
            timeout_s=1_500.0,
            optimality_gap=0.0201,
        )
    yield Case("stop-after-1-s", "cuts", stopped, time_s=60.0, optimality_gap=1.0)


def more_hurricanes(job: Job) -> Measurement:
    """Rawls and Turnquist's case with more scenarios of the same structure."""
    from benchmarks.readers.rawls_turnquist import enlarged, read_case

    case = read_case(job.data / HURRICANES)
    return _solved(job, enlarged(case.problem, job.arguments["states"], job.seed), gap=0.01)


def mean_and_tail(job: Job) -> Measurement:
    """Mean and CVaR of the worst tenth, weighed alike."""
    from dataclasses import replace

    from benchmarks.readers.generated_siting import one_tier
    from depotopt.siting.model.goal import Goal

    sites, points, states = job.arguments["size"]
    problem = one_tier(sites, points, states, 3, job.seed)
    return _solved(job, replace(problem, goal=Goal(mean=1.0, cvar=1.0, level=0.9)), gap=0.01)


def tiered(job: Job) -> Iterator[Measurement]:
    """A tiered city, then the same after one edit with what the first solve left."""
    from dataclasses import replace

    from benchmarks.readers.generated_siting import tiered_city
    from depotopt.siting.cuts.outcome import Memory

    given = job.arguments
    problem = tiered_city(
        given["points"], given["states"], 3, job.seed, candidates=tuple(given["candidates"])
    )
    memory = Memory()
    yield _solved(job, problem, gap=0.02, memory=memory)
    # The edit: the first site costs a fifth more.
    cost = problem.options.cost.copy()
    cost[problem.options.site == 0] *= 1.2
    edited = replace(problem, options=replace(problem.options, cost=cost))
    yield replace(_solved(job, edited, gap=0.02, memory=memory), metric="after_one_edit")


def stopped(job: Job) -> Iterator[Measurement]:
    """Seconds from a stop, one second after the start, to the answer with plan and bound."""
    import threading
    import time

    from benchmarks.readers.generated_siting import one_tier
    from depotopt.siting.solve import solve_problem
    from depotopt.solving import Monitor, SolveLimits

    size = (20, 60, 10) if job.smoke else (100, 500, 50)
    problem = one_tier(*size, 3, job.seed)
    monitor = Monitor()
    asked = [0.0]

    def stop() -> None:
        asked[0] = time.perf_counter()
        monitor.stop()

    timer = threading.Timer(1.0, stop)
    timer.start()
    limits = SolveLimits(time_s=job.time_s, gap=0.0, seed=job.seed, workers=2)
    result = solve_problem(problem, limits, monitor, engine="cuts")
    after = time.perf_counter() - asked[0] if asked[0] else 0.0
    timer.cancel()
    yield Measurement(result.objective, result.status.value, result.bound)
    yield Measurement(after, metric="seconds_from_stop_to_answer")


def _solved(job: Job, problem: SitingProblem, *, gap: float, memory: Memory | None = None) -> Measurement:
    from depotopt.siting.solve import solve_problem
    from depotopt.solving import SolveLimits

    with stopwatch() as clock:
        limits = SolveLimits(time_s=job.time_s, gap=gap, seed=job.seed, workers=2)
        result = solve_problem(problem, limits, engine=job.engine, memory=memory)
    return Measurement(
        result.objective,
        result.status.value,
        result.bound,
        cpu_s=clock.cpu_s,
        wall_s=clock.wall_s,
        details={"flows": problem.flows},
    )
