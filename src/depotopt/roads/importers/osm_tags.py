"""What the tags of an OpenStreetMap way mean to a truck.

References
----------
OpenStreetMap wiki, pages ``Key:highway``, ``Key:access``, ``Key:oneway``, ``Key:maxspeed``,
``Key:maxweight``, ``Key:maxheight``, ``Key:bridge``, ``Key:tunnel``, ``Key:ford``, ``Key:barrier``,
``Tag:route=ferry``, ``Key:duration``.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace

from depotopt.catalog.road_speeds import road_speeds
from depotopt.roads.importers.osm_values import (
    duration_s,
    height_m,
    is_height,
    is_weight,
    speed_kmh,
    weight_kg,
)
from depotopt.roads.importers.sections import CLASS_CODE
from depotopt.roads.network import SpeedSource
from depotopt.units import HOUR_S, KM_M

_MAIN = ("motorway", "trunk", "primary", "secondary", "tertiary")
HIGHWAYS: dict[str, str] = {
    **{name: name for name in (*_MAIN, "unclassified", "residential", "living_street")},
    **{f"{name}_link": name for name in _MAIN},
    # A road nobody classified yet; the slowest assumption is the safe one.
    "road": "unclassified",
}
"""Values of ``highway`` that every truck can be expected to drive on, and their class."""

MINOR_HIGHWAYS = {"service": "service", "track": "track"}
"""Added when minor roads are asked for: service roads and the better tracks."""

_NO_SERVICE = frozenset({"driveway", "parking_aisle", "drive-through", "emergency_access", "campground"})
_FIRM_TRACKS = frozenset({"grade1", "grade2"})
_ACCESS = ("hgv", "goods", "motor_vehicle", "vehicle", "access")
_CLOSED = frozenset({"no", "private", "agricultural", "forestry", "agricultural;forestry", "emergency"})
_TAKES_TRUCKS = frozenset({"yes", "designated", "permissive", "destination"})
_NOT = frozenset({"", "no", "none", "proposed", "abandoned", "razed", "removed"})
_BARRIERS = frozenset(
    {
        *(
            "block",
            "bollard",
            "cycle_barrier",
            "debris",
            "full-height_turnstile",
            "horse_stile",
            "jersey_barrier",
        ),
        *("kissing_gate", "log", "motorcycle_barrier", "planter", "stile", "turnstile", "wicket_gate"),
    }
)
_GATES = frozenset({"chain", "gate", "lift_gate", "sliding_gate", "swing_gate", "barrier", "yes"})

_WEIGHT_KEYS = ("maxweight", "maxweight:hgv", "maxweightrating", "maxweightrating:hgv")
_HEIGHT_KEYS = ("maxheight", "maxheight:physical")
_SPEED_KEYS = (
    *("maxspeed:hgv", "maxspeed", "maxspeed:hgv:forward", "maxspeed:forward", "maxspeed:hgv:backward"),
    "maxspeed:backward",
)
_ZONE_KEYS = ("maxspeed:type", "source:maxspeed", "zone:maxspeed", "zone:traffic")
DECIDING = frozenset(
    {
        *("highway", "service", "tracktype", "area", "impassable", "smoothness", "junction"),
        *("oneway", "oneway:hgv", "oneway:motor_vehicle", "bridge", "tunnel", "ford"),
        *(*_ACCESS, *_SPEED_KEYS, *_ZONE_KEYS, *_WEIGHT_KEYS, *_HEIGHT_KEYS),
    }
)
"""Keys `truck_road` looks at: ways that agree in them are the same kind of road."""


@dataclass(frozen=True, slots=True)
class Road:
    """What a truck needs to know of a way; ways with equal values can be joined.

    Attributes
    ----------
    road_class
        Index into `depotopt.roads.network.ROAD_CLASSES`.
    oneway
        1 forward only, -1 backward only, 0 both.
    speed_kmh, backward_kmh
        Free-flow speeds.
    speed_source
        `SpeedSource` code.
    bridge, tunnel, ford
        Flags.
    max_weight_kg, max_height_m
        Limits; ``inf`` where there is none.
    """

    road_class: int
    oneway: int
    speed_kmh: float
    backward_kmh: float
    speed_source: int
    bridge: bool
    tunnel: bool
    ford: bool
    max_weight_kg: float
    max_height_m: float

    def turned(self) -> Road:
        """The same road drawn the other way round."""
        return replace(self, oneway=-self.oneway, speed_kmh=self.backward_kmh, backward_kmh=self.speed_kmh)


def truck_road(tags: Mapping[str, str], *, minor: bool = False) -> Road | str:
    """Read the tags of a way; a text says why no truck drives there.

    Parameters
    ----------
    tags
        Tags of a way with the key ``highway``.
    minor
        Whether service roads and firm tracks count as roads.
    """
    highway = tags["highway"]
    road_class = HIGHWAYS.get(highway) or (MINOR_HIGHWAYS.get(highway) if minor else None)
    if road_class is None:
        return "of another kind"
    if road_class == "service" and tags.get("service") in _NO_SERVICE:
        return "of another kind"
    if road_class == "track" and tags.get("tracktype") not in _FIRM_TRACKS:
        return "of another kind"
    closed = _why_closed(tags)
    if closed:
        return closed
    oneway = direction(tags, highway)
    forward, backward, source = _speeds(tags, highway)
    bridge = tags.get("bridge", "")
    return Road(
        road_class=CLASS_CODE[road_class],
        oneway=oneway,
        speed_kmh=forward,
        backward_kmh=backward,
        speed_source=int(source),
        bridge=bridge not in _NOT,
        tunnel=tags.get("tunnel", "") not in _NOT and tags.get("tunnel") != "culvert",
        ford=tags.get("ford", "") not in _NOT or bridge == "low_water_crossing",
        max_weight_kg=min((weight_kg(tags[key]) for key in _WEIGHT_KEYS if key in tags), default=math.inf),
        max_height_m=min((height_m(tags[key]) for key in _HEIGHT_KEYS if key in tags), default=math.inf),
    )


def is_ferry(tags: Mapping[str, str]) -> bool:
    """Whether a way is a ferry line and not a road that one is drawn along."""
    return tags.get("route") == "ferry" and tags.get("highway", "") not in {**HIGHWAYS, **MINOR_HIGHWAYS}


def ferry(tags: Mapping[str, str], length_m: float) -> Road | str:
    """Read the tags of a ferry line; a text says why no truck is known to be taken.

    Many lines carry people only and do not say so: one that takes trucks has to say so itself (``hgv``,
    ``goods``, ``motor_vehicle`` or ``vehicle``). The crossing takes ``duration``, else the way is made at
    ``maxspeed`` or the speed of the class table. Waiting for the next departure is not known and not counted.

    Parameters
    ----------
    tags
        Tags of a way with ``route=ferry``.
    length_m
        Its length.
    """
    allowed = next((tags[key] for key in _ACCESS[:-1] if key in tags), "")
    if allowed not in _TAKES_TRUCKS:
        return "that are ferries not known to take trucks"
    closed = _why_closed(tags)
    if closed:
        return closed
    speed, source = road_speeds()["ferry"].speed_kmh, SpeedSource.CLASS_TABLE
    tagged = _first_speed(tags, "maxspeed")
    crossing_s = duration_s(tags.get("duration", ""))
    if crossing_s is not None and length_m > 0:
        speed, source = length_m / KM_M / (crossing_s / HOUR_S), SpeedSource.TAG
    elif tagged is not None:
        speed, source = tagged, SpeedSource.TAG
    return Road(
        road_class=CLASS_CODE["ferry"],
        oneway=direction(tags, ""),
        speed_kmh=speed,
        backward_kmh=speed,
        speed_source=int(source),
        bridge=False,
        tunnel=False,
        ford=False,
        max_weight_kg=min((weight_kg(tags[key]) for key in _WEIGHT_KEYS if key in tags), default=math.inf),
        max_height_m=min((height_m(tags[key]) for key in _HEIGHT_KEYS if key in tags), default=math.inf),
    )


def road_name(tags: Mapping[str, str]) -> str:
    """Name of a way, else its reference, else empty."""
    return tags.get("name") or tags.get("ref") or ""


def unread_limits(tags: Mapping[str, str]) -> int:
    """Number of weight and height limits on a way that were not understood and so do not bind."""
    weights = sum(not is_weight(tags[key]) for key in _WEIGHT_KEYS if key in tags)
    return weights + sum(not is_height(tags[key]) for key in _HEIGHT_KEYS if key in tags)


def _why_closed(tags: Mapping[str, str]) -> str:
    """Why a way of the right kind is closed to trucks; empty when it is not."""
    if tags.get("area") == "yes":
        return "that are areas"
    for key in _ACCESS:
        # The most specific key decides: hgv=yes opens what access=no closes, and the other way round.
        if key in tags:
            if tags[key] in _CLOSED:
                return "closed to trucks"
            break
    if tags.get("impassable") == "yes" or tags.get("smoothness") == "impassable":
        return "impassable"
    if tags.get("oneway") == "reversible":
        return "of changing direction"
    return ""


def direction(tags: Mapping[str, str], highway: str) -> int:
    """Driving direction along the way: 1 forward, -1 backward, 0 both."""
    value = tags.get("oneway:hgv") or tags.get("oneway:motor_vehicle") or tags.get("oneway")
    if value in ("-1", "reverse"):
        return -1
    if value in ("yes", "1", "true"):
        return 1
    if value in ("no", "0", "false", "alternating"):
        return 0
    implied = tags.get("junction") in ("roundabout", "circular") or highway in ("motorway", "motorway_link")
    return 1 if implied else 0


def blocks_trucks(tags: Mapping[str, str]) -> bool:
    """Whether a node with these tags (a bollard, a locked gate) stops a truck."""
    barrier = tags.get("barrier", "")
    access = next((tags[key] for key in _ACCESS if key in tags), "")
    if barrier in _BARRIERS:
        return access in _CLOSED or not access
    return barrier in _GATES and access in _CLOSED


def _speeds(tags: Mapping[str, str], highway: str) -> tuple[float, float, SpeedSource]:
    both = _first_speed(tags, *_SPEED_KEYS[:2])
    if both is None:
        both = _first_speed(tags, *_ZONE_KEYS)
    forward = _first_speed(tags, *_SPEED_KEYS[2:4]) or both
    backward = _first_speed(tags, *_SPEED_KEYS[4:]) or both
    table = road_speeds()
    usual = table[highway if highway in table else HIGHWAYS[highway]].speed_kmh
    source = SpeedSource.TAG if forward or backward else SpeedSource.CLASS_TABLE
    return forward or backward or usual, backward or forward or usual, source


def _first_speed(tags: Mapping[str, str], *keys: str) -> float | None:
    for key in keys:
        if key in tags:
            found = speed_kmh(tags[key])
            if found is not None:
                return found
    return None
