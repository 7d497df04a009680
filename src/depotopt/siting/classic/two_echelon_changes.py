"""`Changes`: sites to close, open or swap in two tiers, singly or two such changes at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np
import numpy.typing as npt

from depotopt.siting.classic.capacitated_covers import FREE, KEPT
from depotopt.units import BoolArray, FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class Changes:
    """Changes of a set of sites, those first that promise most.

    Attributes
    ----------
    rise
        What each promises to add to the value (negative: to save), ascending.
    sites
        Sites it opens or closes, shape ``(changes, 2)`` or ``(changes, 4)``; a number past the last site
        stands for none.
    lost
        Capacity it costs each tier and product, shape ``(changes, 2, L)``.
    """

    rise: FloatArray
    sites: Int64Array
    lost: FloatArray

    @classmethod
    def single(
        cls,
        now: BoolArray,
        status: npt.NDArray[np.int8],
        worth: FloatArray,
        room: FloatArray,
        plants: int,
    ) -> Self:
        """Every site that may be closed, opened, or swapped for another of its tier.

        Parameters
        ----------
        now
            Open sites, plants first.
        status
            Only free sites are opened, and kept ones stay.
        worth
            What opening a site adds to the value, and closing it saves.
        room
            Capacities, shape ``(L, sites)``.
        plants
            How many of the sites are plants.
        """
        none = len(now)
        tier = np.arange(none) >= plants
        leave, enter = np.flatnonzero(now & (status != KEPT)), np.flatnonzero(~now & (status == FREE))
        a, b = (index.ravel() for index in np.meshgrid(leave, enter, indexing="ij"))
        one = tier[a] == tier[b]
        out = np.concatenate([a[one], leave, np.full(len(enter), none)])
        into = np.concatenate([b[one], np.full(len(leave), none), enter])
        worth, held = np.append(worth, 0.0), np.column_stack([room, np.zeros(len(room))])
        of = np.append(tier, False)[np.where(out == none, into, out)]
        lost = np.zeros((len(out), 2, len(room)))
        lost[np.arange(len(out)), of.astype(np.int64)] = (held[:, out] - held[:, into]).T
        return cls(worth[into] - worth[out], np.column_stack([out, into]), lost)._ordered()

    def paired(self, likely: int) -> Changes:
        """The first of these two at a time, where they concern different sites."""
        a, b = np.triu_indices(min(likely, len(self.rise)), 1)
        first, second = self.sites[a], self.sites[b]
        same = first[:, :, None] == second[:, None, :]
        # "No site" may stand in both.
        none = int(self.sites.max(initial=0))
        apart = ~(same & (first[:, :, None] < none)).any(axis=(1, 2))
        a, b = a[apart], b[apart]
        sites = np.concatenate([self.sites[a], self.sites[b]], axis=1)
        return Changes(self.rise[a] + self.rise[b], sites, self.lost[a] + self.lost[b])._ordered()

    def helpful(self, slack: FloatArray) -> Int64Array:
        """Those that promise to save something and leave each tier enough: ``slack`` has shape ``(2, L)``."""
        return np.flatnonzero((self.rise < 0.0) & (self.lost <= slack).all(axis=(1, 2)))

    def _ordered(self) -> Self:
        order = np.lexsort((*self.sites.T, self.rise))
        return type(self)(self.rise[order], self.sites[order], self.lost[order])
