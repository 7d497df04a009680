"""Landslide and flash-flood zones with a shared trigger, so that neighbours fail together."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from depotopt.hazards.area import ROADS_LOST, Area, AreaConsequence, PreparedAreas, prepare_areas
from depotopt.hazards.closures import PreparedEntries
from depotopt.hazards.protocol import Effect, Exposure
from depotopt.hazards.shapes import Shape, degree_scale_m
from depotopt.hazards.trigger import CERTAIN, Trigger
from depotopt.units import BoolArray, FloatArray


@dataclass(frozen=True, slots=True)
class Zones:
    """Zones that fail only when their trigger (a rainstorm, say) happens.

    Given the trigger, zone ``a`` fails with its own probability ``p[a]`` when ``z[a] < Phi^-1(p[a])``,
    where ``z`` is standard normal with correlation ``exp(-3 h / range)`` over the distance ``h``
    between zone centres (a Gaussian copula: it keeps every ``p[a]`` and makes neighbours fail together).

    Attributes
    ----------
    name
        Name in the scenario.
    zones
        Shapes; their probabilities are those given the trigger.
    trigger
        The shared trigger.
    correlation_range_m
        Distance at which the correlation has fallen to 5 %; 0 for independent zones.
    street_probability
        Probability that a street in a failed zone is hit, each by itself.
    consequence
        What happens inside.
    origin
        File it was read from, for faults.
    """

    name: str
    zones: tuple[Area, ...]
    trigger: Trigger = CERTAIN
    correlation_range_m: float = 0.0
    street_probability: float = 1.0
    consequence: AreaConsequence = ROADS_LOST
    origin: str = "scenario.toml"

    def prepare(self, exposure: Exposure) -> PreparedZones:
        """Intersect the zones; see `depotopt.hazards.protocol.Hazard.prepare`."""
        from scipy.special import ndtri

        areas = prepare_areas(self.name, self.zones, self.consequence, exposure, self.origin)
        # Zones that touch nothing need no draw of their own.
        sizes = np.bincount(areas.entries.group, minlength=len(self.zones))
        used = (sizes > 0) | areas.sites.any(axis=1) | areas.points.any(axis=1)
        factor = None
        if self.correlation_range_m > 0:
            factor = correlation_factor(
                [zone.shape for zone, keep in zip(self.zones, used, strict=True) if keep],
                self.correlation_range_m,
            )
        return PreparedZones(
            areas, used, ndtri(areas.probability[used]), factor, self.trigger, self.street_probability
        )


@dataclass(frozen=True, slots=True)
class PreparedZones:
    """Zones that have met the network.

    Attributes
    ----------
    areas
        Streets, sites and points by zone.
    used
        Zones that touch anything.
    threshold
        ``Phi^-1(p)`` of the used zones.
    factor
        Lower Cholesky factor of their correlation, ``None`` where independent.
    trigger, street_probability
        As in `Zones`.
    """

    areas: PreparedAreas
    used: BoolArray
    threshold: FloatArray
    factor: FloatArray | None
    trigger: Trigger
    street_probability: float

    def sample(self, rng: np.random.Generator) -> Effect:
        """See `depotopt.hazards.protocol.PreparedHazard.sample`."""
        happens, weight = self.trigger.draw(rng)
        failed = np.zeros(len(self.used), dtype=np.bool_)
        entries = self.areas.entries
        if happens:
            z = rng.standard_normal(len(self.threshold))
            failed[self.used] = (z if self.factor is None else self.factor @ z) < self.threshold
            if self.street_probability < 1:
                entries = _thinned(entries, rng.random(len(entries.street)) < self.street_probability)
        areas = self.areas
        effect = areas.consequence.effect(entries, failed, areas.sites, areas.points, weight)
        return replace(effect, triggered=happens)

    def covered_sites(self) -> BoolArray:
        """Sites inside any zone, whether it fails or not."""
        return self.areas.covered_sites()


def _thinned(entries: PreparedEntries, keep: BoolArray) -> PreparedEntries:
    return replace(entries, group=entries.group[keep], street=entries.street[keep])


def correlation_factor(shapes: list[Shape], range_m: float) -> FloatArray:
    """Lower Cholesky factor of ``exp(-3 h / range)`` over the centres of shapes."""
    centre = np.array(
        [[geometry.centroid.x, geometry.centroid.y] for geometry in (s.geometry() for s in shapes)]
    )
    plane = centre * degree_scale_m(float(centre[:, 1].mean()))
    h = np.hypot(*(plane[:, None, axis] - plane[None, :, axis] for axis in (0, 1)))
    correlation = np.exp(-3.0 * h / range_m)
    # Zones drawn on top of one another make the matrix singular; the ridge is far below any effect.
    correlation[np.diag_indices_from(correlation)] += 1e-9
    factor: FloatArray = np.linalg.cholesky(correlation)
    return factor
