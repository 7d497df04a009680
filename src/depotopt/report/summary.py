"""`report_figures`: the few numbers that open a report."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from depotopt.report.content import ReportContent
from depotopt.report.ledger import POINT_STATES, Ledger
from depotopt.report.pieces import LOST, SLOWED, RoadPieces, StreetDamage

Unit = Literal["count", "people", "t", "km", "share", "person_days", "moment"]


@dataclass(frozen=True, slots=True)
class Figure:
    """One number with its string key (``figure.KEY``) and unit; ``moment`` is seconds from the start."""

    key: str
    value: float
    unit: Unit


def report_figures(
    content: ReportContent, ledger: Ledger, pieces: RoadPieces, damage: StreetDamage
) -> tuple[Figure, ...]:
    """Key figures in the order of importance.

    The share of need met is by weight; roads count once whatever their directions.
    """
    kg = content.scenario.kg_per_unit
    needed_t = float((ledger.need @ kg).sum()) / 1000
    figures = [
        Figure("people_in_need", float(ledger.people[ledger.need.any(axis=1)].sum()), "people"),
        Figure("need_t", needed_t, "t"),
        Figure("depots_open", sum(depot.is_open for depot in ledger.depots), "count"),
    ]
    plan = content.plan
    if plan is not None:
        brought_t = float((ledger.delivered @ kg).sum()) / 1000
        figures += [
            Figure("delivered_t", brought_t, "t"),
            Figure("met_share", brought_t / needed_t if needed_t > 0 else 1.0, "share"),
            Figure("unmet_person_days", float((ledger.unmet * ledger.weight).sum()), "person_days"),
            Figure("vehicles_used", len({trip.vehicle for trip in plan.trips}), "count"),
            Figure("trips", len(plan.trips), "count"),
            Figure("distance_km", sum(trip.distance_m for trip in plan.trips) / 1000, "km"),
        ]
        if np.isfinite(ledger.last_arrival_s).any():
            figures.append(Figure("last_arrival", float(np.nanmax(ledger.last_arrival_s)), "moment"))
    status = damage.status[pieces.street]
    bridges = damage.status[pieces.street[pieces.bridge]]
    figures += [
        Figure("roads_lost_km", float(pieces.length_m[status == LOST].sum()) / 1000, "km"),
        Figure("roads_slowed_km", float(pieces.length_m[status == SLOWED].sum()) / 1000, "km"),
        Figure(
            "bridges_lost",
            len(np.unique(pieces.street[pieces.bridge][bridges == LOST])),
            "count",
        ),
    ]
    return tuple(figures)


def state_counts(ledger: Ledger) -> list[tuple[str, int, float]]:
    """Points and people in need by state, for the states that occur."""
    states = np.array(ledger.state)
    return [
        (state, int((states == state).sum()), float(ledger.people[states == state].sum()))
        for state in POINT_STATES
        if (states == state).any()
    ]
