"""`Rounding`: a layout from joint steps, tier by tier, the steps going on under what is decided already.

The dearest tier first: what it opens decides what tiers below may, and one site of it may cost as much as
fifty of theirs. In each turn the most open options are opened and the least open ones closed; the steps
then show what that does to the others. A tier that supports others opens what keeps most of their worth in
reach, and no more: one by one, by their shares alone, its sites leave holes, and whatever stands in a hole
closes for good. The last few are left to the nearest layout that keeps all rules.

The relaxation of all cuts is no better judge of such a tier: it has few cuts where a tier is whole, and
believes that what a hole leaves unmet can be had elsewhere (full tiered city: four sites that it took for
0.5 % dearer than the relaxation were 10 % dearer under steps).
"""

from __future__ import annotations

import math

import numpy as np

from depotopt.siting.cuts.joint_steps import JointSteps
from depotopt.siting.cuts.nearest_layout import NearestLayout
from depotopt.siting.model.problem import SitingProblem, SupportRule
from depotopt.units import BoolArray, FloatArray, Int32Array

TURN_SWEEPS = 12
"""Sweeps after each turn."""
TURNS = 14
"""Turns of one tier at most."""
SUPPORT_PART = 1.0 / 3.0
"""Share of what a tier that supports others opens in all that one turn opens."""
PART = 1.0 / 3.0
"""Share of what a tier still has to open that one turn opens at least."""
OPEN_FROM, SHUT_FROM, LEAST = 0.9, 0.05, 0.3
"""Options this far open are opened, those no further than the second closed; the third will do in a part."""
FEW = 0.03
"""Undecided shares that come to less than this share of what a tier opens are left to the end."""
AGAIN = 80
"""Steps of a rounded layout are as long as after that many sweeps."""


class Rounding:
    """Decides options by and by.

    Parameters
    ----------
    problem, steps
        The siting problem, and the steps to round; they hold what is decided when it ends.
    nearest
        What the rules allow nearest to shares of options.
    """

    def __init__(
        self,
        problem: SitingProblem,
        steps: JointSteps,
        nearest: NearestLayout,
    ) -> None:
        self._options, self._steps, self._nearest = problem.options, steps, nearest
        self._known: BoolArray = np.zeros(len(problem.options), dtype=np.bool_)
        self._opened = np.zeros(len(problem.options))
        self._helps: BoolArray = np.zeros(len(problem.options), dtype=np.bool_)
        for rule in problem.rules:
            if isinstance(rule, SupportRule):
                for helpers in rule.helpers:
                    self._helps[helpers] = True

    def run(self) -> Int32Array | None:
        """Options of a layout that keeps the rules; ``None`` if there is none.

        A search that ends in between leaves what is not decided yet to the nearest layout.
        """
        tier, cost = self._options.tier, self._options.cost
        mean = {int(t): float(cost[tier == t].mean()) for t in np.unique(tier)}
        for t in sorted(mean, key=lambda t: (-mean[t], t)):
            mine = tier == t
            helps = bool((mine & self._helps).any())
            if not (self._supports(mine) if helps else self._tier(mine)):
                break
        share, none = self._shares(), np.zeros_like(self._known)
        found = self._nearest.find(share, none, ~none)
        return None if found is None else np.flatnonzero(found > 0.5).astype(np.int32)

    def _shares(self) -> FloatArray:
        """Shares of options, those decided in full."""
        return np.where(self._known, self._opened, self._steps.options())

    def _supports(self, mine: BoolArray) -> bool:
        """Open what a tier needs to support the others, and close the rest; ``False`` if the search ended.

        The model says what all of the tier would be; the part of it that is most open already opens, and the
        steps show what that does to the rest.
        """
        left = mine & ~self._known
        while left.any():
            share = self._shares()
            found = self._nearest.find(share, self._known, left)
            if found is None:
                # Whole, it keeps no rules, or there is no time: as any other tier.
                return self._tier(mine)
            wanted = np.flatnonzero(left & (found > 0.5))
            wanted = wanted[np.argsort(-share[wanted], kind="stable")]
            most = math.ceil(SUPPORT_PART * (self._opened[mine].sum() + len(wanted)))
            opened = wanted[:most]
            self._opened[opened] = 1.0
            self._known[opened] = True
            if len(wanted) <= most:
                self._known |= mine
            # A site is open in one way only.
            self._known |= left & np.isin(self._options.site, self._options.site[opened])
            left = mine & ~self._known
            self._steps.hold(self._opened, self._known, AGAIN)
            if not self._steps.advance(TURN_SWEEPS):
                return False
        return True

    def _tier(self, mine: BoolArray) -> bool:
        """Decide most of a tier; ``False`` if the search ended."""
        for _ in range(TURNS):
            share = self._steps.options()
            left = mine & ~self._known
            loose = np.minimum(share, 1.0 - share)[left].sum()
            if loose <= FEW * share[mine].sum():
                break
            opened, shut = self._decided(share, left)
            self._opened[opened], self._opened[shut] = 1.0, 0.0
            self._known |= opened | shut
            self._steps.hold(self._opened, self._known, AGAIN)
            if not self._steps.advance(TURN_SWEEPS):
                return False
        return True

    def _decided(self, share: FloatArray, left: BoolArray) -> tuple[BoolArray, BoolArray]:
        """Which of the options left one turn opens, and which it closes."""
        site = self._options.site
        opened = left & (share >= OPEN_FROM)
        order = np.flatnonzero(left)
        order = order[np.argsort(-share[order], kind="stable")]
        part = order[: max(1, int(PART * share[left].sum() + 0.5))]
        opened[part[share[part] >= LEAST]] = True
        shut = left & (share <= SHUT_FROM)
        if not (opened | shut).any():
            opened[order[0]] = True
        # A site is open in one way only.
        first = np.zeros_like(opened)
        ways = order[opened[order]]
        first[ways[np.unique(site[ways], return_index=True)[1]]] = True
        shut |= left & np.isin(site, site[first])
        return first, shut & ~first
