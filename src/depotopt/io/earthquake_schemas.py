"""The ``earthquake`` kind of hazard: its checked block becomes an `Earthquake`."""

from __future__ import annotations

import itertools
import math

from depotopt.catalog.seismic import DAMAGE_STATES
from depotopt.hazards.earthquake import Earthquake, Seismicity
from depotopt.hazards.ground_motion import RELATIONS, RuptureShaking
from depotopt.hazards.motion import ROCK_M_S, MotionSource, Rupture
from depotopt.hazards.seismic_pieces import Slope
from depotopt.hazards.trigger import Trigger
from depotopt.io.hazard_blocks import EarthquakeBlock
from depotopt.io.hazard_places import PlaceReader
from depotopt.io.shakemaps import read_shakemap
from depotopt.io.suggestions import did_you_mean
from depotopt.units import HOUR_S, KM_M


def build_earthquake(block: EarthquakeBlock, name: str, reader: PlaceReader) -> Earthquake:
    """Build the hazard; faults go to the reader."""
    at = f"hazards.{name}"
    source, magnitude = _shaking(block, at, reader)
    slopes = _slopes(block, at, reader)
    if slopes and math.isnan(magnitude):
        reader.fault(
            f"{at}.magnitude", "no such key", "expected a magnitude, since there are slopes", "missing-key"
        )
    pairs = block.need_by_intensity
    if any(after[0] <= before[0] for before, after in itertools.pairwise(pairs)):
        where = f"{at}.need_by_intensity"
        reader.fault(where, "intensities out of order", "expected them to grow", "order")
    hazard = Earthquake(
        name,
        source,
        magnitude,
        Seismicity(
            bridge_class=block.bridge_class,
            tunnel_class=block.tunnel_class,
            road_class=block.road_class,
            unmapped_bridges_per_km=block.unmapped_bridges_per_km,
            site_class=block.site_class,
            substation_class=block.substation_class,
            bridge_speed=block.bridge_speed,
            tunnel_speed=block.tunnel_speed,
            road_speed=block.road_speed,
            site_survival=block.site_survival,
            power_lost_from=1 + DAMAGE_STATES.index(block.power_lost_from),
            need_by_intensity=pairs,
        ),
        slopes,
        Trigger(block.probability, block.sampled),
        block.shift,
        reader.file,
    )
    reader.faults += hazard.class_faults()
    return hazard


def _shaking(block: EarthquakeBlock, at: str, reader: PlaceReader) -> tuple[MotionSource, float]:
    """Where the shaking comes from, and the magnitude."""
    rupture = Rupture(
        block.magnitude or math.nan,
        block.lon or 0.0,
        block.lat or 0.0,
        math.nan if block.depth_km is None else block.depth_km * KM_M,
        math.nan if block.strike_deg is None else block.strike_deg,
        ROCK_M_S if block.vs30_m_s is None else block.vs30_m_s,
    )
    only_with = {"depth_km": ("allen-2012",), "vs30_m_s": ("boore-atkinson-2008",)}
    if block.shakemap:
        for key in ("lon", "lat", "relation", "strike_deg", *only_with):
            if getattr(block, key) not in (None, ""):
                reader.fault(
                    f"{at}.{key}", f"'{key}'", "not with a shakemap, which knows the shaking", "place"
                )
        path = reader.path(block.shakemap, f"{at}.shakemap")
        if path is None:
            return RuptureShaking(rupture, "allen-2012"), math.nan
        grid = read_shakemap(path, block.shakemap)
        return grid, grid.magnitude if block.magnitude is None else block.magnitude
    for key in ("magnitude", "lon", "lat", "relation"):
        if getattr(block, key) in (None, ""):
            expected = "expected magnitude, lon, lat and relation, or a shakemap"
            reader.fault(f"{at}.{key}", "no such key", expected, "missing-key")
    if block.relation and block.relation not in RELATIONS:
        expected = f"expected one of {', '.join(RELATIONS)}{did_you_mean(block.relation, RELATIONS)}"
        reader.fault(f"{at}.relation", f"'{block.relation}'", expected, "choice")
    for key, relations in only_with.items():
        if getattr(block, key) is not None and block.relation not in relations:
            reader.fault(
                f"{at}.{key}", f"'{key}'", f"only {relations[0]} knows it: leave it out", "unknown-key"
            )
    if block.relation == "allen-2012" and block.depth_km is None:
        reader.fault(
            f"{at}.depth_km", "no such key", "expected the depth, which allen-2012 needs", "missing-key"
        )
    return RuptureShaking(rupture, block.relation), rupture.magnitude


def _slopes(block: EarthquakeBlock, at: str, reader: PlaceReader) -> tuple[Slope, ...]:
    slopes = []
    for number, item in enumerate(block.slopes):
        where = f"{at}.slopes[{number}]"
        for place in reader.read(item, where):
            critical = reader.number(place, item, "critical_g", where)
            share = reader.number(place, item, "share", where, most=1.0)
            if not critical:
                found = f"no critical_g ({place.where})" if item.file else "no critical_g"
                reader.fault(where, found, "expected an acceleration in g", "missing-key", item.file)
                continue
            slopes.append(
                Slope(place.shape, critical, 1.0 if share is None else share, item.debris_clear_h * HOUR_S)
            )
    return tuple(slopes)
