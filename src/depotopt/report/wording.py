"""`Wording`: the strings of a report in one language, from the JSON that the map uses too."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from importlib import resources

from depotopt.errors import UsageError
from depotopt.language.metrics import metric_name
from depotopt.language.speech import LANGUAGES, speech


@cache
def all_strings() -> dict[str, dict[str, str]]:
    """Every string by key, then by language."""
    text = resources.files("depotopt.report").joinpath("assets/strings.json").read_text(encoding="utf-8")
    strings: dict[str, dict[str, str]] = json.loads(text)
    return strings


@dataclass(frozen=True, slots=True)
class Wording:
    """Strings of one language.

    Parameters
    ----------
    language
        ``"en"`` or ``"zh"``.

    Raises
    ------
    UsageError
        If reports do not speak that language.
    """

    language: str = "en"

    def __post_init__(self) -> None:
        if self.language not in LANGUAGES:
            raise UsageError(f"reports are written in {' or '.join(LANGUAGES)}, not '{self.language}'")

    def __call__(self, key: str, **values: object) -> str:
        """Look a string up and fill in its values.

        Raises
        ------
        KeyError
            If there is no such string: a fault of depotopt, not of its input.
        """
        return all_strings()[key][self.language].format(**values)

    def named(self, group: str, value: str) -> str:
        """Name of a code (``named("state", "served")``), or the code itself where people chose it."""
        entry = all_strings().get(f"{group}.{value}")
        return entry[self.language] if entry is not None else value

    def title(self, group: str, name: str) -> str:
        """Title of a sheet or heading of a column; those of metrics have their words in the catalogues."""
        entry = all_strings().get(f"{group}.{name}")
        return entry[self.language] if entry is not None else self.metric(name)

    def metric(self, name: str) -> str:
        """A metric in words."""
        return metric_name(name, speech(self.language))

    def sentence(self, text: str) -> str:
        """Say a remark, a reason or a term that another part of depotopt made in English."""
        say = speech(self.language)
        return say(text) if (said := say.sentence(text)) == text else said
