"""`TravelTimes`: seconds from sites to demand points in every road state, in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.network import Places, RoadNetwork
from depotopt.roads.profiles import ANY_TRUCK, Mode, TravelProfile
from depotopt.roads.weights import base_link_s, damaged_link_ds
from depotopt.units import (
    UNREACHABLE_DS,
    FloatArray,
    Int32Array,
    Int64Array,
    ds_to_seconds,
    great_circle_m,
    kmh_to_ms,
    seconds_to_ds,
)

BLOCK_STATES = 32
FULL_ARRAY_LIMIT_BYTES = 2 << 30


@dataclass(frozen=True, slots=True)
class TravelBlock:
    """Travel times of consecutive road states.

    Attributes
    ----------
    first_state
        Position of the first state of the block among the states asked about.
    seconds
        Shape ``(B, O, D)``; ``inf`` where no path leads.
    """

    first_state: int
    seconds: FloatArray


@dataclass(frozen=True, slots=True)
class TravelTimes:
    """Travel times from origins to destinations over road states, computed when asked for.

    Attributes
    ----------
    network
        Roads with places.
    engine
        Engine prepared for the network.
    origins, destinations
        Identifiers of places.
    profile
        Vehicle.
    at_s
        Moment of the snapshot: closures that have expired are open.
    """

    network: RoadNetwork
    engine: TravelTimeEngine
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    profile: TravelProfile = ANY_TRUCK
    at_s: float = 0.0

    @property
    def _places(self) -> Places:
        if self.network.places is None:
            raise UsageError("the road network has no places: load it with load_network")
        return self.network.places

    def link_ds(self, state: RoadState) -> Int32Array:
        """Deciseconds per link in one road state, shape ``(L,)``."""
        return link_times_ds(self.network, state, self.profile, self.at_s)

    def blocks(self, states: Sequence[RoadState], size: int = BLOCK_STATES) -> Iterator[TravelBlock]:
        """Yield travel times block after block; only one block is in memory.

        Parameters
        ----------
        states
            An ensemble or any sequence of road states.
        size
            States per block.
        """
        origins, destinations = self._places.index(self.origins), self._places.index(self.destinations)
        if self.profile.mode is not Mode.ROAD:
            straight = self._straight_s(origins, destinations)
            for first in range(0, len(states), size):
                count = min(size, len(states) - first)
                yield TravelBlock(first, np.repeat(straight[None], count, axis=0))
            return
        access_ds = seconds_to_ds(self._places.access_s)
        base_s = base_link_s(self.network, self.profile)
        for first in range(0, len(states), size):
            chosen = [states[s] for s in range(first, min(first + size, len(states)))]
            link_ds = np.empty((self.network.links, len(chosen)), dtype=np.int32)
            for lane, state in enumerate(chosen):
                link_ds[:, lane] = _state_link_ds(self.network, base_s, state, self.profile, self.at_s)
            times = self.engine.many_to_many(
                link_ds, self._places.node[origins], self._places.node[destinations]
            )
            reached = times < UNREACHABLE_DS
            times = times + access_ds[origins][None, :, None] + access_ds[destinations][None, None, :]
            yield TravelBlock(first, ds_to_seconds(np.where(reached, times, UNREACHABLE_DS)))

    def of_state(self, state: RoadState) -> FloatArray:
        """Travel times in one road state, shape ``(O, D)``."""
        seconds: FloatArray = next(self.blocks([state])).seconds[0]
        return seconds

    def seconds(self, states: Sequence[RoadState]) -> FloatArray:
        """All travel times at once, shape ``(S, O, D)``.

        Raises
        ------
        UsageError
            If the array would exceed 2 GiB: consume `blocks` instead.
        """
        size = len(states) * len(self.origins) * len(self.destinations) * 8
        if size > FULL_ARRAY_LIMIT_BYTES:
            raise UsageError(f"{size / 2**30:.1f} GiB of travel times at once: read them in blocks")
        return np.concatenate([block.seconds for block in self.blocks(states)])

    def _straight_s(self, origins: Int64Array, destinations: Int64Array) -> FloatArray:
        lon, lat = self._places.lon, self._places.lat
        metres = great_circle_m(
            lon[origins][:, None], lat[origins][:, None], lon[destinations], lat[destinations]
        )
        seconds: FloatArray = metres / kmh_to_ms(self.profile.cruise_kmh)
        return seconds


def link_times_ds(
    network: RoadNetwork, state: RoadState, profile: TravelProfile = ANY_TRUCK, at_s: float = 0.0
) -> Int32Array:
    """Deciseconds per link in one road state at a moment, shape ``(L,)``."""
    return _state_link_ds(network, base_link_s(network, profile), state, profile, at_s)


def _state_link_ds(
    network: RoadNetwork, base_s: FloatArray, state: RoadState, profile: TravelProfile, at_s: float
) -> Int32Array:
    active = state.damage.active(at_s)
    return damaged_link_ds(
        network,
        base_s,
        state.damage.street[active],
        state.damage.speed_factor[active],
        state.damage.depth_m[active],
        profile,
    )
