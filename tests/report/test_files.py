"""The files of a report say the same as its content, read by other programs."""

from __future__ import annotations

import json
import math

import duckdb
import pyogrio
import python_calamine

from depotopt.report.content import ReportContent, ReportFiles
from depotopt.report.ledger import draw_ledger
from depotopt.report.pieces import LOST, street_damage
from depotopt.report.provenance import PACKAGES
from depotopt.report.tables import report_tables


def sheet(report: ReportFiles, name: str) -> list[list[object]]:
    with python_calamine.CalamineWorkbook.from_path(report.workbook) as book:
        return [list(row) for row in book.get_sheet_by_name(name).to_python()]


def total(rows: list[list[object]], head: str) -> float:
    at = rows[0].index(head)
    return math.fsum(value for row in rows[1:] if isinstance(value := row[at], float))


def test_the_workbook_sums_to_the_plan(report: ReportFiles, content: ReportContent) -> None:
    ledger, kg = draw_ledger(content), content.scenario.kg_per_unit
    delivered_kg = float((ledger.delivered @ kg).sum())
    assert delivered_kg > 0
    for name in ("Manifests", "Withdrawals", "Stops", "Trips"):
        assert math.isclose(total(sheet(report, name), "Weight (kg)"), delivered_kg, rel_tol=1e-9), name
    assert math.isclose(total(sheet(report, "Unmet need"), "Quantity"), float(ledger.unmet.sum()))
    assert math.isclose(total(sheet(report, "Stock"), "Quantity"), sum(e.planned for e in ledger.stock))


def test_a_name_that_looks_like_a_formula_stays_text(report: ReportFiles) -> None:
    assert "Linhe =town 1" in {row[1] for row in sheet(report, "Demand points")}


def test_clock_times_are_dates_in_the_workbook(report: ReportFiles, content: ReportContent) -> None:
    rows = sheet(report, "Trips")
    departs = rows[1][rows[0].index("Depart")]
    assert content.plan is not None
    assert str(departs) == "2024-07-01 07:30:00"


def test_the_geopackage_holds_every_road_with_its_state(report: ReportFiles, content: ReportContent) -> None:
    layers = {str(name) for name, _ in pyogrio.list_layers(report.geopackage)}
    assert layers == {"roads", "sites", "points", "routes"}
    info = pyogrio.read_info(report.geopackage, layer="roads")
    assert info["features"] == content.network.links // 2
    assert info["crs"] == "EPSG:4326"
    meta, _, _, fields = pyogrio.raw.read(report.geopackage, layer="roads", read_geometry=False)
    columns = dict(zip(meta["fields"], fields, strict=True))
    damage = street_damage(content.network, content.road_state, content.at_s)
    lost = {content.network.streets.ident[s] for s in (damage.status == LOST).nonzero()[0]}
    on_file = zip(columns["street"], columns["road_status"], strict=True)
    assert {street for street, status in on_file if status == "lost"} == lost
    assert lost


def test_routes_in_the_geopackage_join_the_places_they_name(
    report: ReportFiles, content: ReportContent
) -> None:
    import shapely

    meta, _, shapes, fields = pyogrio.raw.read(report.geopackage, layer="routes")
    columns = dict(zip(meta["fields"], fields, strict=True))
    where = {point.ident: (point.lon, point.lat) for point in content.scenario.demand_points}
    where |= {site.ident: (site.lon, site.lat) for site in content.scenario.sites}
    assert len(shapes) > len(content.plan.trips if content.plan else ())
    for shape, begin, end in zip(
        shapely.from_wkb(shapes), columns["from_place"], columns["to_place"], strict=True
    ):
        assert shape.coords[0] == where[begin]
        assert shape.coords[-1] == where[end]


def test_parquet_holds_the_tables(report: ReportFiles, content: ReportContent) -> None:
    tables = report_tables(content, draw_ledger(content))
    assert set(report.tables) == {table.name for table in tables}
    with duckdb.connect(":memory:") as connection:
        for table in tables:
            path = str(report.tables[table.name])
            read = connection.execute(f"SELECT * FROM '{path}'")
            assert [item[0] for item in read.description or ()] == [c.name for c in table.columns]
            rows = read.fetchall()
            assert len(rows) == len(table.rows)
            for row, expected in zip(rows, table.rows, strict=True):
                plain = [str(v) if hasattr(v, "isoformat") else v for v in row]
                assert plain == list(expected), table.name


def test_provenance_leads_back_to_inputs_versions_and_proofs(
    report: ReportFiles, content: ReportContent
) -> None:
    record = json.loads(report.provenance.read_text(encoding="utf-8"))
    assert record["input_hashes"] == content.scenario.input_hashes
    assert set(record["versions"]) == {"python", *PACKAGES}
    assert record["siting"]["gap"] == 0.008
    assert record["siting"]["limit"] == "time limit"
    assert record["dispatch"]["bound"] == 77.0
    assert set(record["seeds"]) == {"design_ensemble", "unseen_ensemble", "siting", "dispatch"}
    assert record["run"]["command"] == "depotopt run town"
    on_disk = {p.relative_to(report.folder).as_posix() for p in report.folder.rglob("*") if p.is_file()}
    assert set(record["files"]) == on_disk - {"provenance.json"}


def test_sheets_have_a_page_per_vehicle_with_loads_in_drop_order(
    report: ReportFiles, content: ReportContent
) -> None:
    assert report.sheets is not None
    assert content.plan is not None
    text = report.sheets.read_text(encoding="utf-8")
    pages = text.split('<section class="sheet"')[1:]
    assert len(pages) == len({trip.vehicle for trip in content.plan.trips})
    for page, trip in zip(pages, content.plan.trips, strict=True):
        assert f'id="{trip.vehicle}"' in page
        places = [page.index(f"<small>{stop.point}<") for stop in trip.stops]
        assert places == sorted(places)
        for stop in trip.stops:
            for load in stop.loads:
                assert f"<small>{load.lot}</small>" in page
