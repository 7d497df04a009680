"""`Judge`: what a layout achieves in one road state, as a row of metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from depotopt.evaluation.metrics import (
    gini,
    jain,
    mean_difference,
    time_to_fulfil,
    weighted_mean,
    worst_share_mean,
)
from depotopt.evaluation.rows import Row
from depotopt.hazards.states import RoadState
from depotopt.need import need, people_in_need, person_days_per_unit, unmet_weight
from depotopt.plans import SitingPlan, StateFlows
from depotopt.scenario import Scenario, SiteStatus
from depotopt.units import HOUR_S, MINUTE_S, BoolArray, FloatArray, Int64Array

REPORT_WITHIN_S = (15 * MINUTE_S, 6 * HOUR_S, 8 * HOUR_S, 10 * HOUR_S)
"""Times coverage is always reported at: the 15-minute circle and the first-supplies limits for
county, city and province (domain table *First supplies on site*)."""

CURVE_STEPS = 60
"""Steps of the coverage curve; they lie closer together early on, where minutes count."""


def coverage_name(within_s: float) -> str:
    """Column name of the coverage within a time: minutes below an hour, else hours."""
    return f"coverage_{_time_name(within_s)}"


def _time_name(within_s: float) -> str:
    return f"{within_s / MINUTE_S:g}_min" if within_s < HOUR_S else f"{within_s / HOUR_S:g}_h"


def curve_times(response_s: float) -> FloatArray:
    """Times of the coverage curve: squares of even steps up to the response time, shape ``(T,)``."""
    return response_s * (np.arange(CURVE_STEPS + 1) / CURVE_STEPS) ** 2


@dataclass(frozen=True, slots=True)
class JudgedState:
    """One road state judged: its row, unmet units ``(I, K)``, fill and isolation ``(I,)``, curve ``(T,)``.

    ``served`` are the person-days each site hands out last, shape ``(J,)``.
    """

    row: Row
    missing: FloatArray
    fill: FloatArray
    isolated: BoolArray
    curve: FloatArray
    served: FloatArray


class Judge:
    """Turns recourse flows of one layout into metrics, state by state."""

    def __init__(self, scenario: Scenario, layout: SitingPlan) -> None:
        self.scenario, self.layout = scenario, layout
        dispatching = {tier.ident for tier in scenario.tiers if tier.dispatches}
        self.depots: BoolArray = np.zeros(len(scenario.sites), dtype=np.bool_)
        for opened in layout.open_sites:
            self.depots[scenario.site_index[opened.site]] = opened.tier in dispatching
        self.stocked: BoolArray = np.zeros(len(scenario.sites), dtype=np.bool_)
        for line in layout.stock:
            self.stocked[scenario.site_index[line.site]] |= line.quantity > 0
        self._pass_on()
        self.helpers: BoolArray = np.array(
            [
                site.status is SiteStatus.MUTUAL_AID and site.tiers[0] in dispatching
                for site in scenario.sites
            ],
            dtype=np.bool_,
        )
        self.ready_s = np.array([site.readiness_s for site in scenario.sites])
        self.people = np.array([point.people for point in scenario.demand_points])
        self.days = person_days_per_unit(scenario)
        self.weight = unmet_weight(scenario)
        standards = {tier.service_standard_s for tier in scenario.tiers if tier.service_standard_s}
        self.within_s = tuple(sorted({*REPORT_WITHIN_S, *standards}))
        self.curve_s = curve_times(scenario.rules.response_s)

    def _pass_on(self) -> None:
        """Depots of tiers that stocked ones replenish hand out stock too."""
        tiers = {tier.ident: tier for tier in self.scenario.tiers}
        at = {opened.site: self.scenario.site_index[opened.site] for opened in self.layout.open_sites}
        behind = [opened.tier for opened in self.layout.open_sites if self.stocked[at[opened.site]]]
        passed = {lower for tier in behind if not tiers[tier].dispatches for lower in tiers[tier].replenishes}
        for opened in self.layout.open_sites:
            self.stocked[at[opened.site]] |= opened.tier in passed

    def judge(self, state: RoadState, flow: StateFlows, seconds: FloatArray) -> JudgedState:
        """Metrics of one road state from its recourse and travel times, shape ``(J, I)``."""
        wanted = need(self.scenario, state.need_factor)
        missing = wanted.copy()
        np.subtract.at(missing, (flow.point, flow.commodity), flow.units)
        missing = np.maximum(missing, 0.0)
        wanted_days, missing_days = (wanted * self.days).sum(axis=1), (missing * self.days).sum(axis=1)
        total_days = float(wanted_days.sum())
        fill = np.where(wanted_days > 0, 1 - missing_days / np.maximum(wanted_days, 1e-12), 1.0)
        in_need = people_in_need(self.scenario, state.need_factor)
        from_depots = seconds[self.depots | self.helpers]
        isolated = np.asarray(~np.isfinite(from_depots).any(axis=0)) & ~state.point_flooded
        near = seconds[self.depots & self.stocked & (state.site_survival > 0)]
        sent_days = flow.units * self.days[flow.commodity]
        row: Row = {
            "state": state.index,
            "probability": state.probability,
            "people_in_need": float(in_need.sum()),
            "need_person_days": total_days,
            "unmet_person_days": float(missing_days.sum()),
            "unmet_weighted_person_days": float((missing * self.weight).sum()),
            "unmet_share": float(missing_days.sum()) / total_days if total_days > 0 else 0.0,
            "isolated_people": float(in_need[isolated].sum()),
            "flooded_people": float(in_need[state.point_flooded].sum()),
            "streets_hit": float(len(np.unique(state.damage.street))),
            **self._response(flow, seconds, sent_days, total_days),
            "fill_mean": weighted_mean(fill, wanted_days) if total_days > 0 else 1.0,
            "worst_decile_fill": worst_share_mean(fill, wanted_days) if total_days > 0 else 1.0,
            "gini": gini(np.maximum(fill, 0.0), wanted_days),
            "mean_difference": mean_difference(np.maximum(fill, 0.0), wanted_days),
            "jain": jain(fill, wanted_days) if total_days > 0 else 1.0,
        }
        for within_s in self.within_s:
            row |= self._reach(within_s, (near <= within_s).sum(axis=0))
        return JudgedState(row, missing, fill, isolated, self._curve(near), self._handed_out(flow, sent_days))

    def _response(
        self, flow: StateFlows, seconds: FloatArray, sent_days: FloatArray, total_days: float
    ) -> Row:
        """When what is sent arrives, and when half, most and all of the need is met."""
        arrive_s = flow.arrive_s
        if not len(arrive_s):
            arrive_s = self.ready_s[flow.site] + seconds[flow.site, flow.point]
        sent = sent_days > 0
        arrive_s, days = np.asarray(arrive_s[sent]), sent_days[sent]
        return {
            "response_mean_s": weighted_mean(arrive_s, days) if sent.any() else None,
            "response_50_s": time_to_fulfil(arrive_s, days, total_days, 0.5),
            "response_90_s": time_to_fulfil(arrive_s, days, total_days, 0.9),
            "response_100_s": time_to_fulfil(arrive_s, days, total_days, 1.0),
        }

    def _curve(self, near: FloatArray) -> FloatArray:
        """Share of people within each time of the curve of a depot with stock."""
        nearest_s = near.min(axis=0, initial=math.inf)
        covered = nearest_s[np.newaxis, :] <= self.curve_s[:, np.newaxis]
        curve: FloatArray = covered @ self.people / max(float(self.people.sum()), 1e-12)
        return curve

    def _handed_out(self, flow: StateFlows, sent_days: FloatArray) -> FloatArray:
        """Person-days by the depot they leave last."""
        gate = flow.through if len(flow.through) else flow.site
        days = np.zeros(len(self.scenario.sites))
        np.add.at(days, gate, sent_days)
        return days

    def _reach(self, within_s: float, depots: Int64Array) -> Row:
        """Coverage, backup coverage and overlap of depots within a time, from their number per point."""
        covered = weighted_mean((depots > 0).astype(np.float64), self.people)
        row: Row = {coverage_name(within_s): covered}
        if within_s < HOUR_S:
            name, mean = _time_name(within_s), weighted_mean(depots.astype(np.float64), self.people)
            row[f"backup_{name}"] = weighted_mean((depots > 1).astype(np.float64), self.people)
            row[f"overlap_{name}"] = 1 - covered / mean if mean > 0 else 0.0
        return row
