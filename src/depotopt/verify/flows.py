"""Flows of one road state: who sends what when over which depot, checked against the layout and the roads."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from depotopt.hazards.states import RoadState
from depotopt.need import need, unmet_weight
from depotopt.plans import SitingPlan, StateFlows
from depotopt.roads.engines.dijkstra import DijkstraEngine
from depotopt.roads.network import RoadNetwork
from depotopt.scenario import Scenario, SiteStatus
from depotopt.travel import TravelTimes
from depotopt.units import HOUR_S, FloatArray, Int32Array
from depotopt.verify.check import TIME_TOLERANCE_S
from depotopt.verify.coverage import siting_profile

LATE_TOLERANCE_S = 1e-6
"""Rounding of sums of times on a grid of deciseconds."""
FLOW_TOLERANCE = 1e-4
"""Units: flows come from a floating-point LP over up to millions of units."""


@dataclass(frozen=True, slots=True)
class _Legs:
    """Flows with everything a default stands for spelled out, and their times on the roads."""

    source: Int32Array
    gate: Int32Array
    ready_s: FloatArray
    first_s: FloatArray
    second_s: FloatArray
    arrive_s: FloatArray


class FlowCheck:
    """Checks flows state by state with the oracle's travel times.

    Parameters
    ----------
    scenario, network, plan
        The planning case, its roads with places, the layout.
    """

    def __init__(self, scenario: Scenario, network: RoadNetwork, plan: SitingPlan) -> None:
        self.scenario, self.plan = scenario, plan
        self.tier_of = {scenario.site_index[o.site]: scenario.tier_index[o.tier] for o in plan.open_sites}
        for j, site in enumerate(scenario.sites):
            if site.status is SiteStatus.MUTUAL_AID:
                self.tier_of[j] = scenario.tier_index[site.tiers[0]]
        sites = tuple(site.ident for site in scenario.sites)
        points = tuple(point.ident for point in scenario.demand_points)
        profile, engine = siting_profile(scenario), DijkstraEngine(network)
        self._to_points = TravelTimes(network, engine, sites, points, profile)
        self._to_sites = TravelTimes(network, engine, sites, sites, profile)
        self._latest = np.array(
            [
                scenario.rules.response_s if point.deadline_s is None else point.deadline_s
                for point in scenario.demand_points
            ]
        )

    def check(self, state: RoadState, flow: StateFlows) -> tuple[list[str], float, float]:
        """Rules broken in one road state, its transport cost and its penalised unmet need."""
        legs = self._legs(state, flow)
        broken = []
        if len(flow.units):
            broken = (
                self._paths(state, flow, legs) + self._stocks(state, flow, legs) + self._needs(state, flow)
            )
        broken = [f"road state {state.index}: {text}" for text in broken]
        scenario = self.scenario
        tonnes = flow.units * scenario.kg_per_unit[flow.commodity] / 1000.0
        hours = (legs.first_s + legs.second_s) / HOUR_S
        each = scenario.rules.transport_cost_per_th * hours + self._late_per_t(legs.arrive_s, flow.point)
        transport = float((tonnes * each)[flow.units > 0].sum())
        missing = need(scenario, state.need_factor)
        np.subtract.at(missing, (flow.point, flow.commodity), flow.units)
        weighted = float((np.maximum(missing, 0.0) * unmet_weight(scenario)).sum())
        return broken, transport, scenario.rules.unmet_penalty * weighted

    def _late_per_t(self, arrive_s: FloatArray, point: Int32Array) -> FloatArray:
        """Cost of a tonne for the class of late arrival it comes in, shape ``(A,)``."""
        cost = np.zeros(len(arrive_s))
        for after_s, per_t in self.scenario.objective.late:
            cost[arrive_s > after_s + LATE_TOLERANCE_S] = per_t
        priority = np.array([each.priority for each in self.scenario.demand_points])
        late: FloatArray = cost * priority[point]
        return late

    def _legs(self, state: RoadState, flow: StateFlows) -> _Legs:
        readiness = np.array([site.readiness_s for site in self.scenario.sites])
        transfer = np.array([site.transfer_s for site in self.scenario.sites])
        source = flow.site
        gate = flow.through if len(flow.through) else source
        ready = flow.ready_s if len(flow.ready_s) else readiness[source]
        second = self._to_points.of_state(state)[gate, flow.point]
        first = np.zeros(len(source))
        passed = gate != source
        if passed.any():
            first = np.where(passed, self._to_sites.of_state(state)[source, gate], 0.0)
        at_gate = np.where(passed, np.maximum(ready + first, readiness[gate]) + transfer[gate], ready)
        return _Legs(source, gate, ready, first, second, at_gate + second)

    def _paths(self, state: RoadState, flow: StateFlows, legs: _Legs) -> list[str]:
        scenario, broken = self.scenario, []
        if (flow.units < 0).any():
            broken.append("a negative flow")
        for j, h in sorted(set(zip(legs.source.tolist(), legs.gate.tolist(), strict=True))):
            name, via = scenario.sites[j].ident, scenario.sites[h].ident
            if h not in self.tier_of or not scenario.tiers[self.tier_of[h]].dispatches:
                broken.append(f"a flow leaves {via}, which is not an open dispatching depot")
                continue
            if h == j:
                continue
            if j not in self.tier_of:
                broken.append(f"{via} passes on stock of {name}, which is not open")
            elif scenario.tiers[self.tier_of[h]].ident not in scenario.tiers[self.tier_of[j]].replenishes:
                broken.append(f"{via} passes on stock of {name}, whose tier does not replenish its own")
            if state.site_survival[h] <= 0:
                broken.append(f"{via} passes on stock of {name}, but nothing of it stands")
        late = legs.arrive_s > self._latest[flow.point] + TIME_TOLERANCE_S
        if late.any():
            n = int(np.flatnonzero(late)[0])
            broken.append(
                f"a flow from {scenario.sites[int(flow.site[n])].ident} reaches "
                f"{scenario.demand_points[int(flow.point[n])].ident} after {legs.arrive_s[n]:.0f} s, too late"
            )
        if len(flow.arrive_s) and (flow.arrive_s < legs.arrive_s - TIME_TOLERANCE_S).any():
            broken.append("a flow arrives before the roads allow")
        if scenario.rules.single_source:
            depots: dict[int, set[int]] = {}
            for i, h in zip(flow.point.tolist(), legs.gate.tolist(), strict=True):
                depots.setdefault(i, set()).add(h)
            for i, several in sorted(depots.items()):
                if len(several) > 1:
                    names = ", ".join(scenario.sites[h].ident for h in sorted(several))
                    broken.append(f"{scenario.demand_points[i].ident} is served from {names}: more than one")
        return broken

    def _stocks(self, state: RoadState, flow: StateFlows, legs: _Legs) -> list[str]:
        """Whatever leaves a site by some moment must be usable there by then."""
        broken: list[str] = []
        usable = usable_by_moment(self.scenario, self.plan, state)
        for j, k in sorted(set(zip(flow.site.tolist(), flow.commodity.tolist(), strict=True))):
            mine = (flow.site == j) & (flow.commodity == k)
            lots = usable.get((j, k), [])
            for moment_s in sorted(set(legs.ready_s[mine].tolist())):
                sent = float(flow.units[mine & (legs.ready_s <= moment_s)].sum())
                there = sum(units for from_s, units in lots if from_s <= moment_s + TIME_TOLERANCE_S)
                if sent > there * (1 + FLOW_TOLERANCE) + FLOW_TOLERANCE and len(broken) < 3:
                    broken.append(
                        f"{self.scenario.sites[j].ident} sends {sent:.3f} "
                        f"{self.scenario.commodities[k].ident} by {moment_s:.0f} s, usable {there:.3f}"
                    )
        return broken

    def _needs(self, state: RoadState, flow: StateFlows) -> list[str]:
        scenario = self.scenario
        got = np.zeros((len(scenario.demand_points), len(scenario.commodities)))
        np.add.at(got, (flow.point, flow.commodity), flow.units)
        wanted = need(scenario, state.need_factor)
        return [
            f"{scenario.demand_points[i].ident} gets {got[i, k]:.3f} "
            f"{scenario.commodities[k].ident}, needs {wanted[i, k]:.3f}"
            for i, k in np.argwhere(got > wanted * (1 + FLOW_TOLERANCE) + FLOW_TOLERANCE)[:3]
        ]


def usable_by_moment(
    scenario: Scenario, plan: SitingPlan, state: RoadState
) -> dict[tuple[int, int], list[tuple[float, float]]]:
    """Continuous units per site and commodity, each with the moment from which it can leave."""
    usable: dict[tuple[int, int], list[tuple[float, float]]] = {}

    def add(site: str, commodity: str, from_s: float, units: float) -> None:
        j = scenario.site_index[site]
        at = usable.setdefault((j, scenario.commodity_index[commodity]), [])
        at.append((max(from_s, scenario.sites[j].readiness_s), units * float(state.site_survival[j])))

    for line in plan.stock:
        if line.mode == "physical":
            add(line.site, line.commodity, 0.0, line.quantity)
            continue
        lots = [
            lot
            for lot in scenario.stock
            if (lot.site, lot.commodity, str(lot.mode)) == (line.site, line.commodity, "agreement")
        ]
        agreed = sum(lot.quantity for lot in lots)
        for lot in lots:
            part = line.quantity * lot.quantity / agreed
            add(line.site, line.commodity, lot.activation_delay_s, part * lot.honour_probability)
    for lot in scenario.stock:
        if scenario.sites[scenario.site_index[lot.site]].status is SiteStatus.MUTUAL_AID:
            agreement = str(lot.mode) == "agreement"
            share = lot.honour_probability if agreement else 1.0
            add(lot.site, lot.commodity, lot.activation_delay_s if agreement else 0.0, lot.quantity * share)
    return usable
