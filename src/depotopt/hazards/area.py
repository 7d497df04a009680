"""Areas: polygons, lines and points with a radius in which roads are lost or slowed."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from depotopt.errors import Fault, InputError
from depotopt.hazards.closures import PreparedEntries
from depotopt.hazards.protocol import Effect, Exposure
from depotopt.hazards.shapes import Shape, StreetLines, places_inside
from depotopt.units import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Area:
    """One shape of an area hazard.

    Attributes
    ----------
    shape
        Where.
    probability
        Probability that the area is hit; each area is drawn by itself.
    """

    shape: Shape
    probability: float = 1.0


@dataclass(frozen=True, slots=True)
class AreaConsequence:
    """What happens inside an area that is hit.

    Attributes
    ----------
    speed_factor
        Share of free-flow speed left on the streets that touch it; 0 means lost.
    from_s, until_s
        When roads are hit, seconds from the scenario's start.
    site_survival
        Share of stock usable at sites inside.
    power
        Whether sites inside keep power.
    need_factor
        Factor on the need of points inside.
    floods
        Whether points inside count as ``flooded``.
    """

    speed_factor: float = 0.0
    from_s: float = 0.0
    until_s: float = math.inf
    site_survival: float = 1.0
    power: bool = True
    need_factor: float = 1.0
    floods: bool = False

    def effect(
        self,
        entries: PreparedEntries,
        happens: BoolArray,
        sites: BoolArray,
        points: BoolArray,
        weight: float = 1.0,
    ) -> Effect:
        """Effect of the areas that happen; ``sites`` and ``points`` have one row per area."""
        hit_sites, hit_points = any_of(sites[happens]), any_of(points[happens])
        return Effect(
            entries.damage(happens),
            site_survival=np.where(hit_sites, self.site_survival, 1.0) if self.site_survival < 1 else None,
            site_power=None if self.power else ~hit_sites,
            need_factor=np.where(hit_points, self.need_factor, 1.0) if self.need_factor != 1 else None,
            point_flooded=hit_points if self.floods else None,
            triggered=bool(happens.any()),
            weight=weight,
        )


ROADS_LOST = AreaConsequence()
"""Roads are lost, nothing else happens."""


@dataclass(frozen=True, slots=True)
class AreaHazard:
    """Areas that are hit independently of one another (for areas that fail together see `Zones`).

    Attributes
    ----------
    name
        Name in the scenario.
    areas
        Shapes with their probabilities.
    consequence
        What happens inside.
    origin
        File it was read from, for faults.
    """

    name: str
    areas: tuple[Area, ...]
    consequence: AreaConsequence = ROADS_LOST
    origin: str = "scenario.toml"

    def prepare(self, exposure: Exposure) -> PreparedAreas:
        """Intersect the areas; see `depotopt.hazards.protocol.Hazard.prepare`."""
        return prepare_areas(self.name, self.areas, self.consequence, exposure, self.origin)


@dataclass(frozen=True, slots=True)
class PreparedAreas:
    """Areas that have met the network.

    Attributes
    ----------
    entries
        Streets by area.
    consequence
        What happens inside.
    sites, points
        Sites and demand points inside each area, shapes ``(A, J)`` and ``(A, I)``.
    probability
        Per area.
    """

    entries: PreparedEntries
    consequence: AreaConsequence
    sites: BoolArray
    points: BoolArray
    probability: FloatArray

    def sample(self, rng: np.random.Generator) -> Effect:
        """See `depotopt.hazards.protocol.PreparedHazard.sample`."""
        happens = rng.random(len(self.probability)) < self.probability
        return self.consequence.effect(self.entries, happens, self.sites, self.points)

    def covered_sites(self) -> BoolArray:
        """Sites inside any of the areas, whether hit or not."""
        return any_of(self.sites)


def prepare_areas(
    name: str, areas: tuple[Area, ...], consequence: AreaConsequence, exposure: Exposure, origin: str
) -> PreparedAreas:
    """Intersect areas with streets, sites and points.

    Raises
    ------
    InputError
        If no area touches any street, site or point.
    """
    shapes = [area.shape for area in areas]
    streets = StreetLines.of(exposure.network).touched_by(shapes)
    sites = np.array(places_inside(shapes, exposure.site_lon, exposure.site_lat)).reshape(len(shapes), -1)
    points = np.array(places_inside(shapes, exposure.point_lon, exposure.point_lat)).reshape(len(shapes), -1)
    if not any(len(part) for part in streets) and not sites.any() and not points.any():
        raise InputError(f"hazard {name}", [outside_fault(name, origin)])
    probability = np.array([area.probability for area in areas])
    full = np.ones(len(areas))
    entries = PreparedEntries.of(
        streets,
        probability,
        consequence.speed_factor * full,
        consequence.from_s * full,
        consequence.until_s * full,
    )
    return PreparedAreas(entries, consequence, sites, points, probability)


def any_of(rows: BoolArray) -> BoolArray:
    """Columns in which any row is true."""
    return np.asarray(rows.any(axis=0), dtype=np.bool_)


def outside_fault(name: str, origin: str) -> Fault:
    """The fault of a hazard that meets no road, site or demand point."""
    return Fault(
        origin,
        f"hazards.{name}",
        "a hazard that meets no road, site or demand point",
        "expected it to lie on the road network (are longitude and latitude swapped?)",
        "hazard-outside",
    )
