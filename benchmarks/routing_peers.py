"""Peers on plain routing instances: OR-Tools routing, VROOM, and PyVRP by itself."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from benchmarks.readers.vehicle_routing import Instance
    from benchmarks.routing_check import CheckedRoute
    from depotopt.dispatch.routing import RoutingTask

CORES = 2
STRATEGIES = ("PARALLEL_CHEAPEST_INSERTION", "SAVINGS", "PATH_CHEAPEST_ARC")
ROOM = 1.2
"""Vehicles offered to peers that list every one, over what the demand fills, where there is no limit."""
ENDLESS = 10**9

Found = tuple[list["CheckedRoute"], bool]


@dataclass(frozen=True, slots=True)
class Peer:
    """Somebody else's program: import names it needs, and what runs it."""

    packages: tuple[str, ...]
    solve: Callable[[Instance, float, int], Found]


def pyvrp_alone(instance: Instance, time_s: float, seed: int) -> Found:
    """One model, one seed, all the CPU seconds."""
    from benchmarks.routing_task import plain_routes
    from depotopt.dispatch.engines.pyvrp_engine import PyvrpEngine
    from depotopt.dispatch.routing import RoutingBudget

    task, cut, owners = _whole(instance)
    budget = RoutingBudget(ENDLESS, CORES * time_s, (seed,), clock=time.process_time)
    answer = PyvrpEngine().solve(task, budget)
    return _named(plain_routes(cut, answer), owners), answer.feasible


def ortools_routing(instance: Instance, time_s: float, seed: int) -> Found:
    """Best of three first solutions, guided local search, a penalty on every stop left out."""
    from benchmarks.routing_task import plain_routes
    from depotopt.dispatch.engines.ortools_engine import OrtoolsEngine
    from depotopt.dispatch.routing import RoutingBudget

    task, cut, owners = _whole(instance)
    task = _with_few_vehicles(task)
    each = CORES * time_s / len(STRATEGIES)
    budget = RoutingBudget(ENDLESS, each, (seed,), clock=time.process_time)
    answers = [OrtoolsEngine(strategy).solve(task, budget) for strategy in STRATEGIES]
    answer = min(answers, key=lambda answer: answer.rank)
    return _named(plain_routes(cut, answer), owners), answer.feasible


def vroom_alone(instance: Instance, time_s: float, seed: int) -> Found:
    """VROOM at its deepest exploration on all cores; it draws nothing at random and ends by itself."""
    import vroom

    from benchmarks.routing_check import CheckedRoute, CheckedTrip
    from depotopt.dispatch.routing import FOREVER

    task, cut, owners = _whole(instance)
    task = _with_few_vehicles(task)
    problem = vroom.Input()
    problem.set_durations_matrix("car", task.durations[0])
    vehicles: list[int] = []
    for g, group in enumerate(task.groups):
        closes = min(group.latest, group.longest)
        window = vroom.TimeWindow(group.earliest, closes) if closes < FOREVER else None
        for _ in range(group.count):
            problem.add_vehicle(
                vroom.Vehicle(
                    len(vehicles),
                    start=group.start,
                    end=group.end,
                    capacity=list(group.capacity),
                    skills={g},
                    time_window=window,
                    # Costs are counted per hour of driving: 3,600 is one per second.
                    costs=vroom.VehicleCosts(fixed=group.fixed_cost, per_hour=3_600 * group.distance_cost),
                )
            )
            vehicles.append(g)
    for n, job in enumerate(task.jobs):
        problem.add_job(
            vroom.Job(n, location=job.place, default_service=job.service, delivery=list(job.load))
        )
    deepest = 5
    # Threads share one clock: the limit is that of the wall.
    solution = problem.solve(exploration_level=deepest, nb_threads=CORES, timeout=timedelta(seconds=time_s))
    table = solution.routes
    routes: dict[int, list[int]] = {}
    if len(table):
        stops = table[table["type"] == "job"]
        for vehicle, job in zip(stops["vehicle_id"], stops["id"], strict=True):
            routes.setdefault(int(vehicle), []).append(int(job))
    found = [
        CheckedRoute(
            vehicles[vehicle], (CheckedTrip(tuple((n, cut.customers[n].demand) for n in stops_made)),)
        )
        for vehicle, stops_made in routes.items()
    ]
    return _named(found, owners), sum(map(len, routes.values())) == len(task.jobs)


PEERS = {
    "pyvrp alone": Peer((), pyvrp_alone),
    "ortools routing": Peer((), ortools_routing),
    "vroom": Peer(("vroom",), vroom_alone),
}


def _whole(instance: Instance) -> tuple[RoutingTask, Instance, list[int]]:
    """The task with whole deliveries, cut only where they exceed a vehicle; its instance and customers."""
    from benchmarks.routing_task import routing_task

    if not instance.split:
        return routing_task(instance), instance, list(range(len(instance.customers)))
    most = instance.fleets[0].capacity
    pieces, owners = [], []
    for n, who in enumerate(instance.customers):
        count = max(1, math.ceil(who.demand / most - 1e-9))
        pieces += [replace(who, demand=most)] * (count - 1)
        pieces.append(replace(who, demand=who.demand - most * (count - 1)))
        owners += [n] * count
    cut = replace(instance, customers=tuple(pieces))
    return routing_task(cut), cut, owners


def _named(routes: list[CheckedRoute], owners: list[int]) -> list[CheckedRoute]:
    """Pieces of a delivery under the number of their customer again."""
    from benchmarks.routing_check import CheckedRoute, CheckedTrip

    return [
        CheckedRoute(
            route.fleet,
            tuple(CheckedTrip(tuple((owners[n], units) for n, units in trip.stops)) for trip in route.trips),
        )
        for route in routes
    ]


def _with_few_vehicles(task: RoutingTask) -> RoutingTask:
    """Fewer of the vehicles that no instance would use up: some programs list every one."""
    load = sum(job.load[0] for job in task.jobs)
    groups = tuple(
        replace(group, count=min(group.count, math.ceil(ROOM * load / group.capacity[0]) + 5))
        for group in task.groups
    )
    return replace(task, groups=groups)
