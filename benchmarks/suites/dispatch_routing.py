"""Vehicle routing families that dispatch is made of, held against best known values by an own checker.

Time limits count CPU seconds, so that a busy machine measures the same; OR-Tools knows wall seconds only.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.case import Case, Job, Measurement, Plan, Reference, stopwatch

if TYPE_CHECKING:
    from benchmarks.readers.vehicle_routing import Instance
    from benchmarks.routing_check import CheckedRoute

DATA = "dispatch"
INDEX = "bks.csv"

FAMILIES: dict[str, tuple[str, float, float, float]] = {
    # folder: reader, seconds, tolerated gap, rounding of the published value
    "mdvrp": ("read_mdvrp", 30.0, 0.01, 0.005),
    "cvrp": ("read_cvrp", 60.0, 0.02, 0.0),
    "sdvrp": ("read_split", 30.0, 0.015, 0.5),
    "vrpcmd": ("read_stocked", 30.0, 0.02, 0.005),
    "mtvrptwr": ("read_multi_trip", 60.0, 0.01, 0.0),
    "hvrp_golden": ("read_heterogeneous", 60.0, 0.01, 0.005),
}
SMOKE = {"p02": 2.0, "X-n101-k25": 3.0, "eil22": 2.0, "MDCVRP-0": 2.0, "R201R0.25": 2.0, "HVRP13": 2.0}
SMOKE_TOLERANCE = 0.1
LARGEST_CVRP = 513
"""Clients of the largest CVRP instance run by default."""
SCALE = 1_000
"""Integer units per unit of length where lengths are exact."""
LOAD_SCALE = 10


def cases(plan: Plan) -> Iterator[Case]:
    """One case per row of ``bks.csv`` in a family, with the peers that can do it."""
    from benchmarks.readers.vehicle_routing import read_best_known

    rows = list(read_best_known(plan.data / INDEX))
    known = {row.file for row in rows}
    for path in sorted((plan.data / "vrpcmd").glob("*.dat")):
        if f"vrpcmd/{path.name}" not in known:
            yield from _family_cases(plan, path.stem, f"vrpcmd/{path.name}", None)
    for row in rows:
        if row.file.partition("/")[0] in FAMILIES:
            folder = row.file.partition("/")[0]
            # The published values with stock are the bounds a paper started from, not best known ones.
            proved = row.proved and folder != "vrpcmd"
            tolerance = SMOKE_TOLERANCE if plan.smoke else FAMILIES[folder][2]
            reference = None
            if row.value is not None:
                reference = Reference(row.value, proved, tolerance=tolerance, rounding=FAMILIES[folder][3])
            yield from _family_cases(plan, row.name, row.file, reference)


def _family_cases(plan: Plan, name: str, file: str, reference: Reference | None) -> Iterator[Case]:
    folder = file.partition("/")[0]
    if plan.smoke and name not in SMOKE:
        return
    if folder == "cvrp" and (not name.startswith("X-") or int(name.split("-")[1][1:]) > LARGEST_CVRP):
        return
    time_s = SMOKE[name] if plan.smoke else FAMILIES[folder][1]
    engines: list[tuple[str, Callable[[Job], Measurement], bool]] = [("depotopt", solve_ours, False)]
    if folder in ("mdvrp", "cvrp", "hvrp_golden", "mtvrptwr"):
        engines += [("pyvrp alone", solve_peer_pyvrp, True)]
    if folder in ("mdvrp", "cvrp", "hvrp_golden"):
        engines += [("ortools routing", solve_peer_ortools, True)]
    for engine, run, peer in engines:
        yield Case(
            name,
            engine=engine,
            run=run,
            arguments={"file": file, "folder": folder},
            files=(file,),
            reference=reference,
            time_s=time_s,
            peer=peer,
        )


def solve_ours(job: Job) -> Measurement:
    """Our way of solving the family: several seeds, stock and split searches on top."""
    from depotopt.dispatch.engines import routing_engine
    from depotopt.dispatch.routing import RoutingBudget
    from depotopt.dispatch.splitting import solve_split
    from depotopt.dispatch.stocked import StockedTask, solve_stocked

    instance = _read(job)
    task = routing_task(instance)
    router = routing_engine("pyvrp")
    seeds = tuple(job.seed + n for n in range(2))
    endless = 10**9
    with stopwatch() as clock:
        if instance.stock:
            # Stock is rounded down and loads are exact tenths, so the integers lose nothing.
            stock = tuple((d, int(units * LOAD_SCALE + 1e-6)) for d, units in enumerate(instance.stock))
            budget = RoutingBudget(200 + 20 * len(task.jobs), job.time_s, seeds, clock=time.process_time)
            answer = solve_stocked(StockedTask(task, stock), router, budget, rounds=endless)
            routes, feasible = plain_routes(instance, answer), answer.feasible
        elif instance.split:
            budget = RoutingBudget(300, job.time_s, (job.seed,), clock=time.process_time)
            split = solve_split(task, router, budget, rounds=max(6, int(10 * job.time_s)))
            routes, feasible = split_routes(split), split.feasible
        else:
            budget = RoutingBudget(endless, job.time_s, seeds, clock=time.process_time)
            answer = router.solve(task, budget)
            routes, feasible = plain_routes(instance, answer), answer.feasible
    return _measured(instance, routes, feasible, clock)


def solve_peer_pyvrp(job: Job) -> Measurement:
    """PyVRP by itself: one seed, all the time."""
    from depotopt.dispatch.engines import routing_engine
    from depotopt.dispatch.routing import RoutingBudget

    instance = _read(job)
    task = routing_task(instance)
    with stopwatch() as clock:
        budget = RoutingBudget(10**9, job.time_s, (job.seed,), clock=time.process_time)
        answer = routing_engine("pyvrp").solve(task, budget)
    return _measured(instance, plain_routes(instance, answer), answer.feasible, clock)


def solve_peer_ortools(job: Job) -> Measurement:
    """OR-Tools routing with penalties on every stop and guided local search."""
    from depotopt.dispatch.engines import routing_engine
    from depotopt.dispatch.routing import RoutingBudget

    instance = _read(job)
    task = routing_task(instance)
    with stopwatch() as clock:
        answer = routing_engine("ortools").solve(task, RoutingBudget(10**9, job.time_s, (job.seed,)))
    return _measured(instance, plain_routes(instance, answer), answer.feasible, clock)


def _read(job: Job) -> Instance:
    from benchmarks.readers import vehicle_routing

    reader: Callable[[Path], Instance] = getattr(vehicle_routing, FAMILIES[job.arguments["folder"]][0])
    return reader(job.data / job.arguments["file"])


def _measured(instance: Instance, routes: list[CheckedRoute], feasible: bool, clock: Any) -> Measurement:
    from benchmarks.routing_check import check_routes

    cost, wrong = check_routes(instance, routes)
    if wrong:
        return Measurement(
            None,
            status="unknown",
            cpu_s=clock.cpu_s,
            wall_s=clock.wall_s,
            note=f"{len(wrong)} rules broken, first: {wrong[0]}",
            details={"claimed_feasible": feasible},
        )
    return Measurement(cost, status="feasible", cpu_s=clock.cpu_s, wall_s=clock.wall_s)


def routing_task(instance: Instance) -> Any:
    """The instance in integers; depots come first among the places."""
    import numpy as np

    from depotopt.dispatch.routing import FOREVER, RoutingGroup, RoutingJob, RoutingTask

    scale = SCALE if instance.rounding == "exact" else 1
    places = [*instance.depots, *((who.x, who.y) for who in instance.customers)]
    lengths = np.array([[instance.length(a, b) for b in places] for a in places])
    matrix = np.rint(lengths * scale).astype(np.int64)
    depots = len(instance.depots)

    def moment(value: float) -> int:
        return min(FOREVER, int(value * scale)) if value < FOREVER else FOREVER

    jobs = tuple(
        RoutingJob(
            place=depots + n,
            load=(round(who.demand * LOAD_SCALE),) if not instance.split else (round(who.demand),),
            service=round(who.service * scale),
            earliest=moment(who.earliest),
            latest=moment(who.latest),
            release=moment(who.release),
        )
        for n, who in enumerate(instance.customers)
    )
    load_scale = 1 if instance.split else LOAD_SCALE
    groups = tuple(
        RoutingGroup(
            count=min(fleet.count, 2 * len(jobs)),
            start=fleet.depot,
            end=fleet.depot,
            capacity=(int(fleet.capacity * load_scale + 1e-6),),
            reloads=(fleet.depot,) if instance.reload else (),
            earliest=moment(instance.depot_window[0]),
            latest=moment(instance.depot_window[1]),
            longest=moment(fleet.longest),
            # Per-distance prices have one decimal in these families.
            fixed_cost=round(fleet.fixed * scale * 10),
            distance_cost=round(fleet.per_distance * 10),
        )
        for fleet in instance.fleets
    )
    return RoutingTask((matrix,), (matrix,), jobs, groups)


def plain_routes(instance: Instance, answer: Any) -> list[CheckedRoute]:
    """Routes of an engine in the checker's words."""
    from benchmarks.routing_check import CheckedRoute, CheckedTrip

    return [
        CheckedRoute(
            route.group,
            tuple(
                CheckedTrip(tuple((job, instance.customers[job].demand) for job in jobs))
                for _, jobs in route.trips
            ),
        )
        for route in answer.routes
    ]


def split_routes(answer: Any) -> list[CheckedRoute]:
    """Split routes in the checker's words."""
    from benchmarks.routing_check import CheckedRoute, CheckedTrip

    return [
        CheckedRoute(group, (CheckedTrip(tuple((job, float(units)) for job, units in stops)),))
        for group, stops in answer.routes
    ]
