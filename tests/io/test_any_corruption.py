"""Whatever a single cell holds, reading gives a scenario or named faults, never another exception."""

from __future__ import annotations

import csv
import tempfile
from pathlib import Path

import openpyxl
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from depotopt.errors import InputError
from depotopt.io.fingerprint import scenario_hash
from depotopt.io.scenario_files import load_scenario
from depotopt.io.workbook import write_workbook
from depotopt.scenario import Scenario
from tests.io.minimal_copy import MINIMAL, copy_minimal

TABLES = {path.stem: path.read_text(encoding="utf-8") for path in sorted((MINIMAL / "tables").iterdir())}
TABLES["road_reports"] = (
    "id,street,lon,lat,radius_m,area_wkt,speed_factor,from,until,source,trust\n"
    "A,Old Bridge,,,,,0,2027-03-01 07:00,2027-03-02 07:00+00:00,police,0.5\n"
    'B,,,,,"POLYGON ((100 30, 101 30, 101 31, 100 30))",0,,,,\n'
)
TABLES["connectors"] = "place,lon,lat,length_m,speed_kmh,note\nNORTH,99.98,30.17,100,20,assumed\n"
TOML = (MINIMAL / "scenario.toml").read_text(encoding="utf-8")

VALUES = st.one_of(
    st.sampled_from(
        [
            "",
            " ",
            "0",
            "-1",
            "1e309",
            "-1e-320",
            "nan",
            "inf",
            "9" * 400,
            "1,5",
            "1;2",
            ";",
            "#N/A",
            "=1/0",
            "true",
            "2027-02-30",
            "2027-06-30T25:00",
            "0001-01-01",
            "9999-12-31",
            "1970-01-01T00:00+99:00",
            "0001-01-01T00:00+14:00",
            "/",
            "WEST",
            "water",
            "truck",
            "closed",
            "shelter",
            "air",
            "agreement",
            "new/",
            "'",
            '"',
            "\n",
            "\u3000",
            "１",
            "POLYGON EMPTY",
            "POINT (1 2)",
        ]
    ),
    st.floats().map(str),
    st.integers().map(str),
    st.text(max_size=12),
)
QUICK = settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def outcome(folder: Path) -> Scenario | tuple[str, ...]:
    """The scenario, or the messages of its faults; anything else is raised."""
    try:
        scenario = load_scenario(folder)
    except InputError as error:
        return tuple(str(fault) for fault in error.faults)
    assert scenario_hash(scenario)
    return scenario


def copy_with_all_tables(place: str) -> Path:
    folder = copy_minimal(Path(place))
    for name, text in TABLES.items():
        (folder / "tables" / f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def test_the_unspoiled_copy_loads() -> None:
    with tempfile.TemporaryDirectory() as place:
        assert isinstance(outcome(copy_with_all_tables(place)), Scenario)


@QUICK
@given(data=st.data(), value=VALUES)
def test_one_spoiled_cell_of_a_csv_table(data: st.DataObject, value: str) -> None:
    name = data.draw(st.sampled_from(sorted(TABLES)))
    rows = list(csv.reader(TABLES[name].splitlines()))
    row = data.draw(st.integers(0, len(rows) - 1))
    column = data.draw(st.integers(0, len(rows[row]) - 1))
    rows[row][column] = value
    with tempfile.TemporaryDirectory() as place:
        folder = copy_with_all_tables(place)
        with (folder / "tables" / f"{name}.csv").open(
            "w", encoding="utf-8", newline="", errors="replace"
        ) as file:
            csv.writer(file).writerows(rows)
        assert outcome(folder)


@QUICK
@given(data=st.data(), value=st.one_of(VALUES, st.binary(max_size=6).map(lambda b: b.decode("latin-1"))))
def test_one_spoiled_stretch_of_the_toml_file(data: st.DataObject, value: str) -> None:
    begin = data.draw(st.integers(0, len(TOML) - 1))
    end = begin + data.draw(st.integers(0, 12))
    with tempfile.TemporaryDirectory() as place:
        folder = copy_minimal(Path(place))
        (folder / "scenario.toml").write_text(
            TOML[:begin] + value + TOML[end:], encoding="utf-8", errors="replace", newline=""
        )
        assert outcome(folder)


@settings(QUICK, max_examples=25)
@given(
    data=st.data(),
    value=st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-(2**60), 2**60),
        st.floats(allow_nan=False, allow_infinity=False),
        st.datetimes(),
        st.dates(),
        st.times(),
        st.timedeltas(),
        st.sampled_from(["#DIV/0!", "=1/0", "12O", " WEST "]),
    ),
)
def test_one_spoiled_cell_of_a_workbook(data: st.DataObject, value: object) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = copy_with_all_tables(place)
        path = folder / "tables.xlsx"
        write_workbook(folder, path)
        book = openpyxl.load_workbook(path)
        sheet = book[data.draw(st.sampled_from(sorted(TABLES)))]
        row, column = data.draw(st.integers(1, sheet.max_row)), data.draw(st.integers(1, sheet.max_column))
        try:
            sheet.cell(row, column).value = value
            book.save(path)
        except (ValueError, OverflowError):
            return  # A value that no workbook can hold.
        for table in (folder / "tables").iterdir():
            table.unlink()
        (folder / "tables").rmdir()
        assert outcome(folder)
