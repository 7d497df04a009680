"""The catalogues hold every text of the source, translated, with the same gaps."""

from __future__ import annotations

import json
import re
from functools import cache

import pytest

from depotopt.language import catalogue
from depotopt.language.extraction import Text, texts
from depotopt.language.sentences import FILE
from depotopt.language.speech import FOLDER, LANGUAGES, speech

FOREIGN = [language for language in LANGUAGES if language != "en"]


@cache
def found() -> tuple[Text, ...]:
    return tuple(texts())


def gaps(template: str) -> list[str]:
    return sorted(re.findall(r"\{(\w*)\}", template.replace("{{", "").replace("}}", "")))


def test_the_source_has_texts_of_every_kind() -> None:
    every = found()
    assert sum(text.is_sentence for text in every) > 300
    assert any(text.many for text in every)
    assert {"cli/commands.py", "io/table_schemas.py", "dispatch/publishing/reasons.py"} <= {
        t.place[0] for t in every
    }


@pytest.mark.parametrize("language", FOREIGN)
def test_every_text_of_the_source_is_translated(language: str) -> None:
    brought_up = catalogue.brought_up(language, found())
    assert catalogue.untranslated(brought_up) == [], "run python -m depotopt.language.catalogue"


@pytest.mark.parametrize("language", FOREIGN)
def test_no_translation_is_fuzzy_or_left_over(language: str) -> None:
    kept = catalogue.read_catalogue(language)
    wanted = {message.id for message in catalogue.template_catalogue(found())}
    assert [message.id for message in kept if message.fuzzy and message.id] == []
    assert {message.id for message in kept} == wanted
    assert not kept.obsolete


@pytest.mark.parametrize("language", FOREIGN)
def test_translations_have_the_gaps_of_their_texts(language: str) -> None:
    for message in catalogue.read_catalogue(language):
        if not message.id:
            continue
        own = message.id if isinstance(message.id, str) else message.id[-1]
        strings = [message.string] if isinstance(message.string, str) else message.string
        for string in strings or ():
            assert gaps(string) == gaps(own), own


def test_the_files_programs_read_are_those_of_the_source() -> None:
    assert FILE.read_bytes() == catalogue.sentence_list(found())
    for language in FOREIGN:
        compiled = FOLDER / language / "LC_MESSAGES" / "depotopt.mo"
        assert compiled.read_bytes() == catalogue.compiled(catalogue.read_catalogue(language))


def test_a_translation_is_read_back() -> None:
    assert speech("zh")("{subject}: no faults", subject="x") == "x：没有问题"


def test_remarks_of_an_order_are_known_to_the_catalogue() -> None:
    templates = json.loads(FILE.read_text(encoding="utf-8"))
    assert "{names} not minimised: the search was stopped" in templates
    assert "{measure} {told}{bound}; kept within {tolerance} of that" in templates
