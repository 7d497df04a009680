"""Vehicle routing families that dispatch is made of, held against best known values by an own checker.

A time limit of ``t`` seconds is one of two cores: ours gets two processes for ``t`` CPU seconds each, peers
that use one core get ``2 t``. CPU seconds are counted, so that a busy machine measures the same; VROOM knows
wall seconds only, and ends by itself well before. Every file of a family is a case, in ``bks.csv`` or not.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks.case import Case, Clock, Job, Measurement, Plan, Reference, stopwatch
from benchmarks.routing_peers import PEERS

if TYPE_CHECKING:
    from benchmarks.readers.vehicle_routing import BestKnown, Instance
    from benchmarks.routing_check import CheckedRoute
    from depotopt.dispatch.routing import RoutingBudget

DATA = "dispatch"
INDEX = "bks.csv"
REFERENCES = Path(__file__).parents[1] / "references" / "dispatch_routing.csv"
"""Values of our own long runs, for instances without a published one."""


@dataclass(frozen=True, slots=True)
class Family:
    """Instances of one kind.

    Attributes
    ----------
    reader
        Function of `benchmarks.readers.vehicle_routing`.
    suffixes
        Of its files.
    time_s
        Time limit in seconds of two cores.
    worst
        Relative gap to the reference at which a row fails.
    rounding
        Of the published values.
    peers
        Peers that can express it, see `benchmarks.routing_peers`.
    """

    reader: str
    suffixes: tuple[str, ...]
    time_s: float
    worst: float
    rounding: float = 0.0
    peers: tuple[str, ...] = ()


ANY = ("pyvrp alone", "ortools routing", "vroom")
TIMED = ("pyvrp alone", "ortools routing")
"""Peers that know windows with a longest duration, releases, and vehicles that may not go everywhere."""

FAMILIES = {
    "mdvrp": Family("read_mdvrp", ("txt",), 30.0, 0.01, 0.005, ANY),
    "mdvrptw": Family("read_depots_windows", ("vrp",), 60.0, 0.02, 0.5, TIMED),
    "cvrp": Family("read_cvrp", ("vrp",), 60.0, 0.02, 0.0, ANY),
    "sdvrp": Family("read_split", ("sd", "cri", "txt"), 30.0, 0.015, 0.5, ANY),
    "vrpcmd": Family("read_stocked", ("dat",), 5.0, 0.05, 0.005),
    "mtvrptwr": Family("read_multi_trip", ("vrp",), 60.0, 0.01, 0.0, TIMED),
    "hvrp_golden": Family("read_heterogeneous", ("txt",), 60.0, 0.01, 0.005, ANY),
    "hfvrp_x": Family("read_heterogeneous_x", ("vrp",), 60.0, 0.01, 0.005, ANY),
    "sitedep_vrptw": Family("read_sites_windows", ("vrp",), 60.0, 0.01, 0.5, TIMED),
    "mdccvrp": Family("read_cumulative", ("txt",), 10.0, 0.005, 0.005),
}
SMOKE = {
    "mdvrp/p02.txt": 1.0,
    "cvrp/X-n101-k25.vrp": 1.0,
    "sdvrp/SET-4/eil22.sd": 1.0,
    "vrpcmd/MDCVRP-0.dat": 5.0,
    "mtvrptwr/R201R0.25.vrp": 1.0,
    "hvrp_golden/HVRP13.txt": 1.0,
    "sitedep_vrptw/PR01.vrp": 1.0,
    "mdccvrp/10x4-1.txt": 1.0,
}
SMOKE_TOLERANCE = 0.25
FORMAT = "format"
"""Stem of the files that describe the others of a folder."""
WORKERS = 2
ENDLESS = 10**9


def cases(plan: Plan) -> Iterator[Case]:
    """One case per instance and engine: rows of ``bks.csv`` first, then files it does not name."""
    from benchmarks.readers.vehicle_routing import read_best_known

    known = {row.file: row for row in read_best_known(plan.data / INDEX) if _family(row.file)}
    files = list(known)
    for folder, family in FAMILIES.items():
        found = sorted(path for path in (plan.data / folder).rglob("*") if path.suffix[1:] in family.suffixes)
        names = [path.relative_to(plan.data).as_posix() for path in found if path.stem != FORMAT]
        files += [name for name in names if name not in known]
    ours = {row.file: row for row in read_best_known(REFERENCES)}
    for file in files:
        yield from _cases_of(plan, file, _reference(plan, file, known.get(file), ours.get(file)))


def _family(file: str) -> Family | None:
    return FAMILIES.get(file.partition("/")[0])


def _reference(
    plan: Plan, file: str, published: BestKnown | None, ours: BestKnown | None
) -> Reference | None:
    """The published value, or that of our long runs where nothing is published or ours is better."""
    family = FAMILIES[file.partition("/")[0]]
    values = [row.value for row in (published, ours) if row is not None and row.value is not None]
    if not values:
        return None
    return Reference(
        min(values),
        proved=published is not None and published.value is not None and published.proved,
        tolerance=SMOKE_TOLERANCE if plan.smoke else family.worst,
        rounding=family.rounding,
    )


def _cases_of(plan: Plan, file: str, reference: Reference | None) -> Iterator[Case]:
    folder = file.partition("/")[0]
    family = FAMILIES[folder]
    if plan.smoke and file not in SMOKE:
        return
    engines: list[tuple[str, Callable[[Job], Measurement], tuple[str, ...]]] = [("depotopt", solve_ours, ())]
    engines += [(name, solve_peer, PEERS[name].packages) for name in family.peers if not plan.smoke]
    for engine, run, packages in engines:
        yield Case(
            Path(file).stem,
            engine=engine,
            run=run,
            arguments={"file": file, "folder": folder},
            files=(file,),
            packages=packages,
            reference=reference,
            time_s=SMOKE[file] if plan.smoke else family.time_s,
            peer=engine != "depotopt",
        )


def solve_ours(job: Job) -> Measurement:
    """Our way of solving the family."""
    from depotopt.dispatch.routing import RoutingBudget

    instance = _read(job)
    seeds = tuple(job.seed + n for n in range(WORKERS))
    budget = RoutingBudget(ENDLESS, job.time_s, seeds, clock=time.process_time, workers=WORKERS)
    with stopwatch() as clock:
        if instance.stock:
            routes, feasible = _stocked(instance, budget)
        elif instance.split:
            routes, feasible = _split(instance, budget)
        elif instance.cumulative:
            routes, feasible = _cumulative(instance, budget)
        else:
            routes, feasible = _plain(instance, budget)
    return _measured(instance, routes, feasible, clock, job)


Found = tuple[list["CheckedRoute"], bool]


def _plain(instance: Instance, budget: RoutingBudget) -> Found:
    from benchmarks.routing_task import plain_routes, routing_task
    from depotopt.dispatch.engines import routing_engine
    from depotopt.dispatch.tasks.recombination import solve_recombined

    answer = solve_recombined(routing_task(instance), routing_engine("pyvrp"), budget)
    return plain_routes(instance, answer), answer.feasible


def _stocked(instance: Instance, budget: RoutingBudget) -> Found:
    from benchmarks.routing_task import LOAD_SCALE, plain_routes, routing_task
    from depotopt.dispatch.tasks.stocked import StockedTask, solve_stocked

    task = routing_task(instance)
    # Stock is rounded down and loads are exact tenths, so the integers lose nothing.
    stock = tuple((d, int(units * LOAD_SCALE + 1e-6)) for d, units in enumerate(instance.stock))
    answer = solve_stocked(StockedTask(task, stock), budget)
    return plain_routes(instance, answer), answer.feasible


def _split(instance: Instance, budget: RoutingBudget) -> Found:
    from benchmarks.routing_task import routing_task, split_routes
    from depotopt.dispatch.routing import RoutingBudget
    from depotopt.dispatch.tasks.splitting import solve_split

    assert isinstance(budget, RoutingBudget)
    answer = solve_split(routing_task(instance), budget)
    return split_routes(answer), answer.feasible


def _cumulative(instance: Instance, budget: RoutingBudget) -> Found:
    from benchmarks.routing_task import cumulative_routes, cumulative_task
    from depotopt.dispatch.tasks.cumulative import solve_cumulative

    answer = solve_cumulative(cumulative_task(instance), budget)
    return cumulative_routes(instance, answer), answer.cost is not None


def solve_peer(job: Job) -> Measurement:
    """Somebody else's program on the same instance, with the same CPU seconds."""
    instance = _read(job)
    with stopwatch() as clock:
        routes, feasible = PEERS[job.engine].solve(instance, job.time_s, job.seed)
    return _measured(instance, routes, feasible, clock, job)


def _read(job: Job) -> Instance:
    from benchmarks.readers import vehicle_routing

    reader: Callable[[Path], Instance] = getattr(vehicle_routing, FAMILIES[job.arguments["folder"]].reader)
    return reader(job.data / job.arguments["file"])


def _measured(
    instance: Instance, routes: list[CheckedRoute], feasible: bool, clock: Clock, job: Job
) -> Measurement:
    from benchmarks.routing_check import check_routes

    cost, wrong = check_routes(instance, routes)
    details = {"family": job.arguments["folder"], "customers": len(instance.customers)}
    if wrong:
        return Measurement(
            None,
            status="unknown",
            cpu_s=clock.cpu_s,
            wall_s=clock.wall_s,
            note=f"{len(wrong)} rules broken, first: {wrong[0]}",
            details={**details, "claimed_feasible": feasible},
        )
    return Measurement(cost, status="feasible", cpu_s=clock.cpu_s, wall_s=clock.wall_s, details=details)
