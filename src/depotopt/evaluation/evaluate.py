"""`evaluate`: a layout, a road network and an ensemble become tables of metrics."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from depotopt.evaluation.judge import Judge
from depotopt.evaluation.metrics import Spread, spread
from depotopt.evaluation.rows import Row, commodity_rows, curve_rows, depot_rows, point_rows
from depotopt.hazards.states import RoadState, intact
from depotopt.plans import SitingPlan
from depotopt.roads.engines.registry import prepare_engine
from depotopt.roads.network import RoadNetwork
from depotopt.roads.profiles import ANY_TRUCK
from depotopt.scenario import Scenario
from depotopt.siting.recourse.recourse import recourse
from depotopt.solving import Monitor
from depotopt.travel import TravelTimes
from depotopt.units import FloatArray

if TYPE_CHECKING:
    import pandas as pd


def _reach_order(name: str) -> tuple[str, str, float]:
    """Within minutes before within hours, then by number: files do not keep the order of columns."""
    family, number, unit = name.split("_")
    return {"coverage": "a", "backup": "b"}.get(family, "c"), {"min": "a"}.get(unit, "b"), float(number)


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
    judge = Judge(scenario, layout)
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
