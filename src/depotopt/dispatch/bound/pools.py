"""`Pool`: stock as the relaxation sees it."""

from __future__ import annotations

from dataclasses import dataclass

from depotopt.dispatch.model.problem import DispatchProblem


@dataclass(frozen=True, slots=True)
class Pool:
    """Lots of one depot and commodity that can be loaded from the same moment."""

    depot: int
    commodity: int
    ready_s: float
    units: int


def stock_pools(problem: DispatchProblem) -> tuple[Pool, ...]:
    """Usable stock by depot, commodity and moment, sorted."""
    units: dict[tuple[int, int, float], int] = {}
    for lot in problem.lots:
        key = (lot.depot, lot.commodity, lot.ready_s)
        units[key] = units.get(key, 0) + lot.units
    return tuple(Pool(*key, units=units[key]) for key in sorted(units))
