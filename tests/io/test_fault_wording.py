"""Every fault can be said in Chinese."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from depotopt.errors import Fault, UsageError
from depotopt.io.cells import expectation
from depotopt.io.fault_wording import in_chinese, patterns, sentence, translated
from depotopt.io.scenario_schema import BLOCKS
from depotopt.io.table_schemas import TABLES
from tests.io import test_bad_cells, test_bad_contents, test_bad_tables, test_bad_toml
from tests.io.minimal_copy import Case

CASES = [*test_bad_cells.CASES, *test_bad_contents.CASES, *test_bad_tables.CASES, *test_bad_toml.CASES]


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_every_kind_of_bad_input_can_be_said_in_chinese(case: Case) -> None:
    for _, found, expected in case.faults:
        plain = found.replace("-", "").replace(":", "").replace(".", "")
        assert in_chinese(found) is not None or plain.isalnum(), found
        assert in_chinese(expected) not in (None, expected), expected


def phrases() -> Iterator[str]:
    for model in [spec.model for spec in TABLES.values()] + [model for _, model in BLOCKS]:
        yield from (expectation(field).phrase for field in model.model_fields.values())


@pytest.mark.parametrize("phrase", sorted(set(phrases())))
def test_every_expectation_of_the_schema_can_be_said_in_chinese(phrase: str) -> None:
    assert in_chinese(f"expected {phrase}") not in (None, f"expected {phrase}", f"应为：{phrase}")


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
    assert translated(fault, "en") is fault


def test_every_pattern_can_be_filled() -> None:
    for pattern in patterns():
        assert pattern.chinese.format(*["x"] * len(pattern.inner))


def test_an_unknown_language_is_misuse() -> None:
    with pytest.raises(UsageError, match="no language 'fr'"):
        translated(Fault("x", "", "y", "z"), "fr")
