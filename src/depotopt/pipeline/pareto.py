"""`pareto`: the front of a scenario between yearly cost and response, each layout judged on unseen states."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

from depotopt.evaluation.evaluate import Evaluation, evaluate
from depotopt.hazards.states import RoadLossEnsemble
from depotopt.pipeline.options import RunOptions, made_from, site_limits
from depotopt.pipeline.stages import Case, open_case, reachable, sample_ensemble
from depotopt.siting.model.assembly import build_problem
from depotopt.siting.pareto import FrontPoint, undominated
from depotopt.siting.pareto import pareto as sweep
from depotopt.siting.recourse.recourse import recourse
from depotopt.siting.solve import solve_problem
from depotopt.solving import Monitor
from depotopt.verify.recourse import verify_siting

METRICS = ("unmet_person_days", "unmet_share")
"""Metrics of the document besides coverage."""


@dataclass(frozen=True, slots=True)
class JudgedPoint:
    """A layout of the front with what it achieves on unseen road states."""

    point: FrontPoint
    evaluation: Evaluation


@dataclass(frozen=True, slots=True)
class Front:
    """The layouts worth their money, by cost; ``stopped`` where the sweep was ended early.

    ``conflicts`` names the rules that cannot hold together, where there is no layout.
    """

    case: Case
    options: RunOptions
    points: tuple[JudgedPoint, ...]
    stopped: bool
    conflicts: tuple[str, ...] = ()

    def document(self) -> dict[str, Any]:
        """The front as plain data, see ``docs/pareto.md``."""
        return {
            "made_from": made_from(self.case, self.options),
            "currency": self.case.scenario.rules.currency,
            "stopped": self.stopped,
            "points": [_row(one) for one in self.points],
        }


def pareto(
    path: Path,
    overrides: Sequence[str] = (),
    options: RunOptions | None = None,
    *,
    points: int = 6,
    robust: bool = False,
    monitor: Monitor | None = None,
) -> Front:
    """Sweep budgets, check every layout, leave out the dominated ones, judge the others out of sample.

    Parameters
    ----------
    path, overrides
        Scenario folder, and names of overrides to apply.
    options
        What to change about the scenario's settings; the time limit is for each solve.
    points
        Number of solves, at least 2.
    robust
        Whether a second solve under each budget looks at the worst road states instead of the mean.
    monitor
        Progress and stop; a stop keeps the layouts found.

    Raises
    ------
    depotopt.errors.UsageError
        If fewer than two points are asked for, or the scenario's objective is lexicographic.
    depotopt.errors.VerificationError
        If a layout does not survive the check.
    """
    options, monitor = options or RunOptions(), monitor or Monitor()
    case = open_case(path, overrides)
    rules = case.scenario.ensemble
    design = sample_ensemble(
        case.network, case.scenario, options.design_states or rules.design_states, rules.design_seed,
        workers=options.workers,
    )  # fmt: skip
    unseen = sample_ensemble(
        case.network, case.scenario, options.unseen_states or rules.unseen_states, rules.unseen_seed,
        workers=options.workers,
    )  # fmt: skip
    problem = build_problem(case.scenario, case.network, design)
    limits = site_limits(case.scenario, options)
    found = []
    refused, _ = reachable(case)
    if refused is not None:
        return Front(case, options, (), False, refused.conflicts)
    conflicts: tuple[str, ...] = ()
    for point in sweep(problem, limits, monitor, points=points, robust=robust, engine=options.site_engine):
        _check(case, point, design)
        found.append(point)
    # Judged to the end also after a stop: the layouts are there, and judging takes seconds.
    judged = [
        JudgedPoint(point, evaluate(case.scenario, point.result.plan, case.network, unseen))
        for point in undominated(found)
        if point.result.plan is not None
    ]
    if not judged and not monitor.stopped:
        conflicts = solve_problem(problem, limits, monitor, engine=options.site_engine).conflicts
    return Front(case, options, tuple(judged), monitor.stopped, conflicts)


def _check(case: Case, point: FrontPoint, design: RoadLossEnsemble) -> None:
    """Verify a layout under its own budget."""
    plan, objective = point.result.plan, point.result.objective
    if plan is None or objective is None:
        return
    scenario = case.scenario
    if point.by_tail:
        by = scenario.objective
        scenario = replace(scenario, objective=replace(by, mean=0.0, cvar=by.mean + by.cvar))
    if point.budget is not None:
        scenario = replace(scenario, rules=replace(scenario.rules, budget=point.budget))
    flows = recourse(scenario, plan, case.network, design)
    check = verify_siting(scenario, case.network, plan, design, flows)
    check.compare(objective).require(f"the layout found by {point.result.engine}")


def _row(one: JudgedPoint) -> dict[str, Any]:
    point, result = one.point, one.point.result
    summary = one.evaluation.summary()
    return {
        "budget": point.budget,
        "chosen_by": "tail" if point.by_tail else "objective",
        "yearly_cost": point.yearly_cost,
        "design": {"mean_response": point.response, "cvar_response": point.tail_response},
        "status": result.status.value,
        "objective": result.objective,
        "bound": result.bound,
        "gap": result.gap,
        "seconds": round(result.seconds, 3),
        "unseen": {
            name: row for name, row in summary.items() if name in METRICS or name.startswith("coverage")
        },
        "layout": None if result.plan is None else asdict(result.plan),
    }
