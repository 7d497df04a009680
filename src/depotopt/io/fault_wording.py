"""Faults in the language of the officer: made in English, said through the catalogues."""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from depotopt.errors import Fault
from depotopt.language.speech import S_, Speech, speech

PHRASES: Final = (
    S_("there is none"),
    S_("sheet {sheet}, row {row}, column {column}"),
    S_("row {row}, column {column}"),
    S_("line {line}, column {column}"),
    S_("semicolons between cells"),
    S_("tabs between cells"),
    S_("also a scenario.toml"),
    S_("street and area_wkt"),
    S_("street and position"),
    S_("area_wkt and position"),
    S_("street and area_wkt and position"),
    S_("the unverified value {a} for {b} ({c})"),
    S_("a table"),
    S_("a list of tables"),
    S_("a list"),
    S_("{a}: {b}"),
    S_("a place that touches no road"),
    S_("expected {a}, without digit grouping"),
    S_("expected {a}, with a point, not a comma"),
    S_("expected {a}, as a share, not in percent"),
    S_("expected {a}, in plain digits 0-9"),
    S_("expected {a}, without its unit"),
    S_("expected {a}"),
    S_("tables/*.csv or tables.xlsx"),
    S_("the keys of scenario.toml in a sheet of this name"),
    S_("no such site{a}"),
    S_("no such commodity{a}"),
    S_("no such demand point{a}"),
    S_("no such site or demand point{a}"),
    S_("no such hazard{a}"),
    S_("no such commodity class{a}"),
    S_("no site has this kind{a}"),
    S_("no site has this zone{a}"),
    S_("a name that does not begin with new/ or new-agreement/"),
    S_("with it site {a} holds {b}, above its capacity of {c}"),
    S_("a moment after the start"),
    S_("a moment after from ({a})"),
    S_("no street has this identifier or name"),
    S_("a place on the road network"),
)
"""Parts of faults that are put together from pieces; the other ones stand whole in the source."""


def translated(fault: Fault, language: str) -> Fault:
    """Return a fault in a language.

    Parameters
    ----------
    fault
        As found.
    language
        ``en`` or ``zh``.

    Raises
    ------
    UsageError
        If the language is not known.
    """
    return spoken(fault, speech(language))


def spoken(fault: Fault, say: Speech) -> Fault:
    """Return a fault in the language of a `Speech`; what people wrote stays as it is."""
    return replace(
        fault,
        where=say.sentence(fault.where),
        found=say.sentence(fault.found),
        expected=say.sentence(fault.expected),
    )


def sentence(fault: Fault, language: str = "en") -> str:
    """What is wrong in one sentence, without the place."""
    say = speech(language)
    own = spoken(fault, say)
    return say("found {found}, {expected}", found=own.found, expected=own.expected)
