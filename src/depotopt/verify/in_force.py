"""How far a plan in force is carried out at a moment."""

from __future__ import annotations

from dataclasses import dataclass

from depotopt.hazards.states import RoadState
from depotopt.plans import DispatchPlan, Trip


@dataclass(frozen=True, slots=True)
class PlanInForce:
    """A plan being carried out and the road state it was made for."""

    plan: DispatchPlan
    state: RoadState


@dataclass(frozen=True, slots=True)
class Reached:
    """How far a leg is driven at the moment of replanning.

    Attributes
    ----------
    behind
        Links behind the vehicle.
    at_s
        When it is at the node where they end.
    access_s
        Seconds of that from the place where it stands, where it stands at one.
    """

    behind: int
    at_s: float
    access_s: float = 0.0

    def from_s(self, moment_s: float) -> float:
        """When it can go on from the node if it waits for a moment where it is."""
        return max(self.at_s - self.access_s, moment_s) + self.access_s


def is_under_way(trip: Trip, at_s: float) -> bool:
    """Whether a trip's loading has begun."""
    return trip.load_start_s < at_s and not is_on_approach(trip, at_s)


def is_on_approach(trip: Trip, at_s: float) -> bool:
    """Whether the drive to the loading depot has begun and loading has not."""
    if trip.stranded and trip.seen is not None and trip.seen.leg == 0:
        return True
    return trip.approach_start_s is not None and trip.approach_start_s < at_s <= trip.load_start_s
