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
from dataclasses import dataclass
from typing import Final, overload

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.language.speech import S_
from depotopt.plans import SitingPlan
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario
from depotopt.siting.model.assembly import build_problem
from depotopt.siting.model.inputs import travel_engine
from depotopt.siting.model.problem import Layout, SitingProblem
from depotopt.siting.naming import as_layout
from depotopt.siting.recourse.recourse import layout_response
from depotopt.siting.solve import solve_problem
from depotopt.solving import Monitor, SolveLimits, SolveResult, Status
from depotopt.units import FloatArray

MEAN_ONLY: Final = S_("a goal of yearly cost and mean response")
FEW_SAMPLES: Final = S_("at least 2 samples")

CONFIDENCE = 0.95
"""Of each estimate's one-sided interval."""


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
        The layout of the replication that did best on the states all layouts were compared on; ``None`` where
        no replication found one.
    replication
        Its number, from 0; -1 without a plan.
    lower
        Mean of the replications' proved bounds; with its interval a lower bound on the true optimum. ``None``
        where fewer than two replications have a bound.
    upper
        Cost of the plan on states it was neither chosen on nor compared on; ``None`` without a plan.
    confidence
        Of each one-sided interval.
    results
        The replications' own results.
    """

    plan: SitingPlan | None
    replication: int
    lower: Estimate | None
    upper: Estimate | None
    confidence: float
    results: tuple[SolveResult[SitingPlan], ...]

    @property
    def gap(self) -> float | None:
        """Upper end of the gap's interval over the plan's cost: true gap with twice the error at most."""
        if self.upper is None or self.lower is None:
            return None
        width = self.upper.half_width + self.lower.half_width
        return max(0.0, self.upper.value - self.lower.value + width) / max(abs(self.upper.value), 1e-12)


def sample_average(
    samples: Sequence[SitingProblem],
    comparing: Callable[[], SitingProblem],
    judging: Callable[[], SitingProblem],
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    engine: str = "auto",
    confidence: float = CONFIDENCE,
) -> SampleAverage:
    """Choose a layout on each sample, keep the best, and bound its distance from the true optimum.

    Parameters
    ----------
    samples
        Replications: the same problem on independent, equally likely road states.
    comparing, judging
        Give the same problem on two further independent ensembles: one to pick the best layout, one to judge
        it. Asked for when needed, so that not all problems stand in memory at once.
    limits
        For each replication.
    monitor
        Progress and stop; a stop keeps the replications that are over.
    engine
        As in `depotopt.siting.solve.solve_siting`.
    confidence
        Of each one-sided interval, between 0.5 and 1.

    Returns
    -------
    SampleAverage
        After a replication whose rules cannot hold together there are no others.

    Raises
    ------
    UsageError
        With fewer than two samples, a confidence out of range, or a goal other than a weighted sum of yearly
        cost and mean response (tails of samples are biased in both directions).
    """
    faults = [
        FEW_SAMPLES if len(samples) < 2 else "",
        "a confidence between 0.5 and 1" if not 0.5 <= confidence < 1 else "",
    ]
    _require(faults)
    results: list[SolveResult[SitingPlan]] = []
    for n, sample in enumerate(samples):
        _require(["" if sample.goal.is_mean and not sample.goal.order else MEAN_ONLY])
        results.append(solve_problem(sample, limits, monitor, engine=engine))
        if monitor is not None:
            number, count = n + 1, len(samples)
            monitor.report(
                "replications",
                results[-1].objective,
                results[-1].bound,
                message=f"replication {number} of {count}",
            )
        if results[-1].status is Status.INFEASIBLE or (monitor is not None and monitor.stopped):
            break
    chosen = [(n, result.plan) for n, result in enumerate(results) if result.plan is not None]
    bounds = [result.bound for result in results if result.bound is not None]
    lower = student(np.array(bounds), confidence) if len(bounds) > 1 else None
    if not chosen:
        return SampleAverage(None, -1, lower, None, confidence, tuple(results))
    replication, plan = chosen[0]
    if len(chosen) > 1:
        problem = comparing()
        means = [float(problem.probability @ _cost(problem, plan, limits)) for _, plan in chosen]
        replication, plan = chosen[int(np.argmin(means))]
        del problem
    judged = judging()
    upper = normal(_cost(judged, plan, limits), judged.probability, confidence)
    return SampleAverage(plan, replication, lower, upper, confidence, tuple(results))


def _require(faults: Sequence[str]) -> None:
    if any(faults):
        needed = " and ".join(fault for fault in faults if fault)
        raise UsageError(f"sample averages need {needed}")


def _cost(problem: SitingProblem, plan: SitingPlan, limits: SolveLimits) -> FloatArray:
    return cost_per_state(problem, as_layout(problem, plan), limits.workers)


@dataclass(frozen=True, slots=True)
class _Drawn(Sequence[SitingProblem]):
    """Problems assembled when they are asked for."""

    make: Callable[[int], SitingProblem]
    size: int

    def __len__(self) -> int:
        return self.size

    @overload
    def __getitem__(self, n: int) -> SitingProblem: ...

    @overload
    def __getitem__(self, n: slice) -> Sequence[SitingProblem]: ...

    def __getitem__(self, n: int | slice) -> SitingProblem | Sequence[SitingProblem]:
        if isinstance(n, slice):
            return [self.make(m) for m in range(self.size)[n]]
        if not 0 <= n < self.size:
            raise IndexError(n)
        return self.make(n)


def replicate_siting(
    scenario: Scenario,
    network: RoadNetwork,
    draw: Callable[[int, int], RoadLossEnsemble],
    limits: SolveLimits,
    monitor: Monitor | None = None,
    *,
    sizes: SampleSizes,
    seed: int = 1,
    engine: str = "auto",
) -> SampleAverage:
    """`sample_average` of a scenario.

    Parameters
    ----------
    scenario, network
        The planning case and its roads with places.
    draw
        Gives an ensemble of so many equally likely road states from a seed, such as
        ``partial(sample_ensemble, network, scenario)``. Replications come first, in order.
    limits, monitor, engine
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

    return sample_average(
        _Drawn(lambda n: problem(n, sizes.states), sizes.replications),
        lambda: problem(sizes.replications, sizes.compared_on),
        lambda: problem(sizes.replications + 1, sizes.judged_on),
        limits,
        monitor,
        engine=engine,
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
