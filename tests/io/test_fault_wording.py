"""Every fault can be said in Chinese."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from depotopt.errors import Fault, UsageError
from depotopt.io.cells import expectation
from depotopt.io.fault_wording import sentence, translated
from depotopt.io.scenario_schema import BLOCKS
from depotopt.io.table_schemas import TABLES
from depotopt.language.speech import speech
from tests.io.defects import CASES
from tests.io.minimal_copy import Case

CHINESE = re.compile("[\u4e00-\u9fff]")


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_kind_of_bad_input_can_be_said_in_chinese(case: Case) -> None:
    for where, found, expected in case.faults:
        fault = translated(Fault("file", where, found, expected), "zh")
        plain = re.sub(r"'[^']*'|[-:.]|, ", "", found)
        assert CHINESE.search(fault.found) or plain == "" or plain.isalnum(), found
        assert CHINESE.search(fault.expected), expected
        assert not re.match(r"row|sheet|line", fault.where), where


def phrases() -> Iterator[str]:
    for model in [spec.model for spec in TABLES.values()] + [model for _, model in BLOCKS]:
        yield from (expectation(field).phrase for field in model.model_fields.values())


@pytest.mark.parametrize("phrase", sorted(set(phrases())))
def test_every_expectation_of_the_schema_can_be_said_in_chinese(phrase: str) -> None:
    assert speech("zh").sentence(f"expected {phrase}") not in (f"expected {phrase}", f"应为：{phrase}")


def test_values_of_the_user_are_not_translated() -> None:
    fault = Fault("tables/stock.csv", "row 14, column site", "'blank'", "no such site (did you mean 'it'?)")
    assert translated(fault, "zh") == Fault(
        "tables/stock.csv", "第 14 行，site 列", "'blank'", "没有此库点（是否为“it”？）"
    )


def test_a_sentence_in_each_language() -> None:
    fault = Fault(
        "tables.xlsx",
        "sheet stock, cell D14",
        "'1,000'",
        "expected a whole number >= 0, without digit grouping",
    )
    assert sentence(fault) == "found '1,000', expected a whole number >= 0, without digit grouping"
    assert sentence(fault, "zh") == "发现：'1,000'；应为：不小于 0 的整数，不要用千位分隔符"
    assert translated(fault, "zh").where == "工作表 stock，单元格 D14"


def test_what_is_not_known_stays_english() -> None:
    fault = Fault("x", "somewhere", "something odd", "never seen before")
    assert translated(fault, "zh") == fault
    assert translated(fault, "en") == fault


def test_an_unknown_language_is_misuse() -> None:
    with pytest.raises(UsageError, match="no language 'fr'"):
        translated(Fault("x", "", "y", "z"), "fr")
