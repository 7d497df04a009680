"""Texts in a language, sentences known again, and how the language is chosen."""

from __future__ import annotations

import pytest

from depotopt.errors import UsageError
from depotopt.language.sentences import Sentences
from depotopt.language.speech import language_of, speech


def test_english_is_the_text_itself() -> None:
    assert speech("en")("gap {gap}", gap="1 %") == "gap 1 %"
    assert speech("en").sentence("no such {braces}") == "no such {braces}"


def test_a_number_chooses_the_form() -> None:
    say = speech("en")
    assert say.count(1, "{number} trip", "{number} trips") == "1 trip"
    assert say.count(1200, "{number} trip", "{number} trips") == "1,200 trips"
    assert speech("zh").count(2, "{number} trip", "{number} trips") == "2 车次"


def test_what_fills_a_gap_is_said_as_well() -> None:
    said = speech("zh").sentence("expected a number >= 0, without its unit")
    assert said == "应为：不小于 0 的数值，不要带单位"


@pytest.mark.parametrize("text", ["", "'blank'", "12", "-3.5", "tables/stock.csv", "\u897f\u5e93"])
def test_what_people_wrote_is_no_sentence(text: str) -> None:
    assert speech("zh").sentence(text) == text


def test_the_more_specific_template_is_found() -> None:
    known = Sentences.of(["no such {what}", "no such site{hint}", "{a} and {b}"])
    assert known.find("no such site (did you mean 'X'?)") == (
        "no such site{hint}",
        {"hint": " (did you mean 'X'?)"},
    )
    assert known.find("no such tier") == ("no such {what}", {"what": "tier"})
    assert known.find("nothing of the kind") is None


def test_real_braces_survive() -> None:
    known = Sentences.of(["a JSON object like {{}} in {file}"])
    assert known.find("a JSON object like {} in x.json") == (
        "a JSON object like {{}} in {file}",
        {"file": "x.json"},
    )


@pytest.mark.parametrize(
    ("asked", "environment", "language"),
    [
        (None, {}, "en"),
        ("zh", {"DEPOTOPT_LANG": "en"}, "zh"),
        (None, {"DEPOTOPT_LANG": "zh", "LANG": "en_GB.UTF-8"}, "zh"),
        (None, {"LANG": "zh_CN.UTF-8"}, "zh"),
        (None, {"LC_ALL": "C", "LANG": "zh_CN.UTF-8"}, "en"),
        (None, {"LANG": "fr_FR.UTF-8"}, "en"),
    ],
)
def test_the_language_is_the_one_asked_for_then_the_variable_then_the_locale(
    asked: str | None, environment: dict[str, str], language: str
) -> None:
    assert language_of(asked, environment) == language


def test_an_unknown_language_is_misuse() -> None:
    with pytest.raises(UsageError, match="no language 'fr'"):
        language_of("fr", {})


def test_a_vehicle_and_its_trip_stand_in_a_remark_without_a_word_of_english() -> None:
    text = "vehicle truck-A-1 on trip 2 takes another road from where it is now"
    assert speech("zh").sentence(text) == "车辆 truck-A-1 第 2 趟 从当前位置改走另一条路"
