"""Tables of what stands and what happened: layout, stock, lots, points, need, road losses, solves."""

from __future__ import annotations

import math

import numpy as np

from depotopt.report.content import ReportContent
from depotopt.report.ledger import Ledger
from depotopt.report.pieces import OPEN, street_damage
from depotopt.report.table import SENTENCE, Row, Table, columns, moment
from depotopt.roads.network import ROAD_CLASSES, StreetKind

PART_OF_UNIT = 1e-3
"""A layout that asks for less than this more than is held buys nothing: solvers leave such crumbs."""
MONEY_TERMS = frozenset(
    {"fixed", "holding", "purchase", "transport", "unmet", "uncovered", "cvar", "worst", "cost"}
)
"""Parts of an objective that are in the scenario's money; others count kilometres, hours or people."""
STATUS_NAMES = ("open", "slowed", "lost")
"""Names of the codes of `depotopt.report.pieces.StreetDamage.status`."""


def layout_table(content: ReportContent, ledger: Ledger) -> Table:
    """Sites with tier, size and what the road state left of them."""
    state, rows = content.road_state, []
    for depot in ledger.depots:
        site = content.scenario.sites[depot.site]
        rows.append(
            (
                site.ident,
                site.name,
                "open" if depot.is_open else "not_open",
                depot.tier,
                depot.size_class,
                site.kind,
                site.zone,
                site.owner,
                site.status.value,
                site.lon,
                site.lat,
                float(state.site_survival[depot.site]),
                "on" if state.site_power[depot.site] else "off",
                site.readiness_s / 60,
            )
        )
    return Table(
        "layout",
        columns(
            "site name open tier size_class kind zone owner status lon:degrees lat:degrees "
            "stock_usable_share:share power readiness_min:number"
        ),
        tuple(rows),
        (("open", "depot"), ("power", "power"), ("status", "site_status")),
    )


def stock_table(content: ReportContent, ledger: Ledger) -> Table:
    """Stock per depot, commodity and mode: planned, held, to buy."""
    scenario, rows = content.scenario, []
    for entry in ledger.stock:
        commodity = scenario.commodities[scenario.commodity_index[entry.commodity]]
        site = scenario.sites[scenario.site_index[entry.site]]
        rows.append(
            (
                entry.site,
                site.name,
                entry.commodity,
                commodity.name,
                commodity.gb_code or None,
                commodity.gb_code[:1] or None,
                entry.mode,
                entry.planned,
                entry.held,
                # Layouts are in parts of units; what is bought is whole.
                float(max(0, math.ceil(entry.planned - entry.held - PART_OF_UNIT))),
                commodity.unit,
                entry.planned * commodity.kg_per_unit,
                entry.planned * commodity.m3_per_unit,
            )
        )
    return Table(
        "stock",
        columns(
            "site name commodity commodity_name gb_code gb_group mode quantity:number held:number "
            "to_buy:number unit weight_kg:number volume_m3:number"
        ),
        tuple(rows),
        (("gb_group", "gb_group"), ("mode", "stock_mode")),
    )


def lots_table(content: ReportContent, ledger: Ledger) -> Table:
    """Lots in the order in which they should leave: first expired, first out."""
    scenario = content.scenario
    today = scenario.start.date()
    lots = sorted(scenario.stock, key=lambda lot: (lot.expiry is None, lot.expiry or today, lot.lot))
    rows = []
    for lot in lots:
        commodity = scenario.commodities[scenario.commodity_index[lot.commodity]]
        days = None if lot.expiry is None else (lot.expiry - today).days
        rows.append(
            (
                None if lot.expiry is None else lot.expiry.isoformat(),
                days,
                "no_expiry" if days is None else "expired" if days < 0 else "soon" if days <= 180 else "good",
                lot.site,
                scenario.sites[scenario.site_index[lot.site]].name,
                lot.commodity,
                commodity.name,
                lot.lot,
                lot.quantity,
                commodity.unit,
                lot.owner,
                lot.mode.value,
            )
        )
    return Table(
        "lots",
        columns(
            "expiry:date days_left:integer rotation site name commodity commodity_name lot quantity:number "
            "unit owner mode"
        ),
        tuple(rows),
        (("rotation", "rotation"), ("mode", "stock_mode")),
    )


def points_table(content: ReportContent, ledger: Ledger) -> Table:
    """Demand points with state, arrivals and weights."""
    kg, rows = content.scenario.kg_per_unit, []
    for i, point in enumerate(content.scenario.demand_points):
        wanted = float(ledger.need[i] @ kg)
        rows.append(
            (
                point.ident,
                point.name,
                ledger.state[i],
                point.zone,
                point.kind.value,
                point.people,
                float(ledger.people[i]),
                moment(ledger.first_arrival_s[i]),
                moment(ledger.last_arrival_s[i]),
                wanted,
                float(ledger.delivered[i] @ kg),
                float(ledger.unmet[i] @ kg),
                float(ledger.unmet[i] @ ledger.weight[i]),
                point.lon,
                point.lat,
            )
        )
    return Table(
        "points",
        columns(
            "point name state zone kind people:number people_in_need:number first_arrival:moment "
            "last_arrival:moment need_kg:number delivered_kg:number unmet_kg:number "
            "unmet_weighted_person_days:number lon:degrees lat:degrees"
        ),
        tuple(rows),
        (("state", "state"), ("kind", "point_kind")),
    )


def need_table(content: ReportContent, ledger: Ledger) -> Table:
    """Need, delivery and unmet need per point and commodity."""
    scenario, rows = content.scenario, list[Row]()
    for i, point in enumerate(scenario.demand_points):
        for k, commodity in enumerate(scenario.commodities):
            if ledger.need[i, k] > 0:
                amounts = (float(values[i, k]) for values in (ledger.need, ledger.delivered, ledger.unmet))
                rows.append(
                    (point.ident, point.name, commodity.ident, commodity.name, *amounts, commodity.unit)
                )
    return Table(
        "need",
        columns("point name commodity commodity_name need:number delivered:number unmet:number unit"),
        tuple(rows),
    )


def road_losses_table(content: ReportContent, ledger: Ledger) -> Table:
    """Streets and bridges lost or slowed at the moment shown."""
    network, state = content.network, content.road_state
    damage = street_damage(network, state, content.at_s)
    first, links = network.links_of_street
    rows: list[Row] = []
    for s in np.flatnonzero(damage.status != OPEN):
        own = links[first[s] : first[s + 1]]
        # Both directions of a piece share their line: count each line once.
        lines, position = np.unique(network.geometry_of[own], return_index=True)
        length_m = float(network.length_m[own[position]].sum())
        lon, lat = network.geometry.line(int(lines[0])).mean(axis=0) if len(lines) else (math.nan, math.nan)
        rows.append(
            (
                network.streets.ident[s],
                network.streets.name[s],
                StreetKind(int(network.streets.kind[s])).name.lower(),
                ROAD_CLASSES[int(network.road_class[own[0]])] if len(own) else "",
                STATUS_NAMES[int(damage.status[s])],
                state.causes[int(damage.cause[s])],
                float(damage.speed_factor[s]),
                float(damage.depth_m[s]),
                moment(damage.from_s[s]),
                moment(damage.until_s[s]),
                length_m / 1000,
                float(lon),
                float(lat),
            )
        )
    return Table(
        "road_losses",
        columns(
            "street name street_kind road_class road_status cause speed_share:share depth_m:number "
            "from:moment until:moment length_km:number lon:degrees lat:degrees"
        ),
        tuple(rows),
        (
            ("street_kind", "street_kind"),
            ("road_class", "road_class"),
            ("road_status", "road_status"),
            ("cause", "cause"),
        ),
    )


def reports_table(content: ReportContent, ledger: Ledger) -> Table:
    """What people reported about roads: what, where, until when, who said so and how far they are trusted."""
    rows: list[Row] = [
        (
            report.ident,
            report.street or None,
            "lost" if report.speed_factor <= 0 else "slowed" if report.speed_factor < 1 else "open",
            report.speed_factor,
            moment(report.from_s),
            moment(report.until_s),
            report.source or None,
            report.trust,
            None if math.isnan(report.lon) else report.lon,
            None if math.isnan(report.lat) else report.lat,
            report.radius_m or None,
        )
        for report in content.scenario.road_reports
    ]
    return Table(
        "road_reports",
        columns(
            "report street road_status speed_share:share from:moment until:moment source trust:share "
            "lon:degrees lat:degrees radius_m:number"
        ),
        tuple(rows),
        (("road_status", "road_status"),),
    )


def solves_table(content: ReportContent, ledger: Ledger) -> Table:
    """How each solve ended: status, bound, gap, terms, notes."""
    rows: list[Row] = []
    for stage, result in (("siting", content.siting), ("dispatch", content.dispatch)):
        if result is None:
            continue
        limit = None if result.limit is None else result.limit.value
        values = (result.objective, result.bound, result.gap)
        rows.append((stage, result.status.value, limit, result.engine, *values, None, None, None))
        for name, value in result.terms.items():
            money = content.scenario.rules.currency if name in MONEY_TERMS else ""
            rows.append((stage, None, None, None, None, None, None, name, value, money or None))
        for note in (*result.conflicts, *result.notes):
            rows.append((stage, None, None, None, None, None, None, note, None, None))
    return Table(
        "solves",
        columns(
            "stage solve_status limit engine objective:number bound:number gap:share "
            "term value:number currency"
        ),
        tuple(rows),
        (("stage", "stage"), ("solve_status", "solve_status"), ("limit", "limit"), ("term", SENTENCE)),
    )
