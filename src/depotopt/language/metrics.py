"""Names of metrics in words: ``coverage_15_min`` is "coverage 15 min"."""

from __future__ import annotations

import re
from typing import Final

from depotopt.language.speech import N_, Speech

WORDS: Final = (
    N_("unmet person days"), N_("unmet weighted person days"), N_("unmet share"), N_("isolated people"),
    N_("flooded people"), N_("gini"), N_("mean difference"), N_("jain"), N_("fill mean"),
    N_("worst decile fill"), N_("people in need"), N_("need person days"), N_("streets hit"),
    N_("response mean s"), N_("response 50 s"), N_("response 90 s"), N_("response 100 s"),
    N_("transport cost"),
    # Sheets and columns of the frames an evaluation leaves.
    N_("metrics summary layout"), N_("metrics summary today"), N_("metrics coverage layout"),
    N_("metrics coverage today"), N_("metrics states"), N_("metrics points"), N_("metrics commodities"),
    N_("metric"), N_("before"), N_("expected"), N_("half width"), N_("worst"), N_("worst 5 percent"),
    N_("worst 5 percent half width"), N_("within s"), N_("state"), N_("probability"), N_("point"),
    N_("name"), N_("zone"), N_("people"), N_("expected unmet person days"), N_("expected fill"),
    N_("probability isolated"), N_("probability flooded"), N_("commodity"), N_("unit"),
    N_("need before loss"), N_("stock"), N_("expected unmet"),
)  # fmt: skip
"""Metrics, and the sheets and columns they stand in, with blanks for underscores."""
TIMED: Final = {
    "coverage": N_("coverage {time}"),
    "backup": N_("backup {time}"),
    "overlap": N_("overlap {time}"),
}
TIMES: Final = {"min": N_("{number} min"), "h": N_("{number} h")}


def metric_name(metric: str, say: Speech) -> str:
    """A metric, or a sheet or column of metrics, in words; unknown names come back with blanks."""
    timed = re.fullmatch(r"([a-z]+)_([\d.]+)_(min|h)", metric)
    if timed is None or timed[1] not in TIMED:
        return say(metric.replace("_", " "))
    time = say(TIMES[timed[3]], number=timed[2])
    return say(TIMED[timed[1]], time=time)
