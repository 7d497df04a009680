"""Route sheets: what stands on paper and in the codes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import math
import re

import pytest

from depotopt.dispatch.publishing.manifest import manifests
from depotopt.hazards.reports import RoadReport
from depotopt.plans import Trip
from depotopt.report.content import ReportContent
from depotopt.report.pieces import road_pieces
from depotopt.report.routes import trip_legs
from depotopt.report.sheets import SheetWriter
from depotopt.report.sketch import HEIGHT, WIDTH, Sketcher
from depotopt.report.stop_code import MOST_BYTES, stop_code, stop_list
from depotopt.report.wording import Wording
from depotopt.roads.profiles import Mode, TravelProfile


def test_the_stop_list_names_every_stop_with_time_position_and_loads(content: ReportContent) -> None:
    assert content.plan is not None
    trip = content.plan.trips[0]
    lines = stop_list(content, trip).splitlines()
    assert lines[0] == f"{trip.vehicle} #1"
    assert len(lines) == len(trip.stops) + 3
    for line, stop in zip(lines[2:], trip.stops, strict=False):
        point = content.scenario.demand_points[content.scenario.point_index[stop.point]]
        assert f"{point.name} {point.lat:.5f},{point.lon:.5f}" in line
        assert all(f"{load.quantity:g} {load.commodity}" in line for load in stop.loads)


@pytest.mark.parametrize(
    ("repeat", "loads", "whole"), [(1, True, True), (4, False, True), (40, False, False)]
)
def test_a_long_stop_list_gives_up_loads_first_and_says_when_it_is_cut(
    content: ReportContent, repeat: int, loads: bool, whole: bool
) -> None:
    assert content.plan is not None
    trip = content.plan.trips[0]
    long = dataclasses.replace(trip, stops=trip.stops * repeat)
    text = stop_list(content, long)
    assert len(text.encode("utf-8")) <= MOST_BYTES
    assert ("; " in text) == loads
    assert (not text.endswith("...")) == whole


def test_a_code_is_a_picture_without_style_attributes(content: ReportContent) -> None:
    """The page's policy would refuse them."""
    code = stop_code("T12 乌什")
    assert code.startswith("<svg")
    assert "style=" not in code
    assert stop_code("T12 乌什") == code


def test_a_sketch_marks_every_stop_inside_its_frame(content: ReportContent) -> None:
    assert content.plan is not None
    pieces = road_pieces(content.network)
    sketcher = Sketcher.of(content, pieces)
    legs = trip_legs(content, pieces)
    for trip in content.plan.trips:
        own = [leg for leg in legs if leg.vehicle == trip.vehicle]
        points = [content.scenario.demand_points[content.scenario.point_index[s.point]] for s in trip.stops]
        picture = sketcher.draw(own, [(str(n + 1), p.lon, p.lat) for n, p in enumerate(points)], "way")
        marks = re.findall(r'<text class="stop" x="(-?\d+)" y="(-?\d+)">(\d+)<', picture)
        assert [mark for _, _, mark in marks] == [str(n + 1) for n in range(len(points))]
        assert all(0 < int(x) < WIDTH and 0 < int(y) < HEIGHT for x, y, _ in marks)


def test_a_sketch_keeps_the_shape_of_the_land(content: ReportContent) -> None:
    """One kilometre east is as long as one kilometre north."""
    pieces = road_pieces(content.network)
    leg = trip_legs(content, pieces)[0]
    lat = float(leg.lonlat[0, 1])
    east = (leg.lonlat[0, 0] + 0.01 / math.cos(math.radians(lat)), lat)
    north = (leg.lonlat[0, 0], lat + 0.01)
    places = [("1", *leg.lonlat[0]), ("2", *east), ("3", *north)]
    picture = Sketcher.of(content, pieces).draw([leg], places, "way")
    (x1, y1), (x2, y2), (x3, y3) = (
        (int(x), int(y)) for x, y in re.findall(r'<text class="stop" x="(-?\d+)" y="(-?\d+)"', picture)
    )
    assert abs((x2 - x1) - (y1 - y3)) <= 2
    assert (y1, x1) == (y2, x3)


def test_a_sheet_says_which_road_reports_were_believed_and_who_made_them(content: ReportContent) -> None:
    held = RoadReport("R1", street="G219", source="county police", trust=0.8)
    over = RoadReport("R2", street="old road", source="nobody", until_s=-1.0)
    scenario = dataclasses.replace(content.scenario, road_reports=(held, over))
    told = dataclasses.replace(content, scenario=scenario)
    page = SheetWriter.of(told, road_pieces(told.network), Wording()).page()
    assert re.search(r"G219 lost \(county police, trust 80%\)", page, re.IGNORECASE)
    assert "old road" not in page
    assert 'class="reports"' not in SheetWriter.of(content, road_pieces(content.network), Wording()).page()


def test_a_sheet_lists_loads_last_drop_first_and_the_latest_safe_departure(content: ReportContent) -> None:
    """The order and the moment are those of the manifest, later trips of the vehicle counted."""
    assert content.plan is not None
    page = SheetWriter.of(content, road_pieces(content.network), Wording("en")).page()
    papers = manifests(content.scenario, content.network, content.plan)
    for paper in papers:
        sheet = page.split(f'id="{paper.vehicle}"')[1].split("</section>")[0]
        listed = re.findall(r"last drop first \(stop\):</b> (.*?)</p>", sheet)[paper.trip - 1]
        assert re.findall(r"\[([^\]]+)\]", listed) == [line.lot for line in paper.loads]
        latest = re.findall(r"Leave no later than</dt><dd>([^<]+)<", sheet)[paper.trip - 1]
        moment = content.scenario.start + dt.timedelta(seconds=max(paper.depart_s, paper.latest_departure_s))
        assert f"{moment:%H:%M}" in latest


def told_of(content: ReportContent, *trips: Trip) -> str:
    """The English page of these trips alone."""
    assert content.plan is not None
    assert content.dispatch is not None
    plan = dataclasses.replace(content.plan, trips=trips)
    told = dataclasses.replace(content, dispatch=dataclasses.replace(content.dispatch, plan=plan))
    return SheetWriter.of(told, road_pieces(content.network), Wording("en")).page()


def test_a_sheet_sends_the_driver_to_the_depot_first(content: ReportContent) -> None:
    assert content.plan is not None
    trip = content.plan.trips[0]
    away = dataclasses.replace(
        trip, approach_start_s=trip.load_start_s - 1800, approach_links=trip.stops[0].links
    )
    page = told_of(content, away)
    assert "<dt>Set out</dt>" in page
    depot = content.scenario.sites[content.scenario.site_index[trip.start_site]].name
    assert f"Drive empty to {depot} ({trip.start_site}) first." in page
    page = told_of(content, dataclasses.replace(trip, approach_start_s=None, approach_links=()))
    assert "Set out" not in page
    assert "Drive empty" not in page


def test_a_unit_that_the_name_says_is_not_said_twice(content: ReportContent) -> None:
    page = SheetWriter.of(content, road_pieces(content.network), Wording("en")).page()
    assert "tent Family tent" not in page
    assert re.search(r"\d ×</b> Family tent", page)
    assert re.search(r"\d L</b> Drinking water", page)


def test_an_aircraft_goes_by_air_and_not_by_streets(content: ReportContent) -> None:
    kinds = tuple(
        dataclasses.replace(kind, profile=TravelProfile(Mode.AIR, cruise_kmh=200.0))
        for kind in content.scenario.vehicle_types
    )
    flown = dataclasses.replace(content, scenario=dataclasses.replace(content.scenario, vehicle_types=kinds))
    page = SheetWriter.of(flown, road_pieces(content.network), Wording("zh")).page()
    assert "<td>航空<br>" in page
