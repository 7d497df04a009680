"""A plan made anew: what changed, who gets a new sheet."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from depotopt.cli.screen import tell_dispatch

if TYPE_CHECKING:
    from depotopt.pipeline.replan import Replanned


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
            "objective": result.objective,
            "terms": result.terms,
            "plan": None if result.plan is None else asdict(result.plan),
        }
        print(json.dumps(document, ensure_ascii=False, indent=1))
        return
    tell_dispatch(replanned.outcome.case.scenario, result, as_json=False)
    for remark in change.remarks:
        print(f"note: {remark}")
    print(f"kept       {change.kept_share:.0%} of the stops the loss does not touch stay with their vehicle")
    sheets = ", ".join(change.changed_vehicles) or "none"
    print(f"new sheets {len(change.changed_vehicles)}: {sheets}")
    print(f"map        {files.map}")
    if files.sheets is not None and change.changed_vehicles:
        print(f"sheets     {files.sheets}")
