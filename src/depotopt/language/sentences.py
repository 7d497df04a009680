"""English sentences known again, so that what engines and readers say can be said in another language.

Faults, errors, reasons and remarks are made as plain English where they arise: they stay readable in
files and logs, and nothing but the doors of the program knows about languages. The templates of those
sentences are found in the source (`depotopt.language.extraction`) and kept in ``sentences.json``; a
sentence is matched against them to get its template, which is the key of the catalogues, and what fills
its gaps.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

GAP = re.compile(r"((?<!\{)\{\w+\}(?!\}))")
SCANTY = 4
FILE = Path(__file__).parent / "sentences.json"
VALUE = re.compile(r"'[^']*'|\"[^\"]*\"|[-+.\d]\S*|\S*[/\\]\S*")
"""Quoted values, numbers and paths: what people wrote, never a sentence of ours."""


class Found(NamedTuple):
    """A template and what fills its gaps, by their names."""

    template: str
    fields: dict[str, str]


@dataclass(frozen=True, slots=True)
class Sentences:
    """Templates, the ones with the most fixed text first.

    Attributes
    ----------
    templates
        English with gaps as ``{name}``; real braces are doubled.
    anchors
        Longest fixed text of each: a sentence without it is none of its kind.
    """

    templates: tuple[str, ...]
    anchors: tuple[str, ...]

    @classmethod
    def of(cls, templates: list[str]) -> Sentences:
        """Order templates: more fixed text is more specific."""
        ranked = sorted(set(templates), key=lambda text: (-len(GAP.sub("", text)), text))
        anchors = tuple(max(_fixed(text), key=len) for text in ranked)
        return cls(tuple(ranked), anchors)

    def find(self, text: str) -> Found | None:
        """The template a sentence was made from, ``None`` where there is none."""
        if VALUE.fullmatch(text):
            return None
        for template, anchor in zip(self.templates, self.anchors, strict=True):
            if anchor in text:
                matched = _expression(template).fullmatch(text)
                if matched is not None:
                    return Found(template, matched.groupdict())
        return None


def _fixed(template: str) -> list[str]:
    return [piece.replace("{{", "{").replace("}}", "}") for piece in GAP.split(template)[::2]]


@lru_cache(maxsize=4096)
def _expression(template: str) -> re.Pattern[str]:
    parts, seen = [], set[str]()
    # With hardly a word of its own ("{least} to {most}") a template is one only around single words.
    gap = r"\S*?" if sum(map(str.isalpha, GAP.sub("", template))) < SCANTY else ".*?"
    for piece in GAP.split(template):
        if not GAP.fullmatch(piece):
            parts.append(re.escape(piece.replace("{{", "{").replace("}}", "}")))
            continue
        name = piece[1:-1]
        # A gap may be empty: "no such site{hint}" has a hint or none.
        parts.append(f"(?P={name})" if name in seen else f"(?P<{name}>{gap})")
        seen.add(name)
    return re.compile("".join(parts), re.DOTALL)


@cache
def sentences() -> Sentences:
    """The sentences of this version of depotopt."""
    return Sentences.of(json.loads(FILE.read_text(encoding="utf-8")))
