"""Suggestions for near misses: did you mean so and so."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(found: str, known: Iterable[str]) -> str:
    """Return `` (did you mean 'x'?)`` for the closest known name, or an empty string.

    Parameters
    ----------
    found
        What the user wrote.
    known
        Names that exist.
    """
    names = sorted(set(known))
    folded = {name.casefold(): name for name in reversed(names)}
    if found.casefold() in folded:
        return f" (did you mean '{folded[found.casefold()]}'?)"
    close = difflib.get_close_matches(found, names, n=1, cutoff=0.6)
    return f" (did you mean '{close[0]}'?)" if close else ""


def listed(names: Iterable[str], most: int = 5) -> str:
    """Join the first few names with commas and say how many more there are."""
    all_names = list(names)
    more = len(all_names) - most
    return ", ".join(all_names[:most]) + (f" and {more} more" if more > 0 else "")
