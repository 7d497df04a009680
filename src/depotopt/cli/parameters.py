"""Parameters several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from cyclopts import Parameter

Out = Annotated[Path | None, Parameter(name="--out", help="Where to write.")]
AsJson = Annotated[bool, Parameter(name="--json", negative="", help="Print the result as JSON.")]
Layout = Annotated[
    Path | None,
    Parameter(help="Layout file of `depotopt site` or a run; default today's depots and stock."),
]
State = Annotated[
    int,
    Parameter(help="Road state of the unseen ensemble; -1 for no hazard, only what road reports say."),
]
AtHours = Annotated[
    float,
    Parameter(name="--at-h", help="Hours after the start whose roads are used: expired closures are open."),
]
