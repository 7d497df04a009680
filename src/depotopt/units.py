"""SI units inside, integers for engines: the one place where numbers are converted and rounded.

==========  ===================  ============================================
suffix      unit                 remark
==========  ===================  ============================================
``_s``      seconds              times and durations
``_ds``     deciseconds          integer travel times inside road engines
``_m``      metres
``_kg``     kilograms
``_m3``     cubic metres
==========  ===================  ============================================
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from depotopt.errors import UsageError

FloatArray = npt.NDArray[np.float64]
Int32Array = npt.NDArray[np.int32]
Int64Array = npt.NDArray[np.int64]
BoolArray = npt.NDArray[np.bool_]

MINUTE_S: Final = 60.0
HOUR_S: Final = 3600.0
DAY_S: Final = 86400.0
KM_M: Final = 1000.0

DS_PER_S: Final = 10
UNREACHABLE_DS: Final = 1 << 29
"""Integer travel time meaning *no path*: large enough for any trip (621 days), small enough that the
sum of two still fits in 32 bits."""

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean Earth radius R1 of the GRS 80 ellipsoid (Moritz 2000, Journal of Geodesy 74, 128-162)."""


def kmh_to_ms(speed_kmh: float) -> float:
    """Convert kilometres per hour to metres per second."""
    return speed_kmh / 3.6


def seconds_to_ds(seconds: npt.ArrayLike) -> Int32Array:
    """Round seconds to integer deciseconds for a road engine.

    Parameters
    ----------
    seconds
        Non-negative times in seconds; infinity means *no path* and becomes `UNREACHABLE_DS`.

    Returns
    -------
    numpy.ndarray
        Deciseconds, dtype int32, same shape.

    Raises
    ------
    UsageError
        If a finite time is negative, not a number, or too large for the integer range.
    """
    values = np.asarray(seconds, dtype=np.float64)
    if np.isnan(values).any() or (values < 0).any():
        raise UsageError("travel times must be numbers >= 0")
    finite = np.isfinite(values)
    scaled = np.where(finite, np.rint(values * DS_PER_S), float(UNREACHABLE_DS))
    if (scaled[finite] >= UNREACHABLE_DS).any():
        raise UsageError(f"a travel time exceeds {UNREACHABLE_DS // DS_PER_S} s")
    return scaled.astype(np.int32)


def ds_to_seconds(deciseconds: npt.ArrayLike) -> FloatArray:
    """Convert engine deciseconds to seconds; `UNREACHABLE_DS` and above become infinity."""
    values = np.asarray(deciseconds)
    return np.where(values >= UNREACHABLE_DS, np.inf, values / DS_PER_S)


def great_circle_m(
    lon1: npt.ArrayLike, lat1: npt.ArrayLike, lon2: npt.ArrayLike, lat2: npt.ArrayLike
) -> FloatArray:
    """Great-circle distance in metres between points given in degrees (haversine; broadcasts)."""
    a1, o1, a2, o2 = (np.radians(np.asarray(v, dtype=np.float64)) for v in (lat1, lon1, lat2, lon2))
    half = np.sin((a2 - a1) / 2) ** 2 + np.cos(a1) * np.cos(a2) * np.sin((o2 - o1) / 2) ** 2
    distance: FloatArray = 2 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.clip(half, 0.0, 1.0)))
    return distance
