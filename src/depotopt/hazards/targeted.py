"""Targeted loss: an explicit list of streets, lost for certain; what interdiction searches over."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from depotopt.hazards.closures import Closure, Closures
from depotopt.hazards.protocol import Effect, Exposure
from depotopt.hazards.states import Damage


@dataclass(frozen=True, slots=True)
class Targeted:
    """Streets and bridges lost in every road state.

    Attributes
    ----------
    name
        Name in the scenario.
    streets
        Identifiers or names, as in `Closure`.
    until_s
        When they open again.
    origin
        File the list was read from, for faults.
    """

    name: str
    streets: tuple[str, ...]
    until_s: float = math.inf
    origin: str = "scenario.toml"

    def prepare(self, exposure: Exposure) -> PreparedTargeted:
        """Find the streets; see `depotopt.hazards.protocol.Hazard.prepare`."""
        closure = Closure(self.streets, until_s=self.until_s)
        found = Closures(self.name, (closure,), self.origin).prepare(exposure)
        return PreparedTargeted(found.damage(np.ones(1, dtype=np.bool_)))


@dataclass(frozen=True, slots=True)
class PreparedTargeted:
    """The same damage in every road state."""

    damage: Damage

    def sample(self, rng: np.random.Generator) -> Effect:
        """See `depotopt.hazards.protocol.PreparedHazard.sample`; draws nothing."""
        return Effect(self.damage)
