"""Catalogue entries: read from the data files beside this module, one number a line."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from importlib.resources import files
from types import MappingProxyType


class Mark(StrEnum):
    """How far a number was verified."""

    VERIFIED = "v"
    """Read in a primary source or a stored copy of it."""
    SECONDARY = "s"
    """Taken from a secondary source."""
    UNVERIFIED = "x"
    """From memory; never used unless a scenario accepts it by name."""


@dataclass(frozen=True, slots=True)
class Number:
    """One value of a catalogue entry.

    Attributes
    ----------
    value
        As written in the data file; text for names and units.
    unit
        Unit of the value, empty for text.
    mark
        How far it was verified.
    source, edition
        Where it was found.
    """

    value: str
    unit: str
    mark: Mark
    source: str
    edition: str


Entries = Mapping[str, Mapping[str, Number]]
"""Numbers by entry and field; fields are named like the columns of the table they fill."""


@cache
def commodity_entries() -> Entries:
    """Catalogue of commodities; fields are columns of ``commodities.csv``."""
    return _read("commodities.csv")


@cache
def vehicle_entries() -> Entries:
    """Catalogue of vehicle types; fields are columns of ``vehicle_types.csv``."""
    return _read("vehicles.csv")


def _read(name: str) -> Entries:
    entries: dict[str, dict[str, Number]] = {}
    text = files("depotopt.catalog").joinpath(name).read_text(encoding="utf-8")
    for line in csv.DictReader(text.splitlines()):
        number = Number(line["value"], line["unit"], Mark(line["mark"]), line["source"], line["edition"])
        entries.setdefault(line["id"], {})[line["field"]] = number
    return MappingProxyType({ident: MappingProxyType(fields) for ident, fields in entries.items()})
