"""Travel-time engines: exact shortest paths for many origins, destinations and road states."""

from __future__ import annotations

from typing import Protocol

from depotopt.roads.network import RoadNetwork
from depotopt.units import Int32Array, Int64Array


class TravelTimeEngine(Protocol):
    """Exact travel times over one network whose link times change from road state to road state.

    An engine is prepared once per network (`prepare`), then asked about many sets of link times.
    All times are integer deciseconds, so every engine gives the same answer to the last digit.
    """

    name: str

    def many_to_many(self, link_ds: Int32Array, origins: Int32Array, destinations: Int32Array) -> Int32Array:
        """Travel times for a block of road states.

        Parameters
        ----------
        link_ds
            Time of each link in deciseconds per road state, shape ``(L, B)``; lost links hold
            `depotopt.units.UNREACHABLE_DS`.
        origins, destinations
            Nodes, shapes ``(O,)`` and ``(D,)``.

        Returns
        -------
        numpy.ndarray
            Deciseconds, shape ``(B, O, D)``, int32; exactly `depotopt.units.UNREACHABLE_DS` where
            no path leads.
        """
        ...

    def paths(
        self, link_ds: Int32Array, origins: Int32Array, destinations: Int32Array
    ) -> list[Int64Array | None]:
        """Links of one shortest path per pair ``(origins[p], destinations[p])`` in one road state.

        Parameters
        ----------
        link_ds
            Link times of one road state, shape ``(L,)``.
        origins, destinations
            Nodes, both of shape ``(P,)``.

        Returns
        -------
        list
            Link indices in driving order (empty when origin is destination), ``None`` without a path.
        """
        ...


class EngineFactory(Protocol):
    """Prepares an engine for one network."""

    def __call__(self, network: RoadNetwork) -> TravelTimeEngine:
        """Prepare the engine."""
        ...
