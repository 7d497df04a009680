"""Defects of files: names, headers, encodings, broken workbooks."""

from __future__ import annotations

from tests.io.minimal_copy import Case, append, edit, remove, together, write

CASES = [
    Case(
        "unknown column",
        edit("tables/stock.csv", "quantity", "quantities"),
        [
            ("tables/stock.csv  row 1", "no column quantity", "expected it"),
            (
                "tables/stock.csv  row 1, column 4",
                "'quantities'",
                "no such column (did you mean 'quantity'?)",
            ),
        ],
    ),
    Case(
        "missing column",
        edit("tables/fleet.csv", ",count\n", ",number\n"),
        [
            ("tables/fleet.csv  row 1", "no column count", "expected it"),
            ("tables/fleet.csv  row 1, column 3", "'number'", "no such column"),
        ],
    ),
    Case(
        "duplicate header",
        edit("tables/fleet.csv", "vehicle_type,site,count", "vehicle_type,site,site"),
        [
            ("tables/fleet.csv  row 1", "no column count", "expected it"),
            ("tables/fleet.csv  row 1, column 3", "'site'", "this column stands there twice"),
        ],
    ),
    Case(
        "blank header",
        edit("tables/sites.csv", "id,name,", "id,,"),
        [("tables/sites.csv  row 1, column 2", "blank", "expected a column header")],
    ),
    Case(
        "row too long",
        append("tables/fleet.csv", "van,EAST,1,1\n"),
        [("tables/fleet.csv  row 4", "4 cells", "expected 3 as in the header")],
    ),
    Case(
        "row too short",
        append("tables/fleet.csv", "van,EAST\n"),
        [("tables/fleet.csv  row 4", "2 cells", "expected 3 as in the header")],
    ),
    Case(
        "semicolons",
        write("tables/fleet.csv", "vehicle_type;site;count\nvan;WEST;1\n"),
        [("tables/fleet.csv  row 1", "semicolons between cells", "expected commas")],
    ),
    Case(
        "tabs",
        write("tables/fleet.csv", "vehicle_type\tsite\tcount\nvan\tWEST\t1\n"),
        [("tables/fleet.csv  row 1", "tabs between cells", "expected commas")],
    ),
    Case(
        "empty file",
        write("tables/fleet.csv", ""),
        [("tables/fleet.csv  row 1", "no headers", "expected vehicle_type, site, count")],
    ),
    Case(
        "no rows",
        write("tables/sites.csv", "id,lon,lat,tiers\n"),
        [("tables/sites.csv  row 1", "no rows", "expected at least one")],
    ),
    Case(
        "missing table",
        remove("tables/fleet.csv"),
        [("tables/fleet.csv", "no such table", "expected this table: Vehicles at their home depots.")],
    ),
    Case(
        "unknown table",
        write("tables/stok.csv", "a\n"),
        [("tables/stok.csv", "'stok.csv'", "no such table (did you mean 'stock.csv'?)")],
    ),
    Case(
        "table with wrong suffix",
        write("tables/stock.txt", "a\n"),
        [("tables/stock.txt", "'stock.txt'", "no such table (did you mean 'stock.csv'?)")],
    ),
    Case(
        "no tables", remove("tables"), [("tables", "no such folder", "expected tables/*.csv or tables.xlsx")]
    ),
    Case(
        "two sources",
        write("tables.xlsx", b""),
        [("tables.xlsx", "also a folder tables/", "expected one of the two only")],
    ),
    Case(
        "workbook misspelled",
        together(remove("tables"), write("tabels.xlsx", b"")),
        [("tables", "no such folder", "expected tables/*.csv or tables.xlsx")],
    ),
    Case(
        "utf-16",
        write("tables/fleet.csv", "vehicle_type,site,count\n".encode("utf-16")),
        [("tables/fleet.csv", "UTF-16 or binary data", "expected UTF-8 text")],
    ),
    Case(
        "binary",
        write("tables/fleet.csv", b"vehicle_type,site,count\n\x00\n"),
        [("tables/fleet.csv", "UTF-16 or binary data", "expected UTF-8 text")],
    ),
    Case(
        "neither encoding",
        write("tables/fleet.csv", b"vehicle_type,site,count\nvan,\xff\xff,1\n"),
        [("tables/fleet.csv  row 2", "bytes that are neither UTF-8 nor GB 18030", "expected UTF-8 text")],
    ),
    Case(
        "open quote",
        append("tables/fleet.csv", '"van,EAST,1\n'),
        [("tables/fleet.csv", "broken CSV (unexpected end of data)", "expected CSV")],
    ),
    Case(
        "broken workbook",
        together(remove("tables"), write("tables.xlsx", b"no workbook")),
        [
            (
                "tables.xlsx",
                "no readable workbook (invalid Zip archive: Could not find EOCD)",
                "expected .xlsx",
            )
        ],
    ),
]
