"""A trunk trip and goods that stay on board stand on every list, like any other delivery."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from depotopt.dispatch.publishing.manifest import departure_slack, street_names
from depotopt.plans import DispatchPlan, Load, Transfer, Trip
from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.ledger import draw_ledger
from depotopt.report.map_data import pack_map
from depotopt.report.packing import from_text
from depotopt.report.pieces import road_pieces
from depotopt.report.routes import trip_legs
from depotopt.report.sheets import SheetWriter
from depotopt.report.stop_code import stop_list
from depotopt.report.table import Table
from depotopt.report.trip_tables import manifests_table, stops_table, trips_table, withdrawals_table
from depotopt.report.wording import Wording
from depotopt.report.write import write_report


def with_plan(content: ReportContent, plan: DispatchPlan) -> ReportContent:
    assert content.dispatch is not None
    return replace(content, dispatch=replace(content.dispatch, plan=plan))


@pytest.fixture(scope="module")
def trunk(content: ReportContent) -> tuple[ReportContent, Trip]:
    """The first trip of the plan made one that brings its goods to another depot."""
    plan = content.plan
    assert plan is not None
    trip, hub = plan.trips[0], next(s for s in content.scenario.sites if s.ident != plan.trips[0].start_site)
    first = trip.stops[0]
    transfer = Transfer(
        hub.ident, first.arrive_s, first.arrive_s, first.depart_s, first.loads, first.links, first.distance_m
    )
    changed = replace(
        trip,
        stops=(),
        transfer=transfer,
        end_site=hub.ident,
        return_links=(),
        return_distance_m=0.0,
        return_s=first.depart_s,
    )
    return with_plan(content, replace(plan, trips=(changed, *plan.trips[1:]))), changed


def rows(table: Table, vehicle: str, number: int) -> list[dict[str, object]]:
    names = [column.name for column in table.columns]
    found: list[dict[str, object]] = [dict(zip(names, row, strict=True)) for row in table.rows]
    return [row for row in found if (row["vehicle"], row["trip"]) == (vehicle, number)]


def test_the_map_names_the_hub_of_a_trunk_trip(trunk: tuple[ReportContent, Trip]) -> None:
    content, trip = trunk
    assert trip.transfer is not None
    packed = pack_map(content, draw_ledger(content), road_pieces(content.network), ())
    first, *others = json.loads(from_text(packed["plan"]))["trips"]
    site, arrive_s, _, loads = first["hub"]
    assert (content.scenario.sites[site].ident, first["stops"]) == (trip.transfer.site, [])
    assert arrive_s == pytest.approx(trip.transfer.arrive_s, abs=0.1)
    assert [load[2] for load in loads] == [load.quantity for load in trip.transfer.loads]
    assert all(other["hub"] is None and other["stops"] for other in others)


def test_tables_hold_what_is_brought_to_a_hub(trunk: tuple[ReportContent, Trip]) -> None:
    content, trip = trunk
    ledger, hub = draw_ledger(content), trip.transfer
    assert hub is not None
    brought = sum(load.quantity for load in hub.loads)
    assert brought > 0
    (line,) = rows(trips_table(content, ledger), trip.vehicle, trip.number)
    (stop,) = rows(stops_table(content, ledger), trip.vehicle, trip.number)
    assert (stop["point"], stop["arrive"]) == (hub.site, hub.arrive_s)
    assert line["weight_kg"] == pytest.approx(stop["weight_kg"])
    for table in (manifests_table, withdrawals_table):
        listed = rows(table(content, ledger), trip.vehicle, trip.number)
        assert sum(float(str(row["quantity"])) for row in listed) == pytest.approx(brought)


def test_stops_say_what_time_there_is_to_spare_and_which_streets_are_relied_on(
    trunk: tuple[ReportContent, Trip],
) -> None:
    content, _ = trunk
    assert content.plan is not None
    trip = next(trip for trip in content.plan.trips if trip.stops)
    first = rows(stops_table(content, draw_ledger(content)), trip.vehicle, trip.number)[0]
    point = content.scenario.demand_points[content.scenario.point_index[trip.stops[0].point]]
    latest_s = content.scenario.rules.response_s if point.deadline_s is None else point.deadline_s
    assert first["latest_arrival"] == latest_s
    assert first["slack_min"] == pytest.approx((latest_s - trip.stops[0].arrive_s) / 60.0)
    slack_s = departure_slack(content.scenario, content.plan)[trip.vehicle, trip.number]
    assert first["latest_departure"] == pytest.approx(trip.depart_s + slack_s)
    assert first["streets"] == " → ".join(street_names(content.network, trip.stops[0].links))


def test_a_sheet_says_when_a_place_opens_after_the_arrival(trunk: tuple[ReportContent, Trip]) -> None:
    content, _ = trunk
    assert content.plan is not None
    trip = next(trip for trip in content.plan.trips if trip.stops)
    stop, points = trip.stops[0], list(content.scenario.demand_points)
    i = content.scenario.point_index[stop.point]
    points[i] = replace(points[i], earliest_s=stop.arrive_s + 3_600.0)
    late = replace(content, scenario=replace(content.scenario, demand_points=tuple(points)))
    page = SheetWriter.of(late, road_pieces(late.network), Wording("en")).page()
    moment = content.scenario.start + dt.timedelta(seconds=stop.arrive_s + 3_600.0)
    assert f"opens {moment:%H:%M}" in page


def test_the_way_to_a_hub_is_drawn(trunk: tuple[ReportContent, Trip]) -> None:
    content, trip = trunk
    assert trip.transfer is not None
    legs = [one for one in trip_legs(content, road_pieces(content.network)) if one.vehicle == trip.vehicle]
    leg = next(one for one in legs if one.destination == trip.transfer.site)
    assert (leg.purpose, len(leg.piece)) == ("delivery", len(trip.transfer.links))


@pytest.mark.parametrize("language", ["en", "zh"])
def test_sheet_and_code_send_the_driver_to_the_hub(trunk: tuple[ReportContent, Trip], language: str) -> None:
    content, trip = trunk
    assert trip.transfer is not None
    hub = content.scenario.sites[content.scenario.site_index[trip.transfer.site]]
    page = SheetWriter.of(content, road_pieces(content.network), Wording(language)).page()
    sheet = page.split(f'id="{trip.vehicle}"')[1].split("</section>")[0]
    assert f"<b>{hub.name}</b>" in sheet.split("<tbody>")[1]
    assert f"1 {content.scenario.start:%m-%d}" in stop_list(content, trip)
    assert f"{hub.name} {hub.lat:.5f},{hub.lon:.5f}" in stop_list(content, trip).splitlines()[2]


def test_files_for_other_tools_know_the_hub(trunk: tuple[ReportContent, Trip], tmp_path: Path) -> None:
    content, trip = trunk
    assert trip.transfer is not None
    files: ReportFiles = write_report(tmp_path / "town", content)
    routes = json.loads(files.exchange["routes.geojson"].read_text(encoding="utf-8"))["features"]
    assert any(
        one["properties"]["vehicle"] == trip.vehicle
        and one["properties"]["to_place"] == trip.transfer.site
        and one["properties"]["purpose"] == "delivery"
        for one in routes
    )
    names = [
        one.text or "" for one in ET.parse(files.exchange["routes.gpx"]).iter() if one.tag.endswith("name")
    ]
    assert any(name.startswith(f"{trip.vehicle} {trip.number}.1 ") for name in names)


def test_goods_that_stay_on_board_and_a_way_that_ends_are_told(content: ReportContent) -> None:
    plan = content.plan
    assert plan is not None
    trip = plan.trips[0]
    last = trip.stops[-1]
    changed = replace(trip, stops=trip.stops[:-1], on_board=last.loads, stranded=True)
    told = with_plan(content, replace(plan, trips=(changed, *plan.trips[1:])))
    say = Wording("en")
    page = SheetWriter.of(told, road_pieces(content.network), say).page()
    sheet = page.split(f'id="{trip.vehicle}"')[1].split("</section>")[0].split('<div class="head">')[1]
    assert say("sheet.on_board") in sheet
    assert say("sheet.stranded") in sheet
    lot = last.loads[0].lot
    assert f"[{lot}]" in sheet.split(say("sheet.on_board"))[1].split("</p>")[0]
    whole: list[Load] = [load for stop in trip.stops for load in stop.loads]
    taken = rows(withdrawals_table(told, draw_ledger(told)), trip.vehicle, trip.number)
    assert sum(float(str(row["quantity"])) for row in taken) == pytest.approx(
        sum(one.quantity for one in whole)
    )
