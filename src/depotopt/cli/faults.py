"""Errors as an officer or a program reads them, and the exit code they lead to."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from depotopt.cli.exits import Exit
from depotopt.errors import (
    DepotoptError,
    EngineError,
    Fault,
    InputError,
    MissingExtraError,
    UsageError,
    VerificationError,
)

_EXITS: tuple[tuple[type[DepotoptError], Exit], ...] = (
    (InputError, Exit.BAD_INPUT),
    (MissingExtraError, Exit.USAGE),
    (UsageError, Exit.USAGE),
    (EngineError, Exit.FAILED),
    (VerificationError, Exit.FAILED),
)


def tell_error(error: DepotoptError, *, as_json: bool) -> Exit:
    """Print an error (JSON to stdout when asked, else text to stderr) and give its exit code."""
    code = next((exit_ for kind, exit_ in _EXITS if isinstance(error, kind)), Exit.FAILED)
    if as_json:
        document: dict[str, object] = {
            "error": type(error).__name__,
            "message": str(error),
            "exit": int(code),
        }
        if isinstance(error, InputError):
            document["faults"] = [asdict(fault) for fault in error.faults]
        print(json.dumps(document, ensure_ascii=False, indent=1))
    elif isinstance(error, InputError):
        print(fault_text(error.subject, error.faults), file=sys.stderr)
    else:
        print(f"depotopt: {error}", file=sys.stderr)
    return code


def fault_text(subject: str, faults: tuple[Fault, ...]) -> str:
    """Faults in aligned columns: file, place, found, expected."""
    number = len(faults)
    places = [f"{fault.file}  {fault.where}".rstrip() for fault in faults]
    width = min(max((len(place) for place in places), default=0), 60)
    lines = [f"{subject} cannot be read: {number} fault{'' if number == 1 else 's'}"]
    lines += [
        f"  {place:<{width}}   found {fault.found}, {fault.expected}"
        for place, fault in zip(places, faults, strict=True)
    ]
    return "\n".join(lines)
