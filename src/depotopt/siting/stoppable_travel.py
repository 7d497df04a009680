"""`StoppableTravel`: a travel-time engine that hears a user's wish to stop between two blocks of states."""

from __future__ import annotations

from dataclasses import dataclass, field

from depotopt.roads.engines import TravelTimeEngine
from depotopt.solving import Monitor
from depotopt.units import Int32Array, Int64Array


class AssemblyStopped(Exception):  # noqa: N818 - not an error: the user asked for it
    """The user asked to stop while travel times were computed; caught by `depotopt.siting.solve`."""


@dataclass(slots=True)
class StoppableTravel:
    """Passes every question on, unless the user asked to stop.

    Attributes
    ----------
    engine
        Answers the questions.
    monitor
        Carries the wish.
    name
        Name of the engine behind.
    """

    engine: TravelTimeEngine
    monitor: Monitor
    name: str = field(init=False)

    def __post_init__(self) -> None:
        self.name = self.engine.name

    def many_to_many(self, link_ds: Int32Array, origins: Int32Array, destinations: Int32Array) -> Int32Array:
        """See `depotopt.roads.engines.TravelTimeEngine.many_to_many`.

        Raises
        ------
        AssemblyStopped
            If the user asked to stop.
        """
        if self.monitor.stopped:
            raise AssemblyStopped
        return self.engine.many_to_many(link_ds, origins, destinations)

    def paths(
        self, link_ds: Int32Array, origins: Int32Array, destinations: Int32Array
    ) -> list[Int64Array | None]:
        """See `depotopt.roads.engines.TravelTimeEngine.paths`."""
        return self.engine.paths(link_ds, origins, destinations)
