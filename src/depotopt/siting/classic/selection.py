"""`Selection`: the answer to a classic location problem."""

from __future__ import annotations

from dataclasses import dataclass

from depotopt.units import Int32Array


@dataclass(frozen=True, slots=True)
class Selection:
    """Sites chosen and who is served from where.

    Attributes
    ----------
    open
        Chosen sites, ascending.
    served_by
        Site serving each demand point, -1 for none; shape ``(I,)``.
    """

    open: Int32Array
    served_by: Int32Array
