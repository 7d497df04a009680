"""What is left of each lot for trips that are planned but have not begun to load."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from depotopt.dispatch.model.assembly import Assembly
from depotopt.plans import Trip

Holding = tuple[str, str]
"""Site and lot."""


class StockLeft:
    """Units of now, less those of trips under way; trips that keep their turn draw on it one by one.

    Parameters
    ----------
    assembly
        Problem and sources of now, as if nothing had begun: an event may have cost some of the stock.
    begun
        Trips whose loading has begun.
    """

    def __init__(self, assembly: Assembly, begun: Iterable[Trip]) -> None:
        depots, self._units = assembly.problem.depots, Counter[Holding]()
        for lot in assembly.problem.lots:
            self._units[depots[lot.depot].ident, lot.ident] += lot.units
        for source in assembly.sources:
            if source.position is None:
                for lot in source.lots:
                    self._units[source.depot.ident, lot.ident] += lot.units
        for trip in begun:
            self._units.subtract(_drawn(trip))

    def draw(self, trip: Trip) -> bool:
        """Draw all that a trip loads; nothing, and false, where it is not there any more."""
        wanted = _drawn(trip)
        if any(units > self._units[holding] for holding, units in wanted.items()):
            return False
        self._units.subtract(wanted)
        return True


def _drawn(trip: Trip) -> Counter[Holding]:
    drawn = Counter[Holding]()
    for load in trip.loads:
        drawn[trip.start_site, load.lot] += round(load.quantity)
    return drawn
