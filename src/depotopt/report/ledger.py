"""`Ledger`: what a report derives once from scenario and plans: depots, need, deliveries, arrivals."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from depotopt.need import need, people_in_need, unmet_weight
from depotopt.plans import DispatchPlan, PointState
from depotopt.report.content import ReportContent
from depotopt.scenario import Scenario, Site, SiteStatus
from depotopt.units import FloatArray

LATE = "late"
"""State of a point that got all it needs, some of it after its deadline."""
NO_NEED = "no_need"
"""State of a point without need in the road state shown."""
NO_PLAN = "no_plan"
"""State of every point while nothing is dispatched."""

POINT_STATES: tuple[str, ...] = (
    PointState.SERVED.value,
    LATE,
    PointState.UNSERVED.value,
    PointState.ISOLATED.value,
    PointState.FLOODED.value,
    NO_NEED,
    NO_PLAN,
)
"""States of demand points in a report, in the order of its legend."""


@dataclass(frozen=True, slots=True)
class Depot:
    """A site as a report shows it.

    Attributes
    ----------
    site
        Position in the scenario.
    is_open
        Whether it is a depot in the plan shown, or lends mutual aid.
    tier
        Its tier when open, else the first it allows.
    size_class
        Empty where no layout decided it; ``mutual_aid`` for helpers outside the plan.
    """

    site: int
    is_open: bool
    tier: str
    size_class: str


@dataclass(frozen=True, slots=True)
class StockEntry:
    """Units of one commodity at one depot, planned and held.

    Attributes
    ----------
    site, commodity
        Identifiers.
    mode
        ``physical`` or ``agreement``.
    planned
        What the layout holds; equals ``held`` where no layout was made.
    held
        What the stock table holds today.
    """

    site: str
    commodity: str
    mode: str
    planned: float
    held: float


@dataclass(frozen=True, slots=True)
class Ledger:
    """Derived facts, in the scenario's order.

    Attributes
    ----------
    depots
        One per site.
    stock
        Sorted by site, commodity, mode.
    people
        Persons in need per point, shape ``(I,)``.
    need, delivered, unmet
        Units, shape ``(I, K)``; ``unmet`` comes from the plan's own lines.
    weight
        Priority-weighted person-days per unit, shape ``(I, K)``.
    state
        One of `POINT_STATES` per point.
    first_arrival_s, last_arrival_s
        Of the deliveries to each point; ``nan`` where none comes.
    """

    depots: tuple[Depot, ...]
    stock: tuple[StockEntry, ...]
    people: FloatArray
    need: FloatArray
    delivered: FloatArray
    unmet: FloatArray
    weight: FloatArray
    state: tuple[str, ...]
    first_arrival_s: FloatArray
    last_arrival_s: FloatArray


def draw_ledger(content: ReportContent) -> Ledger:
    """Derive a report's facts from its content."""
    scenario, plan = content.scenario, content.plan
    shape = (len(scenario.demand_points), len(scenario.commodities))
    delivered, unmet = np.zeros(shape), np.zeros(shape)
    first, last = np.full(shape[0], math.nan), np.full(shape[0], math.nan)
    if plan is not None:
        for trip in plan.trips:
            for stop in trip.stops:
                i = scenario.point_index[stop.point]
                first[i] = np.fmin(first[i], stop.arrive_s)
                last[i] = np.fmax(last[i], stop.arrive_s)
                for load in stop.loads:
                    delivered[i, scenario.commodity_index[load.commodity]] += load.quantity
        for line in plan.unmet:
            unmet[scenario.point_index[line.point], scenario.commodity_index[line.commodity]] += line.quantity
    wanted = need(scenario, content.road_state.need_factor)
    return Ledger(
        depots=_depots(content),
        stock=_stock(content),
        people=people_in_need(scenario, content.road_state.need_factor),
        need=wanted,
        delivered=delivered,
        unmet=unmet,
        weight=unmet_weight(scenario),
        state=_states(scenario, plan, wanted, last),
        first_arrival_s=first,
        last_arrival_s=last,
    )


def _depots(content: ReportContent) -> tuple[Depot, ...]:
    scenario = content.scenario
    if content.layout is not None:
        opened = {entry.site: entry for entry in content.layout.open_sites}
        return tuple(
            Depot(j, True, opened[site.ident].tier, opened[site.ident].size_class)
            if site.ident in opened
            else _unplanned(j, site, ())
            for j, site in enumerate(scenario.sites)
        )
    standing = (SiteStatus.EXISTING, SiteStatus.MUST_OPEN)
    return tuple(_unplanned(j, site, standing) for j, site in enumerate(scenario.sites))


def _unplanned(j: int, site: Site, standing: tuple[SiteStatus, ...]) -> Depot:
    """A site no layout opened: there today, lending mutual aid, or closed."""
    lends = site.status is SiteStatus.MUTUAL_AID
    first = site.tiers[0] if site.tiers else ""
    return Depot(j, lends or site.status in standing, first, site.status.value if lends else "")


def _stock(content: ReportContent) -> tuple[StockEntry, ...]:
    held: dict[tuple[str, str, str], float] = {}
    for lot in content.scenario.stock:
        key = (lot.site, lot.commodity, lot.mode.value)
        held[key] = held.get(key, 0.0) + lot.quantity
    planned = dict(held)
    if content.layout is not None:
        lent = {site.ident for site in content.scenario.sites if site.status is SiteStatus.MUTUAL_AID}
        planned = {key: quantity for key, quantity in held.items() if key[0] in lent}
        planned |= {(line.site, line.commodity, line.mode): line.quantity for line in content.layout.stock}
    return tuple(
        StockEntry(*key, planned.get(key, 0.0), held.get(key, 0.0)) for key in sorted(held.keys() | planned)
    )


def _states(
    scenario: Scenario, plan: DispatchPlan | None, wanted: FloatArray, last_s: FloatArray
) -> tuple[str, ...]:
    states = []
    for i, point in enumerate(scenario.demand_points):
        deadline_s = scenario.rules.response_s if point.deadline_s is None else point.deadline_s
        if not wanted[i].any():
            states.append(NO_NEED)
        elif plan is None or point.ident not in plan.point_state:
            states.append(NO_PLAN)
        elif plan.point_state[point.ident] is PointState.SERVED and last_s[i] > deadline_s:
            states.append(LATE)
        else:
            states.append(plan.point_state[point.ident].value)
    return tuple(states)
