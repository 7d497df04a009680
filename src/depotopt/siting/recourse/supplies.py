"""`Supplies`: what a fixed layout can send, from when, and over which depots."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.errors import UsageError
from depotopt.hazards.states import RoadState
from depotopt.plans import SitingPlan
from depotopt.scenario import Scenario, SiteStatus, StockMode
from depotopt.siting.model.arcs import passed_on_s
from depotopt.siting.model.inputs import SLACK_S, promised, stock_table
from depotopt.siting.model.roles import way_of_working
from depotopt.siting.recourse.arcs import Arcs
from depotopt.units import FloatArray, Int64Array


@dataclass(frozen=True, slots=True)
class Ways:
    """Ways from supplies to points in one road state, and when goods arrive by them, shape ``(A,)``."""

    arcs: Arcs
    arrive_s: FloatArray


@dataclass(frozen=True, slots=True)
class Supplies:
    """Stock of a layout, one row per open site and moment from which it can leave.

    Attributes
    ----------
    site, ready_s, units
        Site, moment and units before survival, shapes ``(R,)``, ``(R,)``, ``(R, K)``.
    gates
        Open dispatching sites; ``behind``: open ones that only replenish.
    over
        Per row the positions in ``gates`` it may leave by last.
    transfer_s, gate_ready_s
        Per gate.
    """

    site: Int64Array
    ready_s: FloatArray
    units: FloatArray
    gates: list[int]
    behind: list[int]
    over: tuple[Int64Array, ...]
    transfer_s: FloatArray
    gate_ready_s: FloatArray

    @classmethod
    def of(cls, scenario: Scenario, plan: SitingPlan) -> Supplies:
        """Supplies of a layout and of the helpers outside it.

        Raises
        ------
        UsageError
            If the plan names a site, tier or commodity the scenario does not have.
        """
        tier_of = open_tiers(scenario, plan)
        gates = [j for j, t in tier_of.items() if scenario.tiers[t].dispatches]
        behind = []
        rows: list[tuple[int, float, FloatArray, Int64Array]] = []
        physical, honoured = _planned(scenario, plan)
        promises = promised(scenario)
        for j, t in tier_of.items():
            way = way_of_working(scenario, t)
            if way is None:
                continue
            if way[0]:
                over = [gates.index(j)]
            else:
                over = [n for n, h in enumerate(gates) if tier_of[h] in way[1]]
                behind.append(j)
            ready_s = scenario.sites[j].readiness_s
            by_moment = {ready_s: physical[j].copy()}
            for moment_s, units in promises[j].items():
                own = by_moment.setdefault(moment_s, np.zeros(len(scenario.commodities)))
                own += units * honoured[j]
            rows += [
                (j, moment_s, units, np.array(over, dtype=np.int64)) for moment_s, units in by_moment.items()
            ]
        return cls(
            np.array([row[0] for row in rows], dtype=np.int64),
            np.array([row[1] for row in rows], dtype=np.float64),
            np.array([row[2] for row in rows]).reshape(len(rows), len(scenario.commodities)),
            gates,
            behind,
            tuple(row[3] for row in rows),
            np.array([scenario.sites[h].transfer_s for h in gates], dtype=np.float64),
            np.array([scenario.sites[h].readiness_s for h in gates], dtype=np.float64),
        )

    def ways(self, state: RoadState, onward: FloatArray, legs: FloatArray, latest_s: FloatArray) -> Ways:
        """Ways in time in one road state.

        Parameters
        ----------
        state
            The road state.
        onward, legs
            Travel times from the gates to the points, and from the sites behind them to the gates.
        latest_s
            Last moment that counts per point.
        """
        gates = np.array(self.gates, dtype=np.int64)
        stands = state.site_survival[gates] > 0
        parts: list[tuple[Int64Array, Int64Array, Int64Array, FloatArray, FloatArray]] = []
        for r, over in enumerate(self.over):
            if not len(over):
                continue
            if int(self.site[r]) == self.gates[over[0]]:
                travel = onward[over]
                arrive = self.ready_s[r] + travel
            else:
                over = over[stands[over]]
                leg = legs[self.behind.index(int(self.site[r])), over]
                travel = leg[:, None] + onward[over]
                arrive = passed_on_s(
                    self.ready_s[r] + leg, self.gate_ready_s[over], self.transfer_s[over], onward[over]
                )
            n, point = np.nonzero(arrive <= latest_s + SLACK_S)
            row = np.full(len(n), r, dtype=np.int64)
            parts.append((row, gates[over[n]], point, travel[n, point], arrive[n, point]))
        nothing = np.empty(0, dtype=np.int64)
        row, gate, point, travel_s, arrive_s = (
            np.concatenate(part)
            for part in zip(*parts, (nothing, nothing, nothing, *[np.empty(0)] * 2), strict=True)
        )
        return Ways(Arcs(row, gate, point, np.rint(travel_s * 10.0)), arrive_s)


def open_tiers(scenario: Scenario, plan: SitingPlan) -> dict[int, int]:
    """Tier of each open site of a layout and of the helpers outside it, by position, sites in order.

    Raises
    ------
    UsageError
        If the plan names a site, tier or commodity the scenario does not have.
    """
    faults = [o.site for o in plan.open_sites if o.site not in scenario.site_index]
    faults += [o.tier for o in plan.open_sites if o.tier not in scenario.tier_index]
    faults += [line.commodity for line in plan.stock if line.commodity not in scenario.commodity_index]
    if faults:
        raise UsageError(f"the layout speaks of {', '.join(sorted(set(faults)))}: not in the scenario")
    tier_of = {scenario.site_index[o.site]: scenario.tier_index[o.tier] for o in plan.open_sites}
    for j, site in enumerate(scenario.sites):
        if site.status is SiteStatus.MUTUAL_AID and site.tiers:
            tier_of[j] = scenario.tier_index[site.tiers[0]]
    return dict(sorted(tier_of.items()))


def _planned(scenario: Scenario, plan: SitingPlan) -> tuple[FloatArray, FloatArray]:
    """Physical units a layout holds, and the share of what is promised that it counts on; each ``(J, K)``."""
    agreements = stock_table(scenario)[1]
    physical, asked = np.zeros_like(agreements), np.zeros_like(agreements)
    for line in plan.stock:
        at = scenario.site_index.get(line.site, -1), scenario.commodity_index[line.commodity]
        if at[0] >= 0:
            (asked if line.mode == StockMode.AGREEMENT else physical)[at] += line.quantity
    share = np.where(agreements > 0, asked / np.maximum(agreements, 1e-12), 0.0)
    for j, site in enumerate(scenario.sites):
        if site.status is SiteStatus.MUTUAL_AID:
            physical[j], share[j] = 0.0, 1.0
    return physical, share
