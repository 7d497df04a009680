from __future__ import annotations

import re

import pytest

from depotopt.errors import UsageError
from depotopt.language.speech import LANGUAGES
from depotopt.plans import PointState, Reason
from depotopt.report.ledger import POINT_STATES
from depotopt.report.wording import Wording, all_strings
from depotopt.roads.network import ROAD_CLASSES, StreetKind
from depotopt.roads.profiles import Mode
from depotopt.scenario import PointKind, SiteStatus, StockMode
from depotopt.solving import Limit, Status

PLACEHOLDER = re.compile(r"\{(\w+)\}")


@pytest.mark.parametrize("key", sorted(all_strings()))
def test_a_string_exists_in_every_language_with_the_same_placeholders(key: str) -> None:
    entry = all_strings()[key]
    assert set(entry) == set(LANGUAGES)
    assert all(entry[language].strip() for language in LANGUAGES)
    assert len({frozenset(PLACEHOLDER.findall(entry[language])) for language in LANGUAGES}) == 1


@pytest.mark.parametrize(
    ("group", "codes"),
    [
        ("state", POINT_STATES),
        ("explain", POINT_STATES),
        ("state", [state.value for state in PointState]),
        ("reason", [reason.value for reason in Reason]),
        ("road_class", ROAD_CLASSES),
        ("street_kind", [kind.name.lower() for kind in StreetKind]),
        ("mode", [mode.value for mode in Mode]),
        ("site_status", [status.value for status in SiteStatus]),
        ("stock_mode", [mode.value for mode in StockMode]),
        ("point_kind", [kind.value for kind in PointKind]),
        ("solve_status", [status.value for status in Status]),
        ("limit", [limit.value for limit in Limit]),
    ],
)
def test_every_code_of_the_contracts_has_words(group: str, codes: list[str]) -> None:
    assert [code for code in codes if f"{group}.{code}" not in all_strings()] == []


def test_values_are_filled_in() -> None:
    assert Wording("zh")("sheet.trip", number=2, trips=3) == "第 2 趟，共 3 趟"


def test_a_language_reports_do_not_speak_is_refused() -> None:
    with pytest.raises(UsageError, match="en or zh"):
        Wording("fr")
