"""Siting: p-medians of OR-Library and TSPLIB, the hurricane case, and generated two-stage problems."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from benchmarks.case import Case, Job, Measurement, Plan, Reference, Sense, stopwatch

DATA = "siting"
TWO_STAGE = "prepos_rawls_turnquist_2010"
SMOKE = ("pmed1", "pmed5", "pmed11")


def cases(plan: Plan) -> Iterator[Case]:
    """Every case whose files are there; the generated ones always."""
    yield from _published(plan)
    yield from _generated(plan)


def _published(plan: Plan) -> Iterator[Case]:
    index = plan.data / "optima.csv"
    if not index.exists():
        return
    with index.open(encoding="utf-8", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        name, problem = row["instance"], row["problem"]
        proved = row["is_proven"].strip().lower().startswith("yes")
        if plan.smoke and name not in SMOKE:
            continue
        if problem.startswith("p-median"):
            reference = Reference(float(row["optimum_or_bks"]), proved)
            yield from _p_medians(plan, name, reference)
        elif problem.startswith(("MCLP", "LSCP", "p-center")):
            yield from _covers(plan, row, proved)
        elif name.startswith(TWO_STAGE):
            # The reconstruction's optimum is known to 1e-4.
            value = float(row["optimum_or_bks"])
            reference = Reference(value, proved, tolerance=2e-3, rounding=1e-4 * value)
            for engine in ("cuts", "highs", "gscip"):
                yield Case(
                    name,
                    engine,
                    hurricanes,
                    files=(f"{TWO_STAGE}/scenarios.csv",),
                    reference=reference,
                    time_s=60.0,
                    peer=engine != "cuts",
                )


def _p_medians(plan: Plan, name: str, reference: Reference) -> Iterator[Case]:
    base, _, p = name.partition(":p=")
    if p:
        plain, zipped = f"pmed_tsplib/{base}.tsp", f"pmed_tsplib/{base}.tsp.gz"
        file = plain if (plan.data / plain).exists() else zipped
        arguments = {"file": file, "p": int(p)}
        reference = Reference(reference.value, reference.proved, tolerance=1e-3)
    else:
        arguments = {"file": f"pmed_orlib/{base}.txt"}
    given = {"arguments": arguments, "files": (arguments["file"],), "reference": reference}
    yield Case(name, "depotopt", p_median, time_s=60.0, **given)  # type: ignore[arg-type]
    if not p and not plan.smoke:
        yield Case(
            name,
            "spopt",
            spopt_p_median,
            packages=("spopt", "pulp", "highspy"),
            time_s=120.0,
            peer=True,
            **given,  # type: ignore[arg-type]
        )


def _covers(plan: Plan, row: dict[str, str], proved: bool) -> Iterator[Case]:
    """Cover problems and p-centers; the radius and p stand in the instance's name."""
    base, *settings = row["instance"].split(":")
    values = dict(setting.split("=") for setting in settings)
    kind = row["problem"].split()[0]
    graph = f"pmed_orlib/{base}.txt"
    file = graph if base.startswith("pmed") else f"pcenter_tsplib/{base}.tsp"
    files = (file, f"cover_derived/weights_{base}.csv") if kind == "MCLP" else (file,)
    value = float(row["optimum_or_bks"])
    rounding = 0.5 if "rounded" in row["problem"] else 0.0
    sense = Sense.MAX if kind == "MCLP" else Sense.MIN
    yield Case(
        f"{kind}:{row['instance']}",
        "depotopt",
        cover,
        arguments={"kind": kind, "file": file, **values},
        files=files,
        reference=Reference(value, proved, sense, rounding=rounding),
        time_s=60.0,
    )


def _generated(plan: Plan) -> Iterator[Case]:
    sizes = [
        (50, 200, 20, 1, 60.0),
        (50, 200, 20, 3, 60.0),
        (100, 500, 50, 1, 120.0),
        (200, 2_000, 200, 3, 180.0),
    ]
    for sites, points, states, commodities, time_s in sizes[:1] if plan.smoke else sizes:
        size = {"sites": sites, "points": points, "states": states, "commodities": commodities}
        engines = ("cuts",) if plan.smoke or sites > 100 else ("cuts", "highs", "gscip")
        for engine in engines:
            yield Case(
                f"one-tier-{sites}x{points}x{states}x{commodities}",
                engine,
                one_tier,
                arguments=size,
                time_s=min(time_s, 30.0) if plan.smoke else time_s,
                timeout_s=1_200.0,
                peer=engine != "cuts",
            )


def p_median(job: Job) -> Measurement:
    """A published p-median by our engine."""
    from benchmarks.readers.location import read_pmed, read_tsplib
    from depotopt.siting.classic.p_median import PMedianProblem, solve_p_median
    from depotopt.solving import SolveLimits

    # Compiled kernels are cached on disk; compiling them is no part of the algorithm.
    solve_p_median(
        PMedianProblem.of_matrix([[0.0, 2.0, 3.0], [2.0, 0.0, 4.0], [3.0, 4.0, 0.0]], 1), SolveLimits()
    )
    path = job.data / job.arguments["file"]
    if "p" in job.arguments:
        problem = PMedianProblem.of_positions(read_tsplib(path), job.arguments["p"])
    else:
        problem = PMedianProblem.of_matrix(*read_pmed(path))
    with stopwatch() as clock:
        result = solve_p_median(problem, SolveLimits(time_s=job.time_s, gap=0.0, seed=job.seed))
    return Measurement(result.objective, result.status, result.bound, cpu_s=clock.cpu_s, wall_s=clock.wall_s)


def cover(job: Job) -> Measurement:
    """MCLP, LSCP or p-center on a graph or on points in the plane."""
    import numpy as np
    from scipy.spatial.distance import cdist

    from benchmarks.readers.location import read_pmed, read_tsplib
    from depotopt.siting.classic.cover import CoverProblem, solve_max_cover, solve_set_cover
    from depotopt.siting.classic.p_center import solve_p_center
    from depotopt.solving import SolveLimits

    path, kind = job.data / job.arguments["file"], job.arguments["kind"]
    if path.suffix == ".tsp":
        at = read_tsplib(path)
        distance, p = cdist(at, at), int(job.arguments["p"])
    else:
        distance, p = read_pmed(path)
    limits = SolveLimits(time_s=job.time_s, gap=0.0, seed=job.seed)
    with stopwatch() as clock:
        if kind == "p-center":
            result = solve_p_center(distance, p, limits)
            total = 0.0
        elif kind == "LSCP":
            result = solve_set_cover(CoverProblem.of_reach(distance <= float(job.arguments["R"])), limits)
            total = 0.0
        else:
            base = job.case.split(":")[1]
            weight = np.loadtxt(job.data / f"cover_derived/weights_{base}.csv", delimiter=",", skiprows=1)[
                :, 1
            ]
            total = float(weight.sum())
            problem = CoverProblem.of_reach(distance <= float(job.arguments["R"]), weight)
            result = solve_max_cover(problem, int(job.arguments["p"]), limits)
    value, bound = result.objective, result.bound
    if kind == "MCLP":
        # The library counts people left out; the literature counts people covered.
        value = None if value is None else total - value
        bound = None if bound is None else total - bound
    return Measurement(value, result.status, bound, cpu_s=clock.cpu_s, wall_s=clock.wall_s)


def spopt_p_median(job: Job) -> Measurement:
    """The same by spopt with HiGHS."""
    import numpy as np
    import pulp
    from spopt.locate import PMedian

    from benchmarks.readers.location import read_pmed

    matrix, p = read_pmed(job.data / job.arguments["file"])
    with stopwatch() as clock:
        model = PMedian.from_cost_matrix(matrix, np.ones(len(matrix)), p_facilities=p)
        model.solve(pulp.HiGHS(msg=False, timeLimit=job.time_s, threads=1))
    value = pulp.value(model.problem.objective)
    proved = model.problem.sol_status == pulp.LpSolutionOptimal
    return Measurement(
        None if value is None else float(value),
        "optimal" if proved else "feasible" if value is not None else "unknown",
        float(value) if proved and value is not None else None,
        cpu_s=clock.cpu_s,
        wall_s=clock.wall_s,
    )


def hurricanes(job: Job) -> Measurement:
    """Rawls and Turnquist (2010), objective as in the paper."""
    from benchmarks.readers.rawls_turnquist import read_case
    from depotopt.siting.solve import solve_problem
    from depotopt.solving import SolveLimits

    case = read_case(job.data / TWO_STAGE)
    with stopwatch() as clock:
        limits = SolveLimits(time_s=job.time_s, gap=1e-4, seed=job.seed, workers=2)
        result = solve_problem(case.problem, limits, engine=job.engine)
    if result.objective is None or result.plan is None:
        return Measurement(None, result.status, cpu_s=clock.cpu_s, wall_s=clock.wall_s)
    stock: dict[str, float] = {}
    for line in result.plan.stock:
        stock[line.commodity] = round(stock.get(line.commodity, 0.0) + line.quantity, 1)
    return Measurement(
        result.objective + case.offset,
        result.status,
        None if result.bound is None else result.bound + case.offset,
        cpu_s=clock.cpu_s,
        wall_s=clock.wall_s,
        details={"stock": stock, "open": len(result.plan.open_sites)},
    )


def one_tier(job: Job) -> Measurement:
    """A generated two-stage problem with stock; highs and gscip get the extensive form."""
    from benchmarks.readers.generated_siting import one_tier as generate
    from depotopt.siting.solve import solve_problem
    from depotopt.solving import SolveLimits

    problem = generate(**job.arguments, seed=job.seed)
    with stopwatch() as clock:
        limits = SolveLimits(time_s=job.time_s, gap=1e-3, seed=job.seed, workers=2)
        result = solve_problem(problem, limits, engine=job.engine)
    return Measurement(
        result.objective,
        result.status,
        result.bound,
        cpu_s=clock.cpu_s,
        wall_s=clock.wall_s,
        details={"terms": {k: round(v, 1) for k, v in result.terms.items()}, "flows": problem.flows},
    )
