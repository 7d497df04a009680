"""Schema of the ``[hazards.NAME]`` tables of ``scenario.toml``: one block per kind of hazard."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from depotopt.io.cells import (
    Expect,
    KeyAmount,
    KeyFlag,
    KeyPositive,
    KeyShare,
    KeyText,
    KeyTexts,
)
from depotopt.io.toml_schemas import Block
from depotopt.roads.network import ROAD_CLASSES

KeyNumber = Annotated[float, Field(strict=True, allow_inf_nan=False), Expect("a number")]
KeyLongitude = Annotated[
    float, Field(strict=True, ge=-180, le=180), Expect("degrees from -180 to 180", "coordinate")
]
KeyLatitude = Annotated[
    float, Field(strict=True, ge=-90, le=90), Expect("degrees from -90 to 90", "coordinate")
]
KeyPosition = Annotated[
    tuple[KeyLongitude, KeyLatitude], Expect("a position like [121.47, 31.23], longitude first", "coordinate")
]
KeyPositions = Annotated[
    tuple[KeyPosition, ...],
    Field(min_length=1),
    Expect("a list of positions like [[121.4, 31.2], [121.5, 31.2]], longitude first", "coordinate"),
]
Streets = Annotated[
    KeyTexts,
    Field(min_length=1),
    Expect('a list of street identifiers or names like ["b815", "G218"]', "list"),
]


def _road_class(value: str) -> str:
    if value not in ROAD_CLASSES:
        raise PydanticCustomError("choice", "unknown road class")
    return value


RoadClass = Annotated[str, AfterValidator(_road_class), Expect("one of " + ", ".join(ROAD_CLASSES), "choice")]


class HazardBlock(Block):
    """Keys every kind of hazard has."""

    after: KeyTexts = ()
    """Chains: the hazard can only happen in road states in which one of these hazards did."""
    after_probability: KeyShare = 1.0
    """Chains: probability that it then happens."""
    after_sampled: KeyShare | None = None
    """Chains: draw it with this probability instead and weigh the road states accordingly."""
    after_delay_h: KeyAmount = 0.0
    """Chains: added to its times, hours."""


class TimedBlock(Block):
    """When roads are hit."""

    from_h: KeyAmount = 0.0
    """Start, hours from the scenario's start."""
    until_h: KeyPositive | None = None
    """End, hours from the scenario's start; left out: open end."""


class PlaceBlock(Block):
    """A place: exactly one of `wkt`, `point`, `points`, `line`, `polygon` and `file`."""

    wkt: KeyText = ""
    """Geometry in well-known text, degrees."""
    point: KeyPosition | None = None
    """One position; needs `radius_m`."""
    points: KeyPositions | None = None
    """Several positions; need `radius_m`."""
    line: KeyPositions | None = None
    """A polyline."""
    polygon: KeyPositions | None = None
    """Corners of a polygon."""
    file: KeyText = ""
    """GeoJSON or GeoPackage in the scenario folder; every feature is a place of its own."""
    layer: KeyText = ""
    """Layer of a GeoPackage that has several."""
    radius_m: KeyAmount = 0.0
    """Everything at most this far from the geometry is inside, metres."""


class AreaPlace(PlaceBlock):
    """A place that is hit with a probability."""

    probability: KeyShare | None = None
    """Probability that it is hit; left out: the feature's property `probability`, else the hazard's."""


class WaterPlace(PlaceBlock):
    """Water of one depth per feature, or a raster of depths."""

    depth_m: KeyAmount | None = None
    """Depth in metres; left out: the feature's property `depth_m`."""
    raster: KeyText = ""
    """GeoTIFF of depths in metres, instead of a geometry (needs the extra `raster`)."""


class SlopePlace(PlaceBlock):
    """Slopes of one landslide susceptibility."""

    category: Literal["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X"] | None = None
    """HAZUS susceptibility; left out: the feature's property `category`."""


class ClosureBlock(TimedBlock):
    """Streets that close together."""

    streets: Streets
    """Identifiers of streets or bridges, or street names (every street of that name)."""
    probability: KeyShare = 1.0
    """Probability that the closure holds."""
    speed_factor: KeyShare = 0.0
    """Share of free-flow speed left; 0: closed."""


class ClosuresBlock(HazardBlock):
    """Listed closures, independent of one another."""

    kind: Literal["closures"]
    """`closures`"""
    closures: Annotated[
        tuple[ClosureBlock, ...], Field(min_length=1), Expect("at least one closure", "closure")
    ]
    """The list."""


class TargetedBlock(HazardBlock):
    """Streets lost for certain."""

    kind: Literal["targeted"]
    """`targeted`"""
    streets: Streets
    """Identifiers of streets or bridges, or street names."""
    until_h: KeyPositive | None = None
    """When they open again, hours from the scenario's start; left out: not."""


class AreaEffects(TimedBlock):
    """What happens inside an area that is hit."""

    speed_factor: KeyShare = 0.0
    """Share of free-flow speed left on roads that touch it; 0: lost."""
    site_survival: KeyShare = 1.0
    """Share of stock usable at sites inside."""
    power: KeyFlag = True
    """Whether sites inside keep power."""
    need_factor: KeyAmount = 1.0
    """Factor on the need of points inside."""
    floods: KeyFlag = False
    """Whether points inside count as `flooded`."""


class AreaBlock(HazardBlock, AreaEffects):
    """Polygons, lines and points with a radius, hit independently of one another."""

    kind: Literal["area"]
    """`area`"""
    areas: Annotated[tuple[AreaPlace, ...], Field(min_length=1), Expect("at least one area", "area")]
    """Where."""
    probability: KeyShare = 1.0
    """Probability of areas that state none."""


class ZonesBlock(HazardBlock, AreaEffects):
    """Landslide or flash-flood zones that fail together."""

    kind: Literal["zones"]
    """`zones`"""
    zones: Annotated[tuple[AreaPlace, ...], Field(min_length=1), Expect("at least one zone", "area")]
    """Where; probabilities are those given the trigger."""
    probability: KeyShare = 1.0
    """Probability, given the trigger, of zones that state none."""
    trigger_probability: KeyShare = 1.0
    """Probability of the shared trigger (a rainstorm)."""
    trigger_sampled: KeyShare | None = None
    """Draw the trigger with this probability instead and weigh the road states accordingly."""
    correlation_km: KeyAmount = 0.0
    """Distance at which the correlation of zones has fallen to 5 %; 0: independent given the trigger."""
    street_probability: KeyShare = 1.0
    """Probability that a street in a failed zone is hit."""


class IndependentBlock(HazardBlock, TimedBlock):
    """Streets and bridges fail independently of one another."""

    kind: Literal["independent"]
    """`independent`"""
    street_probability: KeyShare = 0.0
    """Probability of streets whose class is not listed."""
    class_probability: dict[RoadClass, KeyShare] = Field(default_factory=dict)
    """Probability by road class."""
    bridge_probability: KeyShare | None = None
    """Probability per bridge; left out: like a street."""
    tunnel_probability: KeyShare | None = None
    """Probability per tunnel; left out: like a street."""
    per_km: KeyFlag = False
    """Whether the street probabilities are per kilometre."""
    speed_factor: KeyShare = 0.0
    """Share of free-flow speed left; 0: lost."""
    within: tuple[PlaceBlock, ...] = ()
    """Only streets that touch one of these places; left out: all."""


class FloodEventBlock(Block):
    """One of several floods that exclude one another."""

    probability: KeyShare
    """Probability of this flood."""
    water: Annotated[tuple[WaterPlace, ...], Field(min_length=1), Expect("at least one place", "area")]
    """Where it stands, and how deep."""


class FloodBlock(HazardBlock, TimedBlock):
    """Water over roads, sites and points; each vehicle compares the depth with its wading depth."""

    kind: Literal["flood"]
    """`flood`"""
    water: tuple[WaterPlace, ...] = ()
    """Where it stands, and how deep: one flood (or several in `events`)."""
    probability: KeyShare = 1.0
    """Probability of that one flood."""
    events: tuple[FloodEventBlock, ...] = ()
    """Floods that exclude one another, such as return periods."""
    sampled: KeyShare | None = None
    """Draw a flood with this probability instead and weigh the road states accordingly."""
    depth_sigma: KeyAmount = 0.0
    """Standard deviation of the logarithm of one factor on all depths of a road state."""
    nodata_depth_m: KeyAmount | None = None
    """Depth where a raster has no data; left out: unknown, no water assumed."""
    bridges_flooded: KeyFlag = False
    """Whether the water under a bridge floods it."""
    washout_depth_m: KeyAmount = 0.0
    """Bridges over water at least this deep may be washed away."""
    washout_probability: KeyShare = 0.0
    """Probability that such a bridge is."""
    flooded_m: KeyPositive = 0.3
    """Depth from which a point counts as `flooded` and a site loses stock and power."""
    site_survival: KeyShare = 0.0
    """Share of stock usable at a flooded site."""
    power: KeyFlag = False
    """Whether a flooded site keeps power."""
    need_factor: KeyAmount = 1.0
    """Factor on the need of flooded points."""


KINDS: dict[str, type[HazardBlock]] = {
    "closures": ClosuresBlock,
    "targeted": TargetedBlock,
    "area": AreaBlock,
    "zones": ZonesBlock,
    "independent": IndependentBlock,
    "flood": FloodBlock,
}
"""Block of each kind of hazard."""
