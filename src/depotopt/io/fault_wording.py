"""Faults in the language of the officer: English as they are made, Chinese by patterns of the sentences."""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from functools import cache
from importlib.resources import files
from typing import NamedTuple

from depotopt.errors import Fault, UsageError

LANGUAGES = ("en", "zh")


class Pattern(NamedTuple):
    """An English sentence with gaps and its Chinese.

    Gaps are written ``{}``; what stands in ``{*}`` is itself translated.
    """

    english: re.Pattern[str]
    chinese: str
    inner: tuple[bool, ...]


@cache
def patterns() -> tuple[Pattern, ...]:
    """Patterns from ``fault_words_zh.csv``, those with the most fixed text first."""
    text = files("depotopt.io").joinpath("fault_words_zh.csv").read_text(encoding="utf-8")
    lines = [(line["english"], line["chinese"]) for line in csv.DictReader(text.splitlines())]
    # More fixed text is more specific: "expected {*}, without its unit" comes before "expected {*}".
    lines.sort(key=lambda line: -len(re.sub(r"\{\*?\}", "", line[0])))
    return tuple(_pattern(english, chinese) for english, chinese in lines)


def _pattern(english: str, chinese: str) -> Pattern:
    pieces = re.split(r"(\{\*?\})", english)
    # A gap at the end of a sentence may be empty: "no such site{*}" has a hint or none.
    expression = "".join(
        ("(.*?)" if piece == "{*}" else "(.+?)") if piece in ("{}", "{*}") else re.escape(piece)
        for piece in pieces
    )
    inner = tuple(piece == "{*}" for piece in pieces if piece in ("{}", "{*}"))
    return Pattern(re.compile(expression, re.DOTALL), chinese, inner)


@cache
def in_chinese(text: str) -> str | None:
    """Chinese of a part of a fault, ``None`` where no pattern fits.

    Quoted values, numbers and names people chose stay as they are, and so does an empty text.
    """
    if not text or re.fullmatch(r"'[^']*'|[-+.\d]\S*", text):
        return text
    for pattern in patterns():
        found = pattern.english.fullmatch(text)
        if found is None:
            continue
        parts = [
            (in_chinese(part) or part) if inner else part
            for part, inner in zip(found.groups(), pattern.inner, strict=True)
        ]
        return pattern.chinese.format(*parts)
    return None


def translated(fault: Fault, language: str) -> Fault:
    """Return a fault in a language; parts that no pattern covers stay English.

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
    if language not in LANGUAGES:
        raise UsageError(f"no language '{language}': there are {', '.join(LANGUAGES)}")
    if language == "en":
        return fault
    return replace(
        fault,
        where=in_chinese(fault.where) or fault.where,
        found=in_chinese(fault.found) or fault.found,
        expected=in_chinese(fault.expected) or fault.expected,
    )


def sentence(fault: Fault, language: str = "en") -> str:
    """What is wrong in one sentence, without the place."""
    spoken = translated(fault, language)
    if language == "zh":
        return f"发现：{spoken.found}；{spoken.expected}"
    return f"found {spoken.found}, {spoken.expected}"
