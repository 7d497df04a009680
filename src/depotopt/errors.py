"""Everything depotopt raises.

::

    DepotoptError
    |-- InputError            the files cannot be read as a scenario; carries every fault   (exit 3)
    |-- MissingExtraError     an optional package is needed and not installed               (exit 2)
    |-- UsageError            a call or command line asks for something that makes no sense (exit 2)
    |-- EngineError           a solver engine failed (infeasible and time limit are statuses, not errors)
    `-- VerificationError     a plan does not survive the independent check

Infeasible and out-of-time are *statuses* of a `SolveResult`, never exceptions.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass


class DepotoptError(Exception):
    """Base of every error depotopt raises on purpose."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing wrong with the input, at one place.

    Attributes
    ----------
    file
        Path as the user knows it, relative to the scenario (``"tables/stock.csv"``).
    where
        Place inside the file: ``"row 14, column quantity"``, ``"sheet stock, cell D14"`` or a
        TOML key such as ``"tiers[2].max_open"``. Empty when the whole file is meant.
    found
        What stands there, quoted as the user would see it.
    expected
        What should stand there instead, as a phrase.
    kind
        Stable identifier of the fault (``"unknown-site"``); tests and translations key on it.
    """

    file: str
    where: str
    found: str
    expected: str
    kind: str = "value"

    @property
    def order_key(self) -> tuple[object, ...]:
        """Key for reading order: row 3 before row 14."""
        pieces = [re.split(r"(\d+)", text) for text in (self.file, self.where)]
        natural = (
            tuple((int(p), "") if p.isdecimal() and len(p) < 19 else (-1, p) for p in piece)
            for piece in pieces
        )
        return (*natural, self.found, self.expected, self.kind)

    def __str__(self) -> str:
        place = f"{self.file}  {self.where}" if self.where else self.file
        return f"{place}   found {self.found}, {self.expected}"


class InputError(DepotoptError):
    """The input cannot be used; every fault found is in ``faults``.

    Parameters
    ----------
    subject
        What was being read (``"scenarios/wushi-2024"``).
    faults
        All faults found, not only the first.
    """

    def __init__(self, subject: str, faults: Iterable[Fault]) -> None:
        self.subject = subject
        self.faults: tuple[Fault, ...] = tuple(sorted(set(faults), key=lambda fault: fault.order_key))
        super().__init__(self._text())

    def _text(self) -> str:
        number = len(self.faults)
        lines = [f"{self.subject} cannot be read: {number} fault{'' if number == 1 else 's'}"]
        lines += [f"  {fault}" for fault in self.faults]
        return "\n".join(lines)


class UsageError(DepotoptError):
    """The call asks for something that makes no sense."""


class MissingExtraError(DepotoptError):
    """An optional package is needed.

    Parameters
    ----------
    package
        The import that failed.
    extra
        The extra of depotopt that brings it.
    purpose
        What it is needed for, as a phrase.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        self.package, self.extra = package, extra
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed: "
            f"pip install 'depotopt[{extra}]'"
        )


class EngineError(DepotoptError):
    """A solver engine failed or refused its input.

    Parameters
    ----------
    engine
        Name of the engine (``"highs"``, ``"pyvrp"``).
    message
        What it said, as a phrase.
    """

    def __init__(self, engine: str, message: str) -> None:
        self.engine = engine
        super().__init__(f"engine {engine}: {message}")


class VerificationError(DepotoptError):
    """A plan breaks rules of its scenario; every violation is in ``violations``."""

    def __init__(self, subject: str, violations: Iterable[str]) -> None:
        self.violations: tuple[str, ...] = tuple(violations)
        super().__init__("\n".join([f"{subject} fails verification:", *(f"  {v}" for v in self.violations)]))
