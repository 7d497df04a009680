"""A plan made anew: what changed, who gets a new sheet."""

from __future__ import annotations

import json
from dataclasses import asdict
from itertools import groupby
from typing import TYPE_CHECKING, Final

from depotopt.cli.language import say
from depotopt.cli.screen import tell_dispatch
from depotopt.cli.words import word
from depotopt.units import KM_M

if TYPE_CHECKING:
    from depotopt.pipeline.plan_changes import PlanChanges
    from depotopt.pipeline.replan import Replanned

MOST_NAMES: Final = 8
"""Names on one line; all of them are in the run folder's ``changes.json``."""


def tell_replanned(replanned: Replanned, *, as_json: bool) -> None:
    """Print the new plan and what it changes."""
    change, files = replanned.replanning, replanned.files
    result = change.result
    if as_json:
        document = {
            "folder": str(files.folder),
            "changed_vehicles": list(change.changed_vehicles),
            "kept_share": change.kept_share,
            "first_plan_s": round(change.first_plan_s, 3),
            "remarks": list(change.remarks),
            "changes": replanned.changes.document(),
            "objective": result.objective,
            "terms": result.terms,
            "plan": None if result.plan is None else asdict(result.plan),
        }
        print(json.dumps(document, ensure_ascii=False, indent=1))
        return
    tell_dispatch(replanned.outcome.case.scenario, result, as_json=False)
    for remark in change.remarks:
        print(say("note: {note}", note=say.sentence(remark)))
    print(
        say(
            "kept       {share} of the stops the loss does not touch stay with their vehicle",
            share=f"{change.kept_share:.0%}",
        )
    )
    for line in _told(replanned.changes):
        print(line)
    sheets = ", ".join(change.changed_vehicles) or say("none")
    print(say("new sheets {number}: {vehicles}", number=len(change.changed_vehicles), vehicles=sheets))
    print(say("map       {file}", file=files.map))
    if files.sheets is not None and change.changed_vehicles:
        print(say("sheets    {file}", file=files.sheets))


def _told(changes: PlanChanges) -> list[str]:
    """Points by what happens to them, then trips led round."""
    lines = []
    for kind, group in groupby(changes.points, key=lambda change: change.kind):
        names = [change.point for change in group]
        shown = ", ".join(names[:MOST_NAMES]) + (", ..." if len(names) > MOST_NAMES else "")
        lines.append(f"{word(kind):<10} {len(names)}: {shown}")
    for one in changes.led_round:
        lines.append(
            say(
                "led round  {vehicle} trip {trip}: {km} km",
                vehicle=one.vehicle,
                trip=one.trip,
                km=f"{one.longer_m / KM_M:+.1f}",
            )
        )
    return lines
