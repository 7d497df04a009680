"""Schema of the ``[hazards.NAME]`` tables of ``scenario.toml``: one block per kind of hazard."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from depotopt.hazards.ground_motion import RELATIONS
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
    tuple[KeyText, ...],
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
    """Slopes that can slide in an earthquake."""

    critical_g: KeyPositive | None = None
    """Acceleration (g) at which they begin to move; left out: the feature's property `critical_g`."""
    share: KeyShare | None = None
    """Share of places along a road that stand on such a slope; left out: the feature's property, else 1."""
    debris_clear_h: KeyAmount = 0.0
    """Hours until the debris of slopes that come down is cleared; 0: debris is not modelled."""


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
    sampled: KeyShare | None = None
    """Draw this flood with this probability instead and weigh the road states accordingly."""
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


KeySpeeds = Annotated[
    tuple[KeyShare, KeyShare, KeyShare, KeyShare],
    Expect("four numbers from 0 to 1, for slight, moderate, extensive and complete damage", "list"),
]


class EarthquakeBlock(HazardBlock):
    """Shaking with correlated uncertainty; what stands on the ground fails by its fragility."""

    kind: Literal["earthquake"]
    """`earthquake`"""
    magnitude: (
        Annotated[float, Field(strict=True, ge=3, le=10), Expect("a magnitude from 3 to 10")] | None
    ) = None
    """Magnitude (of surface waves for the relations `yu-2013-...`); with `lon`, `lat` and `relation`."""
    lon: KeyLongitude | None = None
    """Epicentre."""
    lat: KeyLatitude | None = None
    """Epicentre."""
    relation: Annotated[str, Expect("one of " + ", ".join(RELATIONS), "choice")] = ""
    """Published relation of shaking and distance."""
    depth_km: KeyPositive | None = None
    """Depth of the hypocentre; only for `allen-2012`, which needs it."""
    strike_deg: Annotated[float, Field(strict=True, ge=0, le=360), Expect("degrees from 0 to 360")] | None = (
        None
    )
    """Direction of the fault from north; left out: shaking is the same in all directions."""
    vs30_m_s: KeyPositive | None = None
    """Shear-wave velocity of the ground, only for `boore-atkinson-2008`; left out: rock, 760 m/s."""
    shakemap: KeyText = ""
    """ShakeMap (`grid.xml` or `.npz`) in the scenario folder instead of a relation."""
    probability: KeyShare = 1.0
    """Probability that the earthquake happens."""
    sampled: KeyShare | None = None
    """Draw it with this probability instead and weigh the road states accordingly."""
    shift: KeyNumber = 0.0
    """Draw stronger shaking more often: mean of the between-event residual, in standard deviations."""
    slopes: tuple[SlopePlace, ...] = ()
    """Where roads, bridges and tunnels can be displaced by sliding slopes."""
    bridge_class: KeyText = "HWB28"
    """Hazus class of bridges."""
    tunnel_class: KeyText = "HTU1"
    """Hazus class of tunnels."""
    road_class: KeyText = "HRD1"
    """Hazus class of roads on slopes: `HRD1` major, `HRD2` urban."""
    unmapped_bridges_per_km: KeyAmount = 0.0
    """Bridges assumed on other streets where the road data does not know its bridges."""
    site_class: KeyText = "C1L-low"
    """Hazus class of the sites' buildings: structure and design code."""
    substation_class: KeyText = ""
    """Hazus class of the substations that feed the sites; left out: power stays on."""
    bridge_speed: KeySpeeds = (1.0, 0.5, 0.0, 0.0)
    """Share of free-flow speed left on damaged bridges until repaired."""
    tunnel_speed: KeySpeeds = (1.0, 0.5, 0.0, 0.0)
    """The same for tunnels."""
    road_speed: KeySpeeds = (1.0, 0.5, 0.0, 0.0)
    """The same for roads on slopes."""
    site_survival: KeySpeeds = (1.0, 0.8, 0.3, 0.0)
    """Share of stock usable in damaged sites."""
    power_lost_from: Literal["slight", "moderate", "extensive", "complete"] = "extensive"
    """Damage of the substation from which its site has no power."""
    need_by_intensity: tuple[
        Annotated[
            tuple[KeyNumber, KeyAmount], Expect("a pair of intensity and factor like [7, 0.2]", "list")
        ],
        ...,
    ] = ()
    """Pairs of intensity and factor on need, interpolated; left out: no effect."""


KINDS: dict[str, type[HazardBlock]] = {
    "closures": ClosuresBlock,
    "targeted": TargetedBlock,
    "area": AreaBlock,
    "zones": ZonesBlock,
    "independent": IndependentBlock,
    "flood": FloodBlock,
    "earthquake": EarthquakeBlock,
}
"""Block of each kind of hazard."""
