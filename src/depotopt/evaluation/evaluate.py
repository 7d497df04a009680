"""`evaluate`: a layout, a road network and an ensemble become tables of metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from depotopt.evaluation.metrics import (
    Spread,
    gini,
    jain,
    spread,
    time_to_fulfil,
    weighted_mean,
    worst_share_mean,
)
from depotopt.evaluation.rows import Row, commodity_rows, curve_rows, depot_rows, point_rows
from depotopt.hazards.states import RoadState, intact
from depotopt.need import need, people_in_need, person_days_per_unit, unmet_weight
from depotopt.plans import SitingPlan, StateFlows
from depotopt.roads.engines.registry import prepare_engine
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import ANY_TRUCK
from depotopt.scenario import Scenario, SiteStatus
from depotopt.siting.recourse.recourse import recourse
from depotopt.solving import Monitor
from depotopt.travel import TravelTimes
from depotopt.units import HOUR_S, MINUTE_S, BoolArray, FloatArray, Int64Array

if TYPE_CHECKING:
    import pandas as pd

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


def _reach_order(name: str) -> tuple[str, str, float]:
    """Within minutes before within hours, then by number: files do not keep the order of columns."""
    family, number, unit = name.split("_")
    return {"coverage": "a", "backup": "b"}.get(family, "c"), {"min": "a"}.get(unit, "b"), float(number)


def curve_times(response_s: float) -> FloatArray:
    """Times of the coverage curve: squares of even steps up to the response time, shape ``(T,)``."""
    return response_s * (np.arange(CURVE_STEPS + 1) / CURVE_STEPS) ** 2


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What a layout achieves, before loss and over an ensemble.

    Attributes
    ----------
    before
        Metrics with nothing lost.
    states
        One row of metrics per road state.
    points
        One row per demand point: expected unmet need, fill rate, probability of each state.
    commodities
        One row per commodity: need, stock, expected unmet need.
    probability
        Weights of the road states, shape ``(S,)``.
    coverage
        The coverage curve, one row per time: share of people within it before loss, expected (with
        confidence) and in the worst 5 % of road states. The worst 5 % are taken anew at each time.
    depots
        One row per depot that hands anything out: need met from it, in person-days, before loss and expected.
    """

    before: Row
    states: tuple[Row, ...]
    points: tuple[Row, ...]
    commodities: tuple[Row, ...]
    probability: FloatArray
    coverage: tuple[Row, ...] = ()
    depots: tuple[Row, ...] = ()

    def column(self, name: str) -> FloatArray:
        """One metric over road states, shape ``(S,)``; ``nan`` where it is not defined."""
        return np.array(
            [math.nan if row[name] is None else row[name] for row in self.states], dtype=np.float64
        )

    def spread(self, name: str) -> Spread:
        """Mean, confidence, tail and worst of a metric; coverage, fill and fairness get worse downwards."""
        less_is_worse = name.startswith(("coverage", "backup", "fill", "worst_decile", "jain"))
        return spread(self.column(name), self.probability, more_is_worse=not less_is_worse)

    def summary(self) -> dict[str, Row]:
        """Main metrics: before loss, expected (with confidence), worst 5 % and worst."""
        families = ("coverage", "backup", "overlap")
        names = sorted((name for name in self.before if name.startswith(families)), key=_reach_order)
        rows: dict[str, Row] = {}
        for name in ("unmet_person_days", "unmet_share", "isolated_people", "flooded_people", *names, "gini"):
            one = self.spread(name)
            rows[name] = {
                "before": self.before[name],
                "expected": one.expected,
                "half_width": one.half_width,
                "worst_5_percent": one.cvar_95,
                "worst_5_percent_half_width": one.cvar_half_width,
                "worst": one.worst,
            }
        return rows

    def state_near(self, name: str, level: float) -> int:
        """Position of the road state at a quantile of a metric (for showing *a bad case*)."""
        values = self.column(name)
        order = np.argsort(values, kind="stable")
        reached = np.cumsum(self.probability[order]) >= level - 1e-12
        return int(order[np.argmax(reached)])

    def frames(self) -> dict[str, pd.DataFrame]:
        """Tidy tables ``states``, ``points``, ``coverage``, ``depots`` and ``commodities``."""
        import pandas as pd

        return {
            "states": pd.DataFrame(list(self.states)),
            "points": pd.DataFrame(list(self.points)),
            "coverage": pd.DataFrame(list(self.coverage)),
            "depots": pd.DataFrame(list(self.depots)),
            "commodities": pd.DataFrame(list(self.commodities)),
        }


@dataclass(frozen=True, slots=True)
class _Judged:
    """One road state judged: its row, unmet units ``(I, K)``, fill and isolation ``(I,)``, curve ``(T,)``.

    ``served`` are the person-days each site hands out last, shape ``(J,)``.
    """

    row: Row
    missing: FloatArray
    fill: FloatArray
    isolated: BoolArray
    curve: FloatArray
    served: FloatArray


class _Judge:
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

    def judge(self, state: RoadState, flow: StateFlows, seconds: FloatArray) -> _Judged:
        """Metrics of one road state from its recourse and travel times, shape ``(J, I)``."""
        scenario = self.scenario
        wanted = need(scenario, state.need_factor)
        missing = wanted.copy()
        np.subtract.at(missing, (flow.point, flow.commodity), flow.units)
        missing = np.maximum(missing, 0.0)
        wanted_days, missing_days = wanted * self.days, missing * self.days
        total_days = float(wanted_days.sum())
        point_days = wanted_days.sum(axis=1)
        fill = np.where(point_days > 0, 1 - missing_days.sum(axis=1) / np.maximum(point_days, 1e-12), 1.0)
        in_need = people_in_need(scenario, state.need_factor)
        from_depots = seconds[self.depots | self.helpers]
        isolated = np.asarray(~np.isfinite(from_depots).any(axis=0)) & ~state.point_flooded
        usable = self.depots & self.stocked & (state.site_survival > 0)
        near = seconds[usable]
        sent_days = flow.units * self.days[flow.commodity]
        arrive_s = flow.arrive_s
        if not len(arrive_s):
            arrive_s = self.ready_s[flow.site] + seconds[flow.site, flow.point]
        served = sent_days > 0
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
            "response_mean_s": weighted_mean(np.asarray(arrive_s[served]), sent_days[served])
            if served.any()
            else None,
            "response_50_s": time_to_fulfil(arrive_s[served], sent_days[served], total_days, 0.5),
            "response_90_s": time_to_fulfil(arrive_s[served], sent_days[served], total_days, 0.9),
            "response_100_s": time_to_fulfil(arrive_s[served], sent_days[served], total_days, 1.0),
            "fill_mean": weighted_mean(fill, point_days) if total_days > 0 else 1.0,
            "worst_decile_fill": worst_share_mean(fill, point_days) if total_days > 0 else 1.0,
            "gini": gini(np.maximum(fill, 0.0), point_days),
            "jain": jain(fill, point_days) if total_days > 0 else 1.0,
        }
        for within_s in self.within_s:
            row |= self._reach(within_s, (near <= within_s).sum(axis=0))
        nearest_s = near.min(axis=0, initial=math.inf)
        covered = nearest_s[np.newaxis, :] <= self.curve_s[:, np.newaxis]
        curve = covered @ self.people / max(float(self.people.sum()), 1e-12)
        gate = flow.through if len(flow.through) else flow.site
        handed_out = np.zeros(len(scenario.sites))
        np.add.at(handed_out, gate, sent_days)
        return _Judged(row, missing, fill, isolated, curve, handed_out)

    def _reach(self, within_s: float, depots: Int64Array) -> Row:
        """Coverage, backup coverage and overlap of depots within a time, from their number per point."""
        covered = weighted_mean((depots > 0).astype(np.float64), self.people)
        row: Row = {coverage_name(within_s): covered}
        if within_s < HOUR_S:
            name, mean = _time_name(within_s), weighted_mean(depots.astype(np.float64), self.people)
            row[f"backup_{name}"] = weighted_mean((depots > 1).astype(np.float64), self.people)
            row[f"overlap_{name}"] = 1 - covered / mean if mean > 0 else 0.0
        return row


def evaluate(
    scenario: Scenario,
    layout: SitingPlan,
    network: RoadNetwork,
    ensemble: Sequence[RoadState],
    *,
    monitor: Monitor | None = None,
) -> Evaluation:
    """Judge a layout: best recourse in every road state, then metrics.

    Parameters
    ----------
    scenario, network
        The planning case and its roads with places.
    layout
        The layout judged; nothing about it is changed.
    ensemble
        Road states, best ones the layout was not chosen on.
    monitor
        Told after every block of states. A stop ends the evaluation with the states judged so far,
        their weights scaled up to sum to 1.

    Returns
    -------
    Evaluation
        Coverage counts people within a travel time of a dispatching depot whose stock survives; backup
        coverage those within it of two or more. Overlap is the share of the depots' reach that another
        depot covers too: ``1 - people covered / sum over depots of the people each covers``.
        Fill rate, Gini and Jain are over points weighted by need;
        response times (readiness plus travel) are over what is delivered, never over people who
        cannot be reached.
    """
    judge = _Judge(scenario, layout)
    watch = monitor or Monitor()
    points, commodities = len(scenario.demand_points), len(scenario.commodities)
    profile = ANY_TRUCK
    if scenario.rules.siting_vehicle:
        profile = scenario.vehicle_types[scenario.vehicle_type_index[scenario.rules.siting_vehicle]].profile
    times = TravelTimes(
        network,
        prepare_engine(network),
        tuple(site.ident for site in scenario.sites),
        tuple(point.ident for point in scenario.demand_points),
        profile,
    )
    calm = [intact(len(scenario.sites), points)]
    before = judge.judge(
        calm[0], next(iter(recourse(scenario, layout, network, calm))), times.of_state(calm[0])
    )
    rows: list[Row] = []
    curves: list[FloatArray] = []
    unmet, fill_sum = np.zeros((points, commodities)), np.zeros(points)
    isolated_sum, flooded_sum = np.zeros(points), np.zeros(points)
    served = np.zeros(len(scenario.sites))
    weights: list[float] = []
    flows = iter(recourse(scenario, layout, network, ensemble))
    for block in times.blocks(ensemble):
        for lane in range(len(block.seconds)):
            state = ensemble[block.first_state + lane]
            one = judge.judge(state, next(flows), block.seconds[lane])
            rows.append(one.row)
            curves.append(one.curve)
            weights.append(state.probability)
            unmet += state.probability * one.missing
            fill_sum += state.probability * one.fill
            served += state.probability * one.served
            isolated_sum += state.probability * one.isolated
            flooded_sum += state.probability * state.point_flooded
        watch.report("evaluate", message=f"{len(rows)} of {len(ensemble)} road states")
        if watch.stopped:
            break
    probability = np.array(weights) / sum(weights)
    scale = 1.0 / sum(weights)
    return Evaluation(
        before=before.row,
        states=tuple(rows),
        points=point_rows(
            scenario, scale * unmet, scale * fill_sum, scale * isolated_sum, scale * flooded_sum
        ),
        commodities=commodity_rows(scenario, layout, scale * unmet),
        probability=probability,
        coverage=curve_rows(judge.curve_s, before.curve, np.array(curves), probability),
        depots=depot_rows(scenario, before.served, scale * served),
    )
