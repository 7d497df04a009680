"""`TravelTimes`: seconds from sites to demand points in every road state, in blocks."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState
from depotopt.roads.engines import TravelTimeEngine
from depotopt.roads.engines.registry import prepare_engine
from depotopt.roads.network import Places, RoadNetwork
from depotopt.roads.profiles import ANY_TRUCK, Mode, TravelProfile
from depotopt.roads.weights import base_link_s, damaged_link_ds, damaged_links
from depotopt.scenario import Scenario
from depotopt.units import (
    DS_PER_S,
    UNREACHABLE_DS,
    BoolArray,
    FloatArray,
    Int32Array,
    Int64Array,
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
        Identifiers of places; any place can be either, and from a place to itself takes no time.
    profile
        Vehicle.
    at_s
        Moment of the snapshot: closures that have expired are open.
    states
        Road states asked about unless others are named.
    """

    network: RoadNetwork
    engine: TravelTimeEngine
    origins: tuple[str, ...]
    destinations: tuple[str, ...]
    profile: TravelProfile = ANY_TRUCK
    at_s: float = 0.0
    states: Sequence[RoadState] = ()

    @property
    def _places(self) -> Places:
        if self.network.places is None:
            raise UsageError("the road network has no places: load it with load_network")
        return self.network.places

    def link_ds(self, state: RoadState) -> Int32Array:
        """Deciseconds per link in one road state, shape ``(L,)``."""
        return link_times_ds(self.network, state, self.profile, self.at_s)

    def blocks(
        self, states: Sequence[RoadState] | None = None, size: int = BLOCK_STATES
    ) -> Iterator[TravelBlock]:
        """Yield travel times block after block; only one block is in memory.

        Parameters
        ----------
        states
            An ensemble or any sequence of road states; ``None`` for the ones this object was made with.
        size
            States per block.

        Raises
        ------
        UsageError
            If the size is not positive, the network has no places or does not know one asked about.
        """
        asked = self.states if states is None else states
        if size < 1:
            raise UsageError(f"a block holds at least one road state, found {size}")
        origins, destinations = self._places.index(self.origins), self._places.index(self.destinations)
        if self.profile.mode is Mode.ROAD:
            return self._road_blocks(asked, size, origins, destinations)
        return self._straight_blocks(asked, size, origins, destinations)

    def of_state(self, state: RoadState) -> FloatArray:
        """Travel times in one road state, shape ``(O, D)``."""
        seconds: FloatArray = next(self.blocks([state], size=1)).seconds[0]
        return seconds

    def seconds(self, states: Sequence[RoadState] | None = None) -> FloatArray:
        """All travel times at once, shape ``(S, O, D)``.

        Parameters
        ----------
        states
            As in `blocks`.

        Raises
        ------
        UsageError
            If the array would exceed 2 GiB: consume `blocks`, or write them with
            `travel_to_file`.
        """
        asked = self.states if states is None else states
        shape = (len(asked), len(self.origins), len(self.destinations))
        size = int(np.prod(shape, dtype=np.int64)) * 8
        if size > FULL_ARRAY_LIMIT_BYTES:
            raise UsageError(f"{size / 2**30:.1f} GiB of travel times at once: read them in blocks")
        result = np.empty(shape)
        for block in self.blocks(asked):
            result[block.first_state : block.first_state + len(block.seconds)] = block.seconds
        return result

    def _road_blocks(
        self, states: Sequence[RoadState], size: int, origins: Int64Array, destinations: Int64Array
    ) -> Iterator[TravelBlock]:
        places = self._places
        access_ds = seconds_to_ds(places.access_s)
        out_ds, in_ds = access_ds[origins][:, None], access_ds[destinations][None, :]
        itself = origins[:, None] == destinations[None, :]
        base_s = base_link_s(self.network, self.profile)
        base_ds = seconds_to_ds(base_s)
        link_ds = np.empty((self.network.links, 0), dtype=np.int32)
        for first in range(0, len(states), size):
            count = min(size, len(states) - first)
            if link_ds.shape[1] != count:
                link_ds = np.empty((self.network.links, count), dtype=np.int32)
            link_ds[:] = base_ds[:, None]
            for lane in range(count):
                active = _active_damage(states[first + lane], self.at_s)
                links, hit_ds = damaged_links(self.network, base_s, *active, self.profile)
                link_ds[links, lane] = hit_ds
            times = self.engine.many_to_many(link_ds, places.node[origins], places.node[destinations])
            yield TravelBlock(first, _door_to_door_s(times, out_ds, in_ds, itself))

    def _straight_blocks(
        self, states: Sequence[RoadState], size: int, origins: Int64Array, destinations: Int64Array
    ) -> Iterator[TravelBlock]:
        straight = self._straight_s(origins, destinations)
        for first in range(0, len(states), size):
            count = min(size, len(states) - first)
            yield TravelBlock(first, np.repeat(straight[None], count, axis=0))

    def _straight_s(self, origins: Int64Array, destinations: Int64Array) -> FloatArray:
        lon, lat = self._places.lon, self._places.lat
        metres = great_circle_m(
            lon[origins][:, None], lat[origins][:, None], lon[destinations], lat[destinations]
        )
        seconds: FloatArray = metres / kmh_to_ms(self.profile.cruise_kmh)
        return seconds


def travel_times(
    scenario: Scenario,
    network: RoadNetwork,
    states: Sequence[RoadState] = (),
    *,
    origins: Sequence[str] | None = None,
    destinations: Sequence[str] | None = None,
    vehicle: str | None = None,
    at_s: float = 0.0,
    engine: TravelTimeEngine | None = None,
) -> TravelTimes:
    """Travel times of a scenario, from its sites to its demand points unless others are named.

    Parameters
    ----------
    scenario
        Planning case.
    network
        Its roads, with its places.
    states
        Road states, for example an ensemble.
    origins, destinations
        Identifiers of sites or demand points; all sites and all demand points by default. Two sets of
        sites give the times between depots.
    vehicle
        Vehicle type; ``None`` for the one the planning rules name for siting, or else a truck that no
        posted limit stops.
    at_s
        Moment of the snapshot, seconds from the start of the event.
    engine
        Engine prepared for this network, to share it; by default one is prepared.

    Raises
    ------
    UsageError
        If the scenario has no such vehicle type, or the network does not know a place.
    """
    name = scenario.rules.siting_vehicle if vehicle is None else vehicle
    if name and name not in scenario.vehicle_type_index:
        raise UsageError(f"the scenario has no vehicle type '{name}'")
    profile = scenario.vehicle_types[scenario.vehicle_type_index[name]].profile if name else ANY_TRUCK
    sites = tuple(site.ident for site in scenario.sites)
    points = tuple(point.ident for point in scenario.demand_points)
    times = TravelTimes(
        network=network,
        engine=prepare_engine(network) if engine is None else engine,
        origins=sites if origins is None else tuple(origins),
        destinations=points if destinations is None else tuple(destinations),
        profile=profile,
        at_s=at_s,
        states=states,
    )
    if network.places is not None:
        network.places.index(times.origins + times.destinations)
    return times


def travel_to_file(times: TravelTimes, path: Path, size: int = BLOCK_STATES) -> None:
    """Write the travel times of all road states to disk, block after block.

    Parameters
    ----------
    times
        Travel times with their states.
    path
        ``.npy``: one array of shape ``(S, O, D)``, float64, ``inf`` where no path leads, to be read with
        ``numpy.load(path, mmap_mode="r")``. Anything else is a folder of Parquet files, one per block, with
        the columns ``state``, ``origin``, ``destination`` and ``travel_s`` (empty where no path leads); it
        must not exist yet. Either appears under its name only when it is complete.
    size
        Road states per block, which bounds the memory.

    Raises
    ------
    UsageError
        If there are no road states, or the folder exists.
    """
    if not len(times.states):
        raise UsageError("there are no road states to write travel times of")
    unfinished = path.with_name(path.name + ".part")
    if path.suffix == ".npy":
        _write_array(times, unfinished, size)
    else:
        if path.exists():
            raise UsageError(f"{path} exists already")
        _write_parquet(times, unfinished, size)
    unfinished.replace(path)


def _write_array(times: TravelTimes, path: Path, size: int) -> None:
    shape = (len(times.states), len(times.origins), len(times.destinations))
    # An empty array cannot be mapped into memory.
    if 0 in shape:
        with path.open("wb") as file:
            np.save(file, np.empty(shape))
        return
    array = np.lib.format.open_memmap(path, mode="w+", dtype=np.float64, shape=shape)
    for block in times.blocks(size=size):
        array[block.first_state : block.first_state + len(block.seconds)] = block.seconds
    array.flush()


def _write_parquet(times: TravelTimes, folder: Path, size: int) -> None:
    import duckdb

    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.iterdir():
        old.unlink()
    origins, destinations = np.array(times.origins), np.array(times.destinations)
    with duckdb.connect(":memory:", config={"threads": 1}) as connection:
        for number, block in enumerate(times.blocks(size=size)):
            states, width = len(block.seconds), len(destinations)
            rows = {
                "state": np.repeat(np.arange(states) + block.first_state, len(origins) * width),
                "origin": np.tile(np.repeat(origins, width), states),
                "destination": np.tile(destinations, states * len(origins)),
                "seconds": block.seconds.reshape(-1),
            }
            connection.register("rows", rows)
            target = str(folder / f"part-{number:05d}.parquet").replace("'", "''")
            connection.execute(
                "COPY (SELECT state, origin, destination,"
                " CASE WHEN isfinite(seconds) THEN seconds END AS travel_s FROM rows)"
                f" TO '{target}' (FORMAT parquet, COMPRESSION zstd)"
            )
            connection.unregister("rows")


def link_times_ds(
    network: RoadNetwork, state: RoadState, profile: TravelProfile = ANY_TRUCK, at_s: float = 0.0
) -> Int32Array:
    """Deciseconds per link in one road state at a moment, shape ``(L,)``."""
    base_s = base_link_s(network, profile)
    return damaged_link_ds(network, base_s, *_active_damage(state, at_s), profile)


def _active_damage(state: RoadState, at_s: float) -> tuple[Int32Array, FloatArray, FloatArray]:
    """Streets, speed factors and depths that hold at a moment."""
    damage, active = state.damage, state.damage.active(at_s)
    if active.all():
        return damage.street, damage.speed_factor, damage.depth_m
    return damage.street[active], damage.speed_factor[active], damage.depth_m[active]


def _door_to_door_s(
    times_ds: Int32Array, out_ds: Int32Array, in_ds: Int32Array, itself: BoolArray
) -> FloatArray:
    """Add the way to and from the roads; times of shape ``(B, O, D)`` are overwritten."""
    lost = times_ds >= UNREACHABLE_DS
    # Three times the largest number of deciseconds still fits in 32 bits.
    times_ds += out_ds
    times_ds += in_ds
    lost |= times_ds >= UNREACHABLE_DS
    seconds = times_ds / DS_PER_S
    seconds[lost] = np.inf
    seconds[:, itself] = 0.0
    return seconds
