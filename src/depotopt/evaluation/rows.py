"""Rows of an evaluation's tables: coverage curve, demand points, depots, commodities."""

from __future__ import annotations

import numpy as np

from depotopt.evaluation.metrics import spread
from depotopt.need import need, person_days_per_unit
from depotopt.plans import SitingPlan
from depotopt.scenario import Scenario
from depotopt.units import FloatArray

Row = dict[str, float | int | str | None]


def curve_rows(
    within_s: FloatArray, before: FloatArray, curves: FloatArray, probability: FloatArray
) -> tuple[Row, ...]:
    """The coverage curve, one row per time."""
    rows: list[Row] = []
    for t, moment_s in enumerate(within_s):
        one = spread(curves[:, t], probability, more_is_worse=False)
        rows.append(
            {
                "within_s": float(moment_s),
                "before": float(before[t]),
                "expected": one.expected,
                "half_width": one.half_width,
                "worst_5_percent": one.cvar_95,
            }
        )
    return tuple(rows)


def point_rows(
    scenario: Scenario, unmet: FloatArray, fill: FloatArray, isolated: FloatArray, flooded: FloatArray
) -> tuple[Row, ...]:
    """One row per demand point; sums over road states weighted by probability."""
    days = person_days_per_unit(scenario)
    return tuple(
        {
            "point": point.ident,
            "name": point.name,
            "zone": point.zone,
            "people": point.people,
            "expected_unmet_person_days": float((unmet[i] * days).sum()),
            "expected_fill": float(fill[i]),
            "probability_isolated": float(isolated[i]),
            "probability_flooded": float(flooded[i]),
        }
        for i, point in enumerate(scenario.demand_points)
    )


def depot_rows(scenario: Scenario, before: FloatArray, expected: FloatArray) -> tuple[Row, ...]:
    """One row per depot that hands anything out, from person-days by site."""
    return tuple(
        {
            "site": scenario.sites[j].ident,
            "name": scenario.sites[j].name,
            "served_person_days_before": float(before[j]),
            "expected_served_person_days": float(expected[j]),
        }
        for j in np.flatnonzero((before > 0) | (expected > 0)).tolist()
    )


def commodity_rows(scenario: Scenario, layout: SitingPlan, unmet: FloatArray) -> tuple[Row, ...]:
    """One row per commodity: need and stock before loss, expected unmet need."""
    wanted = need(scenario).sum(axis=0)
    held = np.zeros(len(scenario.commodities))
    for line in layout.stock:
        held[scenario.commodity_index[line.commodity]] += line.quantity
    days = person_days_per_unit(scenario)
    return tuple(
        {
            "commodity": commodity.ident,
            "name": commodity.name,
            "unit": commodity.unit,
            "need_before_loss": float(wanted[k]),
            "stock": float(held[k]),
            "expected_unmet": float(unmet[:, k].sum()),
            "expected_unmet_person_days": float(unmet[:, k].sum() * days[k]),
        }
        for k, commodity in enumerate(scenario.commodities)
    )
