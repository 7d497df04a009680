"""Sample average approximation: how far a layout chosen on samples of road states is from the best for all.

The expectation over road states is replaced by samples. Each of ``R`` replications chooses a layout on its
own sample of ``N`` states; the mean of their bounds is a statistical lower bound on the true optimum, since
a sample's optimum is below it on average. The best of the layouts, judged on states that none of them was
chosen on, gives an upper bound. Both have normal or Student confidence intervals, and their distance is an
estimate of the optimality gap.

References
----------
Mak, Morton, Wood (1999), Operations Research Letters 24, 47-56.
Kleywegt, Shapiro, Homem-de-Mello (2002), SIAM Journal on Optimization 12, 479-502.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.plans import SitingPlan
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.siting.assembly import build_problem
from depotopt.siting.inputs import travel_engine
from depotopt.siting.naming import as_layout
from depotopt.siting.problem import Layout, SitingProblem, StateArcs
from depotopt.siting.recourse import layout_response
from depotopt.siting.solve import solve_problem
from depotopt.solving import Monitor, SolveLimits, SolveResult
from depotopt.units import FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class SampleSizes:
    """How many replications, and road states for choosing, comparing and judging."""

    replications: int = 5
    states: int = 50
    compared_on: int = 200
    judged_on: int = 1_000


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with the half width of its confidence interval."""

    value: float
    half_width: float


@dataclass(frozen=True, slots=True)
class SampleAverage:
    """What the replications say together.

    Attributes
    ----------
    plan
        The layout of the replication that did best on the states all layouts were compared on.
    replication
        Its number.
    lower
        Mean of the replications' proved bounds; with its interval a lower bound on the true optimum.
    upper
        Cost of the plan on states it was neither chosen on nor compared on.
    confidence
        Of each one-sided interval.
    results
        The replications' own results.
    """

    plan: SitingPlan
    replication: int
    lower: Estimate
    upper: Estimate
    confidence: float
    results: tuple[SolveResult[SitingPlan], ...]

    @property
    def gap(self) -> float:
        """Upper end of the gap's interval over the plan's cost: true gap with twice the error at most."""
        width = self.upper.half_width + self.lower.half_width
        return max(0.0, self.upper.value - self.lower.value + width) / max(abs(self.upper.value), 1e-12)


def sample_average(
    samples: Sequence[SitingProblem],
    comparing: SitingProblem,
    judging: SitingProblem,
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    engine: str = "auto",
    confidence: float = 0.95,
) -> SampleAverage:
    """Choose a layout on each sample, keep the best, and bound its distance from the true optimum.

    Parameters
    ----------
    samples
        Replications: the same problem on independent, equally likely road states.
    comparing, judging
        The same problem on two further independent ensembles: one to pick the best layout, one to judge it.
    limits
        For each replication.
    monitor
        Progress and stop.
    engine
        As in `depotopt.siting.solve.solve_siting`.
    confidence
        Of each one-sided interval, between 0.5 and 1.

    Raises
    ------
    UsageError
        With fewer than two samples, a confidence out of range, or a goal other than a weighted sum of yearly
        cost and mean response (tails of samples are biased in both directions).
    """
    faults = [
        "at least 2 samples" if len(samples) < 2 else "",
        "a confidence between 0.5 and 1" if not 0.5 <= confidence < 1 else "",
        "a goal of yearly cost and mean response" if not judging.goal.is_mean or judging.goal.order else "",
    ]
    if any(faults):
        raise UsageError("sample averages need " + " and ".join(fault for fault in faults if fault))
    results: list[SolveResult[SitingPlan]] = []
    for n, sample in enumerate(samples):
        results.append(solve_problem(sample, limits, monitor, engine=engine))
        if monitor is not None:
            monitor.report(f"replication {n + 1} of {len(samples)}", results[-1].objective, results[-1].bound)
            if monitor.stopped:
                break
    chosen = [(n, result.plan) for n, result in enumerate(results) if result.plan is not None]
    bounds = [result.bound for result in results if result.bound is not None]
    if not chosen or len(bounds) < 2:
        raise UsageError(
            "sample averages need at least two replications with a plan and a bound: allow more time"
        )
    compared = [cost_per_state(comparing, as_layout(comparing, plan), limits.workers) for _, plan in chosen]
    means = [float(comparing.probability @ cost) for cost in compared]
    replication, plan = chosen[int(np.argmin(means))]
    judged = cost_per_state(judging, as_layout(judging, plan), limits.workers)
    return SampleAverage(
        plan,
        replication,
        student(np.array(bounds), confidence),
        normal(judged, judging.probability, confidence),
        confidence,
        tuple(results),
    )


def replicate_siting(
    scenario: Scenario,
    network: RoadNetwork,
    draw: Callable[[int, int], RoadLossEnsemble],
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    sizes: SampleSizes,
    seed: int = 1,
) -> SampleAverage:
    """`sample_average` of a scenario.

    Parameters
    ----------
    scenario, network
        The planning case and its roads with places.
    draw
        Gives an ensemble of so many equally likely road states from a seed, such as
        ``partial(sample_ensemble, network, scenario)``.
    limits, monitor
        See `sample_average`.
    sizes
        Replications and states.
    seed
        All ensembles are drawn from its children, so they are independent of one another.
    """
    children = np.random.SeedSequence(seed).spawn(sizes.replications + 2)
    travel = travel_engine(network)

    def problem(n: int, states: int) -> SitingProblem:
        ensemble = draw(states, int(children[n].generate_state(1)[0]))
        return build_problem(scenario, network, ensemble, engine=travel)

    samples = [problem(n, sizes.states) for n in range(sizes.replications)]
    comparing = problem(sizes.replications, sizes.compared_on)
    judging = problem(sizes.replications + 1, sizes.judged_on)
    return sample_average(samples, comparing, judging, limits, monitor)


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


def cost_per_state(problem: SitingProblem, layout: Layout, workers: int = 1) -> FloatArray:
    """Yearly cost and response cost per road state, shape ``(S,)``; its mean is the objective."""
    goal = problem.goal
    transport, unmet = layout_response(problem, layout, workers=workers)
    yearly = goal.cost * sum(layout.yearly_terms(problem).values())
    cost: FloatArray = yearly + problem.events_per_year * goal.mean * (transport + unmet)
    return cost


def student(values: FloatArray, confidence: float) -> Estimate:
    """Mean of a few independent values, with Student's quantile."""
    from scipy.special import stdtrit

    deviation = float(np.std(values, ddof=1))
    width = float(stdtrit(len(values) - 1, confidence)) * deviation / math.sqrt(len(values))
    return Estimate(float(values.mean()), width)


def normal(values: FloatArray, probability: FloatArray, confidence: float) -> Estimate:
    """Weighted mean of many independent values, with the normal quantile."""
    from scipy.special import ndtri

    mean = float(probability @ values)
    effective = 1.0 / float(probability @ probability)
    variance = float(probability @ (values - mean) ** 2) * effective / max(effective - 1.0, 1e-9)
    return Estimate(mean, float(ndtri(confidence)) * math.sqrt(variance / effective))
