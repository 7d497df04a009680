"""Whole dispatch plans on drawn relief cases: proved gap, rules kept, and how far the search scales."""

from __future__ import annotations

from collections.abc import Iterator

from benchmarks.case import Case, Job, Measurement, Plan, Targets, stopwatch

DATA = "dispatch"
SIZES = {
    # points, depots, commodities, seconds, gap aimed at
    "relief-50": (50, 4, 4, 60.0, 0.05),
    "relief-200": (200, 8, 4, 120.0, 0.10),
}
SEEDS = (1, 2, 3)
SCALE = (5_000, 30, 8)


def cases(plan: Plan) -> Iterator[Case]:
    """Three draws of each size; the scale case once; a small one as smoke."""
    if plan.smoke:
        yield _case("relief-12-1", 12, 2, 4, 1, 3.0, 0.5)
        return
    for name, (points, depots, items, time_s, gap) in SIZES.items():
        for seed in SEEDS:
            yield _case(f"{name}-{seed}", points, depots, items, seed, time_s, gap)
    points, depots, items = SCALE
    case = _case("relief-5000-1", points, depots, items, 1, 300.0, 1.0)
    yield Case(
        case.name,
        engine=case.engine,
        run=case.run,
        arguments=case.arguments,
        targets=Targets(wall_s=300.0, peak_mb=4_000.0),
        time_s=case.time_s,
    )


def _case(name: str, points: int, depots: int, items: int, seed: int, time_s: float, gap: float) -> Case:
    return Case(
        name,
        engine="depotopt",
        run=solve,
        arguments={"points": points, "depots": depots, "commodities": items, "seed": seed, "gap": gap},
        time_s=time_s,
    )


def solve(job: Job) -> Measurement:
    """Plan, verify with the independent verifier, and report the proved gap."""
    from benchmarks.readers.generated_relief import relief_case
    from depotopt.dispatch.solve import solve_dispatch
    from depotopt.solving import SolveLimits
    from depotopt.verify.dispatch import verify_dispatch

    settings = job.arguments
    case = relief_case(settings["seed"], settings["points"], settings["depots"], settings["commodities"])
    with stopwatch() as clock:
        result = solve_dispatch(
            case.scenario,
            None,
            case.network,
            case.state,
            limits=SolveLimits(time_s=job.time_s, seed=job.seed, workers=2),
        )
    assert result.plan is not None
    check = verify_dispatch(case.scenario, None, case.network, case.state, result.plan)
    if check.violations:
        note = f"{len(check.violations)} rules broken, first: {check.violations[0]}"
        return Measurement(None, status="unknown", note=note)
    gap = result.gap or 0.0
    aim = settings["gap"]
    return Measurement(
        result.objective,
        status=str(result.status),
        bound=result.bound,
        cpu_s=clock.cpu_s,
        wall_s=clock.wall_s,
        note=f"gap {gap:.1%}, aim {aim:.0%}{'' if gap <= aim else ' missed'}",
        details={**result.terms, "trips": float(len(result.plan.trips))},
    )
