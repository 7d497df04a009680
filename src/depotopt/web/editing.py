"""Settings of a scenario as fields to edit, and edits as an override in a file."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from depotopt.io.overrides import UNSET
from depotopt.io.scenario_files import Reading
from depotopt.io.toml_schemas import ScenarioFile

BLOCKS: Final = ("rules", "objective", "ensemble", "siting", "dispatch")
"""Blocks of the file whose values of one number, word or switch can be edited."""

BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class SettingField:
    """One value that can be edited.

    Attributes
    ----------
    key
        Its place in the file, joined by dots (``rules.budget``, ``tiers.point.min_coverage``).
    block
        Block or tier it stands in.
    title
        What people call the block, where the scenario names it.
    kind
        ``number``, ``whole``, ``switch``, ``text`` or ``counts``.
    value
        What holds now, ``None`` where it is left out.
    optional
        Whether it may be left out.
    least, most
        Limits of a number, ``None`` without.
    above_least
        Whether the least itself is too little.
    description
        What it means.
    """

    key: str
    block: str
    title: str
    kind: str
    value: Any
    optional: bool
    least: float | None
    most: float | None
    above_least: bool
    description: str


def setting_fields(reading: Reading) -> list[SettingField]:
    """Fields of a scenario that could be read, in the order of its file."""
    if reading.file is None:
        return []
    schema = ScenarioFile.model_json_schema()
    found: list[SettingField] = []
    for block in BLOCKS:
        values = getattr(reading.file, block).model_dump()
        reference = schema["properties"][block]
        name = (reference.get("$ref") or reference["allOf"][0]["$ref"]).rpartition("/")[2]
        found += _fields(block, block, "", schema["$defs"][name], values)
    for tier, content in reading.file.tiers.items():
        definition = schema["$defs"]["TierBlock"]
        found += _fields(f"tiers.{tier}", tier, content.title, definition, content.model_dump())
    return found


def _fields(
    prefix: str, block: str, title: str, definition: Mapping[str, Any], values: Mapping[str, Any]
) -> list[SettingField]:
    found = []
    for name, entry in definition["properties"].items():
        options = [one for one in entry.get("anyOf", [entry]) if one.get("type") != "null"]
        kind = _kind(name, options[0]) if len(options) == 1 else ""
        if not kind or name == "title":
            continue
        shape = options[0]
        low, above = shape.get("minimum"), shape.get("exclusiveMinimum")
        value = values[name]
        if kind == "counts":
            value = [{key: part for key, part in rule.items() if part not in (None, "")} for rule in value]
        found.append(
            SettingField(
                f"{prefix}.{name}",
                block,
                title,
                kind,
                value,
                optional="anyOf" in entry,
                least=low if above is None else above,
                most=shape.get("maximum"),
                above_least=above is not None,
                description=entry.get("description", ""),
            )
        )
    return found


def _kind(name: str, shape: Mapping[str, Any]) -> str:
    if name == "counts":
        return "counts"
    kinds = {"number": "number", "integer": "whole", "boolean": "switch", "string": "text"}
    return kinds.get(shape.get("type", ""), "") if "enum" not in shape else ""


def override_text(changes: Mapping[str, Any], fields: list[SettingField]) -> str:
    """Edits as the text of an override file; whether the values fit is for the reader of the file to say.

    A value of ``None`` leaves a setting out that may be left out.

    Raises
    ------
    ValueError
        If a key is not one that can be edited, or a value of no kind a file can hold.
    """
    known = {field.key: field for field in fields}
    lines, left_out = [], []
    for key, value in changes.items():
        if key not in known:
            raise ValueError(f"no setting '{key}' that can be edited")
        written = ".".join(map(_key, _parts(key)))
        if value is None and known[key].optional:
            # What does not stand in the file cannot be taken out of it.
            left_out += [written] if known[key].value is not None else []
        else:
            lines.append(f"{written} = {_toml(value)}")
    if left_out:
        lines.insert(0, f"{UNSET} = {_toml(left_out)}")
    return "\n".join(lines) + "\n"


def _parts(key: str) -> list[str]:
    """Block (or ``tiers`` and the tier, whatever dots its name holds) and name of a setting."""
    head, _, name = key.rpartition(".")
    block, _, tier = head.partition(".")
    return [part for part in (block, tier, name) if part]


def _key(part: str) -> str:
    return part if BARE.fullmatch(part) else json.dumps(part, ensure_ascii=False)


def _toml(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return repr(value)
    if isinstance(value, str):
        # JSON's escapes are among those of TOML's basic strings; DEL alone is allowed there and not here.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, list):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, dict):
        return f"{{ {', '.join(f'{_key(str(name))} = {_toml(part)}' for name, part in value.items())} }}"
    raise ValueError(f"a setting cannot hold {value!r}")
