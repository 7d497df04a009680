"""Quantities as OpenStreetMap writes them: speeds, weights, heights with their units, durations.

References
----------
OpenStreetMap wiki, pages ``Key:maxspeed``, ``Key:maxweight``, ``Key:maxheight``, ``Key:duration`` and
``Map features/Units``.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from functools import lru_cache

from depotopt.catalog.road_speeds import zone_speeds

_NO_LIMIT = frozenset({"none", "no", "default", "unsigned", "unposted", "below_default", "no_sign"})
_NUMBER = r"(\d+(?:[.,]\d+)?)"
_SPEED = re.compile(_NUMBER + r"\s*(km/h|kmh|kph|mph|knots)?")
_KMH_PER = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
_WALK_KMH, _FASTEST_KMH = 5.0, 200.0
# de:urban, be-vlg:rural, de:zone:30, de:zone30, urban
_ZONE = re.compile(r"(?:([a-z]{2}(?:-[a-z]{3})?):)?(?:zone:?(\d+)|([a-z_]+))")
_UNLIMITED = frozenset({"cz:motorway", "cz:trunk", "de:motorway"})
"""Zones that OSRM's table lists as having no general limit: the class table speaks there."""
_WEIGHT = re.compile(_NUMBER + r"\s*(t|kg|st|lt|lbs?|cwt)?")
_KG_PER = {
    **dict.fromkeys(("", "t"), 1000.0),
    **dict.fromkeys(("lb", "lbs"), 0.45359237),
    "kg": 1.0,
    "st": 907.18474,
    "lt": 1016.0469088,
    "cwt": 50.80234544,
}
_METRES = re.compile(_NUMBER + r"\s*(m|cm)?")
_CLOCK = re.compile(r"(\d{1,3}):([0-5]\d)(?::([0-5]\d))?")
_SPOKEN = re.compile(rf"PT(?:{_NUMBER}H)?(?:{_NUMBER}M)?(?:{_NUMBER}S)?")
_FEET = re.compile(r"""(\d+(?:\.\d+)?)\s*(?:'|ft|feet)\s*(?:(\d+(?:\.\d+)?)\s*(?:"|''|in|inches)?)?""")


@lru_cache(maxsize=4096)
def speed_kmh(text: str) -> float | None:
    """Read a speed limit: ``"50"``, ``"30 mph"``, ``"PT:urban"``, ``"walk"``; the lowest of several.

    ``None`` where it states no figure (``"none"``, ``"signals"``) or is not understood.
    """
    found = [_one_speed(part.strip().lower()) for part in re.split("[;|]", text)]
    return min((value for value in found if value is not None), default=None)


@lru_cache(maxsize=4096)
def weight_kg(text: str) -> float:
    """Read a weight limit: ``"3.5"`` (tonnes), ``"7500 kg"``, ``"10 st"``; ``inf`` where there is none."""
    return _lowest(text, _one_weight)


@lru_cache(maxsize=4096)
def height_m(text: str) -> float:
    """Read a height limit: ``"3.5"``, ``"4 m"``, ``"11 ft 6 in"``; ``inf`` where there is none."""
    return _lowest(text, _one_height)


@lru_cache(maxsize=4096)
def duration_s(text: str) -> float | None:
    """Read a duration: ``"00:20"``, ``"1:05:30"``, ``"25"`` (minutes), ``"PT1H5M"``; else ``None``."""
    text = text.strip()
    clock, spoken = _CLOCK.fullmatch(text), _SPOKEN.fullmatch(text)
    if clock:
        hours, minutes, seconds = (float(part or 0) for part in clock.groups())
    elif spoken:
        hours, minutes, seconds = (_number(part or "0") for part in spoken.groups())
    elif re.fullmatch(_NUMBER, text):
        hours, minutes, seconds = 0.0, _number(text), 0.0
    else:
        return None
    found = 3600.0 * hours + 60.0 * minutes + seconds
    return found if found > 0 else None


def is_weight(text: str) -> bool:
    """Whether a weight limit was understood (*none* counts)."""
    return all(part in _NO_LIMIT or _one_weight(part) is not None for part in _parts(text))


def is_height(text: str) -> bool:
    """Whether a height limit was understood (*none* counts)."""
    return all(part in _NO_LIMIT or _one_height(part) is not None for part in _parts(text))


def _parts(text: str) -> list[str]:
    return [part.strip().lower() for part in text.split(";")]


def _lowest(text: str, read: Callable[[str], float | None]) -> float:
    found = [read(part) for part in _parts(text)]
    return min((value for value in found if value is not None), default=math.inf)


def _number(text: str) -> float:
    return float(text.replace(",", "."))


def _one_speed(text: str) -> float | None:
    match = _SPEED.fullmatch(text)
    if match:
        value = _number(match[1]) * _KMH_PER[match[2] or ""]
        return value if 0 < value <= _FASTEST_KMH else None
    zone = _ZONE.fullmatch(text)
    if zone is None or text in _UNLIMITED:
        return None
    country, figure, word = zone.groups()
    if figure:
        return float(figure) if 0 < float(figure) <= _FASTEST_KMH else None
    if word == "walk":
        return _WALK_KMH
    table = zone_speeds()
    found = table.get(f"{country}:{word}") or table.get(word)
    return None if found is None else found.speed_kmh


def _one_weight(text: str) -> float | None:
    match = _WEIGHT.fullmatch(text)
    value = _number(match[1]) * _KG_PER[match[2] or ""] if match else 0.0
    return value if value > 0 else None


def _one_height(text: str) -> float | None:
    match = _METRES.fullmatch(text)
    if match:
        value = _number(match[1]) * (0.01 if match[2] == "cm" else 1.0)
        return value if value > 0 else None
    match = _FEET.fullmatch(text)
    if match:
        return float(match[1]) * 0.3048 + float(match[2] or 0.0) * 0.0254
    return None
