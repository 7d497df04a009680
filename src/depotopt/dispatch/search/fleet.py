"""Which vehicle works from which depot to begin with."""

from __future__ import annotations

from typing import Final

import numpy as np

from depotopt.dispatch.bound.allocation import Allocation
from depotopt.dispatch.model.problem import DispatchProblem

MOST_INEFFICIENT: Final = 1.6
"""How much more vehicle time than the relaxation says real trips are expected to take, at most."""


def station(problem: DispatchProblem, allocation: Allocation) -> tuple[int | None, ...]:
    """Depot of each vehicle for the first routing; ``None`` where it can help nowhere.

    The relaxation says how many vehicle-seconds each depot wants of each class. Vehicles at home at such
    a depot stay; the others go, one after the other, where most work per vehicle is left.

    Parameters
    ----------
    problem, allocation
        What is to be delivered and the relaxed flows.
    """
    stationed: list[int | None] = [None] * len(problem.vehicles)
    left = allocation.work_s.copy()
    depot_at = {depot.place: d for d, depot in enumerate(problem.depots)}
    latest = float(problem.deadline_s.max(initial=0.0))
    for c, group in enumerate(allocation.classes):
        wants = left[c] > 1e-6
        # Real trips are not full and stop more often: share out spare vehicles as the work is shared.
        spare = sum(_duty_s(problem, v, _home(problem, v, depot_at), latest) for v in group.vehicles)
        left[c] *= min(MOST_INEFFICIENT, max(1.0, spare / max(float(left[c].sum()), 1.0)))
        waiting = []
        for v in group.vehicles:
            home = depot_at.get(problem.vehicles[v].stands)
            if home is not None and wants[home] and left[c, home] > 0:
                stationed[v] = home
                left[c, home] -= _duty_s(problem, v, home, latest)
            else:
                waiting.append(v)
        for v in waiting:
            usable = np.array([_duty_s(problem, v, d, latest) for d in range(len(problem.depots))])
            able = (usable > 0) & wants
            if not able.any():
                continue
            # A vehicle is worth what it can still take off a depot's hands.
            gain = np.where(able, np.minimum(np.maximum(left[c], 0.0), usable), -1.0)
            best = int(np.argmax(gain))
            if gain[best] <= 0:
                best = int(np.argmax(np.where(able, usable, -1.0)))
            stationed[v] = best
            left[c, best] -= usable[best]
    return tuple(stationed)


def _home(problem: DispatchProblem, vehicle: int, depot_at: dict[int, int]) -> int:
    """Depot where a vehicle stands, or the nearest one."""
    machine = problem.vehicles[vehicle]
    if machine.stands in depot_at:
        return depot_at[machine.stands]
    return min(
        range(len(problem.depots)),
        key=lambda d: (problem.seconds(vehicle, machine.stands, problem.depots[d].place), d),
    )


def _duty_s(problem: DispatchProblem, vehicle: int, depot: int, latest: float) -> float:
    """Seconds a vehicle could work from a depot."""
    machine, place = problem.vehicles[vehicle], problem.depots[depot]
    approach = problem.seconds(vehicle, machine.stands, place.place)
    if not np.isfinite(approach):
        return 0.0
    start = max(machine.free_s + approach, place.ready_s)
    return max(0.0, min(machine.kind.max_hours_s - approach, latest - start))
