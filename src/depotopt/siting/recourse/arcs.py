"""`Arcs`, `Prices`: what one road state's recourse is asked on."""

from __future__ import annotations

from dataclasses import dataclass

from depotopt.units import BoolArray, FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class Arcs:
    """Ways from stocks over depots to points in one road state; arrays of shape ``(A,)``."""

    row: Int64Array
    gate: Int64Array
    point: Int64Array
    time_ds: FloatArray

    def __getitem__(self, chosen: BoolArray | Int64Array) -> Arcs:
        return Arcs(self.row[chosen], self.gate[chosen], self.point[chosen], self.time_ds[chosen])


@dataclass(frozen=True, slots=True)
class Prices:
    """Transport cost per unit and decisecond ``(K,)``, penalty per unit ``(I, K)``."""

    rate: FloatArray
    penalty: FloatArray
