"""Errors as an officer or a program reads them, and the exit code they lead to."""

from __future__ import annotations

import json
import sys
from dataclasses import asdict

from depotopt.cli.exits import Exit
from depotopt.cli.language import S_, say
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
        print(f"depotopt: {_spoken(str(error))}", file=sys.stderr)
    return code


PARSER_SENTENCES = (
    S_("Unknown option: {option}."),
    S_("Unknown option: {option}. Did you mean {close}?"),
    S_('Unknown command "{command}".'),
    S_('Unknown command "{command}". Did you mean "{close}"?'),
    S_('Unknown command "{command}". Available commands: {known}.'),
    S_('Unknown command "{command}". Did you mean "{close}"? Available commands: {known}.'),
    S_('Invalid value for {option}: unable to convert "{value}" into {kind}.'),
    S_('Invalid value "{value}" for {option}. Choose from: {known}.'),
    S_("Parameter {option} requires an argument."),
    S_('Command "{command}" parameter {option} requires an argument.'),
    S_("Parameter {option} specified multiple times."),
    S_("Unused Tokens: {words}."),
)
"""What the parser of the command line says."""


def _spoken(message: str) -> str:
    """An error line by line: each is a sentence of its own."""
    return "\n".join(say.sentence(line) for line in message.split("\n"))


def fault_text(subject: str, faults: tuple[Fault, ...]) -> str:
    """Faults in aligned columns: file, place, found, expected."""
    number = len(faults)
    places = [f"{fault.file}  {say.sentence(fault.where)}".rstrip() for fault in faults]
    width = min(max((len(place) for place in places), default=0), 60)
    lines = [
        say.count(
            number,
            "{subject} cannot be read: {number} fault",
            "{subject} cannot be read: {number} faults",
            subject=say.sentence(subject),
        )
    ]
    for place, fault in zip(places, faults, strict=True):
        wrong = say(
            "found {found}, {expected}",
            found=say.sentence(fault.found),
            expected=say.sentence(fault.expected),
        )
        lines.append(f"  {place:<{width}}   {wrong}")
    return "\n".join(lines)
