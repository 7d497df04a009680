"""Replications: a layout chosen on several samples of road states, with statistical bounds on its value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from depotopt.hazards.states import RoadLossEnsemble
from depotopt.pipeline.options import RunOptions, made_from, site_limits
from depotopt.pipeline.stages import Case, open_case, reachable, sample_ensemble
from depotopt.plans import SitingPlan
from depotopt.siting.recourse.recourse import recourse
from depotopt.siting.sample_average import CONFIDENCE, Estimate, SampleAverage, SampleSizes, replicate_siting
from depotopt.solving import Monitor, SolveResult
from depotopt.verify.recourse import verify_siting

LEAST_COMPARED = 200
"""Road states on which the replications' layouts are compared, at least."""


@dataclass(frozen=True, slots=True)
class Replications:
    """What the replications of a scenario say together.

    Attributes
    ----------
    case, options, sizes
        What was asked.
    average
        Estimates and the replications' own results.
    """

    case: Case
    options: RunOptions
    sizes: SampleSizes
    average: SampleAverage

    @property
    def result(self) -> SolveResult[SitingPlan]:
        """The replication whose layout is kept; without one the last."""
        result = self.average.results[self.average.replication]
        return replace(result, notes=(*result.notes, *self.notes()))

    def notes(self) -> tuple[str, ...]:
        """What is known of the layout beyond its own sample, as sentences."""
        average, sizes, currency = self.average, self.sizes, self.case.scenario.rules.currency
        notes = []
        if average.upper is not None:
            number, count, cost = average.replication + 1, sizes.replications, _told(average.upper, currency)
            states = sizes.judged_on
            notes.append(
                f"layout of replication {number} of {count}: expected cost {cost} a year, judged on {states} "
                "road states of their own"
            )
        if average.lower is not None:
            cost = _told(average.lower, currency)
            notes.append(f"statistical lower bound on any layout's expected cost: {cost} a year")
        if average.gap is not None:
            gap, confidence = f"{average.gap:.2%}", f"{average.confidence:.0%}"
            notes.append(f"at most {gap} above the best layout, each estimate at {confidence} confidence")
        return tuple(notes)

    def made_from(self) -> dict[str, Any]:
        """What identifies the inputs, the replications among them."""
        design = {"states": self.sizes.states, "seed": self.case.scenario.ensemble.design_seed}
        sizes = asdict(self.sizes)
        return made_from(self.case, self.options) | {"design": design, "replications": sizes}

    def document(self) -> dict[str, Any]:
        """Estimates and replications as plain data."""
        average = self.average
        return {
            **asdict(self.sizes),
            "confidence": average.confidence,
            "lower": None if average.lower is None else asdict(average.lower),
            "upper": None if average.upper is None else asdict(average.upper),
            "gap": average.gap,
            "chosen": None if average.plan is None else average.replication + 1,
            "each": [
                {
                    "status": result.status.value,
                    "objective": result.objective,
                    "bound": result.bound,
                    "gap": result.gap,
                    "seconds": round(result.seconds, 3),
                }
                for result in average.results
            ],
        }


def replicate(
    path: Path,
    overrides: Sequence[str] = (),
    options: RunOptions | None = None,
    *,
    replications: int,
    sample: int | None = None,
    monitor: Monitor | None = None,
) -> Replications:
    """Choose a layout on each of several samples, keep the best, check it and bound what is left to gain.

    Parameters
    ----------
    path, overrides
        Scenario folder, and names of overrides to apply.
    options
        What to change about the scenario's settings; the time limit is for each replication, the unseen road
        states are those the layout kept is judged on.
    replications
        Number of samples, at least 2.
    sample
        Road states of each; ``None``: as many as a layout is chosen on.
    monitor
        Progress and stop; a stop keeps the replications that are over.

    Raises
    ------
    depotopt.errors.UsageError
        With fewer than two replications, or an objective other than yearly cost and mean response.
    depotopt.errors.VerificationError
        If the layout does not survive the check.
    """
    options = options or RunOptions()
    case = open_case(path, overrides)
    rules = case.scenario.ensemble
    states = next(size for size in (sample, options.design_states, rules.design_states) if size is not None)
    sizes = SampleSizes(
        replications, states, max(LEAST_COMPARED, states), options.unseen_states or rules.unseen_states
    )
    refused, _ = reachable(case)
    if refused is not None:
        nothing = SampleAverage(None, -1, None, None, CONFIDENCE, (refused,))
        return Replications(case, options, sizes, nothing)
    drawn: list[RoadLossEnsemble] = []

    def draw(size: int, seed: int) -> RoadLossEnsemble:
        drawn.append(sample_ensemble(case.network, case.scenario, size, seed, workers=options.workers))
        return drawn[-1]

    average = replicate_siting(
        case.scenario,
        case.network,
        draw,
        site_limits(case.scenario, options),
        monitor,
        sizes=sizes,
        seed=rules.design_seed,
        engine=options.site_engine,
    )
    if average.plan is not None:
        _check(case, average, drawn[average.replication])
    return Replications(case, options, sizes, average)


def _check(case: Case, average: SampleAverage, ensemble: RoadLossEnsemble) -> None:
    """Verify the layout on the sample it was chosen on."""
    result = average.results[average.replication]
    if result.plan is None or result.objective is None:
        return
    flows = recourse(case.scenario, result.plan, case.network, ensemble)
    check = verify_siting(case.scenario, case.network, result.plan, ensemble, flows)
    check.compare(result.objective).require(f"the layout found by {result.engine}")


def _told(estimate: Estimate, currency: str) -> str:
    return f"{estimate.value:,.0f} +- {estimate.half_width:,.0f} {currency}".rstrip()
