"""Sample averages against a case whose true optimum is known: eight road states, sampled with replacement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.siting.naming import as_layout
from depotopt.siting.sample_average import cost_per_state, normal, of_states, sample_average, student
from depotopt.siting.solve import solve_problem
from depotopt.solving import SolveLimits
from tests.siting.cases import random_case

EXACT = SolveLimits(time_s=60.0, gap=1e-6)


@pytest.mark.parametrize("seed", range(3))
def test_the_true_optimum_lies_between_both_estimates(seed: int) -> None:
    """Within their errors the lower estimate is below the true optimum, the plan's cost never below it."""
    truth = random_case(seed, sites=4, points=6, states=8).problem
    best = solve_problem(truth, EXACT, engine="highs")
    assert best.objective is not None
    rng = np.random.default_rng(seed)
    samples = [of_states(truth, drawn(rng, truth.probability, 12)) for _ in range(4)]
    comparing = of_states(truth, drawn(rng, truth.probability, 40))
    judging = of_states(truth, drawn(rng, truth.probability, 400))
    found = sample_average(samples, comparing, judging, EXACT, engine="highs", confidence=0.999)
    assert found.lower.value - found.lower.half_width <= best.objective
    assert found.upper.value + found.upper.half_width >= best.objective * (1 - 1e-9)
    layout = as_layout(truth, found.plan)
    true_cost = float(truth.probability @ cost_per_state(truth, layout))
    assert true_cost >= best.objective * (1 - 1e-6)
    assert abs(found.upper.value - true_cost) <= 2 * found.upper.half_width + 1e-6
    assert found.gap >= (true_cost - best.objective) / found.upper.value - 1e-9


def test_all_states_once_are_the_problem_itself() -> None:
    """Taking every equally likely state gives the same costs and the same optimum."""
    problem = random_case(2, states=4).problem
    problem = replace(problem, probability=np.full(4, 0.25))
    again = of_states(problem, np.array([2, 0, 3, 1]))
    one, two = (solve_problem(p, EXACT, engine="highs") for p in (problem, again))
    assert one.objective == pytest.approx(two.objective, rel=1e-5)


def test_intervals_match_their_formulas() -> None:
    """Student with three values, and the normal one with equal weights."""
    values = np.array([1.0, 2.0, 6.0])
    error = np.std(values, ddof=1) / np.sqrt(3)
    assert student(values, 0.95).half_width == pytest.approx(2.9199856 * error)
    assert normal(values, np.full(3, 1 / 3), 0.95).half_width == pytest.approx(1.6448536 * error)


def test_one_sample_is_refused() -> None:
    """A single replication has no spread to learn from."""
    problem = random_case(1).problem
    with pytest.raises(UsageError, match="at least 2 samples"):
        sample_average([problem], problem, problem, EXACT)


def drawn(rng: np.random.Generator, probability: np.ndarray, count: int) -> np.ndarray:
    return rng.choice(len(probability), size=count, p=probability)
