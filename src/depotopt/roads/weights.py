"""Integer link times of one road state for one travel profile: what every engine is fed."""

from __future__ import annotations

from typing import Final

import numpy as np

from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import TravelProfile
from depotopt.units import (
    DS_PER_S,
    UNREACHABLE_DS,
    FloatArray,
    Int32Array,
    Int64Array,
    kmh_to_ms,
    seconds_to_ds,
)

CAR_WADING_M: Final = 0.3
"""Depth at which Pregnolato et al. (2017) find a road closed for cars."""


def flood_speed_cap_ms(depth_m: FloatArray, wading_depth_m: float = CAR_WADING_M) -> FloatArray:
    """Highest safe speed through standing water, metres per second; 0 where closed.

    Pregnolato, Ford, Wilkinson and Dawson (2017), Transportation Research D 55, 67-81,
    doi:10.1016/j.trd.2017.06.020: ``v = 0.0009 w^2 - 0.5529 w + 86.9448`` km/h with ``w`` in
    millimetres, closed from 300 mm. The curve was fitted for cars; a vehicle that wades deeper gets
    it stretched to its own wading depth (an assumption of depotopt).

    Parameters
    ----------
    depth_m
        Water depth in metres; 0 means dry, not capped (``inf``).
    wading_depth_m
        Depth from which the vehicle cannot pass.
    """
    if wading_depth_m <= 0:
        return np.where(depth_m > 0, 0.0, np.inf)
    millimetres = depth_m * 1000.0 * (CAR_WADING_M / wading_depth_m)
    cap = kmh_to_ms(1.0) * (0.0009 * millimetres**2 - 0.5529 * millimetres + 86.9448)
    return np.where(depth_m >= wading_depth_m, 0.0, np.where(depth_m > 0, cap, np.inf))


def base_link_s(network: RoadNetwork, profile: TravelProfile) -> FloatArray:
    """Seconds per link with nothing lost: free flow, posted limits; ``inf`` where not allowed."""
    seconds = network.free_flow_s / profile.speed_factor
    too_heavy = (profile.weight_kg > 0) & (network.max_weight_kg < profile.weight_kg)
    too_high = (profile.height_m > 0) & (network.max_height_m < profile.height_m)
    return np.where(too_heavy | too_high, np.inf, seconds)


def damaged_link_ds(
    network: RoadNetwork,
    base_s: FloatArray,
    street: Int32Array,
    speed_factor: FloatArray,
    depth_m: FloatArray,
    profile: TravelProfile,
) -> Int32Array:
    """Deciseconds per link in one road state.

    Several entries for one street take the worst: smallest factor, deepest water.

    Parameters
    ----------
    network, profile
        Roads and vehicle.
    base_s
        From `base_link_s` for the same network and profile.
    street, speed_factor, depth_m
        Damage entries that hold at the moment asked about.

    Returns
    -------
    numpy.ndarray
        Shape ``(L,)``; `UNREACHABLE_DS` where lost.
    """
    link_ds = seconds_to_ds(base_s)
    links, hit_ds = damaged_links(network, base_s, street, speed_factor, depth_m, profile)
    link_ds[links] = hit_ds
    return link_ds


def damaged_links(
    network: RoadNetwork,
    base_s: FloatArray,
    street: Int32Array,
    speed_factor: FloatArray,
    depth_m: FloatArray,
    profile: TravelProfile,
) -> tuple[Int64Array, Int32Array]:
    """The links that damage touches, and their deciseconds; parameters as in `damaged_link_ds`."""
    hit, factor, depth = _worst_by_street(street, speed_factor, depth_m)
    links, owner = links_of(network, hit)
    seconds, slowed = base_s[links], factor[owner]
    with np.errstate(divide="ignore"):
        seconds = np.where(slowed > 0, seconds / np.maximum(slowed, 1e-300), np.inf)
        if depth.any():
            cap = flood_speed_cap_ms(depth[owner], profile.wading_depth_m)
            capped = np.where(cap > 0, network.length_m[links] / np.maximum(cap, 1e-300), np.inf)
            seconds = np.where(depth[owner] > 0, np.maximum(seconds, capped), seconds)
    # A crawl too slow to represent is a lost road, not an error.
    seconds = np.where(seconds * DS_PER_S >= UNREACHABLE_DS, np.inf, seconds)
    return links, seconds_to_ds(seconds)


def _worst_by_street(
    street: Int32Array, speed_factor: FloatArray, depth_m: FloatArray
) -> tuple[Int32Array, FloatArray, FloatArray]:
    """One entry per street: smallest factor, deepest water."""
    if (np.diff(street) > 0).all():
        return street, speed_factor, depth_m
    hit, entry = np.unique(street, return_inverse=True)
    factor = np.ones(len(hit))
    np.minimum.at(factor, entry, speed_factor)
    depth = np.zeros(len(hit))
    np.maximum.at(depth, entry, depth_m)
    return hit, factor, depth


def links_of(network: RoadNetwork, streets: Int32Array) -> tuple[Int64Array, Int64Array]:
    """Links of the given streets and, per link, the position of its street in ``streets``."""
    first, order = network.links_of_street
    counts = first[streets + 1] - first[streets]
    owner = np.repeat(np.arange(len(streets), dtype=np.int64), counts)
    start = np.repeat(first[streets], counts)
    within = np.arange(len(owner), dtype=np.int64) - np.repeat(np.cumsum(counts) - counts, counts)
    return order[start + within], owner
