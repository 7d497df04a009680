"""`Speech`: texts of depotopt in one language, from a gettext catalogue."""

from __future__ import annotations

import gettext
import os
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Final

from depotopt.errors import UsageError
from depotopt.language.sentences import Sentences, sentences

LANGUAGES: Final = ("en", "zh")
"""Languages a user can ask for; English is the language of the source."""
VARIABLE: Final = "DEPOTOPT_LANG"
DOMAIN: Final = "depotopt"
FOLDER: Final = Path(__file__).parent / "locale"


@dataclass(frozen=True, slots=True)
class Speech:
    """Texts of one language.

    Attributes
    ----------
    language
        ``"en"``, ``"zh"``, or the name of a catalogue made up for a test.
    catalogue
        Texts by their English.
    """

    language: str
    catalogue: gettext.NullTranslations

    def __call__(self, text: str, **fields: object) -> str:
        """Say a text of the source with its fields filled in (``say("{n} sites", n=3)``).

        Without fields the text stands as it is, braces included. Fields that are text are said as they are:
        pass them through `sentence` where they are English of depotopt rather than names people chose.
        """
        # The empty text is the key of a catalogue's own header.
        spoken = self.catalogue.gettext(text) if text else text
        return spoken.format(**fields) if fields else spoken

    def count(self, number: int, one: str, many: str, **fields: object) -> str:
        """Say a text that depends on a number, which fills ``{number}``."""
        fields.setdefault("number", f"{number:,}")
        return self.catalogue.ngettext(one, many, number).format(**fields)

    def sentence(self, text: str) -> str:
        """Say an English sentence made by another part of depotopt; unknown ones stay as they are."""
        if self.language == "en" or not text:
            return text
        return _known(self, sentences(), text)

    def knows(self, text: str) -> bool:
        """Whether a sentence is one of depotopt's, so that `sentence` can say it."""
        return not text or sentences().find(text) is not None


def _known(speech: Speech, known: Sentences, text: str) -> str:
    found = known.find(text)
    if found is None:
        return text
    # What fills a gap may be a sentence itself: "expected {phrase}, without its unit".
    # What stands in quotes is what people wrote.
    fields = {
        name: value if f"'{{{name}}}'" in found.template else _known(speech, known, value)
        for name, value in found.fields.items()
    }
    spoken = speech.catalogue.gettext(found.template)
    return spoken.format_map(fields) if fields else spoken.replace("{{", "{").replace("}}", "}")


@cache
def speech(language: str) -> Speech:
    """Texts of a language.

    Raises
    ------
    UsageError
        If depotopt does not speak it.
    """
    if language not in LANGUAGES:
        raise UsageError(f"no language '{language}': there are {', '.join(LANGUAGES)}")
    if language == "en":
        return Speech("en", gettext.NullTranslations())
    return Speech(language, gettext.translation(DOMAIN, FOLDER, [language]))


def language_of(asked: str | None, environment: Mapping[str, str] | None = None) -> str:
    """The language to speak: the one asked for, else ``DEPOTOPT_LANG``, else the locale's, else English.

    Parameters
    ----------
    asked
        From the command line, or ``None``.
    environment
        Default the process's.

    Raises
    ------
    UsageError
        If the language asked for by name is not spoken.
    """
    given = os.environ if environment is None else environment
    for name in (asked, given.get(VARIABLE)):
        if name:
            return speech(name).language
    for variable in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if given.get(variable):
            code = given[variable].replace("-", "_").partition("_")[0].partition(".")[0].lower()
            return code if code in LANGUAGES else "en"
    return "en"


def S_(text: str) -> str:  # noqa: N802 (beside N_)
    """Mark the template of a sentence that is put together elsewhere, so that it is known again."""
    return text


def N_(text: str) -> str:  # noqa: N802 (gettext's own name for it)
    """Mark a text for the catalogues; it is said where it is used."""
    return text


def in_paragraphs(text: str) -> str:
    """A text with one line per paragraph: where lines break in the source is no part of it."""
    return "\n\n".join(" ".join(part.split()) for part in text.strip().split("\n\n"))
