"""Schema, documentation and reader agree."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path
from typing import Any

import pytest

from depotopt.io.scenario_schema import BLOCKS, REFERENCE_MARK, model_rows, rewritten, scenario_schema
from depotopt.io.table_schemas import TABLES
from tests.io.minimal_copy import MINIMAL

DOCUMENT = Path(__file__).parents[2] / "docs" / "scenario.md"


def test_the_reference_in_the_docs_is_what_the_schema_says() -> None:
    """After a change of a schema: python -m depotopt.io.scenario_schema docs/scenario.md."""
    text = DOCUMENT.read_text(encoding="utf-8")
    assert REFERENCE_MARK in text
    assert text == rewritten(text)


@pytest.mark.parametrize("name", TABLES)
def test_every_column_is_explained(name: str) -> None:
    for column, expected, _, meaning in model_rows(TABLES[name].model):
        assert meaning, column
        assert expected not in ("values", "something else"), column


@pytest.mark.parametrize("title", [title for title, _ in BLOCKS])
def test_every_key_is_explained(title: str) -> None:
    assert all(meaning for _, _, _, meaning in model_rows(dict(BLOCKS)[title]))


def test_the_schema_is_plain_json_and_closed() -> None:
    schema = scenario_schema()
    assert json.loads(json.dumps(schema)) == schema
    closed = [name for name, item in schema["$defs"].items() if item.get("type") == "object"]
    assert closed
    assert all(schema["$defs"][name]["additionalProperties"] is False for name in closed)
    assert set(schema["properties"]["tables"]["properties"]) == set(TABLES)


def test_every_reference_in_the_schema_leads_somewhere() -> None:
    schema = scenario_schema()
    found: list[str] = []

    def collect(item: Any) -> None:
        if isinstance(item, dict):
            found.extend([item["$ref"]] if "$ref" in item else [])
            item = list(item.values())
        for part in item if isinstance(item, list) else []:
            collect(part)

    collect(schema)
    assert found
    assert all(ref.removeprefix("#/$defs/") in schema["$defs"] for ref in found)


def test_constraints_are_in_the_words_of_json_schema() -> None:
    row = scenario_schema()["$defs"]["SiteRow"]["properties"]
    assert (row["lon"]["minimum"], row["lon"]["maximum"]) == (-180, 180)
    assert row["capacity_kg"]["anyOf"][0]["exclusiveMinimum"] == 0


def test_the_minimal_file_uses_only_keys_of_the_schema() -> None:
    data = tomllib.loads((MINIMAL / "scenario.toml").read_text(encoding="utf-8"))
    assert data.keys() <= scenario_schema()["$defs"]["ScenarioFile"]["properties"].keys()


def test_a_list_of_blocks_is_told_from_one_block() -> None:
    told = {(title, name): expected for title, model in BLOCKS for name, expected, _, _ in model_rows(model)}
    assert told["[objective]", "late"] == "a list of tables"
    assert "a table" in {expected for (title, _), expected in told.items() if title != "[objective]"}
