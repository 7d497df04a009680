"""The language a command speaks: ``say`` for its texts, ``--lang`` and ``DEPOTOPT_LANG`` to choose it.

What programs read (``--json``, ``--progress jsonl``) is the same in every language.
"""

from __future__ import annotations

from contextvars import ContextVar
from typing import Annotated, Final

from cyclopts import Parameter

from depotopt.errors import UsageError
from depotopt.language.speech import LANGUAGES, N_, S_, Speech, language_of, speech

__all__ = ["FLAG", "N_", "S_", "Written", "chosen_speech", "say", "speak", "written"]

FLAG: Final = "--lang"

Written = Annotated[
    str | None,
    Parameter(
        name="--language",
        help=N_("Language of what is written, en or zh; without it the one the command speaks."),
    ),
]
"""Language of files for people, asked for apart from that of the screen."""

_current: Final[ContextVar[Speech]] = ContextVar("depotopt_speech")


def speak(chosen: Speech) -> None:
    """Speak a language from here on."""
    _current.set(chosen)


def chosen_speech(words: list[str]) -> tuple[Speech, list[str]]:
    """The language a command line asks for, and its words without that request.

    Raises
    ------
    UsageError
        If the flag has no value, or the language is not spoken.
    """
    rest: list[str] = []
    asked: str | None = None
    given = iter(words)
    for word in given:
        if word == "--":
            return speech(language_of(asked)), [*rest, word, *given]
        if word == FLAG:
            asked = next(given, "")
        elif word.startswith(f"{FLAG}="):
            asked = word.partition("=")[2]
        else:
            rest.append(word)
    if asked == "":
        raise UsageError(f"--lang needs a language, one of {', '.join(LANGUAGES)}")
    return speech(language_of(asked)), rest


def _spoken() -> Speech:
    return _current.get(speech("en"))


def written(asked: str | None) -> str:
    """Language of files for people: the one asked for, else the one spoken, if files are written in it."""
    spoken = _spoken().language
    return asked or (spoken if spoken in LANGUAGES else LANGUAGES[0])


class _Say:
    """The texts of the command line in the language chosen."""

    def __call__(self, text: str, **fields: object) -> str:
        """Say a text of the command line with its fields."""
        return _spoken()(text, **fields)

    def count(self, number: int, one: str, many: str, **fields: object) -> str:
        """Say a text that depends on a number, which fills ``{number}``."""
        return _spoken().count(number, one, many, **fields)

    def sentence(self, text: str) -> str:
        """Say an English sentence that another part of depotopt made."""
        return _spoken().sentence(text)

    @property
    def speech(self) -> Speech:
        """The language spoken now."""
        return _spoken()


say: Final = _Say()
