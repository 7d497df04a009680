"""The seam where a kind of hazard plugs in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from depotopt.hazards.states import Damage
from depotopt.roads.network import RoadNetwork
from depotopt.units import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Exposure:
    """What hazards can hit.

    Attributes
    ----------
    network
        Roads, with streets and bridges.
    site_lon, site_lat
        Positions of the sites in degrees, shape ``(J,)``.
    point_lon, point_lat
        Positions of the demand points in degrees, shape ``(I,)``.
    """

    network: RoadNetwork
    site_lon: FloatArray
    site_lat: FloatArray
    point_lon: FloatArray
    point_lat: FloatArray

    @property
    def sites(self) -> int:
        """Number of sites."""
        return len(self.site_lon)

    @property
    def points(self) -> int:
        """Number of demand points."""
        return len(self.point_lon)


@dataclass(frozen=True, slots=True)
class Effect:
    """What one hazard does in one road state; ``None`` means *no effect*.

    Attributes
    ----------
    damage
        Streets and bridges hit (``cause`` is filled in by the ensemble).
    site_survival
        Share of stock usable, shape ``(J,)``.
    site_power
        Whether sites keep power, shape ``(J,)``.
    need_factor
        Factor on need, shape ``(I,)``.
    point_flooded
        Demand points standing in the hazard, shape ``(I,)``.
    triggered
        Whether the hazard happened at all in this state (chains ask for it).
    weight
        Likelihood ratio of the draw: 1 unless the hazard samples rare events more often than they
        happen. The ensemble multiplies and normalises them to probabilities.
    """

    damage: Damage
    site_survival: FloatArray | None = None
    site_power: BoolArray | None = None
    need_factor: FloatArray | None = None
    point_flooded: BoolArray | None = None
    triggered: bool = True
    weight: float = 1.0


class PreparedHazard(Protocol):
    """A hazard whose geometry has met the network; draws are cheap."""

    def sample(self, rng: np.random.Generator) -> Effect:
        """Draw what the hazard does in one road state."""
        ...


class Hazard(Protocol):
    """A kind of hazard: a frozen dataclass of its parameters."""

    @property
    def name(self) -> str:
        """Name in the scenario, unique."""
        ...

    def prepare(self, exposure: Exposure) -> PreparedHazard:
        """Intersect the hazard with roads, sites and points, once.

        Raises
        ------
        depotopt.errors.InputError
            With every fault found: no piece of the network inside, unknown street, bad file.
        """
        ...
