"""Siting without capacities: p-median, facility location, covers and p-centers of published families.

Whatever instance of these families ``optima.csv`` names and the folder holds becomes a case.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import Case, Job, Measurement, Plan, Reference, Sense, stopwatch

if TYPE_CHECKING:
    from depotopt.solving import SolveLimits

DATA = "siting"
INDEX = "optima.csv"
SMOKE = ("pmed1", "pmed5", "pmed11", "MO1", "1011EuclS.txt", "cap41")
COVER_KINDS = ("MCLP", "LSCP", "p-center")
BUILDS = (("random-400", 400, 12.0), ("random-800", 800, 12.0))


def cases(plan: Plan) -> Iterator[Case]:
    """Every row of ``optima.csv`` whose family is ours, files of these families without a row, and builds."""
    index = plan.data / INDEX
    rows: list[dict[str, str]] = []
    if index.exists():
        with index.open(encoding="utf-8", newline="") as stream:
            rows = list(csv.DictReader(stream))
    known = {row["instance"] for row in rows}
    for folder, problem in (("pmed_orlib", "p-median"), ("ufl_ufllib", "UFL")):
        for file in sorted((plan.data / folder).glob("*")):
            names = {file.name, file.name.removesuffix(".gz"), file.name.partition(".")[0]}
            if not names & known:
                name = file.name.removesuffix(".gz") if problem == "UFL" else file.name.partition(".")[0]
                rows.append({"instance": name, "problem": problem, "optimum_or_bks": "", "is_proven": "no"})
    for row in rows:
        if not plan.smoke or row["instance"].partition(":")[0] in SMOKE:
            yield from _published(plan, row)
    yield from _builds(plan)


def _published(plan: Plan, row: dict[str, str]) -> Iterator[Case]:
    problem = row["problem"]
    if problem.startswith("p-median"):
        yield from _p_medians(plan, row)
    elif problem.startswith("UFL"):
        yield _facilities(plan, row)
    elif problem.startswith(COVER_KINDS):
        yield _covers(plan, row)


def _reference(row: dict[str, str], tolerance: float, rounding: float, sense: Sense) -> Reference | None:
    """What the row says is known; ``None`` where it gives no value."""
    text = row["optimum_or_bks"].strip()
    if not text:
        return None
    proved = row["is_proven"].strip().lower().startswith("yes")
    return Reference(float(text), proved, sense, tolerance, rounding)


def found_file(data: Path, *names: str) -> str:
    """The first of these names that is there, zipped or not; the first one where none is."""
    for name in names:
        for ending in ("", ".gz", ".txt", ".txt.gz"):
            if (data / (name + ending)).is_file():
                return name + ending
    return names[0]


def _p_medians(plan: Plan, row: dict[str, str]) -> Iterator[Case]:
    name = row["instance"]
    base, _, p = name.partition(":p=")
    arguments: dict[str, str | int] = {"file": found_file(plan.data, f"pmed_orlib/{base}.txt")}
    time_s, tolerance = 60.0, 0.0
    if p:
        arguments = {"file": found_file(plan.data, f"pmed_tsplib/{base}.tsp"), "p": int(p)}
        tolerance = 1e-3
        if base == "usa13509":
            time_s, tolerance = 600.0, 5e-3
    files = (str(arguments["file"]),)
    reference = _reference(row, tolerance, 0.0, Sense.MIN)
    yield Case(
        name,
        "depotopt",
        p_median,
        arguments=arguments,
        files=files,
        reference=reference,
        time_s=time_s,
    )
    if not p and not plan.smoke:
        yield Case(
            name,
            "spopt",
            spopt_p_median,
            arguments=arguments,
            files=files,
            packages=("spopt", "pulp", "highspy"),
            reference=reference,
            time_s=120.0,
            peer=True,
        )


def _facilities(plan: Plan, row: dict[str, str]) -> Case:
    name = row["instance"]
    file = found_file(plan.data, f"ufl_ufllib/{name}", f"cap_orlib/{name}")
    return Case(
        f"UFL:{name}",
        "depotopt",
        facilities,
        arguments={"file": file},
        files=(file,),
        # The library's values are rounded, some of them to hundredths.
        reference=_reference(row, 1e-3, 0.0051, Sense.MIN),
        time_s=60.0,
    )


def _covers(plan: Plan, row: dict[str, str]) -> Case:
    """Cover problems and p-centers; the radius and p stand in the instance's name."""
    base, *settings = row["instance"].split(":")
    values = dict(setting.split("=") for setting in settings)
    kind = row["problem"].split()[0]
    file = found_file(plan.data, f"pmed_orlib/{base}.txt", f"pcenter_tsplib/{base}.tsp")
    files = (file, f"cover_derived/weights_{base}.csv") if kind == "MCLP" else (file,)
    return Case(
        f"{kind}:{row['instance']}",
        "depotopt",
        cover,
        arguments={"kind": kind, "file": file, **values},
        files=files,
        reference=_reference(
            row,
            0.0,
            0.5 if "rounded" in row["problem"] else 0.0,
            Sense.MAX if kind == "MCLP" else Sense.MIN,
        ),
        time_s=60.0,
    )


def _builds(plan: Plan) -> Iterator[Case]:
    """Seconds to build a cover model, ours and spopt's, on the same made points."""
    for name, points, reach in BUILDS[:1] if plan.smoke else BUILDS:
        arguments = {"points": points, "reach": reach}
        yield Case(
            f"cover-build-{name}",
            "depotopt",
            cover_build,
            arguments=arguments,
            packages=("spopt", "pulp"),
            # Ours in shares of spopt's time, both in this run: at most a fifth.
            reference=Reference(0.2, sense=Sense.MIN),
        )


def p_median(job: Job) -> Measurement:
    """A published p-median by our engine."""
    from benchmarks.readers.location import read_pmed, read_tsplib
    from depotopt.siting.classic.p_median import PMedianProblem, solve_p_median

    _compile()
    path = job.data / job.arguments["file"]
    if "p" in job.arguments:
        problem = PMedianProblem.of_positions(read_tsplib(path), job.arguments["p"])
    else:
        problem = PMedianProblem.of_matrix(*read_pmed(path))
    with stopwatch() as clock:
        result = solve_p_median(problem, _exact(job))
    return Measurement(result.objective, result.status, result.bound, cpu_s=clock.cpu_s, wall_s=clock.wall_s)


def facilities(job: Job) -> Measurement:
    """A published uncapacitated facility location problem by our engine."""
    from benchmarks.readers.location import read_facilities
    from depotopt.siting.classic.facility_location import FacilityLocationProblem, solve_facility_location

    _compile()
    problem = FacilityLocationProblem.of_costs(*read_facilities(job.data / job.arguments["file"]))
    with stopwatch() as clock:
        result = solve_facility_location(problem, _exact(job))
    return Measurement(
        result.objective,
        result.status,
        result.bound,
        cpu_s=clock.cpu_s,
        wall_s=clock.wall_s,
        details={"open": 0 if result.plan is None else len(result.plan.open)},
    )


def _exact(job: Job) -> SolveLimits:
    """Until the proof or the end of the time, on two cores."""
    from depotopt.solving import SolveLimits

    return SolveLimits(time_s=job.time_s, gap=0.0, seed=job.seed, workers=2)


def _compile() -> None:
    """Compiled kernels are cached on disk; compiling (or loading) them is no part of the algorithm."""
    import numpy as np

    from depotopt.siting.classic.facility_location import FacilityLocationProblem, solve_facility_location
    from depotopt.siting.classic.p_median import PMedianProblem, solve_p_median
    from depotopt.solving import SolveLimits

    rng = np.random.default_rng(1)
    at, exact = rng.random((60, 2)) * 1_000, SolveLimits(time_s=300.0, gap=0.0)
    for p in (3, 20):
        solve_p_median(PMedianProblem.of_positions(at, p), exact)
    cost = rng.random((40, 25))
    solve_facility_location(FacilityLocationProblem.of_costs(np.full(25, 0.8), cost), exact)


def cover(job: Job) -> Measurement:
    """MCLP, LSCP or p-center on a graph or on points in the plane."""
    import numpy as np
    from scipy.spatial.distance import cdist

    from benchmarks.readers.location import read_pmed, read_tsplib
    from depotopt.siting.classic.cover import CoverProblem, solve_max_cover, solve_set_cover
    from depotopt.siting.classic.p_center import solve_p_center
    from depotopt.solving import SolveLimits

    path, kind = job.data / job.arguments["file"], job.arguments["kind"]
    if ".tsp" in path.suffixes:
        at = read_tsplib(path)
        distance, p = cdist(at, at), int(job.arguments["p"])
    else:
        distance, p = read_pmed(path)
    limits = SolveLimits(time_s=job.time_s, gap=0.0, seed=job.seed)
    total = 0.0
    with stopwatch() as clock:
        if kind == "p-center":
            result = solve_p_center(distance, p, limits)
        elif kind == "LSCP":
            result = solve_set_cover(CoverProblem.of_reach(distance <= float(job.arguments["R"])), limits)
        else:
            base = job.case.split(":")[1]
            table = np.loadtxt(job.data / f"cover_derived/weights_{base}.csv", delimiter=",", skiprows=1)
            total = float(table[:, 1].sum())
            problem = CoverProblem.of_reach(distance <= float(job.arguments["R"]), table[:, 1])
            result = solve_max_cover(problem, int(job.arguments["p"]), limits)
    value, bound = result.objective, result.bound
    if kind == "MCLP":
        # The library counts people left out; the literature counts people covered.
        value = None if value is None else total - value
        bound = None if bound is None else total - bound
    return Measurement(value, result.status, bound, cpu_s=clock.cpu_s, wall_s=clock.wall_s)


def cover_build(job: Job) -> Measurement:
    """Seconds to build the MCLP model of made points, as a share of spopt's."""
    import numpy as np
    from scipy.spatial.distance import cdist

    from depotopt.siting.classic.cover import CoverProblem, max_cover_model

    rng = np.random.default_rng(job.seed)
    at = rng.random((job.arguments["points"], 2)) * 100.0
    weight = rng.integers(1, 100, len(at)).astype(np.float64)
    distance, reach = cdist(at, at), job.arguments["reach"]
    max_cover_model(CoverProblem.of_reach(distance[:9, :9] <= reach, weight[:9]), 1)[0].model()
    with stopwatch() as ours:
        max_cover_model(CoverProblem.of_reach(distance <= reach, weight), 20)[0].model()
    # Not at the top: OR-Tools 9.15 crashes in its first solve where spopt was imported before it.
    from spopt.locate import MCLP

    with stopwatch() as theirs:
        MCLP.from_cost_matrix(distance, weight, service_radius=reach, p_facilities=20)
    return Measurement(
        ours.cpu_s / theirs.cpu_s,
        metric="share_of_spopt_build",
        cpu_s=ours.cpu_s,
        wall_s=ours.wall_s,
        note=f"ours {ours.cpu_s:.3f} CPU s, spopt {theirs.cpu_s:.3f}",
        details={"ours_cpu_s": ours.cpu_s, "spopt_cpu_s": theirs.cpu_s},
    )


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
