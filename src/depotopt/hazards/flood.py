"""Floods: water of a depth over roads, sites and points, from polygons or depth grids.

Roads get the depth, not a speed: each vehicle compares it with its own wading depth
(`depotopt.roads.weights.flood_speed_cap_ms`). A bridge stands above the water under it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from depotopt.errors import InputError, UsageError
from depotopt.hazards.area import outside_fault
from depotopt.hazards.depth_grid import DepthGrid
from depotopt.hazards.protocol import Effect, Exposure
from depotopt.hazards.shapes import Shape, StreetLines, places_inside
from depotopt.hazards.states import Damage
from depotopt.hazards.trigger import Alternatives
from depotopt.roads.network import StreetKind
from depotopt.units import BoolArray, FloatArray, Int32Array


@dataclass(frozen=True, slots=True)
class WaterArea:
    """A shape under water of one depth."""

    shape: Shape
    depth_m: float


@dataclass(frozen=True, slots=True)
class FloodEvent:
    """One flood that may happen; the deepest of its areas and grids counts at each place.

    Attributes
    ----------
    probability
        Probability of this flood; the events of a hazard exclude one another.
    areas
        Shapes with their depths.
    grids
        Depth grids.
    sampled
        Probability with which this flood is drawn; ``None`` for its own.
    """

    probability: float = 1.0
    areas: tuple[WaterArea, ...] = ()
    grids: tuple[DepthGrid, ...] = ()
    sampled: float | None = None


@dataclass(frozen=True, slots=True)
class FloodConsequence:
    """What water does.

    Attributes
    ----------
    from_s, until_s
        When roads are under water.
    depth_sigma
        Standard deviation of the logarithm of one factor on all depths of a road state (how well
        the depth is known); 0 for depths as given.
    nodata_depth_m
        Depth where a grid has no data; ``nan`` for *unknown*: no water is assumed there.
    bridges_flooded
        Whether bridges are under water too (low bridges, or data without bridge heights).
    washout_depth_m, washout_probability
        A bridge over water at least this deep is washed away with this probability.
    flooded_m
        Depth from which a point is ``flooded`` and a site loses stock and power.
    site_survival
        Share of stock usable at a flooded site.
    power
        Whether a flooded site keeps power.
    need_factor
        Factor on the need of flooded points.
    """

    from_s: float = 0.0
    until_s: float = math.inf
    depth_sigma: float = 0.0
    nodata_depth_m: float = math.nan
    bridges_flooded: bool = False
    washout_depth_m: float = 0.0
    washout_probability: float = 0.0
    flooded_m: float = 0.3
    site_survival: float = 0.0
    power: bool = False
    need_factor: float = 1.0


@dataclass(frozen=True, slots=True)
class Flood:
    """A flood hazard: in a road state none or one of its events happens.

    Attributes
    ----------
    name
        Name in the scenario.
    events
        Floods that exclude one another; their probabilities sum to at most 1.
    consequence
        What water does.
    sampled
        Probability with which a flood is drawn, for importance sampling; ``None`` for the sum of the
        events' probabilities.
    origin
        File it was read from, for faults.
    """

    name: str
    events: tuple[FloodEvent, ...]
    consequence: FloodConsequence = FloodConsequence()
    sampled: float | None = None
    origin: str = "scenario.toml"

    def prepare(self, exposure: Exposure) -> PreparedFlood:
        """Find out what stands in water; see `depotopt.hazards.protocol.Hazard.prepare`."""
        lines = StreetLines.of(exposure.network)
        wet = tuple(self._wet(event, lines, exposure) for event in self.events)
        if not any(len(part.street) or part.site_m.any() or part.point_m.any() for part in wet):
            raise InputError(f"hazard {self.name}", [outside_fault(self.name, self.origin)])
        return PreparedFlood(wet, self.alternatives(), self.consequence)

    def alternatives(self) -> Alternatives:
        """Which flood happens, and how often each is drawn.

        Raises
        ------
        UsageError
            If the probabilities cannot be, or both the hazard and an event say how often to draw.
        """
        happens = tuple(event.probability for event in self.events)
        own = tuple(event.probability if event.sampled is None else event.sampled for event in self.events)
        if self.sampled is None:
            return Alternatives(happens, own)
        if any(event.sampled is not None for event in self.events):
            raise UsageError("either the hazard or its events say how often they are sampled")
        total = sum(happens)
        return Alternatives(happens, tuple(self.sampled * p / total if total > 0 else 0.0 for p in happens))

    def _wet(self, event: FloodEvent, lines: StreetLines, exposure: Exposure) -> Wet:
        depth = np.zeros(len(exposure.network.streets))
        site, point = np.zeros(exposure.sites), np.zeros(exposure.points)
        shapes = [area.shape for area in event.areas]
        if shapes:
            for area, streets, sites, points in zip(
                event.areas,
                lines.touched_by(shapes),
                places_inside(shapes, exposure.site_lon, exposure.site_lat),
                places_inside(shapes, exposure.point_lon, exposure.point_lat),
                strict=True,
            ):
                depth[streets] = np.maximum(depth[streets], area.depth_m)
                site[sites] = np.maximum(site[sites], area.depth_m)
                point[points] = np.maximum(point[points], area.depth_m)
        unknown = np.zeros(len(depth), dtype=np.bool_)
        for grid in event.grids:
            street, lonlat = lines.support(max(grid.cell_m / 2, 10.0))
            under = grid.at(lonlat[:, 0], lonlat[:, 1])
            np.logical_or.at(unknown, street, np.isnan(under))
            np.maximum.at(depth, street, self._known(under))
            site = np.maximum(site, self._known(grid.at(exposure.site_lon, exposure.site_lat)))
            point = np.maximum(point, self._known(grid.at(exposure.point_lon, exposure.point_lat)))
        bridge = exposure.network.streets.kind == StreetKind.BRIDGE
        dry = bridge if not self.consequence.bridges_flooded else np.zeros_like(bridge)
        street = np.flatnonzero((depth > 0) & ~dry).astype(np.int32)
        over = np.flatnonzero((depth > 0) & bridge).astype(np.int32)
        return Wet(
            street, depth[street], over, depth[over], site, point, np.flatnonzero(unknown).astype(np.int32)
        )

    def _known(self, depth: FloatArray) -> FloatArray:
        fill = self.consequence.nodata_depth_m
        return np.where(np.isnan(depth), 0.0 if math.isnan(fill) else fill, depth)


@dataclass(frozen=True, slots=True)
class Wet:
    """What one flood event covers, at its given depths.

    Attributes
    ----------
    street, depth_m
        Streets under water and their greatest depth.
    bridge, under_m
        Bridges with water under them, and its depth.
    site_m, point_m
        Depth at every site and point, 0 where dry.
    unknown
        Streets that lie partly where a grid has no data.
    """

    street: Int32Array
    depth_m: FloatArray
    bridge: Int32Array
    under_m: FloatArray
    site_m: FloatArray
    point_m: FloatArray
    unknown: Int32Array


@dataclass(frozen=True, slots=True)
class PreparedFlood:
    """Floods that have met the network.

    Attributes
    ----------
    wet
        What each event covers.
    alternatives
        Which of them happens.
    consequence
        What water does.
    """

    wet: tuple[Wet, ...]
    alternatives: Alternatives
    consequence: FloodConsequence

    def sample(self, rng: np.random.Generator) -> Effect:
        """See `depotopt.hazards.protocol.PreparedHazard.sample`."""
        chosen, weight = self.alternatives.draw(rng)
        if chosen is None:
            return Effect(Damage.concatenate([]), triggered=False, weight=weight)
        wet, does = self.wet[chosen], self.consequence
        # Rounded, so that machines whose exponentials differ in the last bit agree.
        factor = round(math.exp(does.depth_sigma * rng.standard_normal()), 9) if does.depth_sigma > 0 else 1.0
        parts = [
            Damage.of(wet.street, 1.0, depth_m=wet.depth_m * factor, from_s=does.from_s, until_s=does.until_s)
        ]
        if does.washout_probability > 0:
            at_risk = wet.bridge[wet.under_m * factor >= does.washout_depth_m]
            parts.append(
                Damage.of(at_risk[rng.random(len(at_risk)) < does.washout_probability], from_s=does.from_s)
            )
        sites, points = wet.site_m * factor >= does.flooded_m, wet.point_m * factor >= does.flooded_m
        return Effect(
            Damage.concatenate(parts),
            site_survival=np.where(sites, does.site_survival, 1.0),
            site_power=None if does.power else ~sites,
            need_factor=np.where(points, does.need_factor, 1.0) if does.need_factor != 1 else None,
            point_flooded=points,
            weight=weight,
        )

    def covered_sites(self) -> BoolArray:
        """Sites under water of any depth in any event."""
        return np.asarray(np.any([wet.site_m > 0 for wet in self.wet], axis=0), dtype=np.bool_)
