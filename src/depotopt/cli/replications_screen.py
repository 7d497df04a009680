"""Replications for people and programs: each one, then what they say together."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from depotopt.cli.language import say
from depotopt.cli.words import word

if TYPE_CHECKING:
    from depotopt.pipeline.replications import Replications


def tell_replications(found: Replications, *, as_json: bool) -> None:
    """A line for each replication and the layout kept, with its estimates as notes; or all of it as JSON."""
    from depotopt.cli import screen

    scenario, result = found.case.scenario, found.result
    if as_json:
        plan = None if result.plan is None else asdict(result.plan)
        document = {
            "scenario": scenario.ident,
            "status": str(result.status),
            "replications": found.document(),
            "notes": list(result.notes),
            "conflicts": list(result.conflicts),
            "layout": plan,
        }
        print(json.dumps(document, ensure_ascii=False, indent=1))
        return
    for n, each in enumerate(found.average.results):
        print(
            say(
                "replication {number} of {count}   objective {objective}   bound {bound}   status: {status}",
                number=n + 1,
                count=found.sizes.replications,
                objective="-" if each.objective is None else f"{each.objective:,.0f}",
                bound="-" if each.bound is None else f"{each.bound:,.0f}",
                status=word(each.limit or each.status),
            )
        )
    screen.tell_siting(scenario, result, as_json=False)
