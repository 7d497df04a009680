"""`Roles`: a site once per way of working, and once more per moment at which its agreements get ready."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.scenario import Scenario, SiteStatus
from depotopt.siting.model.inputs import promised
from depotopt.units import FloatArray, Int32Array

Way = tuple[bool, frozenset[int]]
"""Whether a tier dispatches; then the tiers that replenish it, else those that it replenishes."""


def way_of_working(scenario: Scenario, t: int) -> Way | None:
    """How stock of a tier reaches points; ``None`` where it does not.

    What a dispatching tier replenishes does not matter: no way through another depot is faster than its own.
    """
    tier = scenario.tiers[t]
    if not tier.dispatches:
        through = frozenset(scenario.tier_index[lower] for lower in tier.replenishes)
        return (False, through) if through else None
    sources = (h for h, other in enumerate(scenario.tiers) if tier.ident in other.replenishes)
    return True, frozenset(h for h in sources if not scenario.tiers[h].dispatches)


@dataclass(frozen=True, slots=True)
class Roles:
    """What the positions of a siting problem stand for.

    Position ``j`` below the number of sites is site ``j`` in its first way of working (as today, where
    all tiers a site may belong to work alike); further ways follow, then later agreements.

    Attributes
    ----------
    site
        Site of the scenario, shape ``(J,)``.
    opener
        Position whose being open makes the stock available, shape ``(J,)``.
    way
        How it works, per position.
    ready_s
        From when its stock can leave, shape ``(J,)``.
    agreed
        Units promised, shape ``(J, K)``.
    of_tier
        Position of each site and tier.
    """

    site: Int32Array
    opener: Int32Array
    way: tuple[Way | None, ...]
    ready_s: FloatArray
    agreed: FloatArray
    of_tier: dict[tuple[int, int], int]

    @classmethod
    def of(cls, scenario: Scenario) -> Roles:
        """Roles of the sites of a scenario."""
        site = list(range(len(scenario.sites)))
        way: list[Way | None] = [None] * len(site)
        of_tier: dict[tuple[int, int], int] = {}
        for j, ways in enumerate(_tiers_by_way(scenario)):
            for n, (how, tiers) in enumerate(ways):
                if n:
                    site.append(j)
                    way.append(how)
                else:
                    way[j] = how
                of_tier |= {(j, t): len(site) - 1 if n else j for t in tiers}
        ready_s = [scenario.sites[j].readiness_s for j in site]
        opener = list(range(len(site)))
        promises = promised(scenario)
        nothing = np.zeros(len(scenario.commodities))
        agreed = [promises[j].get(ready_s[position], nothing) for position, j in enumerate(site)]
        for position in range(len(opener)):
            j = site[position]
            for moment_s, units in promises[j].items() if way[position] else ():
                if moment_s > ready_s[position]:
                    site.append(j)
                    opener.append(position)
                    way.append(way[position])
                    ready_s.append(moment_s)
                    agreed.append(units)
        return cls(
            np.array(site, dtype=np.int32),
            np.array(opener, dtype=np.int32),
            tuple(way),
            np.array(ready_s, dtype=np.float64),
            np.array(agreed).reshape(len(site), len(scenario.commodities)),
            of_tier,
        )

    def __len__(self) -> int:
        return len(self.site)


def usable_tiers(scenario: Scenario, j: int) -> list[int]:
    """Tiers a site may be open in; a site that lends mutual aid works in its first one."""
    site = scenario.sites[j]
    if site.status is SiteStatus.CLOSED:
        return []
    if site.status is SiteStatus.MUTUAL_AID:
        return [scenario.tier_index[ident] for ident in site.tiers[:1]]
    return sorted(scenario.tier_index[ident] for ident in site.tiers)


def _tiers_by_way(scenario: Scenario) -> list[list[tuple[Way | None, list[int]]]]:
    """Per site its ways of working with their tiers; tiers whose stock helps nobody join the first."""
    ways = []
    for j in range(len(scenario.sites)):
        mine: dict[Way, list[int]] = {}
        idle = []
        for t in usable_tiers(scenario, j):
            how = way_of_working(scenario, t)
            if how is None:
                idle.append(t)
            else:
                mine.setdefault(how, []).append(t)
        items: list[tuple[Way | None, list[int]]] = [*mine.items()]
        if idle:
            items = [(items[0][0], [*items[0][1], *idle]), *items[1:]] if items else [(None, idle)]
        ways.append(items)
    return ways
