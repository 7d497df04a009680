"""`compare`: layouts side by side on the same unseen road states, today's layout as the baseline."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from depotopt.errors import Fault, InputError, UsageError
from depotopt.evaluation.evaluate import Evaluation, evaluate
from depotopt.hazards.statistics import weighted_cvar, weighted_mean
from depotopt.io.fingerprint import scenario_hash
from depotopt.io.overrides import override_name
from depotopt.io.plan_files import read_made_from, read_result
from depotopt.pipeline.stages import Case, existing_layout, open_case, sample_ensemble
from depotopt.pipeline.unchanged import require_unchanged
from depotopt.plans import SitingPlan
from depotopt.rules import EnsembleRules, SitingObjective
from depotopt.scenario import Scenario
from depotopt.solving import Monitor, SolveLimits
from depotopt.units import FloatArray
from depotopt.verify.costs import yearly_cost

JUDGED_BY = "unmet_weighted_person_days"
"""Metric regret is measured in."""
TODAY = "today"


@dataclass(frozen=True, slots=True)
class Contender:
    """One layout in a comparison.

    Attributes
    ----------
    name
        Run folder or file it comes from; ``"today"`` for the existing layout.
    layout
        The layout.
    yearly_cost
        Fixed, holding and purchase cost per year, by the prices of its own run.
    evaluation
        Its metrics on the common road states.
    regret
        Per road state, how much more need stays unmet than under the best layout compared,
        shape ``(S,)``.
    """

    name: str
    layout: SitingPlan
    yearly_cost: float
    evaluation: Evaluation
    regret: FloatArray

    @property
    def expected_regret(self) -> float:
        """Mean regret over road states."""
        return weighted_mean(self.regret, self.evaluation.probability).value

    @property
    def worst_regret(self) -> float:
        """Mean regret in the worst 5 % of road states."""
        return weighted_cvar(self.regret, self.evaluation.probability).value


@dataclass(frozen=True, slots=True)
class Part:
    """What one depot is to a layout.

    Attributes
    ----------
    opened
        ``"tier/size"``.
    yearly_cost
        Its fixed, holding and purchase cost per year.
    served_before, served_expected
        Need met over it, in person-days of one event: with no road lost, and expected over the road states.
    """

    opened: str
    yearly_cost: float
    served_before: float
    served_expected: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """Layouts side by side.

    Attributes
    ----------
    scenario
        The planning case all of them were made for.
    contenders
        ``"today"`` first, then as named.
    differing_sites
        Sites that are not open in the same tier and size everywhere: identifier, then per contender
        ``"tier/size"`` or ``""`` where it stays closed.
    parts
        What these sites cost and serve, contender by contender; ``None`` where closed.
    stock
        Units held by commodity, contender by contender.
    seed
        Seed of the road states all were judged on.
    """

    scenario: Scenario
    contenders: tuple[Contender, ...]
    differing_sites: dict[str, tuple[str, ...]]
    seed: int
    parts: dict[str, tuple[Part | None, ...]] = field(default_factory=dict)
    stock: dict[str, tuple[float, ...]] = field(default_factory=dict)


def compare(
    paths: Sequence[Path],
    *,
    unseen: int | None = None,
    seed: int | None = None,
    monitor: Monitor | None = None,
) -> Comparison:
    """Judge layouts on the same road states, none of which any of them was chosen on.

    Parameters
    ----------
    paths
        Run folders or layout files of one scenario. Their overrides may differ in what a layout is chosen
        by (counts, coverage and support rules, budgets, objective, ensembles, limits), not in what it is
        judged by.
    unseen
        Number of road states; default the scenario's.
    seed
        Their seed; default the scenario's unseen seed.
    monitor
        Progress and stop.

    Raises
    ------
    InputError
        If a file holds no layout, or the layouts were made for different scenarios.
    UsageError
        If the seed drew the road states one of them was chosen on.
    """
    files = [path / "layout.json" if path.is_dir() else path for path in paths]
    if not files:
        raise UsageError("name at least one run to compare")
    layouts = {_name(path): _layout(file) for path, file in zip(paths, files, strict=True)}
    if len(layouts) < len(files):
        raise UsageError("a run is named twice")
    cases = _cases(files)
    case = cases[files[0]]
    rules = case.scenario.ensemble
    chosen_seed = rules.unseen_seed if seed is None else seed
    for file in files:
        if read_made_from(file).get("design", {}).get("seed") == chosen_seed:
            raise UsageError(f"seed {chosen_seed} drew the road states {file} was chosen on: take another")
    size = rules.unseen_states if unseen is None else unseen
    ensemble = sample_ensemble(case.network, case.scenario, size, chosen_seed)
    everyone = {TODAY: existing_layout(case.scenario), **layouts}
    scenarios = [case.scenario, *(cases[file].scenario for file in files)]
    judged: dict[str, Evaluation] = {}
    for name, layout in everyone.items():
        judged[name] = evaluate(case.scenario, layout, case.network, ensemble, monitor=monitor)
    # A stop ends evaluations early: compare only the states all of them were judged on.
    states = min(len(one.states) for one in judged.values())
    values = np.array([one.column(JUDGED_BY)[:states] for one in judged.values()])
    regret = values - values.min(axis=0)
    if any(len(one.states) > states for one in judged.values()):
        raise UsageError("stopped before all layouts were judged on the same road states")
    contenders = tuple(
        Contender(
            name, everyone[name], sum(yearly_cost(scenarios[n], everyone[name]).values()), one, regret[n]
        )
        for n, (name, one) in enumerate(judged.items())
    )
    differing = _differences(list(everyone.values()))
    parts = {
        ident: tuple(_part(scenarios[n], one, ident) for n, one in enumerate(contenders))
        for ident in differing
    }
    return Comparison(case.scenario, contenders, differing, chosen_seed, parts, _stock(contenders))


def _part(scenario: Scenario, contender: Contender, ident: str) -> Part | None:
    """What one site is to a layout, by the prices of its own run; ``None`` where it stays closed."""
    layout = contender.layout
    opened = tuple(item for item in layout.open_sites if item.site == ident)
    if not opened:
        return None
    alone = SitingPlan(opened, tuple(line for line in layout.stock if line.site == ident))
    row = next((row for row in contender.evaluation.depots if row["site"] == ident), {})
    return Part(
        f"{opened[0].tier}/{opened[0].size_class}",
        sum(yearly_cost(scenario, alone).values()),
        float(row.get("served_person_days_before") or 0.0),
        float(row.get("expected_served_person_days") or 0.0),
    )


def _stock(contenders: Sequence[Contender]) -> dict[str, tuple[float, ...]]:
    """Units held by commodity and contender."""
    held: dict[str, list[float]] = {}
    for n, one in enumerate(contenders):
        for line in one.layout.stock:
            held.setdefault(line.commodity, [0.0] * len(contenders))[n] += line.quantity
    return {ident: tuple(units) for ident, units in sorted(held.items())}


def _name(path: Path) -> str:
    return path.name if path.is_dir() else path.stem if path.stem != "layout" else path.parent.name


def _layout(file: Path) -> SitingPlan:
    plan = read_result(file, SitingPlan).plan
    if plan is None:
        fault = Fault(str(file), "plan", "null", "expected a layout: siting found none", "plan-file")
        raise InputError(str(file), [fault])
    return plan


def _cases(files: Sequence[Path]) -> dict[Path, Case]:
    """The case of each file, all of them one to a judge."""
    origins = {file: read_made_from(file) for file in files}
    needed = ("scenario", "scenario_path", "scenario_hash", "overrides")
    faults = [
        Fault(str(file), f"made_from.{key}", "nothing", "expected a layout that a run left", "plan-file")
        for file, origin in origins.items()
        for key in needed
        if key not in origin
    ]
    if faults:
        raise InputError("comparison", faults)
    opened: dict[tuple[str, ...], Case] = {}
    cases = {}
    for file, origin in origins.items():
        key = (origin["scenario_path"], *origin["overrides"])
        if key not in opened:
            opened[key] = open_case(Path(origin["scenario_path"]), origin["overrides"])
        cases[file] = opened[key]
        require_unchanged(cases[file].scenario, origin, file)
    judged = {file: scenario_hash(_as_judged(one.scenario)) for file, one in cases.items()}
    faults = [
        Fault(
            str(file),
            "made_from.scenario",
            f"'{_titled(origins[file])}'",
            f"expected '{_titled(origins[files[0]])}' as in {files[0]}, or one that differs from it only in "
            "what a layout is chosen by: compare layouts of one scenario",
            "other-scenario",
        )
        for file in files
        if judged[file] != judged[files[0]] or origins[file]["scenario"] != origins[files[0]]["scenario"]
    ]
    if faults:
        raise InputError("comparison", faults)
    return cases


def _titled(origin: dict[str, Any]) -> str:
    return " + ".join([origin["scenario"], *map(override_name, origin["overrides"])])


def _as_judged(scenario: Scenario) -> Scenario:
    """The scenario without what a layout is only chosen by."""
    tiers = tuple(
        replace(
            tier,
            counts=(),
            min_coverage=0.0,
            min_expected_coverage=0.0,
            support_s=None,
            uncovered_cost=0.0,
            backup=1,
            graded=(),
        )
        for tier in scenario.tiers
    )
    return replace(
        scenario,
        tiers=tiers,
        rules=replace(scenario.rules, budget=None, owner_budgets=(), single_source=False),
        objective=SitingObjective(late=scenario.objective.late),
        ensemble=EnsembleRules(),
        siting_limits=SolveLimits(),
        dispatch_limits=SolveLimits(),
    )


def _differences(layouts: Sequence[SitingPlan]) -> dict[str, tuple[str, ...]]:
    opened = [{o.site: f"{o.tier}/{o.size_class}" for o in layout.open_sites} for layout in layouts]
    sites = sorted(set().union(*opened))
    rows = {site: tuple(one.get(site, "") for one in opened) for site in sites}
    return {site: row for site, row in rows.items() if len(set(row)) > 1}
