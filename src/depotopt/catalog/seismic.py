"""Fragility of bridges, roads, tunnels, buildings and substations in earthquakes, and repair times."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from types import MappingProxyType

DAMAGE_STATES = ("slight", "moderate", "extensive", "complete")
"""Damage states by rank, after *none*."""

INCH_M = 0.0254


@dataclass(frozen=True, slots=True)
class Fragility:
    """Lognormal fragility curves of one class, one curve per damage state.

    Attributes
    ----------
    ident
        Class, as Hazus names it.
    measure
        ``sa10`` (spectral acceleration at 1.0 s, g), ``pga`` (g) or ``pgd`` (permanent ground
        displacement, metres).
    median, beta
        Median demand and logarithmic standard deviation of each damage state the class has.
    source, mark
        Where the figures are from, and how far verified.
    """

    ident: str
    measure: str
    median: tuple[float, ...]
    beta: tuple[float, ...]
    source: str
    mark: str


@cache
def fragilities() -> Mapping[str, Fragility]:
    """All classes by identifier."""
    table = {}
    for row in _rows("seismic_fragility.csv"):
        scale = INCH_M if row["unit"] == "in" else 1.0
        states = [state for state in DAMAGE_STATES if row[state]]
        table[row["class"]] = Fragility(
            row["class"],
            row["measure"],
            tuple(float(row[state]) * scale for state in states),
            tuple(float(row[f"beta_{state}"]) for state in states),
            row["source"],
            row["mark"],
        )
    return MappingProxyType(table)


@cache
def repair_days() -> Mapping[str, tuple[float, ...]]:
    """Median days to repair a ``road``, ``bridge`` or ``tunnel`` by damage state."""
    return MappingProxyType(
        {
            row["asset"]: tuple(float(row[state]) for state in DAMAGE_STATES if row[state])
            for row in _rows("repair_days.csv")
        }
    )


def _rows(name: str) -> list[dict[str, str]]:
    text = (files("depotopt.catalog") / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))
