"""The schema of a scenario as JSON and as the reference part of ``docs/scenario.md``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from depotopt.io.column_notes import expected_value
from depotopt.io.hazard_blocks import KINDS
from depotopt.io.records import default_text
from depotopt.io.table_schemas import TABLES
from depotopt.io.toml_schemas import (
    CountBlock,
    DispatchBlock,
    EnsembleBlock,
    GradeBlock,
    LateBlock,
    LimitsBlock,
    ObjectiveBlock,
    RoadsBlock,
    RulesBlock,
    ScenarioFile,
    SizeClassBlock,
    TierBlock,
)

REFERENCE_MARK = "<!-- reference: written by python -m depotopt.io.scenario_schema docs/scenario.md -->"

BLOCKS: tuple[tuple[str, type[BaseModel]], ...] = (
    ("the file", ScenarioFile),
    ("[roads]", RoadsBlock),
    ("[rules]", RulesBlock),
    ("[objective]", ObjectiveBlock),
    ("an entry of late", LateBlock),
    ("[ensemble]", EnsembleBlock),
    ("[siting]", LimitsBlock),
    ("[dispatch]", DispatchBlock),
    ("[tiers.ID]", TierBlock),
    ("an entry of counts", CountBlock),
    ("an entry of graded", GradeBlock),
    ("an entry of size_classes", SizeClassBlock),
)


def scenario_schema() -> dict[str, Any]:
    """JSON schema (draft 2020-12) of ``scenario.toml`` and of the columns of every table.

    Returns
    -------
    dict
        An object schema with the properties ``scenario`` and ``tables``; each table is an array of
        rows. Hazard blocks are one of the kinds listed.
    """
    models: list[type[BaseModel]] = [ScenarioFile, *(spec.model for spec in TABLES.values()), *KINDS.values()]
    refs, shared = models_json_schema(
        [(model, "validation") for model in models], ref_template="#/$defs/{model}"
    )
    definitions = shared["$defs"]
    definitions["ScenarioFile"]["properties"]["hazards"]["additionalProperties"] = {
        "oneOf": [refs[model, "validation"] for model in KINDS.values()]
    }
    tables = {
        name: {
            "type": "array",
            "minItems": spec.least_rows,
            "description": spec.model.__doc__,
            "items": refs[spec.model, "validation"],
        }
        for name, spec in TABLES.items()
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "depotopt scenario",
        "type": "object",
        "properties": {
            "scenario": refs[ScenarioFile, "validation"],
            "tables": {
                "type": "object",
                "properties": tables,
                "required": [name for name, spec in TABLES.items() if spec.required],
                "additionalProperties": False,
            },
        },
        "required": ["scenario", "tables"],
        "$defs": definitions,
    }


def model_rows(model: type[BaseModel]) -> list[tuple[str, str, str, str]]:
    """Name, what is expected, default and meaning of each field."""
    return [
        (field.alias or name, expected_value(field), default_text(field), field.description or "")
        for name, field in model.model_fields.items()
    ]


def reference() -> str:
    """Markdown reference of all keys and columns."""
    lines = ["## Keys of scenario.toml"]
    for title, model in BLOCKS:
        lines += ["", f"### {title}", "", f"{model.__doc__}", *_table("key", model)]
    lines += ["", "## Kinds of hazards: `[hazards.NAME]`"]
    for kind, block in KINDS.items():
        lines += ["", f'### kind = "{kind}"', "", f"{block.__doc__}", *_table("key", block)]
    lines += ["", "## Columns of the tables"]
    for name, spec in TABLES.items():
        need = "Required" if spec.required else "Optional"
        need += ", at least one row." if spec.least_rows else "."
        key = " / ".join(spec.key)
        lines += ["", f"### {name}", "", f"{spec.model.__doc__} {need} Overrides address a row by {key}."]
        lines += _table("column", spec.model)
    return "\n".join(lines) + "\n"


def _table(head: str, model: type[BaseModel]) -> list[str]:
    lines = ["", f"| {head} | expected | default | meaning |", "|---|---|---|---|"]
    for cells in model_rows(model):
        name, *rest = (cell.replace("|", "\\|").replace("\n", " ") for cell in cells)
        lines.append(f"| `{name}` | " + " | ".join(rest) + " |")
    return lines


def rewritten(document: str) -> str:
    """A document with its part after the reference mark written anew."""
    return document.split(REFERENCE_MARK)[0] + REFERENCE_MARK + "\n\n" + reference()


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        path = Path(argument)
        path.write_text(rewritten(path.read_text(encoding="utf-8")), encoding="utf-8")
