"""Sample averages against a case whose true optimum is known: eight road states, sampled with replacement."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from depotopt.errors import UsageError
from depotopt.siting.model.problem import CountLimit, SitingProblem, StateArcs
from depotopt.siting.naming import as_layout
from depotopt.siting.sample_average import cost_per_state, normal, sample_average, student
from depotopt.siting.solve import solve_problem
from depotopt.solving import Monitor, Progress, SolveLimits, Status
from depotopt.units import Int64Array
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
    found = sample_average(
        samples, lambda: comparing, lambda: judging, EXACT, engine="highs", confidence=0.999
    )
    assert found.lower is not None
    assert found.upper is not None
    assert found.plan is not None
    assert found.gap is not None
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
        sample_average([problem], lambda: problem, lambda: problem, EXACT)


def test_rules_that_contradict_one_another_end_it() -> None:
    """One sample is enough to know: no plan, no estimate, and the result that names the rules."""
    problem = random_case(1).problem
    options = np.arange(2, dtype=np.int32)
    rules = (CountLimit("one", options, 1, None), CountLimit("none", options, None, 0))
    impossible = replace(problem, rules=rules)
    found = sample_average([impossible] * 3, lambda: impossible, lambda: impossible, EXACT, engine="highs")
    assert found.plan is None
    assert found.upper is None
    assert [result.status for result in found.results] == [Status.INFEASIBLE]
    assert set(found.results[0].conflicts) == {"one", "none"}


def test_a_stop_keeps_the_replications_that_are_over() -> None:
    """The layout of the first one is judged; a bound from one replication alone is no estimate."""
    problem = random_case(1).problem

    def stop(progress: Progress) -> None:
        if progress.stage.startswith("replication"):
            monitor.stop()

    monitor = Monitor(stop)
    found = sample_average([problem] * 3, lambda: problem, lambda: problem, EXACT, monitor, engine="highs")
    assert len(found.results) == 1
    assert found.plan == found.results[0].plan
    assert found.lower is None
    assert found.gap is None
    assert found.upper is not None
    assert found.upper.value == pytest.approx(found.results[0].objective, rel=1e-6)


def of_states(problem: SitingProblem, states: Int64Array) -> SitingProblem:
    """The problem on some of its road states (repeats allowed), equally likely.

    Drawn by their probability they are a sample of the problem's own ensemble.
    """
    arcs, points = problem.arcs, problem.points
    low, high = arcs.first[states * points], arcs.first[(states + 1) * points]
    taken = np.concatenate([np.arange(a, b) for a, b in zip(low, high, strict=True)])
    counts = np.diff(arcs.first).reshape(problem.states, points)[states]
    full = problem.goal.undelivered
    return replace(
        problem,
        probability=np.full(len(states), 1.0 / len(states)),
        share=problem.share[states],
        need=problem.need[states],
        arcs=StateArcs(
            np.concatenate([[0], np.cumsum(counts.ravel())]),
            arcs.site[taken],
            arcs.time_ds[taken],
            arcs.origin if arcs.direct else arcs.origin[taken],
        ),
        goal=replace(problem.goal, undelivered=tuple(full[s] for s in states) if full else ()),
    )


def drawn(rng: np.random.Generator, probability: np.ndarray, count: int) -> np.ndarray:
    return rng.choice(len(probability), size=count, p=probability)
