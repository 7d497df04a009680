"""Benchmark instances as the integer tasks that engines solve, and answers in the checker's words."""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.readers.vehicle_routing import Fleet, Instance
from benchmarks.routing_check import CheckedRoute, CheckedTrip
from depotopt.dispatch.routing import FOREVER, RoutingGroup, RoutingJob, RoutingTask
from depotopt.dispatch.tasks.cumulative import CumulativeAnswer, CumulativeTask

SCALE = 1_000
"""Integer units per unit of length where lengths are exact."""
LOAD_SCALE = 10


def routing_task(instance: Instance) -> RoutingTask:
    """The instance in integers; depots come first among the places."""
    scale = SCALE if instance.rounding == "exact" else 1
    matrix = _lengths(instance, scale)
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
            group=who.fleets,
        )
        for n, who in enumerate(instance.customers)
    )
    load_scale = 1 if instance.split else LOAD_SCALE
    price_scale = _price_scale(instance.fleets)
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
            fixed_cost=round(fleet.fixed * scale * price_scale),
            distance_cost=round(fleet.per_distance * price_scale),
        )
        for fleet in instance.fleets
    )
    return RoutingTask((matrix,), (matrix,), jobs, groups)


def _price_scale(fleets: tuple[Fleet, ...]) -> int:
    """The least power of ten that makes prices per distance whole numbers."""
    for scale in (1, 10, 100):
        if all(
            abs(fleet.per_distance * scale - round(fleet.per_distance * scale)) < 1e-9 for fleet in fleets
        ):
            return scale
    return 1_000


def _lengths(instance: Instance, scale: int) -> Any:
    """`Instance.length` between all places at once."""
    at = np.array([*instance.depots, *((who.x, who.y) for who in instance.customers)])
    straight = np.hypot(at[:, None, 0] - at[None, :, 0], at[:, None, 1] - at[None, :, 1])
    if instance.rounding == "nearest":
        return np.floor(straight + 0.5).astype(np.int64)
    if instance.rounding == "dimacs":
        return np.floor(10.0 * straight + 1e-9).astype(np.int64)
    return np.rint(straight * (1_000.0 if instance.rounding == "thousandths" else scale)).astype(np.int64)


def plain_routes(instance: Instance, answer: Any) -> list[CheckedRoute]:
    """Routes of an engine in the checker's words."""
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
    return [
        CheckedRoute(group, (CheckedTrip(tuple((job, float(units)) for job, units in stops)),))
        for group, stops in answer.routes
    ]


def cumulative_task(instance: Instance) -> CumulativeTask:
    """The cumulative problem in integers."""
    return CumulativeTask(
        durations=_lengths(instance, SCALE),
        depots=len(instance.depots),
        demand=tuple(round(who.demand * LOAD_SCALE) for who in instance.customers),
        weight=(1,) * len(instance.customers),
        capacity=int(instance.fleets[0].capacity * LOAD_SCALE + 1e-6),
        vehicles=instance.most_vehicles,
    )


def cumulative_routes(instance: Instance, answer: CumulativeAnswer) -> list[CheckedRoute]:
    """Routes of the cumulative problem in the checker's words."""
    return [
        CheckedRoute(depot, (CheckedTrip(tuple((job, instance.customers[job].demand) for job in jobs)),))
        for depot, jobs in answer.routes
    ]
