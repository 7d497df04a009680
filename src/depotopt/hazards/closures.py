"""Listed closures: streets or bridges closed or slowed with a probability, for a time."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.hazards.protocol import Effect, Exposure
from depotopt.hazards.shapes import find_streets
from depotopt.hazards.states import Damage
from depotopt.units import FloatArray, Int32Array, Int64Array


@dataclass(frozen=True, slots=True)
class Closure:
    """Streets that close together.

    Attributes
    ----------
    streets
        Identifiers of streets, or street names (every street of that name is meant).
    probability
        Probability that the closure holds; all its streets close or none.
    speed_factor
        Share of free-flow speed left; 0 means closed.
    from_s, until_s
        When it holds, seconds from the scenario's start; ``inf`` for open end.
    """

    streets: tuple[str, ...]
    probability: float = 1.0
    speed_factor: float = 0.0
    from_s: float = 0.0
    until_s: float = math.inf


@dataclass(frozen=True, slots=True)
class Closures:
    """A list of closures, independent of one another.

    Attributes
    ----------
    name
        Name in the scenario.
    closures
        The list.
    origin
        File the list was read from, for faults.
    """

    name: str
    closures: tuple[Closure, ...]
    origin: str = "scenario.toml"

    def prepare(self, exposure: Exposure) -> PreparedEntries:
        """Find the streets; see `depotopt.hazards.protocol.Hazard.prepare`."""
        faults, groups = [], []
        for number, closure in enumerate(self.closures):
            streets, unknown = find_streets(exposure.network.streets, closure.streets)
            groups.append(streets)
            faults += [
                Fault(
                    self.origin,
                    f"hazards.{self.name}.closures[{number}].streets",
                    f"'{key}'",
                    "no street of the road network has this identifier or name",
                    "unknown-street",
                )
                for key in unknown
            ]
        if faults:
            raise InputError(f"hazard {self.name}", faults)
        return PreparedEntries.of(
            groups,
            np.array([closure.probability for closure in self.closures]),
            np.array([closure.speed_factor for closure in self.closures]),
            np.array([closure.from_s for closure in self.closures]),
            np.array([closure.until_s for closure in self.closures]),
        )


@dataclass(frozen=True, slots=True)
class PreparedEntries:
    """Groups of streets, each hit as a whole with its own probability.

    Attributes
    ----------
    group, street
        Group and street of each member, by group.
    probability, speed_factor, from_s, until_s
        Per group.
    """

    group: Int64Array
    street: Int32Array
    probability: FloatArray
    speed_factor: FloatArray
    from_s: FloatArray
    until_s: FloatArray

    @classmethod
    def of(
        cls,
        groups: list[Int32Array],
        probability: FloatArray,
        speed_factor: FloatArray,
        from_s: FloatArray,
        until_s: FloatArray,
    ) -> PreparedEntries:
        """Flatten groups of streets."""
        sizes = np.array([len(group) for group in groups], dtype=np.int64)
        street = np.concatenate([np.empty(0, dtype=np.int32), *groups]).astype(np.int32)
        return cls(
            np.repeat(np.arange(len(groups)), sizes), street, probability, speed_factor, from_s, until_s
        )

    def damage(self, happens: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> Damage:
        """Damage of the groups that happen."""
        # An area that only cuts power leaves its roads alone.
        hit = happens[self.group] & (self.speed_factor[self.group] < 1.0)
        group = self.group[hit]
        return Damage.of(
            self.street[hit],
            self.speed_factor[group],
            from_s=self.from_s[group],
            until_s=self.until_s[group],
        )

    def sample(self, rng: np.random.Generator) -> Effect:
        """See `depotopt.hazards.protocol.PreparedHazard.sample`."""
        happens = rng.random(len(self.probability)) < self.probability
        return Effect(self.damage(happens), triggered=bool(happens.any()))
