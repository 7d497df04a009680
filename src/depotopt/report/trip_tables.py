"""Tables of a dispatch plan: trips, stops, manifests, withdrawals from depots, unmet need."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from depotopt.dispatch.publishing.manifest import departure_slack, street_names
from depotopt.errors import UsageError
from depotopt.plans import DispatchPlan, Load
from depotopt.report.content import ReportContent
from depotopt.report.handovers import handovers
from depotopt.report.ledger import Ledger
from depotopt.report.table import SENTENCE, Table, columns

MINUTE_S: Final = 60.0


def _plan(content: ReportContent) -> DispatchPlan:
    if content.plan is None:
        raise UsageError("there is no dispatch plan to tabulate")
    return content.plan


def trips_table(content: ReportContent, ledger: Ledger) -> Table:
    """Trips in the order of vehicles."""
    scenario, rows = content.scenario, []
    for trip in _plan(content).trips:
        vehicle = scenario.vehicle_types[scenario.vehicle_type_index[trip.vehicle_type]]
        kg, m3 = weight_and_volume(content, trip.loads)
        rows.append(
            (
                trip.vehicle,
                vehicle.name,
                trip.number,
                trip.start_site,
                trip.end_site,
                trip.approach_start_s,
                trip.load_start_s,
                trip.depart_s,
                trip.return_s,
                len(handovers(scenario, trip)),
                trip.distance_m / 1000,
                kg,
                m3,
                kg / vehicle.payload_kg,
                m3 / vehicle.volume_m3,
            )
        )
    return Table(
        "trips",
        columns(
            "vehicle vehicle_type trip:integer start_site end_site approach_start:moment load_start:moment "
            "depart:moment back:moment stops:integer distance_km:number weight_kg:number volume_m3:number "
            "payload_share:share volume_share:share"
        ),
        tuple(rows),
    )


def stops_table(content: ReportContent, ledger: Ledger) -> Table:
    """Stops in drop order, with the time to spare and the streets relied on; a trunk trip's is its hub."""
    plan, scenario, rows = _plan(content), content.scenario, []
    slack = departure_slack(scenario, plan)
    for trip in plan.trips:
        # Later trips of the vehicle count as well: who leaves late is late with all of them.
        latest_departure_s = trip.depart_s + max(0.0, slack[trip.vehicle, trip.number])
        for stop in handovers(scenario, trip):
            kg, m3 = weight_and_volume(content, stop.loads)
            whose = (trip.vehicle, trip.number, stop.number)
            when = (stop.place, stop.name, stop.opens_s, stop.arrive_s, stop.depart_s, stop.latest_s)
            spare_min = max(0.0, stop.latest_s - stop.arrive_s) / MINUTE_S
            streets = " → ".join(street_names(content.network, stop.links))
            way = (spare_min, latest_departure_s, streets, stop.distance_m / 1000)
            rows.append((*whose, *when, *way, kg, m3))
    return Table(
        "stops",
        columns(
            "vehicle trip:integer stop:integer point name opens:moment arrive:moment leave:moment "
            "latest_arrival:moment slack_min:number latest_departure:moment streets distance_km:number "
            "weight_kg:number volume_m3:number"
        ),
        tuple(rows),
    )


def manifests_table(content: ReportContent, ledger: Ledger) -> Table:
    """Loads of every stop in drop order."""
    scenario, rows = content.scenario, []
    for trip in _plan(content).trips:
        for stop in handovers(scenario, trip):
            for load in stop.loads:
                commodity = scenario.commodities[scenario.commodity_index[load.commodity]]
                rows.append(
                    (
                        trip.vehicle,
                        trip.number,
                        stop.number,
                        stop.place,
                        stop.name,
                        commodity.ident,
                        commodity.name,
                        load.lot,
                        load.quantity,
                        commodity.unit,
                        load.quantity * commodity.kg_per_unit,
                        load.quantity * commodity.m3_per_unit,
                    )
                )
    return Table(
        "manifests",
        columns(
            "vehicle trip:integer stop:integer point name commodity commodity_name lot quantity:number "
            "unit weight_kg:number volume_m3:number"
        ),
        tuple(rows),
    )


def withdrawals_table(content: ReportContent, ledger: Ledger) -> Table:
    """What leaves each depot, per vehicle and trip, in the order of loading."""
    scenario = content.scenario
    taken: dict[tuple[str, float, str, int, str, str], float] = {}
    for trip in _plan(content).trips:
        for load in trip.loads:
            whose = (trip.start_site, trip.load_start_s, trip.vehicle, trip.number)
            key = (*whose, load.commodity, load.lot)
            taken[key] = taken.get(key, 0.0) + load.quantity
    rows = []
    for (site, load_s, vehicle, number, ident, lot), quantity in sorted(taken.items()):
        commodity = scenario.commodities[scenario.commodity_index[ident]]
        name = scenario.sites[scenario.site_index[site]].name
        kg, m3 = quantity * commodity.kg_per_unit, quantity * commodity.m3_per_unit
        what = (ident, commodity.name, commodity.gb_code or None, lot, quantity, commodity.unit, kg, m3)
        rows.append((site, name, load_s, vehicle, number, *what))
    return Table(
        "withdrawals",
        columns(
            "site name load_start:moment vehicle trip:integer commodity commodity_name gb_code lot "
            "quantity:number "
            "unit weight_kg:number volume_m3:number"
        ),
        tuple(rows),
    )


def unmet_table(content: ReportContent, ledger: Ledger) -> Table:
    """Need that stays unmet, with state and reason."""
    scenario, rows = content.scenario, []
    for line in _plan(content).unmet:
        i, k = scenario.point_index[line.point], scenario.commodity_index[line.commodity]
        point, commodity = scenario.demand_points[i], scenario.commodities[k]
        amount = (line.quantity, commodity.unit, line.quantity * commodity.kg_per_unit)
        weighted = line.quantity * float(ledger.weight[i, k])
        why = (line.state.value, line.reason.value, line.explanation)
        rows.append((line.point, point.name, line.commodity, commodity.name, *amount, weighted, *why))
    return Table(
        "unmet",
        columns(
            "point name commodity commodity_name quantity:number unit weight_kg:number "
            "unmet_weighted_person_days:number state reason explanation"
        ),
        tuple(rows),
        (("state", "state"), ("reason", "reason"), ("explanation", SENTENCE)),
    )


def weight_and_volume(content: ReportContent, loads: Iterable[Load]) -> tuple[float, float]:
    """Kilograms and cubic metres of loads."""
    scenario = content.scenario
    kg = m3 = 0.0
    for load in loads:
        k = scenario.commodity_index[load.commodity]
        kg += load.quantity * float(scenario.kg_per_unit[k])
        m3 += load.quantity * float(scenario.m3_per_unit[k])
    return kg, m3
