"""English sentences of an answer, with what they are in the page's other languages beside them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from depotopt.language.speech import LANGUAGES, Speech, speech

SPOKEN: Final = frozenset(
    {"conflicts", "description", "detail", "expected", "found", "message", "notes", "text", "where"}
)
"""Keys whose values are sentences of ours (or lists of them), not names people chose."""


def told(answer: Any) -> Any:
    """An answer whose every object holds its sentences in other languages, too.

    The page switches its language without asking again: an object with ``found`` and ``expected`` gets
    ``"zh": {"found": ..., "expected": ...}`` where they are something else in Chinese.

    Parameters
    ----------
    answer
        What JSON can hold; it is not changed.
    """
    if isinstance(answer, list | tuple):
        return [told(part) for part in answer]
    if not isinstance(answer, Mapping):
        return answer
    full = {key: told(value) for key, value in answer.items()}
    for language in LANGUAGES[1:]:
        say = speech(language)
        said = {key: _said(value, say) for key, value in answer.items() if key in SPOKEN}
        other = {key: value for key, value in said.items() if value != answer[key]}
        if other:
            full[language] = other
    return full


def _said(value: Any, say: Speech) -> Any:
    if isinstance(value, list | tuple):
        return [_said(part, say) for part in value]
    if not isinstance(value, str):
        return value
    # Descriptions of settings are messages as a whole; elsewhere each line is a sentence of its own.
    whole = say(value)
    if whole != value:
        return whole
    return "\n".join(say.sentence(line) for line in value.split("\n"))
