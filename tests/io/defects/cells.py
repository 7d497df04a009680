"""Defects of single cells: numbers, texts, dates, identifiers."""

from __future__ import annotations

from tests.io.minimal_copy import Case, cell, together

CASES = [
    Case(
        "letter in number",
        cell("stock", 3, "quantity", "12O"),
        [("tables/stock.csv  row 3, column quantity", "'12O'", "expected a whole number >= 0")],
    ),
    Case(
        "digit grouping",
        cell("stock", 3, "quantity", "1,000"),
        [
            (
                "tables/stock.csv  row 3, column quantity",
                "'1,000'",
                "expected a whole number >= 0, without digit grouping",
            )
        ],
    ),
    Case(
        "decimal comma",
        cell("demand_points", 2, "affected_share", "0,1"),
        [
            (
                "tables/demand_points.csv  row 2, column affected_share",
                "'0,1'",
                "expected a number from 0 to 1, with a point, not a comma",
            )
        ],
    ),
    Case(
        "code of no class",
        cell("commodities", 3, "gb_code", "4010101"),
        [
            (
                "tables/commodities.csv  row 3, column gb_code",
                "'4010101'",
                "expected a code of seven digits like 1010000 (GB/T 38565-2020)",
            )
        ],
    ),
    Case(
        "percent",
        cell("demand_points", 2, "affected_share", "10%"),
        [
            (
                "tables/demand_points.csv  row 2, column affected_share",
                "'10%'",
                "expected a number from 0 to 1, as a share, not in percent",
            )
        ],
    ),
    Case(
        "unit in cell",
        cell("demand_points", 2, "people", "1000 persons"),
        [
            (
                "tables/demand_points.csv  row 2, column people",
                "'1000 persons'",
                "expected a number >= 0, without its unit",
            )
        ],
    ),
    Case(
        "full-width digits",
        cell("stock", 3, "quantity", "１２"),
        [
            (
                "tables/stock.csv  row 3, column quantity",
                "'１２'",
                "expected a whole number >= 0, in plain digits 0-9",
            )
        ],
    ),
    Case(
        "nan",
        cell("stock", 3, "quantity", "NaN"),
        [("tables/stock.csv  row 3, column quantity", "'NaN'", "expected a whole number >= 0")],
    ),
    Case(
        "infinity",
        cell("vehicle_types", 2, "volume_m3", "inf"),
        [
            (
                "tables/vehicle_types.csv  row 2, column volume_m3",
                "'inf'",
                "expected a number > 0 (0 means missing)",
            )
        ],
    ),
    Case(
        "overflow",
        cell("vehicle_types", 2, "volume_m3", "1e999"),
        [
            (
                "tables/vehicle_types.csv  row 2, column volume_m3",
                "'1e999'",
                "expected a number > 0 (0 means missing)",
            )
        ],
    ),
    Case(
        "underscore",
        cell("stock", 3, "quantity", "1_000"),
        [("tables/stock.csv  row 3, column quantity", "'1_000'", "expected a whole number >= 0")],
    ),
    Case(
        "blank quantity",
        cell("stock", 3, "quantity", ""),
        [("tables/stock.csv  row 3, column quantity", "blank", "expected a whole number >= 0")],
    ),
    Case(
        "negative quantity",
        cell("stock", 3, "quantity", "-5"),
        [("tables/stock.csv  row 3, column quantity", "'-5'", "expected a whole number >= 0")],
    ),
    Case(
        "fractional quantity",
        cell("stock", 3, "quantity", "1.5"),
        [("tables/stock.csv  row 3, column quantity", "'1.5'", "expected a whole number >= 0")],
    ),
    Case(
        "zero weight",
        cell("commodities", 2, "kg_per_unit", "0"),
        [
            (
                "tables/commodities.csv  row 2, column kg_per_unit",
                "'0'",
                "expected a number > 0 (0 means missing)",
            )
        ],
    ),
    Case(
        "zero volume",
        cell("commodities", 3, "m3_per_unit", "0.0"),
        [
            (
                "tables/commodities.csv  row 3, column m3_per_unit",
                "'0.0'",
                "expected a number > 0 (0 means missing)",
            )
        ],
    ),
    Case(
        "negative weight",
        cell("commodities", 2, "kg_per_unit", "-1"),
        [
            (
                "tables/commodities.csv  row 2, column kg_per_unit",
                "'-1'",
                "expected a number > 0 (0 means missing)",
            )
        ],
    ),
    Case(
        "weight missing",
        together(
            cell("commodities", 2, "catalog", ""),
            cell("commodities", 2, "kg_per_unit", "1"),
            cell("commodities", 2, "per_person_day", "3"),
        ),
        [
            (
                "tables/commodities.csv  row 2, column m3_per_unit",
                "blank",
                "expected a number > 0 (0 means missing)",
            )
        ],
    ),
    Case(
        "zero payload",
        cell("vehicle_types", 3, "payload_kg", "0"),
        [
            (
                "tables/vehicle_types.csv  row 3, column payload_kg",
                "'0'",
                "expected a number > 0 (0 means missing)",
            )
        ],
    ),
    Case(
        "payload missing",
        cell("vehicle_types", 3, "payload_kg", ""),
        [
            (
                "tables/vehicle_types.csv  row 3, column payload_kg",
                "blank",
                "expected a number > 0 (0 means missing)",
            )
        ],
    ),
    Case(
        "share above one",
        cell("demand_points", 2, "affected_share", "1.2"),
        [
            (
                "tables/demand_points.csv  row 2, column affected_share",
                "'1.2'",
                "expected a number from 0 to 1",
            )
        ],
    ),
    Case(
        "longitude out of range",
        cell("sites", 2, "lon", "400"),
        [("tables/sites.csv  row 2, column lon", "'400'", "expected degrees from -180 to 180")],
    ),
    Case(
        "latitude out of range, swapped",
        together(cell("sites", 2, "lon", "30"), cell("sites", 2, "lat", "100")),
        [
            (
                "tables/sites.csv  row 2, column lat",
                "'100'",
                "expected degrees from -90 to 90 (lon and lat swapped?)",
            )
        ],
    ),
    Case(
        "unknown status",
        cell("sites", 2, "status", "open"),
        [
            (
                "tables/sites.csv  row 2, column status",
                "'open'",
                "expected one of existing, candidate, must_open, closed, mutual_aid",
            )
        ],
    ),
    Case(
        "fractional docks",
        cell("sites", 2, "docks", "1.5"),
        [("tables/sites.csv  row 2, column docks", "'1.5'", "expected a whole number >= 1")],
    ),
    Case(
        "no docks",
        cell("sites", 2, "docks", "0"),
        [("tables/sites.csv  row 2, column docks", "'0'", "expected a whole number >= 1")],
    ),
    Case(
        "fractional vehicle count",
        cell("fleet", 2, "count", "0.5"),
        [("tables/fleet.csv  row 2, column count", "'0.5'", "expected a whole number >= 0")],
    ),
    Case(
        "date with slashes",
        cell("stock", 2, "expiry", "2027/06/30"),
        [("tables/stock.csv  row 2, column expiry", "'2027/06/30'", "expected a date like 2027-03-31")],
    ),
    Case(
        "impossible date",
        cell("stock", 2, "expiry", "2027-02-30"),
        [("tables/stock.csv  row 2, column expiry", "'2027-02-30'", "expected a date like 2027-03-31")],
    ),
    Case(
        "full-width semicolon",
        cell("sites", 2, "tiers", "county；township"),
        [
            (
                "tables/sites.csv  row 2, column tiers",
                "'county；township'",
                "expected names separated by semicolons",
            )
        ],
    ),
    Case(
        "no tier",
        cell("sites", 2, "tiers", ";"),
        [("tables/sites.csv  row 2, column tiers", "';'", "expected at least one tier")],
    ),
    Case(
        "control character",
        cell("sites", 2, "name", "a\x07b"),
        [("tables/sites.csv  row 2, column name", "'a\x07b'", "expected text without control characters")],
    ),
    Case(
        "semicolon in id",
        cell("sites", 4, "id", "NO;RTH"),
        [
            (
                "tables/sites.csv  row 4, column id",
                "'NO;RTH'",
                "expected an identifier without semicolons and control characters",
            )
        ],
    ),
]
