"""A scenario folder is read whole: values in SI units, places of origin, hashes, notices."""

from __future__ import annotations

import datetime as dt
import hashlib
import math
import subprocess
import sys
from pathlib import Path

import pytest

from depotopt.errors import InputError, UsageError
from depotopt.io.scenario_files import check_scenario, load_scenario
from depotopt.rules import CountRule
from depotopt.scenario import SiteStatus, StockMode
from tests.io.minimal_copy import MINIMAL, append, cell, copy_minimal, edit, faults_of, together, write


def test_the_minimal_scenario_has_no_faults() -> None:
    assert check_scenario(MINIMAL) == ()


def test_times_are_seconds_and_blank_cells_take_defaults() -> None:
    scenario = load_scenario(MINIMAL)
    west = scenario.sites[scenario.site_index["WEST"]]
    assert (west.readiness_s, west.docks, west.status) == (900.0, 2, SiteStatus.MUST_OPEN)
    assert west.capacity_kg == math.inf
    hill = scenario.demand_points[scenario.point_index["P-HILL"]]
    assert (hill.deadline_s, hill.shelter_capacity) == (3600.0, 60.0)
    assert scenario.demand_points[0].deadline_s is None
    assert scenario.rules.response_s == 8 * 3600
    assert scenario.rules.stop_service_s == 300
    assert scenario.tiers[0].service_standard_s == 3600
    assert scenario.tiers[1].support_s == 3600
    assert scenario.siting_limits.time_s == 20


def test_tiers_stand_in_the_order_of_the_file_with_their_counts() -> None:
    scenario = load_scenario(MINIMAL)
    assert [tier.ident for tier in scenario.tiers] == ["county", "township"]
    assert scenario.tiers[0].counts == (CountRule(1, 1),)
    assert scenario.tiers[1].counts == (CountRule(None, 1),)


def test_the_catalogue_fills_blank_cells_and_yields_to_written_ones(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    cell("commodities", 3, "kg_per_unit", "60")(folder)
    tent = load_scenario(folder).commodities[1]
    assert (tent.kg_per_unit, tent.m3_per_unit, tent.persons_per_unit) == (60.0, 0.28175, 5.0)
    assert load_scenario(MINIMAL).commodities[1].kg_per_unit == 55.0


def test_the_catalogue_does_not_add_the_other_need_rule(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    cell("commodities", 3, "per_person_day", "0.1")(folder)
    tent = load_scenario(folder).commodities[1]
    assert (tent.per_person_day, tent.persons_per_unit) == (0.1, 0.0)


def test_an_unverified_value_loads_once_it_is_accepted(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    cell("commodities", 2, "catalog", "bp5")(folder)
    assert len(faults_of(folder)) == 1
    edit("scenario.toml", 'title = "Two banks"', 'title = "Two banks"\naccept_unverified = ["bp5"]')(folder)
    assert load_scenario(folder).commodities[0].per_person_day == 1.0


def test_own_stock_of_villages_and_households_adds_up(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append("tables/own_stock.csv", "P-HILL,water,50.5,household\n")(folder)
    scenario = load_scenario(folder)
    assert scenario.demand_points[scenario.point_index["P-HILL"]].own_stock == (("water", 150.5),)


def test_lots_without_a_name_are_numbered_by_site_and_commodity(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    together(*(cell("stock", row, "lot", "") for row in (2, 3, 5)))(folder)
    assert [lot.lot for lot in load_scenario(folder).stock] == [
        "WEST/water/1",
        "WEST/water/2",
        "T-1",
        "WEST/tent/2",
    ]


def test_agreements_keep_their_terms() -> None:
    deal = load_scenario(MINIMAL).stock[3]
    assert (deal.mode, deal.activation_delay_s, deal.honour_probability) == (StockMode.AGREEMENT, 7200.0, 0.9)
    assert load_scenario(MINIMAL).stock[0].expiry == dt.date(2027, 6, 30)


def test_report_times_count_from_the_start_whatever_their_offset(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    header = "id,street,lon,lat,radius_m,area_wkt,speed_factor,from,until\n"
    rows = [
        "A,Old Bridge,,,,,0,2027-03-01 07:00,2027-03-02",
        "B,,100.1,30,500,,0.5,2027-03-01T15:00:00+08:00,",
        'C,,,,,"POLYGON ((100 30, 101 30, 101 31, 100 30))",0,,',
    ]
    write("tables/road_reports.csv", header + "\n".join(rows) + "\n")(folder)
    reports = load_scenario(folder).road_reports
    assert [(report.from_s, report.until_s) for report in reports] == [
        (3600.0, 64800.0),
        (3600.0, math.inf),
        (0.0, math.inf),
    ]
    assert math.isnan(reports[0].lon)
    assert reports[1].radius_m == 500


def test_each_place_knows_its_row() -> None:
    origin = load_scenario(MINIMAL).place_origin
    assert origin["NORTH"] == ("tables/sites.csv", "row 4")
    assert origin["P-HILL"] == ("tables/demand_points.csv", "row 5")
    assert len(origin) == 8


def test_every_file_read_is_hashed() -> None:
    hashes = load_scenario(MINIMAL).input_hashes
    read = {"scenario.toml", "roads/nodes.csv", "roads/links.csv"} | {
        f"tables/{path.name}" for path in (MINIMAL / "tables").iterdir()
    }
    assert set(hashes) == read
    assert hashes["roads/nodes.csv"] == hashlib.sha256((MINIMAL / "roads/nodes.csv").read_bytes()).hexdigest()


def test_the_toml_file_itself_may_be_named() -> None:
    assert load_scenario(MINIMAL / "scenario.toml").title == "Two banks"


def test_a_byte_order_mark_and_windows_line_ends_change_nothing(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    path = folder / "tables" / "sites.csv"
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes().replace(b"\n", b"\r\n"))
    assert load_scenario(folder).sites == load_scenario(MINIMAL).sites


def test_blank_rows_count_but_are_no_rows(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    edit("tables/fleet.csv", "truck,WEST,1\n", "\n,,\ntruck,WEST,x\n")(folder)
    assert faults_of(folder) == [
        "tables/fleet.csv  row 4, column count   found 'x', expected a whole number >= 0"
    ]


def test_gb18030_is_read_with_a_notice(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    path = folder / "tables" / "sites.csv"
    text = path.read_text(encoding="utf-8").replace("West Bank store", "西岸物资储备库")
    path.write_bytes(text.encode("gb18030"))
    scenario = load_scenario(folder)
    assert scenario.sites[0].name == "西岸物资储备库"
    assert scenario.notices == (
        "tables/sites.csv is not UTF-8 and was read as GB 18030: check its Chinese names",
    )
    assert load_scenario(MINIMAL).notices == ()


def test_optional_tables_may_be_left_out(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    (folder / "tables" / "own_stock.csv").unlink()
    assert all(not point.own_stock for point in load_scenario(folder).demand_points)


def test_hidden_files_beside_the_tables_are_left_alone(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    for name in (".DS_Store", "~$stock.xlsx"):
        (folder / "tables" / name).write_bytes(b"\x00")
    assert load_scenario(folder).title == "Two banks"


def test_a_place_far_from_any_road_is_found_by_check_only(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    cell("demand_points", 4, "lat", "31.5")(folder)
    assert load_scenario(folder).title == "Two banks"
    (fault,) = check_scenario(folder)
    assert (fault.file, fault.where) == ("tables/demand_points.csv", "row 4")


def test_check_tries_each_override_by_itself(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    append("scenario.toml", "\n[overrides.slip.tables.sites.EAST]\nlon = 400\n")(folder)
    assert faults_of(folder) == []
    assert [str(fault) for fault in check_scenario(folder)] == [
        "scenario.toml  overrides.slip.tables.sites.EAST.lon   found '400', expected degrees from -180 to 180"
    ]


def test_the_error_says_what_cannot_be_read(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    cell("stock", 3, "quantity", "12O")(folder)
    with pytest.raises(InputError, match=r"case cannot be read: 1 fault\n  tables/stock.csv  row 3"):
        load_scenario(folder)


def test_a_folder_that_does_not_exist_is_one_fault(tmp_path: Path) -> None:
    assert faults_of(tmp_path / "nowhere") == [
        "scenario.toml   found no such folder, expected a scenario folder with scenario.toml"
    ]
    with pytest.raises(InputError):
        load_scenario(tmp_path / "nowhere", ["x"])


def test_an_unknown_override_is_misuse() -> None:
    with pytest.raises(UsageError, match=r"no override 'bridge_los' \(did you mean 'bridge_lost'\?\)"):
        load_scenario(MINIMAL, ["bridge_los"])


def test_check_finds_hazards_and_reports_that_meet_no_road(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    write(
        "tables/road_reports.csv",
        "id,street,lon,lat,radius_m\nA,Old Bridge,,,\nB,New Bridge,,,\nC,,20,10,100\n",
    )(folder)
    edit("scenario.toml", 'streets = ["Hill Track"], probability = 0.1', 'streets = ["Hill"]')(folder)
    assert faults_of(folder) == []
    faults = [(fault.file, fault.where, fault.found) for fault in check_scenario(folder)]
    assert faults == [
        ("scenario.toml", "hazards.slide.closures[0].streets", "'Hill'"),
        ("tables/road_reports.csv", "row 3", "'New Bridge'"),
        ("tables/road_reports.csv", "row 4", "a place that touches no road"),
    ]


def test_reading_csv_loads_no_heavy_package() -> None:
    code = (
        "import sys; from depotopt.io.scenario_files import load_scenario; "
        f"load_scenario({str(MINIMAL)!r}); "
        "print([name for name in ('pandas', 'osmnx', 'ortools', 'numba', 'openpyxl', 'xlsxwriter') "
        "if name in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_expired_lots_are_set_aside_and_named(tmp_path: Path) -> None:
    """Real inventories hold lots past their day: the plan does without them, and says so."""
    folder = copy_minimal(tmp_path)
    cell("stock", 2, "expiry", "2027-02-28")(folder)
    scenario = load_scenario(folder)
    [lot] = scenario.expired_stock
    assert lot.expiry == dt.date(2027, 2, 28)
    assert lot.lot not in {kept.lot for kept in scenario.stock}
    assert any(lot.lot in notice and "set aside" in notice for notice in scenario.notices)
    assert check_scenario(folder) == ()


def test_a_lot_on_its_last_day_is_still_good(tmp_path: Path) -> None:
    folder = copy_minimal(tmp_path)
    cell("stock", 2, "expiry", "2027-03-01")(folder)
    assert load_scenario(folder).expired_stock == ()


@pytest.mark.parametrize("code", ["1000000", "1010000", "2019900", "3010101", "1999999"])
def test_codes_of_gb_t_38565_are_read(tmp_path: Path, code: str) -> None:
    """One digit 1 to 3, then three times two digits from 01; zeros end the code of a whole class."""
    folder = copy_minimal(tmp_path)
    cell("commodities", 3, "gb_code", code)(folder)
    assert load_scenario(folder).commodities[1].gb_code == code
    assert load_scenario(MINIMAL).commodities[1].gb_code == ""


@pytest.mark.parametrize("code", ["0010101", "1000100", "101010", "10101010", "1010010", "101010A"])
def test_other_codes_are_refused(tmp_path: Path, code: str) -> None:
    folder = copy_minimal(tmp_path)
    cell("commodities", 3, "gb_code", code)(folder)
    with pytest.raises(InputError) as caught:
        load_scenario(folder)
    assert [fault.kind for fault in caught.value.faults] == ["gb-code"]
