"""What an installation has, in words."""

from __future__ import annotations

import json
from typing import Any

from depotopt.cli.language import say


def tell_doctor(findings: dict[str, Any], *, as_json: bool) -> None:
    """What the installation has."""
    if as_json:
        print(json.dumps(findings, ensure_ascii=False, indent=1, default=str))
        return
    for package, number in findings["versions"].items():
        print(f"{package:<12} {number}")
    for engine, works in findings["engines"].items():
        state = say("works") if works else say("does not work")
        print(say("engine {engine} {state}", engine=f"{engine:<12}", state=state))
    for extra, found in findings["extras"].items():
        missing = say("missing: pip install 'depotopt[{extra}]'", extra=extra)
        state = say("installed") if found["installed"] else missing
        line = say("extra {extra} {state}", extra=f"{extra:<13}", state=state)
        print(f"{line}   ({say.sentence(found['for'])})")
    cache = findings["cache"]
    writable = say("writable") if cache["writable"] else say("not writable: imports are not kept")
    print(
        say(
            "cache {folder} ({writable}), {cores} cores",
            folder=cache["folder"],
            writable=writable,
            cores=findings["cores"],
        )
    )
