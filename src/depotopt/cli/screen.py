"""What a command prints: rich tables for people, JSON for programs."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table

from depotopt.cli.exits import Exit
from depotopt.cli.faults import fault_text
from depotopt.cli.language import say
from depotopt.cli.words import metric_name, word
from depotopt.errors import Fault
from depotopt.solving import Limit, SolveResult, Status
from depotopt.verify.costs import yearly_cost

if TYPE_CHECKING:
    from depotopt.evaluation.evaluate import Evaluation
    from depotopt.pipeline.folders import Outcome
    from depotopt.pipeline.road_status import RoadStatus
    from depotopt.plans import DispatchPlan, SitingPlan, UnmetLine
    from depotopt.report.content import ReportFiles
    from depotopt.roads.export import NetworkSummary
    from depotopt.scenario import Scenario


SHOWN_POINTS = 15
FILE_WIDTH = 140


def exit_of(*results: SolveResult[Any] | None) -> Exit:
    """Exit code of one or several solves: the worst that happened."""
    given = [result for result in results if result is not None]
    if any(result.status is Status.INFEASIBLE for result in given):
        return Exit.INFEASIBLE
    if any(result.status is Status.UNKNOWN for result in given):
        return Exit.STOPPED_WITHOUT
    if any(result.limit is Limit.STOPPED for result in given):
        return Exit.STOPPED_WITH_PLAN
    return Exit.OK


def console() -> Console:
    """A terminal as wide as it is; a file or pipe as wide as the tables like."""
    return Console(highlight=False, soft_wrap=True, width=None if sys.stdout.isatty() else FILE_WIDTH)


def _print_json(document: object) -> None:
    print(json.dumps(document, ensure_ascii=False, indent=1, default=str))


def _proof(result: SolveResult[Any]) -> dict[str, Any]:
    return {
        "status": str(result.status),
        "limit": None if result.limit is None else str(result.limit),
        "objective": result.objective,
        "bound": result.bound,
        "gap": result.gap,
        "engine": result.engine,
        "seconds": round(result.seconds, 3),
        "terms": result.terms,
        "conflicts": list(result.conflicts),
        "notes": list(result.notes),
    }


def _proof_text(result: SolveResult[Any]) -> str:
    parts = []
    if result.gap is not None:
        parts.append(say("gap {gap}", gap=f"{result.gap:.2%}"))
    if result.bound is not None:
        parts.append(say("bound {bound}", bound=f"{result.bound:,.0f}"))
    parts.append(say("status: {status}", status=word(result.limit or result.status)))
    return f"{parts[0]} ({', '.join(parts[1:])})" if len(parts) > 2 else "   ".join(parts)


def tell_check(subject: str, faults: tuple[Fault, ...], *, as_json: bool) -> None:
    """All faults, or that there are none."""
    if as_json:
        _print_json({"scenario": subject, "faults": [asdict(fault) for fault in faults]})
    else:
        print(fault_text(subject, faults) if faults else say("{subject}: no faults", subject=subject))


def tell_notices(scenario: Scenario) -> None:
    """Remarks on how the files were read, to stderr: they are no result."""
    for notice in scenario.notices:
        print(say("notice: {notice}", notice=say.sentence(notice)), file=sys.stderr)


def tell_siting(scenario: Scenario, result: SolveResult[SitingPlan], *, as_json: bool) -> None:
    """A layout with its proof, or why there is none."""
    if as_json:
        plan = None if result.plan is None else asdict(result.plan)
        _print_json({"scenario": scenario.ident, **_proof(result), "layout": plan})
        return
    out = console()
    if result.plan is None:
        out.print(say("no layout: {status}", status=word(result.status)))
        for conflict in result.conflicts:
            out.print(f"  {say.sentence(conflict)}", markup=False)
        return
    counts = " + ".join(
        str(sum(opened.tier == tier.ident for opened in result.plan.open_sites)) for tier in scenario.tiers
    )
    # Not from the terms: an objective that minimises one measure after the other has the last one only.
    yearly = sum(yearly_cost(scenario, result.plan).values())
    out.print(
        say(
            "layout   {counts} sites   yearly cost {cost}",
            counts=counts,
            cost=f"{yearly:,.0f} {scenario.rules.currency}".rstrip(),
        )
        + f"   {_proof_text(result)}"
    )
    heads = (say("site"), say("name"), say("tier"), say("size"), say("stock kg"), say("stock m3"))
    table = Table(*heads, box=None, pad_edge=False)
    for opened in result.plan.open_sites:
        lines = [line for line in result.plan.stock if line.site == opened.site]
        of = [scenario.commodities[scenario.commodity_index[line.commodity]] for line in lines]
        kg = sum(line.quantity * item.kg_per_unit for line, item in zip(lines, of, strict=True))
        m3 = sum(line.quantity * item.m3_per_unit for line, item in zip(lines, of, strict=True))
        name = scenario.sites[scenario.site_index[opened.site]].name
        table.add_row(opened.site, name, opened.tier, opened.size_class, f"{kg:,.0f}", f"{m3:,.1f}")
    for column in table.columns[4:]:
        column.justify = "right"
    out.print(table)
    for note in result.notes:
        out.print(say("note: {note}", note=say.sentence(note)), markup=False)


def tell_dispatch(scenario: Scenario, result: SolveResult[DispatchPlan], *, as_json: bool) -> None:
    """Trips in a line each, and who is not served and why."""
    if as_json:
        document = None if result.plan is None else asdict(result.plan)
        _print_json({"scenario": scenario.ident, **_proof(result), "plan": document})
        return
    out = console()
    if result.plan is None:
        out.print(say("no dispatch plan: {status}", status=word(result.status)))
        for line in (*result.conflicts, *result.notes):
            out.print(f"  {say.sentence(line)}", markup=False)
        return
    plan = result.plan
    vehicles = len({trip.vehicle for trip in plan.trips})
    unmet = result.terms.get("unmet_person_days", 0.0)
    trips = say.count(len(plan.trips), "{number} trip", "{number} trips")
    used = say.count(vehicles, "{number} vehicle", "{number} vehicles")
    short = say("unmet {number} weighted person-days", number=f"{unmet:,.0f}")
    said = say("dispatch   {trips} of {vehicles}   {short}", trips=trips, vehicles=used, short=short)
    out.print(f"{said}   {_proof_text(result)}")
    states = sorted(set(plan.point_state.values()))
    counts = (f"{sum(s is state for s in plan.point_state.values())} {word(state)}" for state in states)
    out.print(say("points     {counts}", counts=", ".join(counts)))
    if plan.unmet:
        out.print(_unmet_table(scenario, plan))
    for note in result.notes:
        out.print(say("note: {note}", note=say.sentence(note)), markup=False)


def _unmet_table(scenario: Scenario, plan: DispatchPlan) -> Table:
    """Points not fully served, one line each, most people first; the workbook has every line."""
    short: dict[str, list[UnmetLine]] = {}
    for line in plan.unmet:
        short.setdefault(line.point, []).append(line)
    points = {ident: scenario.demand_points[scenario.point_index[ident]] for ident in short}
    heads = (say("point"), say("name"), say("people"), say("state"), say("short of"), say("why"))
    table = Table(*heads, box=None, pad_edge=False)
    table.columns[2].justify = "right"
    ranked = sorted(short, key=lambda ident: (-points[ident].people, ident))
    for ident in ranked[:SHOWN_POINTS]:
        lines = short[ident]
        why = sorted({word(line.reason) for line in lines})
        table.add_row(
            ident,
            points[ident].name,
            f"{points[ident].people:,.0f}",
            word(lines[0].state),
            _amounts(scenario, lines),
            ", ".join(why),
        )
    if len(ranked) > SHOWN_POINTS:
        more = len(ranked) - SHOWN_POINTS
        table.add_row(
            "...",
            say.count(
                more,
                "and {number} more point, all in the workbook",
                "and {number} more points, all in the workbook",
            ),
        )
    return table


def _amounts(scenario: Scenario, lines: list[UnmetLine]) -> str:
    """What is missing by commodity: ``"662 tent, 29,772 L water"``."""
    total: dict[str, float] = {}
    for line in lines:
        total[line.commodity] = total.get(line.commodity, 0.0) + line.quantity
    parts = []
    for ident, quantity in sorted(total.items()):
        unit = scenario.commodities[scenario.commodity_index[ident]].unit
        parts.append(f"{quantity:,.0f} {ident if unit in ident else f'{unit} {ident}'}")
    return ", ".join(parts)


def tell_evaluation(evaluation: Evaluation, *, as_json: bool) -> None:
    """Main metrics before loss, expected with confidence, in the worst 5 %."""
    if as_json:
        _print_json({"before": evaluation.before, "summary": evaluation.summary()})
        return
    console().print(_metric_table({"": evaluation}))


def _metric_table(evaluations: dict[str, Evaluation]) -> Table:
    heads = (say("before loss"), say("expected"), say("worst 5 %"), say("worst"))
    table = Table("", *heads, box=None, pad_edge=False)
    for name, evaluation in evaluations.items():
        for metric, row in evaluation.summary().items():
            form = metric_form(metric)
            expected = _with_confidence(form, row["expected"], row["half_width"])
            label = metric_name(metric) + (f" ({word(name)})" if name else "")
            table.add_row(
                label,
                form.format(row["before"]),
                expected,
                _with_confidence(form, row["worst_5_percent"], row["worst_5_percent_half_width"]),
                form.format(row["worst"]),
            )
    for column in table.columns[1:]:
        column.justify = "right"
    return table


def tell_outcome(outcome: Outcome, *, as_json: bool) -> None:
    """The whole run on one screen."""
    if as_json:
        _print_json(
            {
                "scenario": outcome.case.scenario.ident,
                "overrides": list(outcome.case.scenario.overrides),
                "siting": _proof(outcome.siting),
                "evaluation": {name: one.summary() for name, one in outcome.evaluations.items()},
                "dispatch": None if outcome.dispatch is None else _proof(outcome.dispatch),
                "road_state": None if outcome.state is None else outcome.state.index,
                "folder": None if outcome.files is None else str(outcome.files.folder),
                "seconds": outcome.seconds,
            }
        )
        return
    out = console()
    tell_siting(outcome.case.scenario, outcome.siting, as_json=False)
    if outcome.evaluations:
        states = len(outcome.evaluations["layout"].states)
        design = outcome.options.design_states or outcome.case.scenario.ensemble.design_states
        out.print("")
        out.print(
            say(
                "chosen on {design} road states, judged on {states} unseen ones", design=design, states=states
            )
        )
        out.print(_metric_table(outcome.evaluations))
    if outcome.dispatch is not None and outcome.state is not None:
        out.print("")
        out.print(say("road state {index}", index=outcome.state.index))
        tell_dispatch(outcome.case.scenario, outcome.dispatch, as_json=False)
    if outcome.files is not None:
        out.print("")
        tell_files(outcome.files, as_json=False)


def _with_confidence(form: str, value: object, half_width: object) -> str:
    return form.format(value) if half_width is None else f"{form.format(value)} +- {form.format(half_width)}"


def metric_form(metric: str) -> str:
    """How the values of a metric are written."""
    if metric.startswith(("coverage", "backup", "overlap", "unmet_share")):
        # "z": what rounds to nothing has no sign.
        return "{:z.1%}"
    return "{:z.3f}" if metric == "gini" else "{:z,.0f}"


def tell_files(files: ReportFiles, *, as_json: bool) -> None:
    """Where the report was written."""
    if as_json:
        written = {"map": files.map, "workbook": files.workbook, "sheets": files.sheets, "pdf": files.pdf}
        _print_json({"folder": str(files.folder), **{k: v and str(v) for k, v in written.items()}})
        return
    print(say("map       {file}", file=files.map))
    print(say("workbook  {file}", file=files.workbook))
    if files.sheets is not None:
        print(say("sheets    {file}", file=files.sheets))
    if files.pdf is not None:
        print(say("pdf       {file}", file=files.pdf))


def tell_written(file: Path, *, as_json: bool) -> None:
    """Which file was written."""
    if as_json:
        _print_json({"file": str(file)})
    else:
        print(file)


def tell_roads(summary: NetworkSummary, *, as_json: bool) -> None:
    """Lengths and counts of a network."""
    if as_json:
        _print_json(asdict(summary))
        return
    for key, value in asdict(summary).items():
        label = word(key.replace("_", " "))
        if isinstance(value, dict):
            print(f"{label}:")
            for name, number in value.items():
                shown = f"{number:,.6g}" if isinstance(number, int | float) else number
                print(f"  {say.sentence(word(name)):<40} {shown}")
        else:
            print(f"{label}: {value:,.6g}" if isinstance(value, float) else f"{label}: {value}")


def tell_status(scenario: Scenario, status: RoadStatus, *, as_json: bool) -> None:
    """What one road state takes."""
    if as_json:
        _print_json(asdict(status))
        return
    from depotopt.cli.road_screen import status_lines

    for line in status_lines(scenario, status):
        print(line)
