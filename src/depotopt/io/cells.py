"""Types of table cells and TOML values: how a text becomes a value and what a fault says was expected."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, get_args

from pydantic import BeforeValidator, Field, StringConstraints, WithJsonSchema
from pydantic.fields import FieldInfo
from pydantic_core import PydanticCustomError


@dataclass(frozen=True, slots=True)
class Expect:
    """What a fault says about a column or key.

    Attributes
    ----------
    phrase
        Completes the sentence *expected ...*.
    kind
        `depotopt.errors.Fault.kind` of a value that does not fit.
    zero_is_missing
        Whether 0 means that nobody filled the cell in (weights, volumes).
    """

    phrase: str
    kind: str = "number"
    zero_is_missing: bool = False


NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
GROUPED = re.compile(r"[+-]?\d{1,3}([,\u00a0\u202f ']\d{3})+(\.\d+)?", re.ASCII)
WITH_UNIT = re.compile(r"[+-]?\d+\.?\d*\s*[^\d\s.,]+", re.ASCII)
LARGEST_COUNT = 2**53
"""Whole numbers up to here are exact as floats."""
# Pydantic matches these in Rust: a check in Python would double the time of a large table.
IDENTIFIER = r"^[^;\x00-\x1f\x7f]+$"
TEXT = r"^[^\x00-\x08\x0b\x0c\x0e-\x1f\x7f]*$"


def _hint(text: str) -> str:
    """Why a text that looks like a number is none; empty where nothing can be said."""
    if GROUPED.fullmatch(text):
        return "without digit grouping"
    if re.fullmatch(r"[+-]?\d+,\d+", text, re.ASCII):
        return "with a point, not a comma"
    if text.endswith("%"):
        return "as a share, not in percent"
    if text.isnumeric():
        return "in plain digits 0-9"
    if WITH_UNIT.fullmatch(text) and "O" not in text and "l" not in text.lower():
        return "without its unit"
    return ""


def parse_number(value: Any) -> Any:
    """Turn the text of a cell into a float; plain decimal notation only."""
    if isinstance(value, str):
        if not NUMBER.fullmatch(value):
            raise PydanticCustomError("number", "{hint}", {"hint": _hint(value)})
        return float(value)
    if isinstance(value, bool):
        raise PydanticCustomError("number", "{hint}", {"hint": ""})
    return value


def parse_whole(value: Any) -> Any:
    """Turn the text of a cell into an int; ``12.0`` counts as 12, ``12.5`` does not."""
    number = parse_number(value)
    if isinstance(number, float):
        if not number.is_integer():
            raise PydanticCustomError("integer", "{hint}", {"hint": ""})
        return int(number)
    return number


def parse_list(value: Any) -> Any:
    """Split a cell at its semicolons."""
    if not isinstance(value, str):
        return value
    if "；" in value or "," in value or "，" in value:
        raise PydanticCustomError("list", "{hint}", {"hint": ""})
    return tuple(part.strip() for part in value.split(";") if part.strip())


def parse_date(value: Any) -> Any:
    """Read an ISO date."""
    if isinstance(value, str):
        try:
            return dt.date.fromisoformat(value) if len(value) == 10 else _refuse("date")
        except ValueError:
            _refuse("date")
    return value


def parse_moment(value: Any) -> Any:
    """Read an ISO date with or without time and offset."""
    if isinstance(value, str):
        try:
            return dt.datetime.fromisoformat(value) if len(value) >= 10 else _refuse("moment")
        except ValueError:
            _refuse("moment")
    return value


def _refuse(kind: str) -> Any:
    raise PydanticCustomError(kind, "{hint}", {"hint": ""})


def choices(options: type[StrEnum]) -> Expect:
    """Build the expectation of an enumeration."""
    return Expect("one of " + ", ".join(options), "choice")


Identifier = Annotated[
    str,
    Field(pattern=IDENTIFIER),
    Expect("an identifier without semicolons and control characters", "identifier"),
]
Text = Annotated[str, Field(pattern=TEXT), Expect("text without control characters", "text")]
GbCode = Annotated[
    str,
    # GB/T 38565-2020, 5.2: one digit 1 to 3, then three times 01 to 99; zeros end the code of a whole class.
    Field(pattern=r"^[123](0[1-9]|[1-9][0-9]){0,3}0{0,6}$", min_length=7, max_length=7),
    Expect("a code of seven digits like 1010000 (GB/T 38565-2020)", "gb-code"),
]
List = Annotated[
    tuple[str, ...],
    BeforeValidator(parse_list),
    WithJsonSchema({"type": "string"}),
    Expect("names separated by semicolons", "list"),
]
Date = Annotated[dt.date, BeforeValidator(parse_date), Expect("a date like 2027-03-31", "date")]
Moment = Annotated[
    dt.datetime, BeforeValidator(parse_moment), Expect("a moment like 2027-03-31 08:00", "moment")
]
# The constraint stands inside the validator, so that pydantic checks it natively.
Amount = Annotated[
    float, Field(ge=0, allow_inf_nan=False), BeforeValidator(parse_number), Expect("a number >= 0")
]
Positive = Annotated[
    float, Field(gt=0, allow_inf_nan=False), BeforeValidator(parse_number), Expect("a number > 0")
]
Measure = Annotated[
    float,
    Field(gt=0, allow_inf_nan=False),
    BeforeValidator(parse_number),
    Expect("a number > 0 (0 means missing)", "number", zero_is_missing=True),
]
Share = Annotated[float, Field(ge=0, le=1), BeforeValidator(parse_number), Expect("a number from 0 to 1")]
PositiveShare = Annotated[
    float, Field(gt=0, le=1), BeforeValidator(parse_number), Expect("a number > 0 and <= 1")
]
Count = Annotated[
    int, Field(ge=0, le=LARGEST_COUNT), BeforeValidator(parse_whole), Expect("a whole number >= 0", "integer")
]
PositiveCount = Annotated[
    int, Field(ge=1, le=LARGEST_COUNT), BeforeValidator(parse_whole), Expect("a whole number >= 1", "integer")
]
Longitude = Annotated[
    float,
    Field(ge=-180, le=180),
    BeforeValidator(parse_number),
    Expect("degrees from -180 to 180", "coordinate"),
]
Latitude = Annotated[
    float,
    Field(ge=-90, le=90),
    BeforeValidator(parse_number),
    Expect("degrees from -90 to 90", "coordinate"),
]

# TOML knows numbers, so texts are not read as numbers there.
_Strict = Annotated[float, Field(strict=True, allow_inf_nan=False)]
KeyAmount = Annotated[_Strict, Field(ge=0), Expect("a number >= 0")]
KeyPositive = Annotated[_Strict, Field(gt=0), Expect("a number > 0")]
KeyShare = Annotated[_Strict, Field(ge=0, le=1), Expect("a number from 0 to 1")]
KeyGap = Annotated[_Strict, Field(ge=0, lt=1), Expect("a number >= 0 and < 1")]
KeyCount = Annotated[
    int, Field(strict=True, ge=0, le=LARGEST_COUNT), Expect("a whole number >= 0", "integer")
]
KeyPositiveCount = Annotated[
    int, Field(strict=True, ge=1, le=LARGEST_COUNT), Expect("a whole number >= 1", "integer")
]
KeyFlag = Annotated[bool, Field(strict=True), Expect("true or false", "boolean")]
KeyText = Annotated[
    str, StringConstraints(strict=True, strip_whitespace=True), Expect("text in quotes", "text")
]
KeyIdentifier = Annotated[
    str, Field(strict=True, pattern=IDENTIFIER), Expect("an identifier in quotes", "identifier")
]
KeyTexts = Annotated[tuple[KeyText, ...], Expect('a list of texts like ["a", "b"]', "list")]


def expectation(field: FieldInfo) -> Expect:
    """Find what a field expects, also inside optional types."""
    for item in field.metadata:
        if isinstance(item, Expect):
            return item
    found = _inside(field.annotation)
    return found or Expect("something else", "value")


def _inside(annotation: Any) -> Expect | None:
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return choices(annotation)
    for item in getattr(annotation, "__metadata__", ()):
        if isinstance(item, Expect):
            return item
    for part in get_args(annotation):
        found = _inside(part)
        if found is not None:
            return found
    return None
