"""The tree over location problems: local cuts beside the plain costs, and threads."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from depotopt.siting.classic.facility_location import FacilityLocationProblem, solve_facility_location
from depotopt.siting.classic.location import LocationProblem
from depotopt.siting.classic.location_cuts import LocationCuts
from depotopt.siting.classic.location_patterns import Relaxed
from depotopt.siting.classic.location_prices import Reduction
from depotopt.siting.classic.location_tree import LocationTree
from depotopt.solving import SolveLimits, Status
from depotopt.working_time import working_s

LIMITS = SolveLimits(time_s=600.0, gap=0.0)


def dense(seed: int, points: int, sites: int) -> FacilityLocationProblem:
    """Any site serves any point at much the same cost: the relaxation opens all of them in part."""
    rng = np.random.default_rng(seed)
    cost = rng.integers(100, 200, (points, sites)).astype(float)
    return FacilityLocationProblem.of_costs(rng.integers(100, 200, sites), cost)


def problem(seed: int, points: int = 22, sites: int = 21) -> LocationProblem:
    return dense(seed, points, sites).location


def strengthened(case: LocationProblem) -> tuple[Reduction, Relaxed]:
    """What is known after the relaxation and local cuts, and the plain costs; nothing is fixed."""
    reduction = Reduction(case, LIMITS, None, working_s())
    plain = reduction.relaxed
    # A set that is far from the best: nothing is proved or fixed by it.
    reduction.offer(np.arange(case.sites, dtype=np.int32), sweeps=0)
    cuts = LocationCuts(case, reduction)
    cuts.run()
    cuts.strengthen()
    assert reduction.relaxed.offset > 0.0
    return reduction, plain


def planted(case: LocationProblem, reduction: Reduction) -> float:
    tree = LocationTree(case, reduction)
    tree.plant()
    return tree.bound


@pytest.mark.parametrize("seed", [0, 2, 3, 4])
def test_local_cuts_never_lower_a_node(seed: int) -> None:
    """The root is no lower than the bound at the plain costs, or at those of the cuts, at the same prices."""
    case = problem(seed)
    reduction, plain = strengthened(case)
    total = np.empty(case.sites)
    alone = [reduction._evaluate(reduction.price, total, costs)[1] for costs in (plain, reduction.relaxed)]
    assert planted(case, reduction) >= max(alone) - 1e-3


@pytest.mark.parametrize(("points", "sites"), [(35, 15), (22, 21)])
def test_dense_problems_are_proved_over_local_cuts(points: int, sites: int) -> None:
    """A tree over local cuts ends at the value that the whole engine proves."""
    case = problem(3, points, sites)
    reduction, _ = strengthened(case)
    tree = LocationTree(case, reduction)
    tree.plant()
    tree.run()
    result = solve_facility_location(dense(3, points, sites), LIMITS)
    assert result.status is Status.OPTIMAL
    assert reduction.proved
    assert reduction.value == result.objective


def test_threads_change_nothing() -> None:
    """One worker and two search the same nodes and end with the same sites."""
    case, ends = problem(4, 50, 40), []
    for workers in (1, 2):
        reduction = Reduction(case, LIMITS, None, working_s())
        reduction.run()
        with ThreadPoolExecutor(workers) as pool:
            tree = LocationTree(case, reduction, pool if workers > 1 else None)
            tree.plant()
            tree.run()
        ends.append((tree.nodes, reduction.value, reduction.best.tolist()))
    assert ends[0] == ends[1]
    assert ends[0][0] > 10


def test_two_workers_prove_the_same_value() -> None:
    """The whole engine with a second thread."""
    rng = np.random.default_rng(6)
    cost = rng.integers(1, 100, (60, 40)).astype(float)
    whole = FacilityLocationProblem.of_costs(rng.integers(100, 200, 40), cost)
    one, two = (solve_facility_location(whole, SolveLimits(time_s=600.0, gap=0.0, workers=w)) for w in (1, 2))
    assert one.status is two.status is Status.OPTIMAL
    assert one.objective == two.objective
