"""Where streets can be damaged by shaking: bridges, tunnels, and roads on slopes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from depotopt.catalog.seismic import fragilities
from depotopt.hazards.fragility import Components
from depotopt.hazards.shapes import Shape, StreetLines, places_inside
from depotopt.roads.network import RoadNetwork, StreetKind
from depotopt.units import KM_M, BoolArray, FloatArray, Int32Array, Int64Array

SLOPE_SPACING_M = 500.0
"""Roads on slopes are looked at this often."""
SA10, PGA, PGD = 0, 1, 2
BRIDGE, TUNNEL, ROAD = 0, 1, 2


@dataclass(frozen=True, slots=True)
class Slope:
    """Slopes of one strength.

    Attributes
    ----------
    shape
        Where.
    critical_g
        Acceleration at which they begin to move.
    share
        Share of the places along a road that stand on such a slope.
    debris_clear_s
        Time until debris of a slope that comes down is cleared; 0 where debris is not modelled.
    """

    shape: Shape
    critical_g: float
    share: float = 1.0
    debris_clear_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Pieces:
    """Places at which streets can be damaged.

    Attributes
    ----------
    street
        Street of each piece; a street on a slope has several.
    lon, lat
        Position in degrees.
    asset
        `BRIDGE`, `TUNNEL` or `ROAD`: which consequences apply.
    measure
        `SA10`, `PGA` or `PGD`: what damages it.
    components
        Fragility.
    critical_g, clear_s
        Of its slope.
    share
        Probability that there is something to damage.
    """

    street: Int32Array
    lon: FloatArray
    lat: FloatArray
    asset: Int64Array
    measure: Int64Array
    components: Components
    critical_g: FloatArray
    share: FloatArray
    clear_s: FloatArray

    def __len__(self) -> int:
        return len(self.street)

    def take(self, keep: BoolArray | Int64Array) -> Pieces:
        """The pieces marked or numbered."""
        return Pieces(
            self.street[keep],
            self.lon[keep],
            self.lat[keep],
            self.asset[keep],
            self.measure[keep],
            self.components.take(keep),
            self.critical_g[keep],
            self.share[keep],
            self.clear_s[keep],
        )

    @classmethod
    def concatenate(cls, parts: list[Pieces]) -> Pieces:
        """All pieces, in order."""

        def joined(name: str) -> FloatArray:
            return np.concatenate([getattr(part, name) for part in parts])

        components = Components(
            np.concatenate([part.components.ln_median for part in parts]),
            np.concatenate([part.components.beta for part in parts]),
        )
        return cls(
            joined("street").astype(np.int32),
            joined("lon"),
            joined("lat"),
            joined("asset").astype(np.int64),
            joined("measure").astype(np.int64),
            components,
            joined("critical_g"),
            joined("share"),
            joined("clear_s"),
        )


def find_pieces(
    network: RoadNetwork,
    names: tuple[str, str, str],
    slopes: Sequence[Slope],
    unmapped_bridges_per_km: float = 0.0,
) -> Pieces:
    """Bridges and tunnels at their middles, roads on slopes every few hundred metres.

    Parameters
    ----------
    network
        Roads.
    names
        Classes of bridges, tunnels and roads.
    slopes
        Slopes that can slide; structures on them can also be displaced.
    unmapped_bridges_per_km
        Bridges assumed on other streets where the data does not know its bridges: evenly spaced, the
        last fraction of one as a probability.
    """
    lines, kind = StreetLines.of(network), network.streets.kind
    table = fragilities()
    classes = [table[name] for name in (*names, "HWB-GF", "HTU-GF")]
    structure = np.flatnonzero((kind == StreetKind.BRIDGE) | (kind == StreetKind.TUNNEL)).astype(np.int32)
    middle = lines.middle(structure)
    asset = np.where(kind[structure] == StreetKind.BRIDGE, BRIDGE, TUNNEL)
    parts = [
        Pieces(
            structure,
            middle[:, 0],
            middle[:, 1],
            asset.astype(np.int64),
            np.where(asset == BRIDGE, SA10, PGA),
            Components.of(classes, asset.astype(np.int64)),
            np.zeros(len(structure)),
            np.ones(len(structure)),
            np.zeros(len(structure)),
        )
    ]
    if unmapped_bridges_per_km > 0:
        street, lonlat, expected = lines.evenly(unmapped_bridges_per_km / KM_M)
        plain = kind[street] == StreetKind.STREET
        count = int(plain.sum())
        which = np.full(count, BRIDGE)
        parts.append(
            Pieces(
                street[plain],
                lonlat[plain, 0],
                lonlat[plain, 1],
                which,
                np.full(count, SA10),
                Components.of(classes, which),
                np.zeros(count),
                expected[plain],
                np.zeros(count),
            )
        )
    if slopes:
        street, lonlat, expected = lines.evenly(1.0 / SLOPE_SPACING_M)
        inside = places_inside([slope.shape for slope in slopes], lonlat[:, 0], lonlat[:, 1])
        for slope, here in zip(slopes, inside, strict=True):
            on = kind[street[here]]
            asset = np.select([on == StreetKind.BRIDGE, on == StreetKind.TUNNEL], [BRIDGE, TUNNEL], ROAD)
            count = len(asset)
            parts.append(
                Pieces(
                    street[here],
                    lonlat[here, 0],
                    lonlat[here, 1],
                    asset.astype(np.int64),
                    np.full(count, PGD),
                    Components.of(classes, np.array([3, 4, 2])[asset]),
                    np.full(count, slope.critical_g),
                    slope.share * expected[here],
                    np.full(count, slope.debris_clear_s),
                )
            )
    return Pieces.concatenate(parts)
