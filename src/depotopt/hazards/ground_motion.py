"""Published relations of shaking, magnitude and distance, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

from depotopt.hazards.boore_atkinson import BooreAtkinson2008
from depotopt.hazards.intensity import Allen2012, Yu2013
from depotopt.hazards.motion import Motion, Relation, Rupture
from depotopt.units import FloatArray

# The source's table merges equal R0; those of the short axes of the second and fourth region (7 and 9 km)
# follow from the condition it is built on, equal intensity of both axes at the epicentre.
RELATIONS: Final[Mapping[str, Relation]] = MappingProxyType(
    {
        "yu-2013-xinjiang": Yu2013((5.6018, -4.4899, 25.0), (3.6113, -3.8477, 13.0), 1.4347, 0.5924),
        "yu-2013-east": Yu2013((5.7123, -4.2903, 25.0), (3.6588, -3.5406, 13.0), 1.3626, 0.5826),
        "yu-2013-moderate": Yu2013((5.8410, -3.6570, 15.0), (3.9440, -2.8450, 7.0), 1.0710, 0.5200),
        "yu-2013-tibet": Yu2013((6.4580, -4.4709, 25.0), (3.3682, -3.3119, 9.0), 1.2746, 0.6636),
        "allen-2012": Allen2012(),
        "boore-atkinson-2008": BooreAtkinson2008(),
    }
)
"""Relations by name."""


@dataclass(frozen=True, slots=True)
class RuptureShaking:
    """Shaking of a rupture by a named relation of `RELATIONS`."""

    rupture: Rupture
    relation: str

    def motion(self, lon: FloatArray, lat: FloatArray) -> Motion:
        """See `MotionSource.motion`."""
        return RELATIONS[self.relation].motion(self.rupture, lon, lat)
