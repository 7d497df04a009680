"""Run folders: written with everything to start again from, and read back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from depotopt.errors import Fault, InputError, UsageError
from depotopt.evaluation.evaluate import Evaluation
from depotopt.evaluation.files import dump_evaluations, read_evaluations
from depotopt.hazards.states import RoadState
from depotopt.io.plan_files import dump_result, placed, read_made_from, read_result
from depotopt.pipeline.closures import closures_of, with_closures
from depotopt.pipeline.options import RunOptions, made_from, unseen_state, versions
from depotopt.pipeline.stages import Case, open_case
from depotopt.pipeline.unchanged import require_unchanged
from depotopt.plans import DispatchPlan, SitingPlan
from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.csv_tables import CsvForm
from depotopt.report.write import write_report
from depotopt.solving import SolveResult


@dataclass(frozen=True)
class Outcome:
    """Everything a run found.

    Attributes
    ----------
    case
        Scenario and roads.
    options
        As asked for.
    siting
        The layout's solve result.
    evaluations
        ``"today"`` (the existing layout) and ``"layout"`` (the chosen one), on the same unseen states.
    state
        The road state dispatched for.
    dispatch
        The dispatch solve result; ``None`` where no layout was found.
    seconds
        Wall-clock seconds per stage.
    files
        Where the report was written, if it was.
    """

    case: Case
    options: RunOptions
    siting: SolveResult[SitingPlan]
    evaluations: dict[str, Evaluation]
    state: RoadState | None
    dispatch: SolveResult[DispatchPlan] | None
    seconds: dict[str, float] = field(default_factory=dict)
    files: ReportFiles | None = None


def report(
    outcome: Outcome,
    folder: Path,
    *,
    notes: Mapping[str, Any] | None = None,
    sheet_vehicles: frozenset[str] | None = None,
    attachments: Mapping[str, bytes] | None = None,
    csv: CsvForm = CsvForm.NONE,
) -> ReportFiles:
    """Write the report folder of an outcome, with the stage files to start again from.

    Parameters
    ----------
    outcome
        What a run found.
    folder
        Report folder.
    notes
        More to keep with the plan (what it was replanned from).
    sheet_vehicles
        Vehicles that get a route sheet; ``None`` for all.
    attachments
        Further files to put into the folder, by name.
    """
    if outcome.state is None:
        raise UsageError("there is no road state to report on: siting found no layout")
    origin = (
        placed(made_from(outcome.case, outcome.options), folder)
        | {"road_state": outcome.state.index}
        | dict(notes or {})
    )
    stages = dict(attachments or {}) | {"layout.json": dump_result(outcome.siting, origin)}
    if outcome.evaluations:
        stages["evaluation.json"] = dump_evaluations(outcome.evaluations)
    if outcome.dispatch is not None:
        stages["dispatch.json"] = dump_result(outcome.dispatch, origin)
    frames: dict[str, Any] = {}
    for name, evaluation in outcome.evaluations.items():
        frames[f"summary_{name}"] = [
            {"metric": metric, **row} for metric, row in evaluation.summary().items()
        ]
        frames[f"coverage_{name}"] = evaluation.coverage
    if "layout" in outcome.evaluations:
        chosen = outcome.evaluations["layout"]
        frames |= {"states": chosen.states, "points": chosen.points, "commodities": chosen.commodities}
    content = ReportContent(
        scenario=outcome.case.scenario,
        network=outcome.case.network,
        road_state=outcome.state,
        siting=outcome.siting,
        dispatch=outcome.dispatch,
        evaluation=frames,
        provenance=origin | {"versions": versions(), "input_hashes": outcome.case.scenario.input_hashes},
        attachments=stages,
        sheet_vehicles=sheet_vehicles,
        judged=outcome.evaluations,
    )
    return write_report(folder, content, language=outcome.options.language, csv=csv)


def report_dispatch(
    case: Case,
    options: RunOptions,
    siting: SolveResult[SitingPlan] | None,
    state: RoadState,
    dispatch: SolveResult[DispatchPlan],
    folder: Path,
) -> ReportFiles:
    """Write the report of a dispatch plan made by itself (without evaluation)."""
    origin = placed(made_from(case, options), folder) | {"road_state": state.index}
    content = ReportContent(
        scenario=case.scenario,
        network=case.network,
        road_state=state,
        siting=siting,
        dispatch=dispatch,
        provenance=origin | {"versions": versions(), "input_hashes": case.scenario.input_hashes},
        attachments={"dispatch.json": dump_result(dispatch, origin)},
    )
    return write_report(folder, content, language=options.language)


def report_again(
    folder: Path, *, language: str | None = None, out: Path | None = None, csv: CsvForm = CsvForm.NONE
) -> ReportFiles:
    """Write the report of a run folder again, from its stage files.

    Raises
    ------
    InputError
        If a stage file is missing or the scenario has changed since.
    """
    return report(reopen(folder, language=language), out or folder, csv=csv)


def reopen(folder: Path, *, language: str | None = None) -> Outcome:
    """Read a run folder back.

    Raises
    ------
    InputError
        If a stage file is missing or the scenario has changed since.
    """
    siting = read_result(folder / "layout.json", SitingPlan)
    origin = read_made_from(folder / "layout.json")
    options = _options_of(folder / "layout.json", origin)
    if language is not None:
        options = replace(options, language=language)
    case = open_case(Path(origin["scenario_path"]), origin["overrides"])
    require_unchanged(case.scenario, origin, folder / "layout.json")
    dispatch = None
    if (folder / "dispatch.json").exists():
        dispatch = read_result(folder / "dispatch.json", DispatchPlan)
    evaluations = {}
    if (folder / "evaluation.json").exists():
        evaluations = read_evaluations(folder / "evaluation.json")
    state = with_closures(case, unseen_state(case, options, origin["road_state"]), closures_of(origin))
    return Outcome(case, options, siting, evaluations, state, dispatch)


def _options_of(path: Path, origin: dict[str, Any]) -> RunOptions:
    """Options a run was made with; a file of another origin is a fault, not a crash."""
    needed = ("options", "scenario_path", "overrides", "scenario_hash", "road_state")
    faults = [
        Fault(str(path), f"made_from.{key}", "nothing", "expected a layout that a run left", "plan-file")
        for key in needed
        if key not in origin
    ]
    if faults:
        raise InputError(str(path), faults)
    try:
        return RunOptions(**origin["options"])
    except (TypeError, UsageError) as error:
        found = f"options this version does not have ({error})"
        fault = Fault(str(path), "made_from.options", found, "expected those of a run", "plan-file")
        raise InputError(str(path), [fault]) from error
