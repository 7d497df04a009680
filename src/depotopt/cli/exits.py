"""Exit codes of the command line."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """How a command ended."""

    OK = 0
    """Done."""
    FAILED = 1
    """depotopt or an engine is broken: a plan did not survive verification, an engine died."""
    USAGE = 2
    """The command line makes no sense, or an optional package it needs is missing."""
    BAD_INPUT = 3
    """The input has faults; all are listed."""
    INFEASIBLE = 4
    """No plan can keep the rules; the conflicting ones are named."""
    STOPPED_WITH_PLAN = 5
    """Stopped by the user; the best plan so far is kept."""
    STOPPED_WITHOUT = 6
    """Stopped, or out of time, without a plan."""
