"""Independent failure: every street and bridge by itself, by road class; the baseline of the literature."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.hazards.protocol import Effect, Exposure
from depotopt.hazards.shapes import Shape, StreetLines
from depotopt.hazards.states import Damage
from depotopt.roads.network import ROAD_CLASSES, RoadNetwork, StreetKind
from depotopt.units import KM_M, FloatArray, Int32Array


@dataclass(frozen=True, slots=True)
class IndependentFailure:
    """Streets and bridges fail independently of one another.

    Attributes
    ----------
    name
        Name in the scenario.
    street_probability
        Failure probability of a street whose class is not listed (per kilometre if ``per_km``).
    class_probability
        Failure probability by road class, pairs of `ROAD_CLASSES` name and probability.
    bridge_probability, tunnel_probability
        Failure probability of a bridge or tunnel, always per piece; ``None`` to treat it as a street.
    per_km
        Whether street probabilities are per kilometre: ``1 - (1 - p) ** km``.
    speed_factor
        Share of free-flow speed left; 0 means lost.
    from_s, until_s
        When the failure holds.
    within
        Only streets that touch one of these shapes; empty for all.
    origin
        File it was read from, for faults.
    """

    name: str
    street_probability: float = 0.0
    class_probability: tuple[tuple[str, float], ...] = ()
    bridge_probability: float | None = None
    tunnel_probability: float | None = None
    per_km: bool = False
    speed_factor: float = 0.0
    from_s: float = 0.0
    until_s: float = math.inf
    within: tuple[Shape, ...] = ()
    origin: str = "scenario.toml"

    def prepare(self, exposure: Exposure) -> PreparedIndependent:
        """Work out each street's probability; see `depotopt.hazards.protocol.Hazard.prepare`."""
        probability = self.probabilities(exposure.network)
        if self.within:
            inside = np.zeros(len(probability), dtype=np.bool_)
            for streets in StreetLines.of(exposure.network).touched_by(self.within):
                inside[streets] = True
            probability = np.where(inside, probability, 0.0)
        street = np.flatnonzero(probability > 0).astype(np.int32)
        if not len(street):
            fault = Fault(
                self.origin,
                f"hazards.{self.name}",
                "no street that can fail",
                "expected a positive probability for a road class or bridge the network has",
                "hazard-outside",
            )
            raise InputError(f"hazard {self.name}", [fault])
        return PreparedIndependent(street, probability[street], self.speed_factor, self.from_s, self.until_s)

    def probabilities(self, network: RoadNetwork) -> FloatArray:
        """Failure probability per street, shape ``(streets,)``."""
        by_class = np.full(len(ROAD_CLASSES), self.street_probability)
        for road_class, chance in self.class_probability:
            by_class[ROAD_CLASSES.index(road_class)] = chance
        length_m, road_class_of = street_length_and_class(network)
        probability = by_class[road_class_of]
        if self.per_km:
            probability = 1.0 - (1.0 - probability) ** (length_m / KM_M)
        for kind, value in (
            (StreetKind.BRIDGE, self.bridge_probability),
            (StreetKind.TUNNEL, self.tunnel_probability),
        ):
            if value is not None:
                probability = np.where(network.streets.kind == kind, value, probability)
        return probability


@dataclass(frozen=True, slots=True)
class PreparedIndependent:
    """Streets with their failure probabilities.

    Attributes
    ----------
    street, probability
        Streets that can fail.
    speed_factor, from_s, until_s
        As in `IndependentFailure`.
    """

    street: Int32Array
    probability: FloatArray
    speed_factor: float
    from_s: float
    until_s: float

    def sample(self, rng: np.random.Generator) -> Effect:
        """See `depotopt.hazards.protocol.PreparedHazard.sample`."""
        hit = self.street[rng.random(len(self.street)) < self.probability]
        damage = Damage.of(hit, self.speed_factor, from_s=self.from_s, until_s=self.until_s)
        return Effect(damage, triggered=bool(len(hit)))


def street_length_and_class(network: RoadNetwork) -> tuple[FloatArray, Int32Array]:
    """Length of each street (both directions counted once) and the class of its first link."""
    first, order = network.links_of_street
    streets = len(network.streets)
    length = np.zeros(streets)
    # A two-way road has two links over one polyline: count each polyline once per street.
    key = network.street.astype(np.int64) * max(len(network.geometry.first), 1) + network.geometry_of
    _, once = np.unique(key, return_index=True)
    np.add.at(length, network.street[once], network.length_m[once])
    road_class = np.zeros(streets, dtype=np.int32)
    used = np.diff(first) > 0
    road_class[used] = network.road_class[order[first[:-1][used]]]
    return length, road_class
