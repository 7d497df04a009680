"""`explain`: why each depot of a layout is open, and what each rule costs."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.io.plan_files import read_made_from, read_result
from depotopt.pipeline.stages import Case, open_case, sample_ensemble
from depotopt.pipeline.unchanged import require_unchanged
from depotopt.plans import SitingPlan
from depotopt.siting.balance import Balance, layout_balance
from depotopt.siting.explanation import Change, explain_rules, explain_sites
from depotopt.siting.model.assembly import build_problem
from depotopt.siting.model.problem import SitingProblem
from depotopt.siting.naming import as_layout
from depotopt.solving import Monitor, SolveResult


@dataclass(frozen=True, slots=True)
class Explanation:
    """What depends on what.

    Attributes
    ----------
    case
        Scenario and roads.
    siting
        The layout's solve result.
    sites
        Change of the objective when the depot is closed, by site.
    rules
        Change of the objective when the rule is relaxed, by rule.
    balance
        By commodity, what serving costs with the stock where it lies and where it would lie best.
    placement
        By commodity, units per site where it would lie best.
    complete
        Whether nothing was cut short by a stop.
    """

    case: Case
    siting: SolveResult[SitingPlan]
    sites: dict[str, Change]
    rules: dict[str, Change]
    balance: dict[str, Balance]
    placement: dict[str, dict[str, float]]
    complete: bool

    def document(self) -> dict[str, Any]:
        """The explanation as plain data."""
        return {
            "currency": self.case.scenario.rules.currency,
            "complete": self.complete,
            "sites": {ident: asdict(change) for ident, change in self.sites.items()},
            "rules": {name: asdict(change) for name, change in self.rules.items()},
            "balance": {
                ident: {
                    "value": one.value,
                    "best": one.best,
                    "bound": one.bound,
                    "ratio": one.ratio,
                    "placement": self.placement[ident],
                }
                for ident, one in self.balance.items()
            },
        }


def explain(
    path: Path, *, time_s: float = 20.0, rules: bool = True, monitor: Monitor | None = None
) -> Explanation:
    """Solve again with each depot closed and each rule relaxed, on the road states of the choice.

    Parameters
    ----------
    path
        Run folder or layout file.
    time_s
        Seconds for each re-solve.
    rules
        Whether to price the rules as well.
    monitor
        Progress; a stop keeps what was explained so far.

    Raises
    ------
    InputError
        If there is no layout, or the scenario has changed since.
    """
    monitor = monitor or Monitor()
    file = path / "layout.json" if path.is_dir() else path
    siting, origin = read_result(file, SitingPlan), read_made_from(file)
    if siting.plan is None:
        fault = Fault(str(file), "plan", "null", "expected a layout: siting found none", "plan-file")
        raise InputError(str(file), [fault])
    case = open_case(Path(origin["scenario_path"]), origin["overrides"])
    require_unchanged(case.scenario, origin, file)
    design = origin["design"]
    ensemble = sample_ensemble(case.network, case.scenario, design["states"], design["seed"])
    problem = build_problem(case.scenario, case.network, ensemble)
    limits = replace(case.scenario.siting_limits, time_s=time_s)
    sites, prices = {}, {}
    for ident, change in explain_sites(problem, siting, limits, monitor):
        sites[ident] = change
        monitor.report("explain", message=f"{len(sites)} of {len(siting.plan.open_sites)} depots")
    if rules:
        for name, change in explain_rules(problem, siting, limits, monitor):
            prices[name] = change
            monitor.report("explain", message=f"{len(prices)} of {len(problem.rules)} rules")
    lies = layout_balance(problem, as_layout(problem, siting.plan), monitor=monitor)
    by_commodity = {problem.commodity_ids[one.commodity]: one for one in lies}
    best = {ident: _by_site(problem, one) for ident, one in by_commodity.items()}
    explanation = Explanation(case, siting, sites, prices, by_commodity, best, not monitor.stopped)
    if path.is_dir():
        write_explanation(path / "explanation.json", explanation)
    return explanation


def _by_site(problem: SitingProblem, balance: Balance) -> dict[str, float]:
    """Units of a placement by site: a site that works in several ways has several positions."""
    units: dict[str, float] = {}
    for j in np.flatnonzero(balance.placement > 0):
        ident = problem.site_ids[j]
        units[ident] = units.get(ident, 0.0) + float(balance.placement[j])
    return dict(sorted(units.items()))


def write_explanation(path: Path, explanation: Explanation) -> None:
    """Write an explanation as JSON, atomically."""
    document = explanation.document()
    part = path.with_suffix(".part")
    part.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    part.replace(path)
