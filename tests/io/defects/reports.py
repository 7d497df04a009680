"""Defects of road reports."""

from __future__ import annotations

from tests.io.minimal_copy import (
    Case,
    write,
)

REPORTS = "id,street,lon,lat,radius_m,area_wkt,speed_factor,from,until,source,trust\n"

CASES = [
    Case(
        "report of nothing",
        write("tables/road_reports.csv", REPORTS + "R1,,,,,,0,,,,1\n"),
        [
            (
                "tables/road_reports.csv  row 2, column street",
                "none of them",
                "expected exactly one of street, area_wkt, or lon, lat and radius_m",
            )
        ],
    ),
    Case(
        "report of two places",
        write("tables/road_reports.csv", REPORTS + "R1,Old Bridge,100,30,500,,0,,,,1\n"),
        [
            (
                "tables/road_reports.csv  row 2, column street",
                "street and position",
                "expected exactly one of street, area_wkt, or lon, lat and radius_m",
            )
        ],
    ),
    Case(
        "report without radius",
        write("tables/road_reports.csv", REPORTS + "R1,,100,30,,,0,,,,1\n"),
        [
            (
                "tables/road_reports.csv  row 2, column radius_m",
                "blank",
                "expected a value: a position needs lon, lat and radius_m",
            )
        ],
    ),
    Case(
        "report ends before it begins",
        write(
            "tables/road_reports.csv", REPORTS + "R1,Old Bridge,,,,,0,2027-03-01 10:00,2027-03-01 09:00,,1\n"
        ),
        [
            (
                "tables/road_reports.csv  row 2, column until",
                "'2027-03-01 09:00'",
                "expected a moment after from (2027-03-01 10:00:00)",
            )
        ],
    ),
    Case(
        "report ends before the start",
        write("tables/road_reports.csv", REPORTS + "R1,Old Bridge,,,,,0,,2027-02-28,,1\n"),
        [
            (
                "tables/road_reports.csv  row 2, column until",
                "'2027-02-28'",
                "expected a moment after the start",
            )
        ],
    ),
    Case(
        "report trust",
        write("tables/road_reports.csv", REPORTS + "R1,Old Bridge,,,,,0,,,,1.5\n"),
        [("tables/road_reports.csv  row 2, column trust", "'1.5'", "expected a number from 0 to 1")],
    ),
    Case(
        "report moment",
        write("tables/road_reports.csv", REPORTS + "R1,Old Bridge,,,,,0,tomorrow,,,1\n"),
        [
            (
                "tables/road_reports.csv  row 2, column from",
                "'tomorrow'",
                "expected a moment like 2027-03-31 08:00",
            )
        ],
    ),
    Case(
        "report area",
        write("tables/road_reports.csv", REPORTS + "R1,,,,,POLYGON 1 2,0,,,,1\n"),
        [
            (
                "tables/road_reports.csv  row 2, column area_wkt",
                "'POLYGON 1 2'",
                "expected a polygon in WKT like POLYGON ((78 41, 79 41, 79 42, 78 41))",
            )
        ],
    ),
    Case(
        "report area crossing itself",
        write("tables/road_reports.csv", REPORTS + 'R1,,,,,"POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))",0,,,,1\n'),
        [
            (
                "tables/road_reports.csv  row 2, column area_wkt",
                "'POLYGON ((0 0, 1 1, 1 0, 0 1, 0 0))'",
                "the polygon crosses itself: Self-intersection[0.5 0.5]",
            )
        ],
    ),
    Case(
        "report area in metres",
        write(
            "tables/road_reports.csv", REPORTS + 'R1,,,,,"POLYGON ((0 0, 1000 0, 1000 1000, 0 0))",0,,,,1\n'
        ),
        [
            (
                "tables/road_reports.csv  row 2, column area_wkt",
                "'POLYGON ((0 0, 1000 0, 1000 1000, 0 0))'",
                "expected degrees, longitude first",
            )
        ],
    ),
]
