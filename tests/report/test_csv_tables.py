"""CSV tables say what the workbook says, and their HXL tags name every column."""

from __future__ import annotations

import csv
import dataclasses
import datetime as dt
import re
from pathlib import Path

import pytest

from depotopt.hazards.reports import RoadReport
from depotopt.report.content import ReportContent
from depotopt.report.csv_tables import CsvForm, hashtag, write_csv
from depotopt.report.ledger import draw_ledger
from depotopt.report.table import Table, columns
from depotopt.report.tables import report_tables
from depotopt.report.write import write_report

TAG = re.compile(r"#[a-z][a-z0-9_]*(\+[a-z][a-z0-9_]*)*")
CORE = {
    "access",
    "activity",
    "adm1",
    "adm2",
    "adm3",
    "adm4",
    "adm5",
    "affected",
    "beneficiary",
    "capacity",
    "cause",
    "channel",
    "contact",
    "country",
    "crisis",
    "currency",
    "date",
    "delivery",
    "description",
    "event",
    "frequency",
    "geo",
    "group",
    "impact",
    "indicator",
    "inneed",
    "item",
    "loc",
    "meta",
    "modality",
    "need",
    "operations",
    "org",
    "output",
    "population",
    "reached",
    "region",
    "respondee",
    "sector",
    "service",
    "severity",
    "status",
    "subsector",
    "targeted",
    "value",
}
"""Core hashtags of HXL 1.1."""


def read(path: Path) -> list[list[str]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.reader(file))


def reported(content: ReportContent) -> ReportContent:
    report = RoadReport("R1", street=content.network.streets.ident[0], source="police", trust=0.8)
    return dataclasses.replace(
        content, scenario=dataclasses.replace(content.scenario, road_reports=(report,))
    )


def test_every_column_of_every_table_has_a_tag_of_the_standard(content: ReportContent) -> None:
    tables = report_tables(reported(content), draw_ledger(content))
    assert "road_reports" in {table.name for table in tables}
    for table in tables:
        tags = [hashtag(column.name) for column in table.columns]
        assert all(TAG.fullmatch(tag) for tag in tags), tags
        assert {tag[1:].partition("+")[0] for tag in tags} <= CORE
        assert len(set(tags)) == len(tags), table.name


def test_the_tags_stand_under_the_headers_and_nothing_else_changes(tmp_path: Path) -> None:
    table = Table(
        "trips", columns("vehicle depart:moment weight_kg:number trip:integer"), (("T-1", 90.0, 0.1, 2),)
    )
    start = dt.datetime(2027, 3, 1, 6, tzinfo=dt.UTC)
    plain = read(write_csv([table], tmp_path / "plain", start)[0])
    tagged = read(write_csv([table], tmp_path / "hxl", start, hxl=True)[0])
    assert plain == [
        ["vehicle", "depart", "weight_kg", "trip"],
        ["T-1", "2027-03-01T06:01:30+00:00", "0.1", "2"],
    ]
    tags = ["#operations+vehicle+code", "#date+departure", "#item+weight+kg", "#operations+trip+num"]
    assert tagged == [plain[0], tags, plain[1]]


@pytest.mark.parametrize("form", list(CsvForm))
def test_a_report_has_csv_where_asked_for(form: CsvForm, content: ReportContent, tmp_path: Path) -> None:
    files = write_report(tmp_path / "report", content, csv=form)
    found = sorted(path.stem for path in (files.folder / "tables").glob("*.csv"))
    assert found == ([] if form is CsvForm.NONE else sorted(files.tables))
    if form is CsvForm.HXL:
        assert read(files.folder / "tables" / "unmet.csv")[1][0] == "#loc+code"
